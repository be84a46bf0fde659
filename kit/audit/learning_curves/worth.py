"""What a source is worth in labels: the horizontal distance of two learning curves.

K draws, M budgets.
"""

import math
from dataclasses import dataclass

import numpy as np

from kit.audit.learning_curves.curve import Curve, draw_curves, shared_rows
from kit.errors import KitError

__all__ = ["Exchange", "Worth", "worth"]


@dataclass(frozen=True, kw_only=True)
class Worth:
    """So many labels with one method are worth so many with another."""

    labels: int
    """Labels of the one."""
    score: float
    """What it reaches with them, 0 to 1."""
    equal: float
    """Labels with which the other reaches the same; inf where its largest budget does not reach it,
    0 where its smallest budget exceeds it already."""
    low: float
    """The lower end of the 95 % interval of `equal`; inf and 0 as there."""
    high: float
    """Its upper end."""
    smallest: int
    """The smallest budget at which the other was measured."""
    largest: int
    """The largest."""
    over_rows: bool
    """Whether the interval includes the choice of the test rows, or seeds alone."""

    @property
    def ratio(self) -> float:
        """equal / labels; inf without a label, and beyond what was measured."""
        return self.equal / self.labels if self.labels else math.inf

    @property
    def interval(self) -> str:
        """The 95 % interval in words."""
        low, high = self.text(self.low), self.text(self.high)
        return f"{low} to {high}" if low != high else low

    def __str__(self) -> str:
        return f"{self.labels:,} labels = {self.text(self.equal)} ({self.interval})"

    def text(self, labels: float) -> str:
        """A number of the other's labels: two digits, since it is no more certain than that; in
        words where it lies outside what was measured."""
        if labels == math.inf:
            return f"more than {self.largest:,}"
        return f"{float(f'{labels:.2g}'):,.0f}" if labels else f"fewer than {self.smallest:,}"


class Exchange:
    """The labels of one method in labels of another, at any budget: what was measured is drawn
    once, so that a slider can ask."""

    def __init__(self, one: Curve, other: Curve) -> None:
        """one: the method whose labels are exchanged. other: what they are measured in. Scores of
        the same seed are paired. Raises KitError where one of them has fewer than two budgets."""
        for curve in (one, other):
            if len(curve.budgets) < 2:
                raise KitError(
                    f"the curve {curve.name!r} has {len(curve.budgets)} budget above 0: between "
                    "two of them a budget can be read; measure one more."
                )
        self.one, self.other = one, other
        drawn = draw_curves([one, other])
        self.over_rows = shared_rows([one, other]) is not None
        self.one_rising, self.other_rising = (_rising(draws) for draws in drawn)
        self.one_mean, self.other_mean = (_rising(_column(c.means)) for c in (one, other))

    def worth(self, labels: int) -> Worth:
        """What `labels` of the one are worth in labels of the other.

        Both curves are made rising (isotonic regression) and read linearly in log n. Raises
        KitError for a number of labels outside what was measured of the one.
        """
        x = _budgets(self.other)
        score = _read(self.one, self.one_mean, labels)
        [equal] = _labels_for(score, x, self.other_mean)
        draws = _labels_for(_read(self.one, self.one_rising, labels), x, self.other_rising)
        # Not np.percentile: it would interpolate between a number and infinity.
        ordered = np.sort(draws)
        low, high = (ordered[int(q * (len(ordered) - 1) + 0.5)] for q in (0.025, 0.975))
        ends = {"smallest": self.other.smallest, "largest": self.other.largest}
        return Worth(
            labels=labels,
            score=float(score[0]),
            equal=float(equal),
            low=float(low),
            high=float(high),
            over_rows=self.over_rows,
            **ends,
        )


def worth(one: Curve, other: Curve, labels: int) -> Worth:
    """What `labels` of one method are worth in labels of another: the number n with
    other(n) = one(labels), and its 95 % interval over seeds, and over test rows where both curves
    have answers to them. Beyond what was measured it is inf, and says so."""
    return Exchange(one, other).worth(labels)


def _column(means: dict[int, float]) -> dict[int, np.ndarray]:
    return {n: np.array([mean]) for n, mean in means.items()}


def _budgets(curve: Curve) -> np.ndarray:
    """(M,) the numbers of labels, 0 among them where it was measured."""
    return np.array([*curve.scores], dtype=float)


def _rising(draws: dict[int, np.ndarray]) -> np.ndarray:
    """(K, M): each draw as the nearest curve that never falls (isotonic regression).

    max over j ≤ i of min over k ≥ i of the mean of y_j ... y_k: Robertson et al. 1988, Order
    Restricted Statistical Inference, chapter 1.
    """
    y = np.stack([*draws.values()], axis=1)  # (K, M)
    m = y.shape[1]
    total = np.concatenate([np.zeros((len(y), 1)), y.cumsum(1)], axis=1)
    rising = np.full_like(y, -math.inf)
    for j in range(m):
        lowest = np.full(len(y), math.inf)
        for k in range(m - 1, j - 1, -1):
            lowest = np.minimum(lowest, (total[:, k + 1] - total[:, j]) / (k + 1 - j))
            rising[:, k] = np.maximum(rising[:, k], lowest)
    return rising


def _read(curve: Curve, rising: np.ndarray, labels: int) -> np.ndarray:
    """(K,): the score of each draw with so many labels, linear in log n between two budgets."""
    known = [*curve.scores]
    if labels in known:
        return rising[:, known.index(labels)]
    if not curve.smallest <= labels <= curve.largest:
        none = ", or 0" if 0 in known else ""
        raise KitError(
            f"{labels:,} labels of {curve.name!r} were not measured: choose {curve.smallest:,} to "
            f"{curve.largest:,}{none}."
        )
    right = next(i for i, n in enumerate(known) if n > labels)
    low, high = known[right - 1], known[right]
    share = math.log(labels / low) / math.log(high / low)
    return (1 - share) * rising[:, right - 1] + share * rising[:, right]


def _labels_for(scores: np.ndarray, budgets: np.ndarray, rising: np.ndarray) -> np.ndarray:
    """(K,): the smallest number of labels with which each draw reaches its score; inf where none
    does, 0 below the smallest budget."""
    m = len(budgets)
    place = (rising < scores[:, None]).sum(1)  # the first budget that reaches it
    draws = np.arange(len(scores))
    right = np.clip(place, 1, m - 1)
    low, high = rising[draws, right - 1], rising[draws, right]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where the place is outside, the quotient means nothing, and is not used.
        share = np.clip(np.nan_to_num((scores - low) / (high - low)), 0, 1)
        between = np.exp((1 - share) * np.log(budgets[right - 1]) + share * np.log(budgets[right]))
    # On a logarithmic axis there is no place between 0 and the smallest budget.
    between = np.where(budgets[right - 1] == 0, 0.0, between)
    exact = rising[:, 0] == scores
    below = np.where(exact, budgets[0], 0.0)
    return np.where(place == m, math.inf, np.where(place == 0, below, between))
