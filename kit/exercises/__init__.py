"""Exercises: a student's answers, judged in words; hints, one step at a time.

    exercises.check("03.1", answer)    what is wrong with it, not only that it is
    exercises.hint("03.1")             hints, each folded until it is clicked on
    exercises.quiz("03")               four questions, each answer explained

The exercises of lesson NN stand in `kit/exercises/lesson_NN.py`, as `EXERCISES`; the answers that
solve them are kept with the tests, out of the student's way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from kit.errors import KitError
from kit.exercises.functions import NotAnswered, Refusal
from kit.exercises.quiz import Quiz, quiz
from kit.html import LOOK, with_code

__all__ = ["Exercise", "Hints", "Quiz", "Verdict", "check", "hint", "quiz", "right", "wrong"]

OPEN = "Not answered yet: replace the three dots in the cell above."


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer."""

    state: str
    """"right", "wrong" or "open" (not answered yet)."""
    text: str
    """In words; of a wrong answer, what is wrong with it."""

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return f"{LOOK[self.state][0]} {self.text}"

    def _repr_html_(self) -> str:
        sign, colour, ground = LOOK[self.state]
        return (
            f'<div role="status" style="font-size:16px;color:{colour};background:{ground};'
            f'padding:.45em .9em;border-radius:.4em"><b>{sign}</b> {with_code(self.text)}</div>'
        )


def right(text: str = "Right.") -> Verdict:
    """The answer solves the exercise."""
    return Verdict("right", text)


def wrong(text: str) -> Verdict:
    """The answer does not, and `text` says why."""
    return Verdict("wrong", text)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise of a lesson; its question stands in the notebook."""

    judge: Callable[..., Verdict]
    """From the answers to `right(...)` or `wrong(...)`. None of them is `...` any more."""
    hints: tuple[str, ...]
    """From a nudge to nearly the answer."""


def check(name: str, *answers) -> Verdict:
    """What exercise "03.1" (lesson 03, number 1) says of these answers.

    An untouched stub, `...`, is not a wrong answer. What breaks while an answer is judged is
    said in words as well. Raises KitError for an exercise that there is not.
    """
    exercise = _find(name)
    if any(answer is ... for answer in answers):
        return Verdict("open", OPEN)
    try:
        return exercise.judge(*answers)
    except NotAnswered:
        return Verdict("open", OPEN)
    except (Refusal, KitError) as refusal:  # words for a student already
        return wrong(str(refusal))
    except Exception as error:  # whatever a student gives: the answer is at fault, and learns why
        given = ", ".join(repr(answer)[:80] for answer in answers)
        return wrong(f"{given} cannot be judged: {type(error).__name__}: {error}")


@dataclass(frozen=True)
class Hints:
    """The hints of one exercise: the next shows once the one before it is open."""

    texts: tuple[str, ...]
    """From a nudge to nearly the answer."""

    def __repr__(self) -> str:
        return f"{len(self.texts)} hints: hint(...).texts[0] is the first."

    def _repr_html_(self) -> str:
        inner = ""
        for i in range(len(self.texts), 0, -1):
            text = with_code(self.texts[i - 1])
            inner = (
                f"<details><summary>Hint {i} of {len(self.texts)}</summary>"
                f'<div style="padding:.2em 1em">{text}{inner}</div></details>'
            )
        return f'<div style="font-size:16px">{inner}</div>'


def hint(name: str) -> Hints:
    """The hints for an exercise, folded away. Raises KitError for one that there is not."""
    return Hints(_find(name).hints)


def _find(name: str) -> Exercise:
    lesson, _, number = str(name).partition(".")
    module = f"{__name__}.lesson_{lesson}"
    if not (lesson.isalnum() and find_spec(module)):
        raise KitError(f"exercise {name!r}: there is no lesson {lesson!r} with exercises.")
    there = import_module(module).EXERCISES
    if number not in there:
        known = ", ".join(f"{lesson}.{n}" for n in there)
        raise KitError(f"exercise {name!r} is unknown: choose one of {known}.")
    return there[number]
