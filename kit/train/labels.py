"""One look at the labels before training: the first that cannot be learnt from is named."""

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np

from kit.errors import KitError
from kit.loss import IGNORE

__all__ = ["check_labels"]


def check_labels(rows: Sequence[dict], loss: str, needed: bool = True) -> None:
    """Raise KitError for the first label that the loss cannot compare with an answer.

    cross_entropy: "y" is a whole number, or a row of them (`IGNORE` for what does not count).
    squared_error: a finite number, or a row of them. preference: two finite numbers.
    needed: whether one label at least must count; not where a penalty teaches (a teacher that is
    imitated).
    """
    check = {"cross_entropy": _class, "squared_error": _number, "preference": _pair}[loss]
    counted = False
    for i, row in enumerate(rows):
        counted |= check(i, row.get("y"))
    if needed and not counted:
        raise KitError(
            f"every label of the {len(rows):,} examples is {IGNORE}, which counts for nothing: "
            "there is nothing to learn. Give labels."
        )


def _class(i: int, y) -> bool:
    """Whether a label of classes counts for anything."""
    if isinstance(y, Integral):
        return int(y) != IGNORE
    if np.ndim(y):
        values = np.asarray(y)
        if values.dtype.kind in "iub":
            return bool((values != IGNORE).any())
        wrong = next((v for v in values.ravel().tolist() if not isinstance(v, int)), y)
        raise KitError(_not_whole(i, wrong))
    value = y.item() if hasattr(y, "item") else y
    if isinstance(value, Integral):
        return int(value) != IGNORE
    raise KitError(_not_whole(i, value))


def _not_whole(i: int, value) -> str:
    if isinstance(value, float) and value.is_integer():
        remedy = f"give it as a whole number, {int(value)}, or take loss='squared_error'."
    elif isinstance(value, str):
        remedy = "give its number, as the task's encode does, or read it with kit.data.own."
    else:
        remedy = "put it right, or leave the example out."
    return (
        f"the label of example {i} is {value!r:.60} ({type(value).__name__}), no whole number of "
        f"a class: {remedy}"
    )


def _pair(i: int, y) -> bool:
    """Whether a label is two finite numbers, one for each answer of a pair."""
    if np.shape(y) != (2,) or np.asarray(y).dtype.kind != "f":
        raise KitError(
            f"the label of example {i} is {y!r:.60}: the loss of preferences needs two decimal "
            "numbers, as kit.tasks.preferences.encode makes them."
        )
    return _number(i, y)


def _number(i: int, y) -> bool:
    """Whether a label that is a number, or a row of them, is finite."""
    values = np.asarray(y)
    if values.dtype.kind not in "iufb":
        value = y if not values.ndim else values.ravel()[0]
        if not isinstance(value, Real):
            raise KitError(
                f"the label of example {i} is {value!r:.60} ({type(value).__name__}), no number: "
                "put it right, or leave the example out."
            )
    if not np.isfinite(values.astype(float)).all():
        worst = next(v for v in values.astype(float).ravel().tolist() if not math.isfinite(v))
        raise KitError(
            f"the label of example {i} is {worst}, no number: put it right, or leave the example "
            "out."
        )
    return True
