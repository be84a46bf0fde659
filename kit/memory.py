"""Memory: what this process may still take, so that a load or a training for which there is no room
is refused before the system ends the process.

The limits are those of the machine, of its container (cgroup version 1 and 2: Binder, Docker,
Kubernetes) and of the process (`ulimit -v`, `ulimit -d`).
"""

import contextlib
import ctypes
import gc
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from kit.errors import KitError, saving

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "check_memory",
    "free_memory",
    "in_file",
    "memory_limit",
    "ran_out",
    "release_memory",
    "trim",
]

Room = tuple[int, int, str]
"""Bytes that are free, the limit in bytes, and what sets the limit."""

UNLIMITED = 2**60
"""A limit above this is none (cgroup version 1 writes 2⁶³ less a page)."""


def free_memory(root: str | Path = "/") -> Room | None:
    """The least of all limits: free bytes, the limit, and what sets it; None where none is known.

    root: where /proc and /sys are.
    """
    root = Path(root)
    rooms = [*_machine(root), *_container(root)]
    # What the C library keeps is counted by the process's own limits alone: of the container it is
    # free once `release_memory` has given it back.
    kept = _kept() if root == Path("/") else 0
    rooms += [(free + kept, limit, by) for free, limit, by in _process(root)]
    return min(rooms, default=None)


def memory_limit() -> int | None:
    """The memory in bytes that this process may use in all; None where it is unknown."""
    root = Path("/")
    limits = [limit for _, limit, _ in (*_machine(root), *_container(root), *_process(root))]
    return min(limits, default=None)


def check_memory(needed: float, what: str, remedy: str) -> None:
    """Raise KitError where `needed` bytes are more than what is free: it says what is needed, what
    there is, and what to choose instead.

    what: the subject of the sentence, "The training of bert". remedy: what to do.
    """
    for prepare in (lambda: None, release_memory):
        prepare()
        room = free_memory()
        if room is None or needed <= room[0]:
            return
    free, limit, by = room
    raise KitError(
        f"{what} needs {_gigabytes(needed)} of memory, and {_gigabytes(max(0, free))} are free of "
        f"the {_gigabytes(limit)} that {by} has: {remedy} To free memory, delete models that are "
        "no longer used (del model), or shut down other notebooks."
    )


def ran_out(error: Exception) -> bool:
    """Whether an error says that memory could not be had: Python's, torch's or oneDNN's."""
    said = str(error)
    torch_says = "can't allocate memory" in said or "could not create a primitive" in said
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and torch_says)


def release_memory() -> None:
    """Give the memory of what nothing refers to any more back to the system.

    glibc keeps it for later requests of the same thread; after a training of MiniLM that is
    0.36 GB of the 2 GB that Binder gives. Elsewhere than on glibc only Python's cycles are freed.
    """
    gc.collect()
    trim()


def trim() -> None:
    """Give back what is freed already, in milliseconds: on glibc alone."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def in_file(tensor: "Tensor", what: str) -> "Tensor":
    """The same numbers in a temporary file, which goes with the last tensor that reads it.

    A part of the file takes memory from the first time that it is read, and the system may take
    this memory back: it can read the part again. A part that is written to is copied to memory.
    what: the subject of the sentence where the disk is full.
    """
    import numpy as np
    import torch

    array = tensor.numpy()
    with saving(what, tempfile.gettempdir()), tempfile.TemporaryFile() as file:
        file.write(np.ascontiguousarray(array).data)
        file.flush()
        return torch.from_numpy(np.memmap(file, array.dtype, mode="c", shape=array.shape))


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size < 1e10 else f"{size / 1e9:,.0f} GB"


def _kept() -> int:
    """Bytes that this process has freed and that its C library keeps for what it needs next: they
    count as used to the system, and a new tensor takes them first. 0 where that is unknown."""
    try:
        ask = ctypes.CDLL(None).mallinfo2  # glibc 2.33 and later
    except (AttributeError, OSError, TypeError):
        return 0
    ask.restype = _MallocInfo
    return ask().fordblks


class _MallocInfo(ctypes.Structure):
    """The C library's struct mallinfo2 (malloc.h); `fordblks`: bytes in free blocks."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _machine(root: Path) -> list[Room]:
    facts = _table(root / "proc/meminfo")
    if {"MemAvailable", "MemTotal"} <= facts.keys():
        return [(facts["MemAvailable"], facts["MemTotal"], "this machine")]
    return []


def _container(root: Path) -> list[Room]:
    """The limits of the process's control groups and of all groups above them."""
    rooms = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":  # version 2
            base, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
            cached = "inactive_file"
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            cached = "total_inactive_file"
        else:
            continue
        own = base / path.lstrip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(base):
                rooms += _group(folder, *names, cached)
    return rooms


def _group(folder: Path, limit_name: str, usage_name: str, cached: str) -> list[Room]:
    limit, usage = _text(folder / limit_name).strip(), _text(folder / usage_name).strip()
    if not (limit.isdecimal() and usage.isdecimal()) or int(limit) > UNLIMITED:
        return []
    # The system gives up cached files before it ends a process.
    files = _table(folder / "memory.stat", unit=1).get(cached, 0)
    return [(int(limit) - int(usage) + files, int(limit), "this container")]


def _process(root: Path) -> list[Room]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    status = _table(root / "proc/self/status")
    rooms = []
    for kind, size in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY and size in status:
            rooms.append((limit - status[size], limit, "this process"))
    return rooms


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _table(path: Path, unit: int = 1024) -> dict[str, int]:
    """The numbers of a file with a name and a number a line, in bytes."""
    rows = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {row[0]: unit * int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
