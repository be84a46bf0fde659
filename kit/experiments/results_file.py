"""A results file that grows row by row: kit/results/data/NAME.json.

The same command may run several times at once: each measures what no other one measures. A process
that is stopped loses the row that it measures, and no other; the same command goes on with what is
missing.
"""

import gc
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from kit import files, results, runtime
from kit.errors import KitError

__all__ = ["DECISIVE", "EARLIER", "ResultsFile", "Stopped", "check_writable", "stop_at_ctrl_c"]
__all__ += ["write"]

DECISIVE = ("processor", "precision", "threads", "torch")
"""What decides the bits of a result, of what is known of a machine."""
EARLIER = "earlier machine"
"""Field of a row that was not recorded on the machine that the file's head names, which is that of
the newest row: its place in the file's list of earlier machines (the same name with an s)."""

Measure = Callable[[dict], dict | list[dict]]
"""From what identifies a measurement to its row, or its rows."""


class Stopped(BaseException):
    """Ctrl-C. Not a KeyboardInterrupt: `fit` catches that one and returns the model as it is, and
    the score of a model that was half trained would be recorded."""


@contextmanager
def stop_at_ctrl_c() -> Iterator[None]:
    """While inside, Ctrl-C raises `Stopped`."""

    def stop(*_) -> None:
        raise Stopped

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def check_writable(folder: Path) -> None:
    """Raise KitError where no results file can be written; say where it is an installed copy."""
    if not os.access(folder, os.W_OK):
        raise KitError(
            f"the results in {folder} are read-only: copy the course's folder to a place where you "
            "may write, and run the command there."
        )
    if {"site-packages", "dist-packages"} & set(folder.parts):
        print(
            f"kit is an installed copy: its results in {folder} will change, those in the course's "
            "folder will not. To change those, run the command in the course's folder."
        )


def write(path: Path, what: str, **fields) -> dict:
    """Write a results file as a whole, with the command, the date and the machine; its content.

    Fields that the file has already keep their place. A results file has the name of its command.
    """
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    content |= {
        "what": what,
        "command": f"python -m kit.experiments {path.stem}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
    }
    content |= fields
    files.write_json(path, content)
    return content


class ResultsFile:
    """The rows of an experiment, and the file that holds them."""

    def __init__(
        self,
        name: str,
        what: str,
        keys: tuple[str, ...],
        parts: tuple[str, ...] = (),
        order: Callable[[dict], tuple] | None = None,
        folder: Path = results.FOLDER,
    ) -> None:
        """name: of the experiment. what: one line that says what the rows are.
        keys: the fields that identify a measurement.
        parts: where a measurement has several rows, the fields that identify a row of it.
        order: from a row to its place in the file; default: new rows come last.
        """
        self.name = name
        self.what = what
        self.keys = keys
        self.parts = parts
        self.order = order
        self.path = folder / f"{name}.json"

    def content(self) -> dict:
        """The whole file; empty where there is none."""
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def rows(self) -> list[dict]:
        """The recorded rows."""
        return self.content().get("rows", [])

    def key(self, row: dict) -> dict:
        """The fields of a row that say which measurement it belongs to."""
        return {key: row[key] for key in self.keys if key in row}

    def identity(self, row: dict) -> dict:
        """The fields of a row that no other row has like this."""
        return {key: row[key] for key in (*self.keys, *self.parts) if key in row}

    def missing(self, planned: Iterable[dict]) -> Iterator[dict]:
        """The planned measurements that have no row yet and that no other process measures now.

        Until the next one is asked for, no other process is given this one.
        """
        for about in planned:
            with self._claim(about) as mine:
                if mine and self.key(about) not in map(self.key, self.rows()):
                    yield about

    def add(self, *rows: dict, **fields) -> None:
        """Add the rows of a measurement, and set fields of the file beside its rows.

        What another process has recorded of the same measurement stays.
        """
        with self._lock():
            recorded, machines = self._marked()
            keys = [self.key(row) for row in recorded]
            recorded += [row for row in rows if self.key(row) not in keys]
            if self.order:
                recorded.sort(key=self.order)
            write(self.path, self.what, **fields, **machines, rows=recorded)

    def remove(self, about: dict) -> None:
        """Remove the rows that have all these values."""
        with self._lock():
            recorded, machines = self._marked()
            kept = [row for row in recorded if not about.items() <= row.items()]
            write(self.path, self.what, **machines, rows=kept)

    def _marked(self) -> tuple[list[dict], dict]:
        """The recorded rows, each with its earlier machine where the head is about to name another
        one, and the file's list of earlier machines; no list where there are none."""
        content = self.content()
        rows, machines = content.get("rows", []), content.get(f"{EARLIER}s", [])
        before, now = content.get("machine"), runtime.machine()
        if rows and before and any(before.get(field) != now[field] for field in DECISIVE):
            entry = {"date": content["date"], **before}
            if entry not in machines:
                machines.append(entry)
            for row in rows:
                row.setdefault(EARLIER, machines.index(entry))
        return rows, {f"{EARLIER}s": machines} if machines else {}

    def _lock(self, suffix: str = "") -> FileLock:
        folder = runtime.cache_dir() / "experiments"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{self.name}{suffix}.lock")

    @contextmanager
    def _claim(self, about: dict) -> Iterator[bool]:
        """While inside, no other process has the measurement; False where another one has it."""
        identity = json.dumps([str(self.path.resolve()), self.key(about)], sort_keys=True)
        lock = self._lock(f"-{sha256(identity.encode()).hexdigest()[:16]}")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            with suppress(OSError):  # Windows removes no file that is open
                Path(lock.lock_file).unlink()
            lock.release()

    def grow(
        self,
        planned: Iterable[dict],
        measure: Measure,
        *,
        minutes: float = float("inf"),
        save: bool = True,
        describe: Callable[[dict], dict] | None = None,
    ) -> list[dict]:
        """Measure what is missing, and record each measurement at once; all rows.

        minutes: no measurement begins after so many.
        save: False to measure everything that is planned, print it and record nothing.
        describe: from a measurement to fields of the file beside its rows.
        """
        if save:
            check_writable(self.path.parent)
        end = time.monotonic() + 60 * minutes
        new = []
        for about in self.missing(planned) if save else planned:
            if time.monotonic() > end:
                print(f"{minutes:g} minutes are over: the same command goes on.")
                break
            rows = measure(about)
            rows = [rows] if isinstance(rows, dict) else rows
            if save:
                self.add(*rows, **describe(about) if describe else {})
            new += rows
            print(*rows, sep="\n", flush=True)
            gc.collect()
        if save:
            print(f"{len(new)} new rows; {self.path} has {len(self.rows())}.")
        return self.rows() if save else new
