"""The header of a safetensors file, read without mapping the file into memory."""

import json
from math import prod
from pathlib import Path

__all__ = ["count_numbers"]


def count_numbers(path: Path) -> int:
    """The numbers in all tensors of a safetensors file, as its header has them; 0 for a file that
    is none, whose fault its reader names."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > path.stat().st_size:
                return 0
            header = json.loads(file.read(size))
        return sum(prod(entry["shape"]) for entry in header.values() if "shape" in entry)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return 0
