"""Labelled rows to learn from: the same seed, the same rows on every machine, and nested."""

import itertools
from collections.abc import Hashable
from numbers import Integral
from typing import TYPE_CHECKING

from kit.data.splits import digest
from kit.errors import KitError

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["balanced_sample", "sample"]


def sample(split: "Dataset", n: int, seed: int) -> "Dataset":
    """`n` rows of a split; nested: the first 50 of a seed's 100 are its 50.

    Raises KitError for an n below 1 or above what there is.
    """
    if not isinstance(n, Integral) or not 1 <= n <= len(split):
        raise KitError(f"n={n!r} rows: give a whole number from 1 to {len(split):,}.")
    order = sorted((digest(f"{seed}/{name}"), i) for i, name in enumerate(split["id"][:]))
    return split.select([i for _, i in order[:n]])


def balanced_sample(split: "Dataset", n: int, seed: int) -> "Dataset":
    """`n` labelled examples of a split, its classes in turn; the same `seed`, the same examples.

    Nested: the first 50 of a seed's 100 are its 50. As balanced as the split allows: a class
    that runs out leaves its turns to the others.
    Raises KitError for an n below 2 or above what there is, and for a split of one class.
    """
    if not isinstance(n, Integral) or n < 2:
        raise KitError(f"n={n!r} labels: give a whole number from 2, one of each class.")
    if n > len(split):
        raise KitError(f"n={n} labels, but there are only {len(split)}: give at most that.")
    classes: dict[Hashable, list[tuple[str, int]]] = {}
    for row, (name, label) in enumerate(zip(split["id"][:], split["label"][:], strict=True)):
        classes.setdefault(label, []).append((digest(f"{seed}/{name}"), row))
    if len(classes) < 2:
        raise KitError(
            f"every one of the {n} labels would be {next(iter(classes))!r}: there is nothing to "
            "tell apart. Give a split that has both classes."
        )
    turns = itertools.zip_longest(*(sorted(classes[label]) for label in sorted(classes)))
    chosen = [row for _, row in filter(None, itertools.chain.from_iterable(turns))]
    return split.select(chosen[:n])
