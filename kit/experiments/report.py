"""Reports on data with planted faults: what is found of each, and what is found in clean data.

    python -m kit.experiments report              # about ten minutes on two cores
    python -m kit.experiments report --seeds 1    # one seed of each

Faults: near-duplicates of a tenth of the test rows in train; a tenth of the training labels turned
to another class; a word that gives away a tenth of one class; a quarter of one group's test labels
turned. One source, the shipped Transformer.
"""

from functools import cache

import numpy as np

from kit import audit
from kit.audit.leaks import planted
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.tasks import sentiment, topics

__all__ = ["main"]

DATA = ("products", "tweets", "news", "topics")
FAULTS = ("none", "leak", "wrong labels", "shortcut", "group")
ROWS = 800
"""Training rows, as many as a user's file often has."""
WRONG, WORSE = 0.1, 0.25
"""Share of training labels that are turned, and of one group's test labels."""

FILE = ResultsFile(
    "report",
    "what a report finds in clean data, and of the faults that were planted",
    ("data", "fault", "seed"),
)

QUICK = (
    {"data": "products", "fault": "leak", "seed": 0},
    {"data": "topics", "fault": "wrong labels", "seed": 0},
)


def main(arguments: list[str]) -> None:
    """Measure what is missing, and record each row."""
    command = parser("report", __doc__)
    command.add_argument("--seeds", type=int, default=3)
    options = command.parse_args(arguments)
    FILE.grow(plan(options.seeds), measure)


def plan(seeds: int) -> list[dict]:
    """Every data set with every fault and with none, seed by seed."""
    return [
        {"data": name, "fault": fault, "seed": seed}
        for seed in range(seeds)
        for name in DATA
        for fault in FAULTS
    ]


def measure(about: dict) -> dict:
    """One row: of a planted fault what was found; of all the others what was found wrongly."""
    name, fault, seed = about["data"], about["fault"], about["seed"]
    task = topics if name == "topics" else sentiment
    data, rows = broken(name, fault, seed, len(task.CLASSES))
    if fault in ("leak", "shortcut"):
        kind = "near-duplicate" if fault == "leak" else "shortcut"
        leak = planted.plant(kind, data, task.CLASSES, seed=seed)
        data, rows = leak.data, leak.rows
        for row in data["train"]:
            row.setdefault("region", "N")
    made = audit.report(
        data, task, compare="region", sources=("transformer_encoder",), rows=ROWS * 2
    )
    leaks, labels = made.parts["leaks"].facts, made.parts["labels"].facts
    doubted = set(labels["rows"])
    met = leaks["report"].leaked("test")
    return about | {
        "planted": len(rows),
        "kinds of leaks": leaks["kinds"],
        "leaked rows found": len(met & rows) if fault == "leak" else None,
        "other test rows called leaked": len(met - rows) if fault == "leak" else len(met),
        "labels in doubt": len(doubted),
        "wrong labels found": len(doubted & rows) if fault == "wrong labels" else None,
        "accuracy out of fold": labels["accuracy"],
        "groups found": [str(g) for g in made.parts["groups"].facts["sure"]],
        "seconds": round(made.seconds, 1),
    }


def broken(name: str, fault: str, seed: int, classes: int) -> tuple[dict, frozenset[str]]:
    """Splits with a region for each row, drawn by lot; and the ids of the rows that were spoilt."""
    draw = np.random.default_rng(seed)
    data = {
        split: [row | {"id": str(row["id"]), "region": "NS"[draw.integers(2)]} for row in rows]
        for split, rows in clean(name).items()
    }
    wanted = {"wrong labels": ("train", WRONG), "group": ("test", WORSE)}
    if fault not in wanted:
        return data, frozenset()
    split, share = wanted[fault]
    rows = [row for row in data[split] if split == "train" or row["region"] == "S"]
    chosen = draw.choice(len(rows), round(share * len(rows)), replace=False)
    for i in chosen:
        rows[i]["label"] = int(rows[i]["label"] + draw.integers(1, classes)) % classes
    return data, frozenset(rows[i]["id"] for i in chosen)


@cache
def clean(name: str) -> dict[str, list[dict]]:
    """The first training rows of a data set, and its test; a text, its label and its id."""
    loaded = topics.load() if name == "topics" else sentiment.load(name)
    splits = {"train": loaded["train"].select(range(min(ROWS, len(loaded["train"]))))}
    splits["test"] = loaded["test"].select(range(min(ROWS, len(loaded["test"]))))
    return {
        split: [{"id": row["id"], "text": row["text"], "label": row["label"]} for row in rows]
        for split, rows in splits.items()
    }
