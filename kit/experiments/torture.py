"""Torture: lesson cells in random order with faults, on one core, 2 GB and a disk of 50 MB.

    python -m kit.experiments torture --minutes 15    # no lesson begins after so many minutes
    python -m kit.experiments torture --lessons 00 03 --seeds 2

A row is one lesson and one seed. A kernel runs cells of the lesson, out of order at times. It has
one core, the memory of Binder and Colab's smallest machines, and a small disk for the cache and the
temporary folder (Linux, as root; what cannot be limited is recorded as such). While cells run, the
kernel is interrupted or killed, buttons are clicked, the disk is filled, files of the cache are
cut, changed or deleted. At the end the lesson must run from top to bottom on the same machine with
what is left of that cache, and nothing unfinished may remain in either folder.
"""

import json
import os
import random
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from kit import files, runtime
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.kernel import TOO_LONG, Kernel
from kit.experiments.results_file import ResultsFile
from kit.experiments.small_machine import Enter, one_core, small_disk, small_memory

FILE = ResultsFile(
    "torture",
    "lessons under faults: which came, what raised, does the lesson run afterwards",
    keys=("lesson", "seed"),
    order=lambda row: (row["seed"], row["lesson"]),
)
QUICK = "Its faults come at moments that depend on the machine, so that no row repeats to the bit."
LESSONS = Path(__file__).parents[2] / "notebooks"
DISK_MB = 50
MEMORY_GB = 2
CELLS = 12
"""Cells of a lesson that run under faults."""
FAULTS = ("interrupt", "click", "kill", "full disk", "damaged file", "lost file")
EXPECTED = ("ok", "KitError", "NameError", "AssertionError", TOO_LONG)
"""What a cell may raise under faults: a message with a remedy, an earlier cell that did not run, a
lesson's own check of a training that was cut short. A long cell is interrupted. Any error may be
raised by a line of the cell itself, where the cells that it needs did not run."""
CAUSED = {"interrupt": "KeyboardInterrupt", "kill": "DeadKernel"}
"""Fault -> what it raises besides. A kernel that dies without a kill took too much memory."""
SECONDS, WHOLE_SECONDS = 25.0, 600.0
"""Longest time of a cell under faults, after which it is interrupted; and of one without."""


def main(arguments: list[str]) -> None:
    command = parser("torture", __doc__)
    command.add_argument("--minutes", type=float, default=60.0)
    command.add_argument("--seeds", type=int, default=1)
    command.add_argument("--lessons", nargs="*", help="their numbers; default: all")
    options = command.parse_args(arguments)
    paths = sorted(LESSONS.glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise KitError(f"no lesson is in {LESSONS}: run this in the course's folder.")
    names = [p.stem for p in paths if not options.lessons or p.stem[:2] in options.lessons]
    planned = ({"lesson": name, "seed": seed} for seed in range(options.seeds) for name in names)
    rows = FILE.grow(planned, measure, minutes=options.minutes)
    runs = sum(row["runs"] for row in rows)
    print(f"{sum(sum(row['faults'].values()) for row in rows)} faults, {runs} of {len(rows)} run")


def measure(about: dict) -> dict:
    """A lesson under faults, and then from top to bottom."""
    draw = random.Random(f"{about['lesson']} {about['seed']}")
    cells = code_cells(LESSONS / f"{about['lesson']}.ipynb")
    with ExitStack() as machine:
        disk, limited = machine.enter_context(small_disk(DISK_MB))
        enter = machine.enter_context(small_memory(MEMORY_GB))
        machine.enter_context(one_core())
        kernels = Kernels(prepare_cache(disk), enter)
        began = time.monotonic()
        faults, outcomes, raw = under_faults(cells, disk, kernels, draw)
        runs, error = from_top_to_bottom(cells, kernels)
        return about | {
            "cells": CELLS,
            "faults": {name: faults[name] for name in FAULTS},
            "outcomes": dict(sorted(outcomes.items())),
            "raw": raw,
            "runs": runs,
            "error": error,
            "left over": left_over(disk),
            "disk": f"{DISK_MB} MB" if limited else "not limited",
            "memory": f"{MEMORY_GB} GB" if enter else "not limited",
            "minutes": round((time.monotonic() - began) / 60, 1),
        }


def code_cells(path: Path) -> list[str]:
    """The sources of the code cells of a lesson, without its set-up."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell.get("id") != "setup"]
    return ["".join(cell["source"]) for cell in code]


@dataclass(frozen=True)
class Kernels:
    """Starts kernels of one kind."""

    environment: dict[str, str]
    enter: Enter | None
    """What limits the memory of a kernel."""

    def new(self) -> Kernel:
        """A new kernel, in the folder of the lessons."""
        return Kernel(self.environment, LESSONS, self.enter)


def prepare_cache(disk: Path) -> dict[str, str]:
    """A cache with links to the archives, which would not fit; the kernel's environment."""
    cache = disk / "cache"
    (cache / "archives").mkdir(parents=True)
    (disk / "temporary").mkdir()
    archives = [
        path
        for path in (runtime.cache_dir() / "archives").glob("*")
        if path.suffix in (".whl", ".gz")
    ]
    if not archives:
        raise KitError("the lessons' data are not there: fetch them with python -m kit.data.")
    for archive in archives:
        (cache / "archives" / archive.name).symlink_to(archive)
    own = {"KIT_CACHE": str(cache), "TMPDIR": str(disk / "temporary"), "KIT_PRECISION": "fp32"}
    own |= {"OMP_NUM_THREADS": "1"}
    return os.environ | own | {"PYTHONPATH": str(LESSONS.parent)}


def under_faults(
    cells: list[str], disk: Path, kernels: Kernels, draw: random.Random
) -> tuple[Counter, Counter, list[str]]:
    """Run `CELLS` cells; the faults that came, the outcomes, and errors that nobody expects."""
    faults, outcomes, raw = Counter(), Counter(), []
    kernel = kernels.new()
    place = 0
    try:
        for _ in range(CELLS):
            fault = draw.choice(FAULTS)
            moments = sorted(draw.uniform(0, 4) for _ in range(draw.randrange(1, 4)))
            action = {"interrupt": kernel.interrupt, "kill": kernel.kill, "click": kernel.click}
            harm_files(fault, disk, draw)
            planned = [(moment, action[fault]) for moment in moments] if fault in action else []
            planned = planned[:1] if fault == "kill" else planned
            outcome, done = kernel.run(cells[place], planned, SECONDS)
            faults[fault] += done if planned else 1
            (disk / "filler").unlink(missing_ok=True)
            name = outcome.partition(":")[0] or "ok"
            outcomes[name] += 1
            ended = name in ("DeadKernel", "Hung")
            if name not in (*EXPECTED, CAUSED.get(fault)) and (ended or kernel.in_kit):
                raw.append(f"cell {place}, {fault}: {outcome[:300]}")
            raw += [f"cell {place}, {fault}, beside it: {text}" for text in kernel.tracebacks()]
            if name == "DeadKernel":
                kernel = kernels.new()
            place = draw.randrange(len(cells)) if draw.random() < 0.2 else place + 1
            place %= len(cells)
    finally:
        kernel.kill()
    return faults, outcomes, raw


def harm_files(fault: str, disk: Path, draw: random.Random) -> None:
    """Fill the disk, or damage or lose files of the cache; the links to archives stay."""
    if fault == "full disk":
        with suppress(OSError), (disk / "filler").open("wb") as file:
            for _ in range(2 * DISK_MB):
                file.write(bytes(2**19))
    if fault not in ("damaged file", "lost file"):
        return
    every = sorted(p for p in (disk / "cache").rglob("*") if p.is_file() and not p.is_symlink())
    for path in draw.sample(every, min(len(every), 3)):
        with suppress(FileNotFoundError):
            if fault == "lost file":
                path.unlink()
                continue
            content = path.read_bytes()
            at = draw.randrange(len(content) + 1)
            tail = draw.choice([b"", draw.randbytes(20), draw.randbytes(20) + content[at:]])
            path.write_bytes(content[:at] + tail)


def from_top_to_bottom(cells: list[str], kernels: Kernels) -> tuple[bool, str]:
    """Whether every cell runs in its order in a fresh kernel; the first error."""
    kernel = kernels.new()
    try:
        for number, cell in enumerate(cells):
            outcome, _ = kernel.run(cell, [], WHOLE_SECONDS)
            if outcome:
                return False, f"cell {number}: {outcome[:500]}"
        return True, ""
    finally:
        kernel.end()


def left_over(disk: Path) -> list[str]:
    """Unfinished files of the cache, and what is left in the temporary folder and in that of the
    memory; the cache that torch's compiler keeps there is not the kit's."""
    cache, temporary = disk / "cache", disk / "temporary"
    unfinished = [*cache.rglob("*.part-*"), *cache.rglob("*.part")]
    unfinished += [p for p in temporary.glob("*") if not p.name.startswith("torchinductor")]
    in_memory = files.left_over(files.IN_MEMORY / "lm-transfer-kit")
    return sorted(map(str, [*(path.relative_to(disk) for path in unfinished), *in_memory]))
