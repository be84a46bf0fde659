"""Exercises of lesson 08: translate."""

from collections import Counter

import numpy as np

from kit import results
from kit.exercises import Exercise, Verdict, right, wrong
from kit.results import translation as translation_results
from kit.tasks import translation

__all__ = ["EXERCISES", "TRUTH"]

TRUTH = "Apri il file in una nuova scheda"
"""What a translator wrote."""

Q = np.array([1.0, 0.0, 2.0])
MEMORY = np.array([[0.5, 1.0, 0.0], [2.0, -1.0, 1.0], [-1.0, 0.5, 0.5], [0.0, 0.0, 1.5]])
"""A question (D,), and what was read (T, D)."""


def shuffled(sentence: str) -> Verdict:
    """Every word right, and BLEU below 20."""
    if not isinstance(sentence, str):
        return wrong(f"{sentence!r}: give a sentence, between quotes.")
    words, wanted = Counter(sentence.split()), Counter(TRUTH.split())
    if missing := wanted - words:
        return wrong(f"“{next(iter(missing))}” is missing: every word must be there.")
    if extra := words - wanted:
        return wrong(f"“{next(iter(extra))}” is there too often: take each word once.")
    row = {"english": "", "translation": TRUTH, "language": "it"}
    found = translation.score([sentence], [row])
    said = f"BLEU {found['bleu']:.0f}, chrF {found['chrf']:.0f}"
    if found["bleu"] >= 20:
        return wrong(f"{said}: it should be below 20. Part words that stand side by side.")
    return right(f"Right: {said}, with every word right. BLEU pays for runs of words.")


def where_it_looks(shares, read) -> Verdict:
    """Attention: the shares (T,), and what is read (D,)."""
    scores = MEMORY @ Q / len(Q) ** 0.5
    true = np.exp(scores) / np.exp(scores).sum()
    shares, read = (np.asarray(given, dtype=float) for given in (shares, read))
    if shares.shape != true.shape:
        return wrong(f"shares has the shape {shares.shape}: one number a word, {true.shape}.")
    if not np.isclose(shares.sum(), 1, atol=1e-3):
        return wrong(f"The shares add up to {shares.sum():.2f}: divide by their sum.")
    if not np.allclose(shares, true, atol=1e-3):
        forgot = np.exp(MEMORY @ Q) / np.exp(MEMORY @ Q).sum()
        hint = "divide the scores by √D first" if np.allclose(shares, forgot, atol=1e-3) else ""
        return wrong(f"The first share should be {true[0]:.3f}: {hint or 'softmax of m · q / √D'}.")
    if read.shape != Q.shape or not np.allclose(read, true @ MEMORY, atol=1e-3):
        return wrong("The shares are right; what is read is the mean of the memory with them.")
    return right(f"Right: most is read of word {int(true.argmax())}, {true.max():.0%} of it.")


def worth(pairs: int) -> Verdict:
    """The fewest recorded pairs with which from scratch reaches the parent's 100, in Italian."""
    found = translation_results.summary(results.load("translation")["rows"], "chrf")
    curve = {
        how: {n: found["budgets", "translator", "it", n, how][0] for n in (100, 300, 1000)}
        for how in ("full", "from_scratch")
    }
    level = curve["full"][100]
    enough = [n for n, score in curve["from_scratch"].items() if score >= level]
    solution = min(enough, default=0)
    if not isinstance(pairs, int) or isinstance(pairs, bool):
        return wrong(f"{pairs!r}: give 100, 300 or 1000, or 0 for none of them.")
    if pairs == solution:
        return right(f"Right: the parent's child has chrF {level:.0f} with 100 pairs.")
    if pairs not in (0, *curve["full"]):
        return wrong(f"{pairs} was not recorded: give 100, 300 or 1000, or 0 for none of them.")
    if pairs in enough:
        return wrong(f"{pairs} is enough, but fewer are too.")
    if not pairs:
        return wrong(f"One is enough: look for a chrF of {level:.0f} on the orange line.")
    has = curve["from_scratch"][pairs]
    return wrong(f"From scratch has {has:.0f} with {pairs} pairs, the parent's 100 {level:.0f}.")


EXERCISES = {
    "1": Exercise(
        judge=shuffled,
        hints=(
            "BLEU counts runs of two, three and four words that stand in the truth too.",
            "No two words that are neighbours in the truth should be neighbours in yours.",
            "Begin with “scheda una file”, and put the others between.",
        ),
    ),
    "2": Exercise(
        judge=where_it_looks,
        hints=(
            "One score a word: MEMORY @ Q, divided by the root of the width, len(Q) ** 0.5.",
            "Shares: np.exp(scores), divided by its own sum.",
            "What is read: shares @ MEMORY.",
        ),
    ),
    "3": Exercise(
        judge=worth,
        hints=(
            "Give translation_curves_figure.curves the value “chrf”, and look at Italian.",
            "Draw a level line from the blue point at 100 pairs: where is orange above it?",
            "If orange is never above it, the answer is 0.",
        ),
    ),
}
