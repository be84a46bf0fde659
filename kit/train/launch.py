"""Processes of one machine that train together: started from here as `torchrun` starts them."""

import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO

from kit.errors import KitError

__all__ = ["lines_of"]

POLL = 0.05
"""Seconds between two looks at processes that say nothing."""
LAST = 300
"""Characters of a failed process's last words in the error."""


def lines_of(
    program: Sequence[str],
    processes: int = 1,
    *,
    threads: int = 1,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """Run `python *program` in so many processes at once; the lines that the first one prints.

    Each learns its number from RANK, how many there are from WORLD_SIZE, and where they meet from
    MASTER_ADDR and MASTER_PORT, as from `torchrun`: `kit.train.fit` in the program trains one
    model with all of them, on the CPU also where there is a GPU. `torchrun` also restarts processes
    that fail; here one failure ends all.

    threads: of each process. stopping: asked about twenty times a second; where it is true, or
    where the caller leaves the loop, all processes are ended.
    Raises KitError where a process fails, with its last words.
    """
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise KitError(f"processes={processes!r} cannot be started: give a whole number from 1 on.")
    command, port = [sys.executable, *map(str, program)], _free_port()
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(processes)]
        started = [
            stack.enter_context(_process(command, _about(rank, processes, port, threads), errors))
            for rank, errors in enumerate(said)
        ]
        lines = _lines(started[0])
        while not stopping():
            _check(started, said)
            try:
                line = lines.get(timeout=POLL)
            except queue.Empty:
                continue
            if line is None:
                break
            yield line
        else:
            return
        for process in started:
            process.wait()
        _check(started, said)


def _about(rank: int, processes: int, port: int, threads: int) -> dict[str, str]:
    """The environment that tells a process its number and where the others are."""
    known = os.environ | {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": str(threads),
        "KIT_DEVICE": "cpu",  # one GPU cannot be shared so, and Apple's has no all-reduce
    }
    if sys.platform == "linux":  # else gloo looks for the name of this machine in the network
        known["GLOO_SOCKET_IFNAME"] = "lo"
    return known


@contextmanager
def _process(command: list[str], known: dict, errors: IO[bytes]) -> Iterator[subprocess.Popen]:
    """A process that is ended with the context, and whose stdout is a pipe."""
    process = subprocess.Popen(
        command,
        env=known,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if known["RANK"] == "0" else subprocess.DEVNULL,
        stderr=errors,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the caller, who ends them
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _lines(process: subprocess.Popen) -> queue.Queue:
    """The lines of a process's stdout as they come; None at their end."""
    lines: queue.Queue = queue.Queue()

    def read() -> None:
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _check(started: list[subprocess.Popen], said: list[IO[bytes]]) -> None:
    """Raise KitError where a process has failed."""
    for rank, (process, errors) in enumerate(zip(started, said, strict=True)):
        if process.poll():
            errors.seek(0)
            words = errors.read().decode("utf-8", "replace").strip()[-LAST:]
            raise KitError(
                f"process {rank} of {len(started)} ended with code {process.returncode}"
                f"{': … ' + words if words else ' and said nothing'}"
            )


def _free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]
