"""Exercises of lesson 00: see it work."""

import math
from collections.abc import Callable

import numpy as np

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import Refusal, call, kind, number

__all__ = ["EXERCISES"]

T = 2.776
"""Student's t for five seeds, as the exercise gives it."""
FIRST, SECOND = (0.74, 0.70, 0.76, 0.71, 0.75), (0.69, 0.66, 0.72, 0.65, 0.70)
"""Accuracies by seed. The seeds differ more than the two strategies do."""


def paired(answer: Callable) -> Verdict:
    """A function from two lists of five accuracies to the mean of their differences, and the
    half-width of its 95 % interval."""
    text = "paired_difference(first, second)"
    result = call(answer, text, list(FIRST), list(SECOND))
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Refusal(f"Your function returns {kind(result)}: return two numbers, mean and half.")
    mean, half = (number(value, name) for value, name in zip(result, ("mean", "half"), strict=True))
    first, second = np.array(FIRST), np.array(SECOND)
    gap = first - second
    spread, n = gap.std(ddof=1), len(gap)
    if math.isclose(mean, -gap.mean(), abs_tol=1e-6):
        return wrong(f"The mean is {mean:+.3f}: you subtract the first from the second.")
    if not math.isclose(mean, gap.mean(), abs_tol=1e-6):
        return wrong(f"The mean of the five differences is {gap.mean():.3f}, not {mean:.3f}.")
    unpaired = T * math.hypot(first.std(ddof=1), second.std(ddof=1)) / math.sqrt(n)
    faults = {
        unpaired: "that is the half-width without pairs. First take the differences, seed by seed",
        T * gap.std() / math.sqrt(n): "inside s, divide by n − 1 = 4, not by n = 5",
        T * spread: "divide s by the square root of n",
        spread / math.sqrt(n): "multiply by t",
        spread: "that is s, the spread of single seeds. Multiply by t and divide by √n",
        mean + T * spread / math.sqrt(n): "that is the upper end. Return the half-width alone",
    }
    for value, fault in faults.items():
        if math.isclose(half, value, rel_tol=1e-3):
            return wrong(f"The mean is right. The half-width is {half:.4f}: {fault}.")
    if not math.isclose(half, T * spread / math.sqrt(n), rel_tol=2e-3):
        return wrong(
            f"The mean is right. The half-width is t · s / √n = {T * spread / math.sqrt(n):.4f} "
            f"for these five differences, and not {half:.4f}."
        )
    return right(
        f"Right: {100 * mean:.1f} ± {100 * half:.1f} points. Without pairs it would be ± "
        f"{100 * unpaired:.1f}: a pair shares its sentences, and what both share cancels."
    )


def fooled(p: float, truth: int) -> Verdict:
    """p: what the model with the source says, P(positive); truth: 1 or 0."""
    if truth not in (0, 1):
        return wrong(f"The truth is 1 for positive or 0 for negative, not {truth!r}.")
    p = number(p, "the probability")
    if abs(p - truth) > 0.9:
        return right(f"{p:.2f} positive: the model is wrong, and sure of it.")
    if abs(p - truth) > 0.5:
        return wrong(f"{p:.2f} positive: the model is wrong, but it is not sure. Go further.")
    return wrong(f"{p:.2f} positive: the model is right about this sentence.")


def experiment(predicted: float, before: float, after: float, n: int) -> Verdict:
    """A predicted change in points, and the accuracies of two runs on n test sentences."""
    guess = number(predicted, "your prediction")
    shares = [number(before, "before"), number(after, "after")]
    for share in shares:
        if not 0 <= share <= 1:
            return wrong(f"{share:g} is no accuracy from 0 to 1: give 0.7 for 70 %.")
    if shares[0] == shares[1]:
        return wrong(
            "Both accuracies are exactly equal: you measured one model twice, or the change had "
            "no effect."
        )
    change = 100 * (shares[1] - shares[0])
    half = 196 * math.sqrt(sum(share * (1 - share) for share in shares) / n)
    text = f"You predicted {guess:+.1f} points and measured {change:+.1f} ± {half:.1f}. "
    if abs(change) < half:
        return right(text + "The interval contains 0, so chance may explain it: try more seeds.")
    if guess * change > 0:
        return right(text + "The direction is the one that you predicted.")
    return right(text + "The direction is not the one that you predicted. What could be the cause?")


EXERCISES = {
    "1": Exercise(
        judge=paired,
        hints=(
            "Make a list of five differences first: `zip(first, second, strict=True)` gives pairs.",
            "s is the square root of Σ (difference − mean)² / (n − 1). `statistics.stdev` is it.",
            "`return mean, t * s / len(differences) ** 0.5`",
        ),
    ),
    "2": Exercise(
        judge=fooled,
        hints=(
            "Use words of praise in a negative sentence, or words of blame in a positive one.",
            "Praise something else: “I wish I had spent the evening with a wonderful book.”",
            "Say what the film is not: many words of praise, and one “not”.",
        ),
    ),
    "3": Exercise(
        judge=experiment,
        hints=(
            "Copy the five lines of the section “Fine-tune, in five lines” into the empty cell.",
            "For example, replace the number 50 by 400 in both places.",
            "`before` is `by_hand`; `after` is `sentiment.scorer(test, small.tokenizer)(...)`.",
        ),
    ),
}
