"""Exercises of lesson 05: migrate both."""

from collections.abc import Callable
from statistics import mean

from kit import results
from kit.exercises import Exercise, Verdict, right, wrong

__all__ = ["EXERCISES"]

BLOCKS, WIDTH = 6, 384
"""Of MiniLM."""
ENOUGH = 0.005
"""How far below `full` is as good as `full`, in exercise 2."""


def lora_counts(answer: Callable[[int], int]) -> Verdict:
    """How many numbers LoRA of rank r trains in MiniLM, on query and value: 6 · 2 · 2 · 384 · r."""
    if not callable(answer):
        return wrong(f"{answer!r} is no function of r: write lambda r: ...")
    said = answer(8)
    if all(answer(r) == BLOCKS * 2 * 2 * WIDTH * r for r in (1, 3, 8)):
        return right(f"Right: {said:,} at rank 8, beside 22.6 million.")
    mistakes = {
        BLOCKS * 2 * WIDTH * 8: "that is A alone or B alone; or one matrix a block instead of two.",
        2 * 2 * WIDTH * 8: "that is one block; there are six.",
        BLOCKS * 2 * WIDTH**2: "those are the numbers of the matrices W, which stay.",
        BLOCKS * 2 * 2 * WIDTH * 8 + 2 * (WIDTH + 1): "the head is in it; leave it out.",
    }
    return wrong(f"{said:,} at rank 8: " + mistakes.get(said, "count A, then B, then how often."))


def thrifty(answer: str) -> Verdict:
    """The strategy with the fewest trained numbers that is as good as full, as recorded."""
    scores, trained = recorded()
    goal = scores["full"] - ENOUGH
    if answer not in scores:
        return wrong(f"{answer!r} is not among the recorded: {', '.join(scores)}.")
    best = min((n for n in scores if scores[n] >= goal), key=trained.get)
    if answer == best:
        return right(f"Right: {100 * scores[best]:.1f} % with {trained[best]:,} numbers trained.")
    if scores[answer] < goal:
        return wrong(
            f"{answer} has {100 * scores[answer]:.1f} %, and {100 * goal:.1f} % are needed."
        )
    return wrong(f"{answer} is good enough, but trains {trained[answer]:,}: one needs fewer.")


def recorded() -> tuple[dict[str, float], dict[str, int]]:
    """The shipped RNN with 100 labels: mean accuracy and trained numbers of each strategy."""
    rows = [
        row
        for row in results.load("strategies")["rows"]
        if (row["source"], row["labels"]) == ("rnn_encoder", 100) and "accuracy" in row
    ]
    names = {row["strategy"]: row["trained"] for row in rows}
    return {n: mean(r["accuracy"] for r in rows if r["strategy"] == n) for n in names}, names


def left_for_the_text(answer: float) -> Verdict:
    """12 tokens and a prefix of 4 share the attention evenly: 12 / 16."""
    if abs(answer - 12 / 16) < 0.001:
        return right("Right: a quarter of every answer is made of the prefix's random values.")
    if abs(answer - 4 / 16) < 0.001:
        return wrong(f"{answer} is the prefix's share.")
    if abs(answer - 4 / 12) < 0.001 or abs(answer - 8 / 12) < 0.001:
        return wrong(f"{answer}: the prefix does not replace tokens, it stands before them.")
    return wrong(f"Not {answer}: equal scores make equal weights. How many keys are there?")


EXERCISES = {
    "1": Exercise(
        judge=lora_counts,
        hints=(
            "A has r rows of 384 numbers. How many has B?",
            "A and B together have 2 · 384 · r numbers, for one matrix.",
            "Two matrices a block, six blocks.",
        ),
    ),
    "2": Exercise(
        judge=thrifty,
        hints=(
            "Choose rnn_encoder and 100 labels in the widget, and the parameters as its axis.",
            "Draw a level half a point below `full`; then go from the left to the right.",
            "Only the mean counts here. Would the intervals let you choose?",
        ),
    ),
    "3": Exercise(
        judge=left_for_the_text,
        hints=(
            "softmax of equal scores gives every key the same weight.",
            "There are 4 + 12 keys.",
        ),
    ),
}
