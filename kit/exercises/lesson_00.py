"""Exercises of lesson 00: see it work."""

from kit.exercises import Exercise, Verdict, right, wrong
from kit.results import see_it_work

__all__ = ["EXERCISES"]


def how_many_labels(answer: int | None) -> Verdict:
    """The smallest budget at which the control reaches what the source has with 100."""
    found = see_it_work.summary()
    goal = found[100]["full"][0]
    enough = [n for n in found if found[n]["from_scratch"][0] >= goal]
    if answer == (enough[0] if enough else None):
        return right()
    if answer is None:
        return wrong("Some budget is enough: compare the column “scratch” with the goal.")
    if answer not in found:
        return wrong(f"{answer} is not among the budgets {list(found)}.")
    has = found[answer]["from_scratch"][0]
    if has >= goal:
        return wrong(f"{answer:,} are enough, but fewer would be too.")
    return wrong(f"With {answer:,} labels the control has {has:.3f}; the goal is {goal:.3f}.")


def fooled(p: float, truth: int) -> Verdict:
    """p: what the model with the source says, P(positive); truth: 1 or 0."""
    if truth not in (0, 1):
        return wrong(f"the truth is 1 for positive or 0 for negative, not {truth!r}.")
    if abs(p - truth) > 0.9:
        return right(f"{p:.2f} positive: fooled, and sure of it.")
    if abs(p - truth) > 0.5:
        return wrong(f"{p:.2f} positive: mistaken, but not sure of it. Go further.")
    return wrong(f"{p:.2f} positive: it was not fooled.")


EXERCISES = {
    "1": Exercise(
        judge=how_many_labels,
        hints=(
            "The goal is the source's accuracy in the row of 100 labels.",
            "Go down the column “scratch” until a number is at least as large.",
        ),
    ),
    "2": Exercise(
        judge=fooled,
        hints=(
            "Irony, negation and comparisons are good places to look.",
            "Praise something else: “I wish I had spent the evening with a wonderful book.”",
            "Say what the film is not: many words of praise, and one “not”.",
        ),
    ),
}
