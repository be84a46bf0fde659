"""Exercises of lesson 13: measure bias."""

from collections.abc import Callable

import numpy as np

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result

__all__ = ["EXERCISES"]


def by_lot(answer: Callable[[np.ndarray, np.ndarray], float]) -> Verdict:
    """The p-value of a difference of means, by dealing the scores to two groups by lot."""
    noise = np.random.default_rng(3).standard_normal((2, 30))
    one, other = noise - noise.mean(1, keepdims=True)
    cases = {0.0: (0.1, 1.0), 0.7: (0.0005, 0.12), 3.0: (0.0, 0.002)}
    for shift, (low, high) in cases.items():
        for sign in (1, -1):
            groups = one + sign * shift, other
            p = result(answer, "p_value(one, other)", *groups, wanted="a number")
            if not 0 <= p <= 1:
                return wrong(f"p = {p}: a p-value is a share, from 0 to 1.")
            if low <= p <= high:
                continue
            if shift and sign < 0 and p > 0.5:
                return wrong("A difference below 0 can be large too: compare the sizes.")
            return wrong(
                f"Two groups of 30 scores with means {sign * shift:.1f} deviations apart gave "
                f"p = {p:.3f}: it should be between {low} and {high}."
            )
    return right("Right. kit.audit.bias.gap does the same, and gives an interval beside it.")


def projected(answer: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Verdict:
    """Vectors without their part in one direction."""
    generator = np.random.default_rng(0)
    vectors, direction = generator.standard_normal((5, 8)), 3 * generator.standard_normal(8)
    unit = direction / np.linalg.norm(direction)
    true = vectors - np.outer(vectors @ unit, unit)
    found = result(answer, "project(vectors, direction)", vectors, direction, wanted="an array")
    found = np.asarray(found, dtype=float)
    if found.shape != vectors.shape:
        return wrong(f"The shape is {found.shape}: each of the (5, 8) vectors stays a vector of 8.")
    if np.allclose(found, true):
        return right("Right: nothing is left of the direction, and nothing else has changed.")
    if np.allclose(found, vectors - np.outer(vectors @ direction, direction)):
        return wrong("The direction is not of length 1: divide it by its length first.")
    if np.allclose(found, vectors):
        return wrong("Nothing has changed: subtract each vector's part in the direction.")
    if not np.allclose(found @ unit, 0):
        return wrong("A part of the direction is left: result @ direction should be 0.")
    return wrong("The direction is gone, but other parts have changed too.")


def missing(answer: str) -> Verdict:
    """What a claim about bias needs beside a range."""
    letters = set(str(answer).lower()) - set(" ,")
    if not letters or letters - set("abcde"):
        return wrong(f"{answer!r}: give letters from a to e, such as 'ae'.")
    if letters == set("abc"):
        return right("Right: a control, other draws of labels, and an interval over templates.")
    says = {
        "a": "a: a range is never negative, so ask what words of no group give.",
        "b": "b: one draw of labels gives one order; another draw may give another.",
        "c": "c: one sentence may be an exception.",
        "d": "d: accuracy on the test says nothing about two sentences that differ in one word.",
        "e": "e: a model without a source has an order too.",
    }
    return wrong(f"Think again about {says[min(letters ^ set('abc'))]}")


EXERCISES = {
    "1": Exercise(
        judge=by_lot,
        hints=(
            "Put all scores into one array, shuffle it, and cut it into two groups again.",
            "How often is the shuffled difference, in size, at least as large as the real one?",
            "every = np.concatenate([one, other]); then 1,000 times generator.permutation(every).",
        ),
    ),
    "2": Exercise(
        judge=projected,
        hints=(
            "Divide the direction by its length: u = direction / np.linalg.norm(direction).",
            "A vector's part in the direction is (v · u) u.",
            "vectors - np.outer(vectors @ u, u)",
        ),
    ),
    "3": Exercise(
        judge=missing,
        hints=(
            "What would a model answer for words that belong to no group of people?",
            "What would change if he had labelled 200 other sentences, or used other templates?",
        ),
    ),
}
