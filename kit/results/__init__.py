"""The committed results files: what an experiment measured, loaded, summed up, as tables.

Each file kit/results/data/NAME.json has a module `kit.results.NAME`: `summary` (means with their
intervals), gains seed by seed, and `table`, a pandas Styler. `results.table("NAME")` calls it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable
from importlib import import_module, resources
from pathlib import Path

from kit.errors import KitError
from kit.metrics import interval

__all__ = ["FOLDER", "by_budget", "by_seed", "intervals", "load", "names", "table"]

FOLDER = Path(str(resources.files("kit"))) / "results" / "data"
"""Where they lie: NAME.json."""


def names() -> list[str]:
    """The names of all results files."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> dict:
    """A committed results file, kit/results/data/NAME.json: "rows", and the machine that made them.

    The command that makes it again is its "command".
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise KitError(f"nothing was recorded as {name!r}: give one of {', '.join(names())}.")
    return json.loads(path.read_text(encoding="utf-8"))


def by_seed(
    rows: list[dict], key: Callable[[dict], Hashable], value: str
) -> dict[Hashable, dict[int, float]]:
    """key(row) -> seed -> the row's `value`; rows without one are left out."""
    found: dict = defaultdict(dict)
    for row in rows:
        if value in row:
            found[key(row)][row["seed"]] = row[value]
    return dict(found)


def intervals(found: dict[Hashable, dict[int, float]]) -> dict[Hashable, tuple[float, float]]:
    """Of what `by_seed` returns: key -> mean over the seeds, half-width of its 95 % interval."""
    return {key: interval(list(values.values())) for key, values in found.items()}


def by_budget(rows: list[dict]) -> dict[int, dict[str, tuple[float, float]]]:
    """labels -> strategy -> (mean accuracy, half-width of its interval) over the seeds."""
    found: dict = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["labels"]][row["strategy"]].append(row["accuracy"])
    return {
        labels: {strategy: interval(scores) for strategy, scores in found[labels].items()}
        for labels in sorted(found)
    }


SPEEDS = ("finetuning_speed", "pretraining_speed", "generation_speed")
"""Results files without scores: seconds beside a peer's."""


def table(name: str, *args, **options):
    """The table of a results file, as a pandas Styler: percent with one decimal, gains grey where
    their interval crosses 0. args, options: those of the module's `table`.

    Raises KitError for a file that is not there, or that has no table.
    """
    load(name)
    if name == "replays":
        raise KitError("replays holds recordings for the widgets' button Replay, and no table.")
    if name in SPEEDS:
        return import_module("kit.results.speed").table(name)
    return import_module(f"kit.results.{name}").table(*args, **options)
