"""Samples of labelled rows: the same rows for the same seed on every machine, and nested."""

import itertools
from collections.abc import Hashable
from numbers import Integral
from typing import TYPE_CHECKING

from kit.data.splits import digest
from kit.errors import KitError
from kit.guards import a_split, guarded

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["balanced_sample", "sample"]


@guarded("task.sample(data['train'], 100, seed=0)", split=a_split)
def sample(split: "Dataset", n: int, seed: int) -> "Dataset":
    """`n` rows of a split, in an order that the seed decides by SHA-256 of the rows' "id".

    Nested: the first 50 of a seed's 100 are its 50.
    Raises KitError for an n below 1 or above the number of rows, and for rows without "id".
    """
    if not isinstance(n, Integral) or not 1 <= n <= len(split):
        raise KitError(f"n={n!r} rows: give a whole number from 1 to {len(split):,}.")
    _check_columns(split, "id")
    order = sorted((digest(f"{seed}/{name}"), i) for i, name in enumerate(split["id"][:]))
    return split.select([i for _, i in order[:n]])


@guarded("task.sample(data['train'], 100, seed=0)", split=a_split)
def balanced_sample(split: "Dataset", n: int, seed: int) -> "Dataset":
    """`n` rows of a split, its classes in turn; within a class as in `sample`.

    Nested: the first 50 of a seed's 100 are its 50. As balanced as the split allows: once a class
    has no more rows, the others take its turns.
    Raises KitError for an n below 2 or above the number of rows, for a split of one class, and for
    rows without "id" or "label".
    """
    if not isinstance(n, Integral) or n < 2:
        raise KitError(f"n={n!r} labels: give a whole number from 2 to {len(split):,}.")
    if n > len(split):
        raise KitError(f"n={n} labels, but there are only {len(split)}: give at most that.")
    _check_columns(split, "id", "label")
    classes: dict[Hashable, list[tuple[str, int]]] = {}
    for row, (name, label) in enumerate(zip(split["id"][:], split["label"][:], strict=True)):
        classes.setdefault(label, []).append((digest(f"{seed}/{name}"), row))
    if len(classes) < 2:
        raise KitError(
            f"every one of the {n} labels would be {next(iter(classes))!r}: there is nothing to "
            "tell apart. Give a split that has all classes."
        )
    turns = itertools.zip_longest(*(sorted(classes[label]) for label in sorted(classes)))
    chosen = [row for _, row in filter(None, itertools.chain.from_iterable(turns))]
    return split.select(chosen[:n])


def _check_columns(split: "Dataset", *names: str) -> None:
    missing = [name for name in names if name not in split.column_names]
    if missing:
        raise KitError(
            f"the rows have no {', '.join(map(repr, missing))}: their columns are "
            f"{', '.join(split.column_names)}. Add {missing[0]!r}."
        )
