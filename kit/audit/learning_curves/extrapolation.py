"""Extrapolate a learning curve, and say how far such extrapolations were off where the truth is
known.

The error, 1 - score, is extrapolated, so that no score beyond 1 is promised. Power laws: Hestness
et al. 2017, arxiv.org/abs/1712.00409.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from kit.audit.learning_curves.curve import Curve
from kit.errors import KitError

__all__ = [
    "LAWS",
    "Forecast",
    "Trial",
    "backtest",
    "best_law",
    "extrapolate",
    "forecast",
    "half",
    "trial_errors",
]

AHEAD = 2.5
"""In a backtest, how many times as many labels as are known are predicted, at least."""
QUANTILE = 0.9
"""The share of trials whose error a forecast's margin covers."""


def no_change(n: np.ndarray, error: np.ndarray, to: float) -> float:
    """The error of the largest budget: more labels bring nothing."""
    return float(error[-1])


def half(n: np.ndarray) -> int:
    """The place of the largest budget of at most half of the last, or else of the last but one:
    between closer ones, chance decides the slope."""
    below = np.flatnonzero(2 * n <= n[-1])
    return int(below[-1]) if len(below) else len(n) - 2


def line_in_log(n: np.ndarray, error: np.ndarray, to: float) -> float:
    """error = a - b log n, through the last budget and the one at its `half`."""
    i = half(n)
    slope = (error[-1] - error[i]) / np.log(n[-1] / n[i])
    return float(error[-1] + slope * np.log(to / n[-1]))


def power_law(n: np.ndarray, error: np.ndarray, to: float) -> float:
    """error = a n^-b, through the same two: a line in log n and log error."""
    i = half(n)
    slope = np.log(error[-1] / error[i]) / np.log(n[-1] / n[i])
    return float(error[-1] * (to / n[-1]) ** slope)


def power_law_of_all(n: np.ndarray, error: np.ndarray, to: float) -> float:
    """error = a n^-b, least squares in log n and log error over all budgets."""
    slope, intercept = np.polyfit(np.log(n), np.log(error), 1)
    return float(np.exp(intercept + slope * np.log(to)))


def power_law_with_floor(n: np.ndarray, error: np.ndarray, to: float) -> float:
    """error = c + a n^-b with c, the error that no number of labels removes: least squares, with
    b from 0 to 2 on a grid, and a, c ≥ 0 by non-negative least squares."""
    from scipy.optimize import nnls

    fits = []
    for b in np.linspace(0.02, 2, 100):
        columns = np.stack([np.ones_like(n), n**-b], axis=1)
        (c, a), residual = nnls(columns, error)
        fits.append((residual, c + a * to**-b))
    return float(min(fits)[1])


LAWS: dict[str, Callable[[np.ndarray, np.ndarray, float], float]] = {
    "no change": no_change,
    "line in log n": line_in_log,
    "power law": power_law,
    "power law, all budgets": power_law_of_all,
    "power law with floor": power_law_with_floor,
}
"""Name -> a function from budgets (M,), their errors (M,) and another budget to its error."""
NEEDS = {"no change": 1, "power law, all budgets": 3, "power law with floor": 4}
"""Law -> budgets that it needs; default: 2. Three numbers need four budgets, or they fit anything.
"""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An extrapolation to a budget that was measured: the prediction, and what came."""

    curve: str
    """Whose curve."""
    law: str
    """A key of `LAWS`."""
    known: int
    """The largest budget that the law was given."""
    to: int
    """The budget that it predicted."""
    predicted: float
    """The score, 0 to 1."""
    measured: float
    """The mean score that was measured there."""

    @property
    def error(self) -> float:
        """predicted - measured: above 0 where the law promised too much."""
        return self.predicted - self.measured


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A score beyond what was measured."""

    labels: int
    """With so many labels."""
    law: str
    """The law that predicts."""
    score: float
    """The prediction, 0 to 1."""
    margin: float
    """Nine of ten trials of this law were at most this far off."""
    trials: int
    """How many trials that says."""

    @property
    def low(self) -> float:
        """score - margin, at least 0."""
        return max(0.0, self.score - self.margin)

    @property
    def high(self) -> float:
        """score + margin, at most 1."""
        return min(1.0, self.score + self.margin)

    def __str__(self) -> str:
        return (
            f"{100 * self.score:.1f} ± {100 * self.margin:.1f} % with {self.labels:,} labels "
            f"({self.law}; nine of ten of {self.trials} trials were within the ±)"
        )


def extrapolate(curve: Curve, to: int, law: str, *, known: int | None = None) -> float:
    """The score that a law predicts with `to` labels, 0 to 1, from the means of the budgets up to
    `known` (default: all of them).

    Raises KitError for an unknown law, for too few budgets, and where `to` is not above them.
    """
    if law not in LAWS:
        raise KitError(f"law={law!r} is unknown: choose one of {', '.join(LAWS)}.")
    means = curve.means
    budgets = [n for n in curve.budgets if known is None or n <= known]
    needs = NEEDS.get(law, 2)
    if len(budgets) < needs:
        raise KitError(
            f"{law!r} needs {needs} budgets, and {curve.name!r} has {len(budgets)} of them: "
            "measure more, or choose a law that needs fewer."
        )
    if to <= budgets[-1]:
        raise KitError(
            f"to={to:,} labels lie within what was measured of {curve.name!r}: choose more than "
            f"{budgets[-1]:,}."
        )
    error = np.array([1 - means[n] for n in budgets])
    if law != "no change" and not error[-2:].all():
        raise KitError(f"{curve.name!r} makes no error any more: there is nothing to extrapolate.")
    predicted = LAWS[law](np.array(budgets, dtype=float), np.maximum(error, 1e-9), float(to))
    return float(1 - np.clip(predicted, 0.0, 1.0))


def backtest(
    curves: Iterable[Curve], laws: Iterable[str] = tuple(LAWS), *, ahead: float = AHEAD
) -> list[Trial]:
    """Every budget predicted from the budgets of at most 1 / `ahead` of it, by each law that has
    as many as it needs. The test of an extrapolation: its truth is known."""
    laws = tuple(laws)
    trials = []
    for curve in curves:
        for to in curve.budgets:
            below = [n for n in curve.budgets if n * ahead <= to]
            fit = [law for law in laws if len(below) >= max(2, NEEDS.get(law, 2))]
            trials += [_trial(curve, law, below[-1], to) for law in fit]
    return trials


def _trial(curve: Curve, law: str, known: int, to: int) -> Trial:
    return Trial(
        curve=curve.name,
        law=law,
        known=known,
        to=to,
        predicted=extrapolate(curve, to, law, known=known),
        measured=curve.means[to],
    )


def trial_errors(trials: Iterable[Trial]) -> dict[str, dict[str, float]]:
    """law -> "mean", "largest" (of the absolute errors), "bias" (the mean error: above 0 where it
    promises too much) and "trials", in the order of `LAWS`."""
    by_law: dict[str, list[float]] = {}
    for trial in trials:
        by_law.setdefault(trial.law, []).append(trial.error)
    return {
        law: {
            "mean": float(np.mean(np.abs(by_law[law]))),
            "largest": float(np.max(np.abs(by_law[law]))),
            "bias": float(np.mean(by_law[law])),
            "trials": len(by_law[law]),
        }
        for law in LAWS
        if law in by_law
    }


def best_law(trials: Iterable[Trial]) -> str:
    """The law with the smallest mean absolute error, of those tried as often as "no change"."""
    errors = trial_errors(trials)
    if not errors:
        raise KitError("no trials: a backtest needs three budgets, the last 2.5 times the second.")
    often = max(values["trials"] for values in errors.values())
    fair = {law: values["mean"] for law, values in errors.items() if values["trials"] == often}
    return min(fair, key=fair.get)


def forecast(curve: Curve, to: int, trials: list[Trial], law: str | None = None) -> Forecast:
    """The score with `to` labels, and the margin that nine of ten trials kept.

    trials: those of `backtest` on curves like this one. law: default: `best_law(trials)`. Raises
    KitError for a budget farther beyond the last than the trials went, and as `extrapolate`.
    """
    law = law or best_law(trials)
    own = [trial for trial in trials if trial.law == law]
    if not own:
        raise KitError(f"law={law!r} was never tried: its error is not known. Choose another.")
    farthest = max(trial.to / trial.known for trial in own)
    if to > farthest * curve.largest:
        raise KitError(
            f"to={to:,} labels are {to / curve.largest:.1f} times what was measured of "
            f"{curve.name!r}, and {law!r} was tried up to {farthest:.1f} times: choose at most "
            f"{int(farthest * curve.largest):,}."
        )
    margin = float(np.quantile([abs(trial.error) for trial in own], QUANTILE))
    score = extrapolate(curve, to, law)
    return Forecast(labels=to, law=law, score=score, margin=margin, trials=len(own))
