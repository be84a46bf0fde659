"""A learning curve: scores by number of labels and seed, with 95 % intervals.

S seeds, R test rows, K draws of the curve.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from kit.errors import KitError

__all__ = ["DRAWS", "Curve", "draw_curves", "shared_rows"]

DRAWS = 2000
"""Draws of a curve from which an interval is read."""

Scores = Mapping[int, Mapping[int, float]]
"""labels -> seed -> score, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Scores of one method by number of labels. Make it with `from_scores` or `from_answers`."""

    name: str
    """What was trained: it stands in tables and figures."""
    scores: dict[int, dict[int, float]]
    """labels -> seed -> score, 0 to 1; in ascending order of the labels."""
    right: dict[int, np.ndarray] | None = None
    """labels -> (S, R), 1 where a seed's model is right on a test row; None where only scores were
    recorded. With it the intervals include the choice of the test rows."""

    @classmethod
    def from_scores(cls, name: str, scores: Scores) -> "Curve":
        """A curve of scores alone: its intervals are over the seeds.

        scores: labels -> seed -> score, 0 to 1. Raises KitError for no score, for one that is not
        between 0 and 1, and for numbers of labels that are no whole numbers.
        """
        if not scores or not all(scores.values()):
            raise KitError(f"the curve {name!r} has no scores: give labels -> seed -> score.")
        for labels, seeds in scores.items():
            if not isinstance(labels, Integral) or labels < 0:
                raise KitError(
                    f"the curve {name!r} has a score with {labels!r} labels: give a whole number."
                )
            for seed, score in seeds.items():
                if not 0 <= score <= 1:  # nan as well
                    raise KitError(
                        f"the curve {name!r} has the score {score!r} ({labels} labels, seed "
                        f"{seed}): give shares from 0 to 1, percents divided by 100."
                    )
        ordered = {int(n): dict(sorted(scores[n].items())) for n in sorted(scores)}
        return cls(name=name, scores=ordered)

    @classmethod
    def from_answers(cls, name: str, right: Mapping[int, Mapping[int, np.ndarray]]) -> "Curve":
        """A curve of answers to the same R test rows: its intervals are over seeds and rows.

        right: labels -> seed -> (R,), 1 where the answer is right. The score is its mean, the
        accuracy. Raises KitError where R differs, and as `from_scores`.
        """
        right = {n: dict(sorted(seeds.items())) for n, seeds in right.items()}
        sizes = {len(answers) for seeds in right.values() for answers in seeds.values()}
        if len(sizes) != 1 or 0 in sizes:
            raise KitError(
                f"the curve {name!r} has answers to {sorted(sizes)} test rows: give every budget "
                "and seed the same test rows."
            )
        scores = {n: {s: float(np.mean(a)) for s, a in seeds.items()} for n, seeds in right.items()}
        curve = cls.from_scores(name, scores)
        rows = {n: np.stack([*right[n].values()]).astype(float) for n in curve.scores}
        return cls(name=name, scores=curve.scores, right=rows)

    @property
    def budgets(self) -> list[int]:
        """The numbers of labels above 0, ascending."""
        return [n for n in self.scores if n > 0]

    @property
    def smallest(self) -> int:
        """The smallest number of labels above 0. Raises KitError where there is none."""
        return self._some_budgets()[0]

    @property
    def largest(self) -> int:
        """The largest number of labels. Raises KitError where there is none above 0."""
        return self._some_budgets()[-1]

    def _some_budgets(self) -> list[int]:
        if not self.budgets:
            raise KitError(f"{self.name!r} was measured without labels alone: give more budgets.")
        return self.budgets

    @property
    def means(self) -> dict[int, float]:
        """labels -> mean score over the seeds."""
        return {n: float(np.mean([*seeds.values()])) for n, seeds in self.scores.items()}

    def up_to(self, labels: int) -> "Curve":
        """The curve as it was before more labels came: the budgets up to this one.

        Raises KitError where there is none."""
        scores = {n: seeds for n, seeds in self.scores.items() if n <= labels}
        if not any(scores):  # none above 0
            raise KitError(
                f"{self.name!r} has no budget up to {labels:,}: its smallest is {self.smallest:,}."
            )
        right = self.right and {n: self.right[n] for n in scores}
        return Curve(name=self.name, scores=scores, right=right)

    def intervals(self) -> dict[int, tuple[float, float, float]]:
        """labels -> mean, and the ends of its 95 % interval: over seeds, and over test rows where
        the answers are known. nan where one seed without answers has no interval."""
        [draws] = draw_curves([self])
        ends = {}
        for n, values in draws.items():
            known = len(self.scores[n]) > 1 or self.right is not None
            low, high = np.percentile(values, [2.5, 97.5]) if known else (math.nan, math.nan)
            ends[n] = (self.means[n], float(low), float(high))
        return ends


def draw_curves(
    curves: Sequence[Curve], *, count: int = DRAWS, seed: int = 0
) -> list[dict[int, np.ndarray]]:
    """For each curve: labels -> (K,) draws of its mean score, as plausible as what was measured.

    A draw is m + t Σ_s g_s (x_s - m) / √(S (S - 1)) + r: x_s are the scores of the S seeds and m
    is their mean; g_s ~ N(0, 1) and t = √((S - 1) / χ²) are one number each for all budgets and
    all curves, because the same seed drew the same labels. So the draws of one budget have the
    interval of Student's t, which `kit.metrics.interval` has, and differences are paired by seed.
    r is what resampled test rows change (bootstrap, the same rows for all); it is 0 unless every
    curve has answers to as many rows.
    """
    from scipy.stats import chi2

    generator = np.random.default_rng(seed)
    seeds = sorted({s for curve in curves for by_seed in curve.scores.values() for s in by_seed})
    noise = dict(zip(seeds, generator.standard_normal((len(seeds), count)), strict=True))
    quantile = generator.uniform(size=count)
    scale = {}
    for k in {len(by_seed) for curve in curves for by_seed in curve.scores.values()} - {1}:
        scale[k] = np.sqrt((k - 1) / chi2.ppf(quantile, k - 1)) / math.sqrt(k * (k - 1))
    weights = _row_weights(curves, generator, count)
    drawn = []
    for curve in curves:
        means, draws = curve.means, {}
        for n, by_seed in curve.scores.items():
            values = np.full(count, means[n])
            if len(by_seed) > 1:
                deviation = sum(noise[s] * (x - means[n]) for s, x in by_seed.items())
                values = values + scale[len(by_seed)] * deviation
            if weights is not None:
                values = values + weights @ curve.right[n].mean(0) - means[n]
            draws[n] = values
        drawn.append(draws)
    return drawn


def shared_rows(curves: Sequence[Curve]) -> int | None:
    """R, if every curve has answers to as many test rows; None otherwise."""
    if any(curve.right is None for curve in curves):
        return None
    sizes = {answers.shape[1] for curve in curves for answers in curve.right.values()}
    return sizes.pop() if len(sizes) == 1 else None


def _row_weights(
    curves: Sequence[Curve], generator: np.random.Generator, count: int
) -> np.ndarray | None:
    """(K, R): how often each test row was drawn, divided by R; None where answers are unknown."""
    rows = shared_rows(curves)
    if rows is None:
        return None
    return generator.multinomial(rows, np.full(rows, 1 / rows), count) / rows
