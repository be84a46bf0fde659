"""Exercises of lesson 11: choose a source."""

import math
from collections.abc import Callable
from numbers import Real

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result

__all__ = ["EXERCISES"]

HOLD = "abde"
"""The objections of exercise 3 that hold."""


def kendall(answer: Callable) -> Verdict:
    """Kendall's tau in four cases."""
    cases = {
        ((1, 2, 3), (4, 5, 9)): (1.0, "all three pairs are in the same order"),
        ((1, 2, 3), (9, 5, 4)): (-1.0, "all three pairs are in the reverse order"),
        ((1, 2, 3), (4, 9, 5)): (1 / 3, "two pairs agree and one does not: (2 - 1) / 3"),
        ((0.3, 0.1, 0.7, 0.5, 0.9), (60, 70, 80, 75, 79)): (
            0.6,
            "of ten pairs eight agree and two do not",
        ),
    }
    for (x, y), (value, why) in cases.items():
        said = result(answer, f"tau({[*x]}, {[*y]})", list(x), list(y), wanted="a number")
        if not math.isclose(said, value, abs_tol=1e-9):
            return wrong(f"tau({[*x]}, {[*y]}) is {value:.2f} ({why}), and yours says {said}.")
    return right("Right: only the order counts, not how far apart the numbers are.")


def coin(four: float, six: float) -> Verdict:
    """The probability of a perfect order by chance."""
    for n, said in ((4, four), (6, six)):
        value = 1 / math.factorial(n)
        if isinstance(said, bool) or not isinstance(said, Real):
            return wrong(f"{said!r} is no number: give a probability, such as 0.5.")
        if not math.isclose(said, value, rel_tol=0.02):
            return wrong(f"{said} for {n} sources: how many orders do {n} sources have?")
    return right(
        "Right: 1/24 = 4.2 % and 1/720 = 0.14 %. With four sources even the perfect order is weak "
        "evidence, and of 24 random estimates one has it by chance."
    )


def objections(answer: str) -> Verdict:
    """Which objections to the colleague's choice hold."""
    letters = "".join(sorted(set(str(answer).lower()) & set("abcde")))
    if letters == HOLD:
        return right("Right: width, no control, one layer, one draw.")
    if not letters:
        return wrong(f"{answer!r} has none of the letters a to e.")
    if "c" in letters:
        return wrong("c does not hold: look at the table of taus.")
    missing = [letter for letter in HOLD if letter not in letters]
    return wrong(f"{letters}: {len(missing)} more hold. Read {missing[0]} again.")


EXERCISES = {
    "1": Exercise(
        judge=kendall,
        hints=(
            "Two loops: i over all sources, j over those before i.",
            "A pair agrees if (x[i] - x[j]) * (y[i] - y[j]) is above 0.",
            "n (n - 1) / 2 pairs: (agreeing - disagreeing) / pairs.",
        ),
    ),
    "2": Exercise(
        judge=coin,
        hints=(
            "A random estimate gives every order with the same probability.",
            "Four sources have 4 · 3 · 2 · 1 orders.",
        ),
    ),
    "3": Exercise(
        judge=objections,
        hints=(
            "Four of the five hold.",
            "Read “How sure is a tau” again for e.",
        ),
    ),
}
