"""Files: written whole or not at all, with the umask's permissions; caches check what they read.

A file or folder is first made beside its place, under the hidden name `.NAME.part-HOST-PID-…`. What
a killed process leaves there is removed by the next one that writes the same file.
"""

import contextlib
import glob
import json
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from kit.interrupts import held

__all__ = [
    "left_over",
    "load_cached",
    "save_cached",
    "scratch",
    "sweep",
    "temporary_folder",
    "warn_damaged",
    "whole",
    "write_json",
]

DAY = 86_400.0
"""Seconds after which an unfinished file of another machine is left over."""

MARK = ".part-"

IN_MEMORY = Path("/dev/shm")
"""A folder whose files are in memory, on Linux."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Context: a path to write a file to, which then becomes `path`: no reader sees half of it.

    The file gets the permissions of the umask, and another's that was there is replaced. After an
    error nothing is left. Raises OSError where the folder cannot be written to.
    """
    part = _part(path)
    try:
        part.touch()
        mode = part.stat().st_mode
        yield part
        part.chmod(mode)  # some libraries write files that nobody else may read
        os.replace(part, path)
    finally:
        _remove(part)


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Context: an empty hidden folder beside `path`, which is removed at the end."""
    part = _part(path)
    try:
        part.mkdir()
        yield part
    finally:
        _remove(part)


def temporary_folder(size: float = 0) -> tempfile.TemporaryDirectory:
    """A folder in the system's folder for such, which is removed at the end of its context, at the
    end of the process, or by the next process where this one was killed.

    size: bytes that will be written there. Where the disk has less room, and the system's folder in
    memory (Linux) has it, the folder is there.
    """
    place = next((p for p in _temporary_places() if _free(p) >= size), tempfile.gettempdir())
    part = _part(Path(place, "lm-transfer-kit"))
    return tempfile.TemporaryDirectory(prefix=part.name, dir=part.parent)


def _temporary_places() -> list[Path]:
    """The system's folder for temporary files, and the one in memory where there is one."""
    return [Path(tempfile.gettempdir()), *(p for p in (IN_MEMORY,) if os.access(p, os.W_OK))]


def _free(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def sweep(folder: Path) -> None:
    """Remove what killed processes have left in a folder, in those within it, and of
    `temporary_folder`."""
    names = f".lm-transfer-kit{MARK}*"
    temporary = [part for place in _temporary_places() for part in place.glob(names)]
    with contextlib.suppress(OSError):  # another process sweeps at the same time
        for part in [*folder.rglob(f".*{MARK}*"), *temporary]:
            if _has_ended(part):
                _remove(part)


def left_over(path: Path) -> list[Path]:
    """The unfinished files and folders for `path` that killed processes have left."""
    names = path.parent.glob(f".{glob.escape(path.name)}{MARK}*")
    return [part for part in names if _has_ended(part)]


def write_json(path: Path, value: object) -> None:
    """Write `value` as JSON, whole or not at all."""
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def save_cached(path: Path, value: object) -> None:
    """Write a value that JSON can hold, with a hash and its name; `load_cached` checks both."""
    write_json(path, {"name": path.name, "sha256": _digest(value), "value": value})


def load_cached(path: Path) -> object:
    """The value that `save_cached` wrote to `path`; None where there is none.

    A file that is damaged, of another name, or not readable gives a warning, and None.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["name"] != path.name:
            raise ValueError(f"it holds {content['name']!r}")
        if content["sha256"] != _digest(content["value"]):
            raise ValueError("its SHA-256 differs")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        warn_damaged(path, error)
        return None
    return content["value"]


def warn_damaged(path: Path, error: object) -> None:
    """Say in one line that a file of the cache is of no use, and is made again."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    warnings.warn(f"{path} is damaged ({reason}): it is made again.", stacklevel=3)


def _digest(value: object) -> str:
    return sha256(json.dumps(value).encode()).hexdigest()


def _part(path: Path) -> Path:
    """A new name beside `path`, in a folder that is there and has nothing left over for `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for part in left_over(path):
        _remove(part)
    return path.with_name(f".{path.name}{MARK}{_host()}-{os.getpid()}-{secrets.token_hex(4)}")


def _host() -> str:
    return re.sub(r"\W", "", platform.node())[:32]


def _has_ended(part: Path) -> bool:
    """Whether the process that wrote `part` has ended; of another machine: after a day."""
    made_by = re.fullmatch(r"(\w*)-(\d+)-\w+", part.name.rpartition(MARK)[2])
    if made_by and made_by[1] == _host() and os.name == "posix":
        return not _runs(int(made_by[2]))
    try:
        return time.time() - part.stat().st_mtime > DAY
    except OSError:
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _remove(part: Path) -> None:
    """Remove a file or a folder; what another user owns stays."""
    with held():
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
            return
        with contextlib.suppress(OSError):
            part.unlink()
