"""A small machine: a disk of some megabytes, a limit of memory, one core (Linux, as root)."""

import contextlib
import ctypes
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kit import files

__all__ = ["one_core", "small_disk", "small_memory"]

Enter = Callable[[int], None]
"""Puts the process with this id under the limit."""

GROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[tuple[Path, bool]]:
    """Context: an empty folder on a disk of its own, and whether the disk is limited: only root
    can mount one."""
    with files.temporary_folder() as folder:
        libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        place, size = os.fsencode(folder), f"size={megabytes}m".encode()
        limited = libc is not None and libc.mount(b"tmpfs", place, b"tmpfs", 0, size) == 0
        try:
            yield Path(folder), limited
        finally:
            if limited:
                libc.umount2(place, 2)  # also where a process still has a file open


@contextlib.contextmanager
def small_memory(gigabytes: float) -> Iterator[Enter | None]:
    """Context: a function that puts a process into a control group with so much memory, where the
    system ends it if it takes more; None where no such group can be made."""
    group = _new_group(f"kit-{os.getpid()}", int(gigabytes * 1e9))
    try:
        yield group and (lambda process: _write(group / "cgroup.procs", process))
    finally:
        if group:
            _remove(group)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Context in which this process, and each that it starts, runs on one core (Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[os.getpid() % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _new_group(name: str, limit: int) -> Path | None:
    """A control group below that of this process (version 1), or at the top (version 2)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, controllers, own = line.split(":", 2)
            if "memory" in controllers.split(","):
                parent, file = GROUPS / "memory" / own.lstrip("/"), "memory.limit_in_bytes"
            elif number == "0" and (GROUPS / "cgroup.subtree_control").exists():
                parent, file = GROUPS, "memory.max"
            else:
                continue
            return _limited(parent / name, file, limit)
    return None


def _limited(group: Path, file: str, limit: int) -> Path | None:
    """The group with its limit; None where the system has not given it one."""
    group.mkdir()
    try:
        _write(group / file, limit)
    except OSError:
        group.rmdir()
        return None
    return group


def _write(path: Path, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        path.write_text(f"{number}\n")


def _remove(group: Path) -> None:
    """Remove the group; the processes in it may take a moment to end."""
    for _ in range(50):
        try:
            group.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                return
            time.sleep(0.1)
        else:
            return
