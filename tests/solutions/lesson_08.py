"""What solves the exercises of lesson 08, and what does not."""

import numpy as np

from kit import results
from kit.exercises.lesson_08 import MEMORY, TRUTH, Q
from kit.widgets.translation import translation_curves_figure

SCORES = MEMORY @ Q / len(Q) ** 0.5
SHARES = np.exp(SCORES) / np.exp(SCORES).sum()
UNSCALED = np.exp(MEMORY @ Q) / np.exp(MEMORY @ Q).sum()


def enough() -> int:
    """The fewest pairs from scratch that reach the chrF of 100 with the parent."""
    found = translation_curves_figure.summary(results.load("translation")["rows"], "chrf")
    level = found["budgets", "translator", "it", 100, "full"][0]
    key = ("budgets", "translator", "it")
    there = [n for n in (100, 300, 1000) if found[*key, n, "from_scratch"][0] >= level]
    return min(there, default=0)


SOLUTIONS = {
    "1": lambda: ("scheda una file Apri nuova il in",),
    "2": lambda: (SHARES, SHARES @ MEMORY),
    "3": lambda: (enough(),),
}
WRONG = {
    "1": [(TRUTH,), ("Apri il file in una scheda",), (TRUTH + " nuova",), (7,)],
    "2": [
        (SCORES, SHARES @ MEMORY),
        (SHARES[:2], SHARES @ MEMORY),
        (UNSCALED, UNSCALED @ MEMORY),
        (SHARES, SHARES),
        ([0.25] * 4, SHARES @ MEMORY),
    ],
    "3": [(100 if enough() != 100 else 300,), (200,), ("many",)],
}
