"""Leaks: what a split by sentence pretends, and how many planted leaks the audit finds.

    python -m kit.experiments leakage              # about a quarter of an hour on two cores
    python -m kit.experiments leakage --seeds 1    # one seed of each

Splits: TF-IDF with logistic regression, by text, by document, and by documents drawn by lot.
Clean: the kit's own data, whose splits keep near-duplicates and documents together. Planted: each
kind of leak in products and news, with several shares and three seeds.
"""

from functools import cache

import numpy as np
from datasets import concatenate_datasets

from kit import audit
from kit.audit.leaks import planted
from kit.data import corpora
from kit.data.duplicates import groups
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.runtime import random_state
from kit.tasks import sentiment, topics
from kit.tasks.classification import tfidf

__all__ = ["main"]

CLEAN = (*sentiment.DOMAINS, "topics")
SHARES = {True: (0.05, 0.1, 0.3, 1.0), False: (0.02, 0.1, 0.3)}
"""Whether the leak is in the texts of a class, or between splits -> the shares that are planted."""
ROWS = 800
"""Training rows into which a leak is planted, as many as a user's file often has."""
SPLIT_SEEDS = 10
WITHIN = ("shortcut", "class name", "surface form")

FILE = ResultsFile(
    "leakage",
    "what an audit of leaks finds in clean data, and of the leaks that were planted",
    ("part", "data", "kind", "share", "seed"),
)

QUICK = (
    {"part": "planted", "data": "products", "kind": "duplicate", "share": 0.1, "seed": 0},
    {"part": "planted", "data": "products", "kind": "shortcut", "share": 0.1, "seed": 0},
)


def main(arguments: list[str]) -> None:
    """Measure what is missing, and record each row."""
    command = parser("leakage", __doc__)
    command.add_argument("--seeds", type=int, default=3)
    options = command.parse_args(arguments)
    FILE.grow(plan(options.seeds), measure)


def plan(seeds: int) -> list[dict]:
    """Splits by sentence and by document, clean data, then the planted leaks."""
    splits = [
        {"part": "splits", "data": name, "seed": seed}
        for name in ("topics", "products", "news", "tweets")
        for seed in range(SPLIT_SEEDS)
    ]
    clean = [{"part": "clean", "data": name} for name in CLEAN]
    kinds = [(name, kind) for name in ("products", "news") for kind in planted.KINDS]
    return (
        splits
        + clean
        + [
            {"part": "planted", "data": name, "kind": kind, "share": share, "seed": seed}
            for seed in range(seeds)
            for name, kind in kinds
            for share in SHARES[kind in WITHIN]
        ]
    )


def measure(about: dict) -> dict:
    """One row: kinds that were found in clean data, or what was found of a planted leak."""
    name = about["data"]
    task = topics if name == "topics" else sentiment
    if about["part"] == "splits":
        return about | both_splits(name, about["seed"])
    if about["part"] == "clean":
        group = "group" if name != "topics" else None
        report = audit.leakage(load(name), task, group=group)
        return about | {
            "rows": sum(report.sizes.values()),
            "found": {finding.kind: finding.text for finding in report.findings},
            "worth": {f.kind: f.worth.points for f in report.findings if f.worth},
            "seconds": report.seconds,
        }
    return about | recall(about, task)


def both_splits(name: str, seed: int) -> dict:
    """Test accuracy after a split by text, by document, and by documents that were drawn by lot."""
    with random_state():  # its first import draws a number
        from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

    texts, labels, documents = (np.array(column, dtype=object) for column in sentences(name))
    labels = labels.astype(int)
    drawn = np.random.default_rng(seed).permutation(documents)
    scores = {}
    for how, kind, together in (
        ("by text", ShuffleSplit, None),
        ("by document", GroupShuffleSplit, documents),
        ("by lot", GroupShuffleSplit, drawn),
    ):
        fit, held = next(kind(1, test_size=0.2, random_state=seed).split(texts, labels, together))
        model = tfidf().fit(list(texts[fit]), labels[fit])
        scores[how] = float((model.predict(list(texts[held])) == labels[held]).mean())
    return scores


@cache
def sentences(name: str) -> tuple[list, list, list]:
    """Texts, labels and documents: of topics, the first eight sentences of 200 articles."""
    if name != "topics":
        data = concatenate_datasets(list(load(name).values()))
        return data["text"][:], data["label"][:], data["group"][:]
    found: tuple[list, list, list] = ([], [], [])
    for row in topics.sample(load(name)["train"], 200, seed=0):
        for sentence in corpora.sentences([row["text"]])[:8]:
            for column, value in zip(found, (sentence, row["label"], row["id"]), strict=True):
                column.append(value)
    return found


def recall(about: dict, task) -> dict:
    """Of the planted test rows, or marks, the share that was found; the kinds found besides."""
    kind, clean = about["kind"], small(about["data"])
    leak = planted.plant(kind, clean, task.CLASSES, share=about["share"], seed=about["seed"])
    group = "document" if kind == "group" else None
    report = audit.leakage(leak.data, task, group=group, worth=False)
    if kind in WITHIN:
        words = {word for finding in report[kind] for word in finding.words}
        found = float(bool(report[kind]) and set(leak.words) <= words)
        wrong = sorted(report.kinds() - {kind})
    else:
        own = set().union(*(finding.leaked("test") for finding in report[kind]))
        every = report.leaked("test")
        found = len(every & leak.rows) / len(leak.rows)
        wrong = sorted(every - leak.rows - met(about["data"], leak.rows))
        return {"planted": len(leak.rows), "recall": found, "of its kind": len(own), "wrong": wrong}
    return {"planted": len(leak.rows), "recall": found, "wrong": wrong}


def met(name: str, rows: frozenset[str]) -> set[str]:
    """The test rows that meet a training row without the leak, or are near-duplicates of one of
    these rows, whose copies are in train."""
    test = small(name)["test"]
    twins = groups([row["text"] for row in test])
    planted_twins = {twins[i] for i, row in enumerate(test) if str(row["id"]) in rows}
    own = {str(row["id"]) for i, row in enumerate(test) if twins[i] in planted_twins}
    return own | before(name)


@cache
def before(name: str) -> set[str]:
    """The test rows that share words with a training row in the clean data."""
    task = topics if name == "topics" else sentiment
    return audit.leakage(small(name), task, worth=False).leaked("test")


@cache
def load(name: str):
    """The splits of one of `CLEAN`."""
    return topics.load() if name == "topics" else sentiment.load(name)


@cache
def small(name: str) -> dict:
    """`ROWS` training rows of all classes, and the test rows, without a validation set."""
    data, task = load(name), topics if name == "topics" else sentiment
    train = task.sample(data["train"], ROWS, seed=0)
    return {"train": list(train), "test": list(data["test"])}
