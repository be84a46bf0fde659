"""Exercises of lesson 10: ask how much data."""

import math
from collections.abc import Callable
from numbers import Real

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result

__all__ = ["EXERCISES"]

BUDGETS, SCORES = [50, 100, 400, 1600], [0.54, 0.56, 0.60, 0.70]
"""The curve on which exercise 1 is tried."""
POWER_LAW = 400 * (0.192 / 0.24) ** (math.log(400 / 100) / math.log(0.24 / 0.30))
"""Labels, exercise 2: the error falls by a fifth with every factor 4."""
LINE = 100 * math.exp(math.log(4) * (0.30 - 0.192) / (0.30 - 0.24))
"""Labels, exercise 2: the error falls by 0.06 with every factor 4."""
HOLD = "abc"
"""The objections of exercise 4 that hold."""


def shift(answer: Callable) -> Verdict:
    """Labels for a score: a measured one, one between two budgets, one beyond."""

    def labels(score: float) -> float:
        text = f"labels_for({score}, {BUDGETS}, {SCORES})"
        return result(answer, text, score, BUDGETS, SCORES, wanted="a number")

    exact = labels(0.60)
    if not math.isclose(exact, 400, rel_tol=1e-6):
        return wrong(f"400 labels have exactly the score 0.60, and your function says {exact}.")
    between = labels(0.65)
    if math.isclose(between, 1000, rel_tol=1e-6):
        return wrong("0.65 gave 1,000: that is a line in n. Take logarithms of the budgets first.")
    if not math.isclose(between, 800, rel_tol=1e-6):
        return wrong(
            f"0.65 lies half-way between 0.60 and 0.70, so half-way between log 400 and log 1,600: "
            f"not {between}."
        )
    beyond = labels(0.80)
    if beyond != math.inf:
        return wrong(f"0.80 was never reached, and your function says {beyond}: return math.inf.")
    return right("Right: 0.65 needs 800 labels, and for 0.80 nobody has measured enough.")


def laws(power_law: float, line: float) -> Verdict:
    """The labels for an error of 0.192 by both laws."""
    for value in (power_law, line):
        if isinstance(value, bool) or not isinstance(value, Real):
            return wrong(f"{value!r} is no number of labels: give numbers, such as 800.")
    if not math.isclose(power_law, POWER_LAW, rel_tol=0.01):
        if math.isclose(power_law, LINE, rel_tol=0.01):
            return wrong(f"{power_law:,.0f} is the line in log n: a power law removes a *share*.")
        return wrong(
            f"{power_law:,.0f} by the power law: 0.24 is which share of 0.30? And 0.192 of 0.24?"
        )
    if not math.isclose(line, LINE, rel_tol=0.01):
        return wrong(
            f"{line:,.0f} by the line: a factor 4 removed 0.06. How many factors 4 remove 0.108?"
        )
    return right(
        f"Right: {POWER_LAW:,.0f} by the power law, {LINE:,.0f} by the line. "
        "Two budgets cannot say which law is true."
    )


def rule(answer: Callable) -> Verdict:
    """The stopping rule in five cases."""
    cases = {  # gain, margin, labels, label_cost, point_value -> decision, what it is about
        (3.0, 1.0, 400, 0.1, 50.0): ("label", "even 2 points, worth 100, pay for 40"),
        (1.0, 0.5, 400, 0.1, 20.0): ("stop", "even 1.5 points, worth 30, do not pay for 40"),
        (1.0, 0.5, 400, 0.1, 40.0): ("uncertain", "20 to 60, and the cost of 40 lies within"),
        (0.2, 1.5, 100, 0.0001, 1.0): (
            "uncertain",
            "the lower end is no gain at all, and 0 does not pay for 0.01",
        ),
        (-2.0, 0.5, 100, 0.1, 50.0): ("stop", "even the upper end is a loss"),
    }
    for case, (decision, why) in cases.items():
        said = result(answer, f"pays{case}", *case, wanted="a text")
        if said != decision:
            gain, margin, labels, cost, value = case
            return wrong(
                f"A gain of {gain} ± {margin} points at {value:g} each, for {labels} labels at "
                f"{cost:g}: you say {said!r}, but {why}."
            )
    return right("Right: the rule looks at the whole interval of the forecast, not at its middle.")


def objections(answer: str) -> Verdict:
    """Which objections to the colleague's forecast hold."""
    letters = "".join(sorted(set(str(answer).lower()) & set("abcde")))
    if letters == HOLD:
        return right("Right: too few budgets, one seed, and a forecast farther than any was tried.")
    if not letters:
        return wrong(f"{answer!r} has none of the letters a to e.")
    if "e" in letters:
        return wrong("e does not hold: look at the table of trials, for example at translation.")
    if "d" in letters:
        return wrong("d does not hold: the same test sentences are what makes them comparable.")
    missing = [letter for letter in HOLD if letter not in letters]
    return wrong(f"{letters}: {len(missing)} more hold. Read {missing[0]} again.")


EXERCISES = {
    "1": Exercise(
        judge=shift,
        hints=(
            "First the case beyond: is the score above the last of the scores?",
            "`np.interp(score, scores, values)` reads a line between points; the scores rise.",
            "`np.exp(np.interp(score, scores, np.log(budgets)))`, unless score > scores[-1].",
        ),
    ),
    "2": Exercise(
        judge=laws,
        hints=(
            "From 100 to 400 labels the error fell from 0.30 to 0.24: to 80 %, or by 0.06.",
            "Power law: the next factor 4 brings it to 80 % again.",
            "Line: 0.108 / 0.06 = 1.8 factors of 4, so 100 · 4 ** 1.8.",
        ),
    ),
    "3": Exercise(
        judge=rule,
        hints=(
            "The cost is labels · label_cost; the worth is points · point_value.",
            "The lower end is max(0, gain - margin), the upper end max(0, gain + margin).",
            "label: lower end's worth >= cost. stop: upper end's worth < cost. Else uncertain.",
        ),
    ),
    "4": Exercise(
        judge=objections,
        hints=(
            "Three of the five hold.",
            "What was said about differences on the same test rows, in “Where the interval comes "
            "from”?",
        ),
    ),
}
