"""Exercises of lesson 14: prompt a large model."""

from collections.abc import Callable

import numpy as np

from kit import prompt
from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import number, result

__all__ = ["EXERCISES"]


def calibrated(answer: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Verdict:
    """Contextual calibration of probabilities."""
    p = np.array([[0.3, 0.7], [0.1, 0.9], [0.6, 0.4]])
    neutral = np.array([[0.2, 0.8], [0.4, 0.6]])
    q = result(answer, "my_calibration(p, neutral)", p, neutral, wanted="an array")
    q = np.asarray(q, dtype=float)
    if q.shape != p.shape:
        return wrong(f"It should have the shape of p, {p.shape}, and yours has {q.shape}.")
    true = prompt.calibrated(np.log(p), np.log(neutral))
    if np.allclose(q, true):
        return right("Right: what the prompt says about nothing is taken out of every answer.")
    if np.allclose(q, p / neutral.mean(0)):
        return wrong("Nearly: divide each row by its sum, so that it is a distribution again.")
    if np.allclose(q, p):
        return wrong("These are the probabilities as they were.")
    return wrong(f"The first row should be {true[0].round(3)}, and yours is {q[0].round(3)}.")


def label(answer: Callable[[dict], str]) -> Verdict:
    """The label with the larger sum over its tokens."""
    cases = {
        "positive": {" positive": -1.2, " negative": -1.0, "Positive": -1.3},
        "negative": {" the": -0.3, " negative": -2.0, " positive": -2.5, "NEGATIVE": -6.0},
    }
    for wanted, top in cases.items():
        said = result(answer, f"my_label({top})", dict(top), wanted="a text")
        if said != wanted and str(said).strip().casefold() == wanted:
            return wrong(f"{said!r}: return the label itself, {wanted!r}.")
        if said not in ("positive", "negative"):
            return wrong(f"{said!r} is no label: other tokens do not count, however probable.")
        if said != wanted:
            return wrong(
                f"{top} is {wanted}: add the probabilities exp(log p) of all tokens that are the "
                "label but for case and spaces."
            )
    return right("Right. Two spellings of a label are one answer.")


def cost(answer: float) -> Verdict:
    """The tokens that the examples cost: 10,000 questions, 100 tokens of examples, 30 of text."""
    said = number(answer)
    if said == 1_000_000:
        return right("Right: the examples are read again for each question.")
    if said == 1_300_000:
        return wrong("This is all that is read. How much of it are the examples?")
    if said == 100:
        return wrong("This is one question. Without a memory each question reads them again.")
    return wrong(f"{said:,.0f}: how often are the 100 tokens of the examples read?")


def choice(answer: int) -> Verdict:
    """Which sentences may choose the order of the examples."""
    says: dict[int, str] = {
        1: "The test chose, so that it cannot judge: lesson 12.",
        2: "It was one draw of 24, and you cannot know whether a good one.",
        4: "A higher probability is no better answer: the prompt may be sure and wrong.",
    }
    if answer == 3:
        return right("Right. And say how many labels the choice has used.")
    return wrong(says.get(answer, f"{answer!r}: give 1, 2, 3 or 4."))


EXERCISES = {
    "1": Exercise(
        judge=label,
        hints=(
            "Begin with {'positive': 0.0, 'negative': 0.0}, and add to it.",
            "token.strip().casefold() is 'positive' for ' Positive'.",
            "sums[word] += np.exp(logprob) if word in sums; then max(sums, key=sums.get).",
        ),
    ),
    "2": Exercise(
        judge=calibrated,
        hints=(
            "Which probabilities does the prompt give to texts without content, on average?",
            "neutral.mean(0) has one number for each label: divide p by it.",
            "q = p / neutral.mean(0), then q / q.sum(1, keepdims=True).",
        ),
    ),
    "3": Exercise(
        judge=cost,
        hints=("Each question is a prompt of its own.", "10,000 times 100."),
    ),
    "4": Exercise(
        judge=choice,
        hints=("Which rows may choose, and which rows may only judge?", "Lesson 12, leak 5."),
    ),
}
