"""The committed results files: what an experiment measured, loaded and summed up."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable
from importlib import resources
from pathlib import Path

from kit.errors import KitError
from kit.metrics import interval

__all__ = ["FOLDER", "by_budget", "by_seed", "intervals", "load", "names"]

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
