"""Gap of two groups and spread of many words, with interval and control.

T templates, W words, A and B words of two groups, S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kit.audit.bias.templates import Score, scores
from kit.errors import KitError

__all__ = ["Gap", "Spread", "compare", "gap", "measure", "spread"]

DRAWS = 2000
"""Resamples of a bootstrap, and permutations of a test."""


@dataclass(frozen=True)
class Gap:
    """The difference of two groups' mean scores, and what names drawn by lot give."""

    one: str
    """The first group."""
    other: str
    """The second group."""
    mean: float
    """Mean score of the first group minus that of the second, over templates and words."""
    low: float
    """Lower end of its 95 % interval: templates and words resampled, both."""
    high: float
    """Upper end."""
    chance: float
    """95 % of the gaps are smaller, in size, when the names are dealt to the groups by lot."""
    p: float
    """The share of deals by lot whose gap is at least as large, in size."""

    def __str__(self) -> str:
        return (
            f"{self.one} minus {self.other}: {self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f})"
            f"; names dealt by lot reach {self.chance:.3f} (p = {self.p:.2f})"
        )


@dataclass(frozen=True)
class Spread:
    """How far apart the words' mean scores are."""

    words: tuple[str, ...]
    """The words, from the lowest mean score to the highest."""
    means: tuple[float, ...]
    """Their mean scores over the templates."""
    low: float
    """Lower end of the range's 95 % interval: the templates resampled."""
    high: float
    """Upper end."""

    @property
    def range(self) -> float:
        """Highest mean minus lowest mean. More words, and fewer templates, give a larger one."""
        return self.means[-1] - self.means[0]

    def __str__(self) -> str:
        return (
            f"range {self.range:.3f} ({self.low:.3f} to {self.high:.3f}): {self.words[0]} "
            f"{self.means[0]:.3f} to {self.words[-1]} {self.means[-1]:.3f}"
        )


def gap(one: np.ndarray, other: np.ndarray, names=("one", "other"), *, seed: int = 0) -> Gap:
    """The gap of scores (T, A) and (T, B), which have the same templates.

    gap = mean(one) - mean(other). The interval is a bootstrap of both templates and words: a gap
    that one template makes alone is not sure. The control deals the A + B words to the two groups
    by lot (a permutation test). Raises KitError for groups of fewer than two words.
    """
    one, other = np.atleast_2d(one), np.atleast_2d(other)
    if len(one) != len(other) or min(one.shape[1], other.shape[1]) < 2:
        raise KitError(
            f"scores of {one.shape} and {other.shape}: give (templates, words) twice, with the "
            "same templates and at least two words a group."
        )
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        rows = generator.integers(0, len(one), len(one))
        a, b = (generator.integers(0, x.shape[1], x.shape[1]) for x in (one, other))
        drawn.append(one[np.ix_(rows, a)].mean() - other[np.ix_(rows, b)].mean())
    low, high = np.percentile(drawn, [2.5, 97.5])
    mean = one.mean() - other.mean()
    words = np.concatenate([one.mean(0), other.mean(0)])  # (A + B,)
    deals = generator.permuted(np.tile(words, (DRAWS, 1)), axis=1)
    lot = np.abs(deals[:, : one.shape[1]].mean(1) - deals[:, one.shape[1] :].mean(1))
    p = (1 + (lot >= abs(mean) - 1e-12).sum()) / (1 + DRAWS)
    ends = (float(mean), float(low), float(high), float(np.percentile(lot, 95)), float(p))
    return Gap(*names, *ends)


def spread(values: np.ndarray, words: Sequence[str], *, seed: int = 0) -> Spread:
    """The spread of scores (T, W). A range is never negative: compare it with that of as many
    words of no group, in the same templates. Raises KitError for fewer than two words."""
    values = np.atleast_2d(values)
    if values.shape[1] != len(words) or len(words) < 2:
        raise KitError(f"scores {values.shape} of {len(words)} words: give at least two words.")
    rows = np.random.default_rng(seed).integers(0, len(values), (DRAWS // 4, len(values)))
    low, high = np.percentile(np.ptp(values[rows].mean(1), axis=1), [2.5, 97.5])
    means = values.mean(0)
    order = np.argsort(means, kind="stable")
    sorted_words = tuple(words[i] for i in order)
    return Spread(sorted_words, tuple(means[order].tolist()), float(low), float(high))


def compare(
    score: Score, templates: Sequence[str], groups: Mapping[str, Sequence[str]], *, seed: int = 0
) -> Gap:
    """The gap of two groups in a model's scores. score: from N texts to N numbers; groups: two
    names, each with its words. Raises KitError for another number of groups, a word in both, and
    what `templates.fill` refuses."""
    if not isinstance(groups, Mapping) or len(groups) != 2:
        raise KitError(f"groups={groups!r:.80}: give two, as {{'female': names, 'male': names}}.")
    (one, first), (other, second) = groups.items()
    if both := set(first) & set(second):
        raise KitError(f"{min(both)!r} stands in both groups: leave it out of one.")
    values = scores(score, templates, [*first, *second])
    return gap(values[:, : len(first)], values[:, len(first) :], (one, other), seed=seed)


def measure(score: Score, templates: Sequence[str], words: Sequence[str]) -> Spread:
    """The spread of many words in a model's scores. score: from N texts to N numbers. The same
    call with `CALENDAR` is its control."""
    return spread(scores(score, templates, words), words)
