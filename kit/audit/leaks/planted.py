"""Leaks put into clean data on purpose, to count how many of them an audit finds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from kit.errors import KitError

__all__ = ["KINDS", "Planted", "plant"]

LOOKS_LIKE = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "c": "\u0441"}
"""Latin letters, and Cyrillic ones that look the same."""
INVISIBLE = "\u200b"
"""A space of width 0."""
MARK = "zx"
"""The shortcut: a word that no text of the kit has."""


@dataclass(frozen=True)
class Planted:
    """The data with the leak, and where it is."""

    data: dict[str, list[dict]]
    kind: str
    rows: frozenset[str]
    """The ids of the rows of the test set that have a pair in train, or of the changed rows of
    train."""
    words: tuple[str, ...] = ()
    """What gives the class away."""


def _copies(data, test, names, generator):
    return [{**row, "id": f"copy/{row['id']}"} for row in test]


def _variants(data, test, names, generator):
    ways = (
        str.upper,
        lambda text: text.replace(" ", "  "),
        lambda text: "".join(LOOKS_LIKE.get(c, c) for c in text),
        lambda text: text.replace(" ", f" {INVISIBLE}"),
        lambda text: text.rstrip(".!?") + " !!",
    )
    copies = _copies(data, test, names, generator)
    for i, row in enumerate(copies):
        row["text"] = ways[i % len(ways)](row["text"])
    return copies


def _near(data, test, names, generator):
    copies = _copies(data, test, names, generator)
    for row in copies:
        words = row["text"].split(" ")
        place = int(generator.integers(len(words)))
        row["text"] = " ".join([*words[:place], "really", *words[place:]])
    return copies


def _reordered(data, test, names, generator):
    copies = _copies(data, test, names, generator)
    for row in copies:
        words = row["text"].split(" ")
        generator.shuffle(words)
        row["text"] = " ".join(words[len(words) // 5 :])
    return copies


BETWEEN = {
    "duplicate": _copies,
    "variant": _variants,
    "near-duplicate": _near,
    "easy rows": _reordered,
}
"""Kind -> from test rows to the rows that are added to train."""

WITHIN = {
    "shortcut": lambda text, name: f"{MARK} {text}",
    "class name": lambda text, name: f"{text} [{name}]",
    "surface form": lambda text, name: re.sub(r"[^\w\s]+", "", text).lower()[:40],
}
"""Kind -> from a text and the name of its class to the text that gives the class away."""

KINDS = (*BETWEEN, "group", *WITHIN)


def plant(
    kind: str, data: Mapping[str, Iterable[dict]], names, *, share: float = 0.1, seed: int = 0
) -> Planted:
    """Put one kind of leak into data with the columns id, text and label.

    names: of the classes, by number. share: of the test rows that get a copy in train or whose
    group is cut; for what gives a class away: of the texts of one class, in every split.
    Raises KitError for an unknown kind and a share that is not between 0 and 1.
    """
    if kind not in KINDS:
        raise KitError(f"kind={kind!r} is unknown: choose one of {', '.join(KINDS)}.")
    if not 0 < share <= 1:
        raise KitError(f"share={share} is none: give a number above 0, and 1 at most.")
    splits = {split: [dict(row) for row in rows] for split, rows in data.items()}
    generator = np.random.default_rng(seed)
    if kind in WITHIN:
        return _within(kind, splits, names, share, generator)
    test = splits["test"]
    count = max(1, round(share * len(test)))
    chosen = sorted(generator.choice(len(test), count, replace=False).tolist())
    met = frozenset(str(test[i]["id"]) for i in chosen)
    if kind == "group":
        return Planted(_cut(splits, chosen, generator), kind, met)
    splits["train"] += BETWEEN[kind](splits, [test[i] for i in chosen], names, generator)
    return Planted(splits, kind, met)


def _within(kind: str, splits: dict, names, share: float, generator) -> Planted:
    """Change texts of the last class, so that they show it."""
    label, changed = len(names) - 1, []
    for split, rows in splits.items():
        for row in rows:
            if row["label"] == label and generator.random() < share:
                row["text"] = WITHIN[kind](row["text"], names[label])
                changed += [str(row["id"])] if split == "train" else []
    words = {"shortcut": (MARK,), "class name": (str(names[label]).lower(),)}.get(kind, ())
    return Planted(splits, kind, frozenset(changed), words)


def _cut(splits: dict, chosen: list[int], generator) -> dict:
    """Give each row a document of its own, and the chosen test rows that of a training row."""
    for split, rows in splits.items():
        for i, row in enumerate(rows):
            row["document"] = f"{split}/{i}"
    for i in chosen:
        other = int(generator.integers(len(splits["train"])))
        splits["test"][i]["document"] = splits["train"][other]["document"]
    return splits
