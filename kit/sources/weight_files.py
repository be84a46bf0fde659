"""The files of weights in a Hugging Face folder: each tensor's name, and how it is read."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import safetensors
from torch import Tensor

from kit.errors import KitError
from kit.memory import check_memory
from kit.sources.build import Tensors
from kit.sources.header import count_numbers
from kit.sources.name_map import read_state

__all__ = ["PICKLE", "opened", "pickled", "read_json"]

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
PICKLE = "pytorch_model.bin"
SMALLER = "load a smaller source, such as transformer_encoder or transformer_writer."


def opened(folder: Path) -> Tensors:
    """The tensors of the model in a folder: of the files that its index names, else of
    model.safetensors, else of all numbered parts.

    What else lies there (an earlier save, another format of the same weights) is not read.
    Raises KitError where a part is missing, and for a tensor that two files have.
    """
    files = _weight_files(folder)
    if not files:
        pickles = [p.name for p in folder.glob("*") if p.suffix in (".bin", ".pt", ".pth", ".pkl")]
        why = ""
        if pickles:
            why = f" but {pickles[0]}, a pickle, which can run a program: it is not read"
        raise KitError(
            f"{folder} has no *.safetensors file{why}. Write one with transformers, "
            "model.save_pretrained(folder)."
        )
    numbers = sum(map(count_numbers, files))
    check_memory(4 * numbers, f"{folder} ({numbers:,} numbers)", SMALLER)
    tensors: dict[str, Callable[[], Tensor]] = {}
    for file in files:
        for name, read in _entries(file):
            if name in tensors:
                raise KitError(f"{name} is in two files of {folder}: remove the one that is old.")
            tensors[name] = read
    index = folder / INDEX
    absent = (
        [n for n in read_json(index)["weight_map"] if n not in tensors] if index.exists() else []
    )
    if absent:
        raise KitError(
            f"{folder} lacks {', '.join(absent[:5])}, {len(absent)} of the tensors that "
            f"{index.name} names: fetch its files again."
        )
    return tensors


def pickled(folder: Path) -> Tensors:
    """`opened`; and where there is no such file, the tensors of pytorch_model.bin, a pickle that is
    read with `weights_only=True`, so that it cannot run a program: many translators of OPUS-MT have
    no other file."""
    path = folder / PICKLE
    if _weight_files(folder) or not path.exists():
        return opened(folder)
    check_memory(2 * path.stat().st_size, f"{path}", SMALLER)
    state = read_state(path)
    return {name: partial(state.get, name) for name in state}


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files that make up the model."""
    index = folder / INDEX
    if index.exists():
        where = read_json(index).get("weight_map")
        named = sorted(set(map(str, where.values()))) if isinstance(where, dict) else []
        if not named:
            raise KitError(f"{index} names no file (no weight_map): fetch it again.")
        missing = [name for name in named if not (folder / name).is_file()]
        if missing:
            raise KitError(
                f"{folder} lacks {', '.join(missing[:5])}, {len(missing)} of the {len(named)} "
                f"files that {index.name} names: fetch them again."
            )
        return [folder / name for name in named]
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    files = sorted(folder.glob("*.safetensors"))
    parts = [re.fullmatch(r".*-(\d+)-of-(\d+)\.safetensors", file.name) for file in files]
    if any(parts):
        wanted = {int(part[2]) for part in parts if part}
        if len(wanted) > 1 or len([part for part in parts if part]) < max(wanted):
            raise KitError(
                f"{folder} has {len([p for p in parts if p])} of {max(wanted)} parts of a model, "
                "and no index: fetch the others."
            )
        return [file for file, part in zip(files, parts, strict=True) if part]
    return files


def _entries(file: Path) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Name and reader of each tensor in one safetensors file."""
    try:
        content = safetensors.safe_open(file, framework="pt")
    except (safetensors.SafetensorError, OSError) as error:
        raise KitError(f"{file} is no whole safetensors file ({error}): fetch it again.") from error
    except (MemoryError, RuntimeError) as error:  # the process may not map it
        raise KitError(
            f"{file} has {file.stat().st_size / 1e9:.2f} GB, for which there is no room: {SMALLER}"
        ) from error
    for name in content.keys():  # noqa: SIM118 (the file is no dict)
        yield name, lambda name=name: content.get_tensor(name)


def read_json(path: Path) -> dict:
    """The object in a JSON file; KitError for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise KitError(f"{path} cannot be read as JSON ({error}): fetch it again.") from error
    if not isinstance(content, dict):
        raise KitError(f"{path} holds a {type(content).__name__}, no object: fetch it again.")
    return content
