"""Groups: is a model worse on the rows of one group than on the others?

R test rows.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from kit.errors import KitError

__all__ = ["GroupGap", "group_gaps"]

DEALS = 5000
"""Deals of the rows to the groups by lot."""
LEAST = 20
"""Rows that a group must have to be judged."""


@dataclass(frozen=True)
class GroupGap:
    """A group's accuracy beside that of the other rows."""

    group: Hashable
    rows: int
    accuracy: float
    others: float
    """Of the rows of no such group."""
    p: float
    """The share of deals by lot with a gap of this size, times the number of groups (Bonferroni).
    """

    @property
    def gap(self) -> float:
        """accuracy - others, -1 to 1."""
        return self.accuracy - self.others


def group_gaps(
    right: Sequence[float], groups: Sequence[Hashable], labels: Sequence[int], *, seed: int = 0
) -> list[GroupGap]:
    """The gaps of all groups with 20 rows and more, the largest first.

    right (R,): 1 where the answer is right. The rows are dealt to the groups by lot *within each
    label*, so that a group which merely has more rows of a hard class is not found. Raises KitError
    for lists of different lengths.
    """
    right, y = np.asarray(right, dtype=float), np.asarray(labels)
    if not len(right) == len(groups) == len(y):
        raise KitError(
            f"{len(right)} answers, {len(groups)} groups and {len(y)} labels: give one each a row."
        )
    numbers = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    of = np.array([numbers[group] for group in groups])
    counts = np.bincount(of, minlength=len(numbers))
    judged = [i for i in range(len(numbers)) if counts[i] >= LEAST and counts[i] < len(of)]
    generator = np.random.default_rng(seed)
    names, found = list(numbers), []
    for i in judged:
        inside = of == i
        gap, good = _gap(right, inside), _deals(right, inside, y, generator)
        dealt = good / inside.sum() - (right.sum() - good) / (~inside).sum()
        centre = dealt.mean()
        p = (1 + (np.abs(dealt - centre) >= abs(gap - centre) - 1e-12).sum()) / (1 + DEALS)
        found.append(
            GroupGap(
                names[i],
                int(inside.sum()),
                float(right[inside].mean()),
                float(right[~inside].mean()),
                min(1.0, float(p) * len(judged)),
            )
        )
    return sorted(found, key=lambda g: -abs(g.gap))


def _gap(right: np.ndarray, inside: np.ndarray) -> float:
    return float(right[inside].mean() - right[~inside].mean())


def _deals(right, inside, labels, generator) -> np.ndarray:
    """(DEALS,): right answers inside, the rows of each label being dealt by lot."""
    total = np.zeros(DEALS)
    for label in np.unique(labels):
        own = labels == label
        good, size, inner = int(right[own].sum()), int(own.sum()), int(inside[own].sum())
        total += generator.hypergeometric(good, size - good, inner, DEALS) if inner else 0
    return total
