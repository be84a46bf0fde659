"""When to stop labelling: in money, with what a label costs and what a point of score is worth."""

import math
from dataclasses import dataclass

import numpy as np

from kit.audit.learning_curves.curve import Curve
from kit.audit.learning_curves.extrapolation import Trial, forecast, half
from kit.errors import KitError

__all__ = ["Advice", "advise", "best_budget"]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Whether the next labels pay for themselves."""

    now: int
    """Labels so far."""
    more: int
    """Labels that would be bought next."""
    cost: float
    """What they cost, in the caller's money."""
    gain: float
    """Points of score that they bring, as forecast."""
    low: float
    """The gain at the lower end of the forecast, at least 0: labels that harm can be left out."""
    high: float
    """The gain at its upper end."""
    point_value: float
    """What a point is worth, in the caller's money."""

    @property
    def decision(self) -> str:
        """ "label": even the low gain pays. "stop": not even the high one does. "uncertain"."""
        if self.low * self.point_value >= self.cost:
            return "label"
        return "stop" if self.high * self.point_value < self.cost else "uncertain"

    def __str__(self) -> str:
        money = (self.gain * self.point_value, self.low * self.point_value)
        return (
            f"{self.decision}: {self.more:,} more labels cost {self.cost:,.0f} and bring "
            f"{self.gain:.1f} points ({self.low:.1f} to {self.high:.1f}), worth {money[0]:,.0f} "
            f"({money[1]:,.0f} to {self.high * self.point_value:,.0f})"
        )


def advise(
    curve: Curve,
    trials: list[Trial],
    *,
    label_cost: float,
    point_value: float,
    more: int | None = None,
    law: str | None = None,
) -> Advice:
    """Whether `more` labels (default: as many again) pay.

    label_cost: of one label; point_value: of one point of score in a hundred; both in the same
    money. trials, law: as in `forecast`, whose margin decides between "label", "stop" and
    "uncertain". Raises KitError for amounts that are not above 0, and as `forecast`.
    """
    _check_money(label_cost=label_cost, point_value=point_value)
    now = curve.largest
    more = now if more is None else more
    if more < 1:
        raise KitError(f"more={more} labels: give at least one.")
    ahead = forecast(curve, now + more, trials, law)
    have = curve.means[now]
    low, gain, high = (
        100 * max(0.0, score - have) for score in (ahead.low, ahead.score, ahead.high)
    )
    return Advice(
        now=now,
        more=more,
        cost=more * label_cost,
        gain=gain,
        low=low,
        high=high,
        point_value=point_value,
    )


def best_budget(curve: Curve, *, label_cost: float, point_value: float) -> float:
    """The number of labels at which the next one no longer pays, on the line in log n through the
    last budget and the one at its half: n* = b v / c.

    b: points that a factor e in labels brings; v: `point_value`; c: `label_cost`. There the slope
    of the value, v b / n, is that of the cost. 0 where the curve does not rise. It is as uncertain
    as the line: `advise` says how much. Raises KitError for amounts that are not above 0.
    """
    _check_money(label_cost=label_cost, point_value=point_value)
    if len(curve.budgets) < 2:
        raise KitError(f"{curve.name!r} has one budget: a line needs two.")
    low, high = curve.budgets[half(np.array(curve.budgets))], curve.largest
    slope = 100 * (curve.means[high] - curve.means[low]) / math.log(high / low)
    return max(0.0, slope * point_value / label_cost)


def _check_money(**amounts: float) -> None:
    for name, amount in amounts.items():
        if not (amount > 0 and math.isfinite(amount)):
            raise KitError(f"{name}={amount!r}: give an amount above 0, in any money.")
