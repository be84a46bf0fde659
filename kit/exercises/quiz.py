"""Quizzes: four questions a lesson; every answer is explained, the wrong ones too.

    exercises.quiz("03")

The questions of lesson NN stand in `kit/exercises/quiz_NN.py`, as `QUIZ`. A quiz is plain HTML: an
answer is a `<details>` that opens on its explanation. So it needs no kernel: it also works while
a cell runs, in a notebook that was opened again, and in a page. Where scripts run, as in
JupyterLab, `quiz.js` shows one question at a time, and at the end how many were right at once.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from kit.errors import KitError
from kit.html import FONT, LOOK, escape, with_code

__all__ = ["Question", "Quiz", "quiz"]

FOLDER = Path(__file__).parent
RIGHT, WRONG = "Right.", "Not quite."
BUTTONS = ("Back", "Next question", "See the result")
"""The words of the buttons below a question."""
PLACE = "Question {number} of {count}"
RESULT = "You answered {right} of {count} questions right at the first try."
AGAIN = "Open the other answers too: each says why it is right or wrong."
STYLE = """
.kit-quiz summary { cursor: pointer; padding: .35em .8em }
.kit-quiz summary:hover { text-decoration: underline }
.kit-quiz summary:focus-visible, .kit-quiz button:focus-visible
  { outline: 3px solid #56B4E9; outline-offset: -3px }
.kit-quiz button { font: inherit; padding: .3em .9em; margin: .6em .6em 0 0; cursor: pointer }
@media print {
  .kit-quiz section { display: block !important }
  .kit-quiz button { display: none }
  .kit-quiz details::details-content { content-visibility: visible; height: auto }
}
"""


@dataclass(frozen=True)
class Question:
    """One question of a quiz, with two answers or more. In every text, `x` is code."""

    text: str
    """The question."""
    answers: tuple[str, ...]
    """What one can choose."""
    right: int
    """The index of the right answer."""
    why: tuple[str, ...]
    """For each answer, why it is right or wrong."""

    def __post_init__(self) -> None:
        if len(set(self.answers)) != len(self.answers) or len(self.answers) < 2:
            raise KitError(f"{self.text!r} has answers {self.answers}: give two or more, no twins.")
        if len(self.why) != len(self.answers):
            raise KitError(
                f"{self.text!r} has {len(self.answers)} answers and {len(self.why)} explanations: "
                "give one for each answer."
            )
        if self.right not in range(len(self.answers)):
            raise KitError(
                f"{self.text!r}: right={self.right!r} is no answer. Give an index from 0 to "
                f"{len(self.answers) - 1}."
            )


@dataclass(frozen=True)
class Quiz:
    """The questions of a lesson, displayed as HTML that needs no kernel."""

    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        lines = []
        for i, question in enumerate(self.questions, 1):
            lines.append(f"{i}. {question.text}")
            lines += [f"   {chr(97 + j)}) {answer}" for j, answer in enumerate(question.answers)]
        return "\n".join([*lines, "The explanations: quiz(...).questions[0].why, and so on."])

    def _repr_html_(self) -> str:
        count = len(self.questions)
        shown = "".join(_question(i, q, count) for i, q in enumerate(self.questions, 1))
        words = {"back": BUTTONS[0], "next": BUTTONS[1], "last": BUTTONS[2]}
        words |= {"result": RESULT.replace("{count}", str(count)), "again": AGAIN}
        data = " ".join(f'data-{name}="{escape(text)}"' for name, text in words.items())
        # With this attribute JupyterLab leaves Enter and Space to the answers.
        return (
            f'<div class="kit-quiz" data-lm-suppress-shortcuts="true" {data} style="font:'
            f'max(18px,1em)/1.4 {FONT};color:inherit;max-width:50em"><style>{STYLE}</style>'
            f"{shown}<script>{_script()}</script></div>"
        )


def _question(number: int, question: Question, count: int) -> str:
    """A question with its answers as HTML."""
    answers = "".join(
        _answer(text, why, i == question.right)
        for i, (text, why) in enumerate(zip(question.answers, question.why, strict=True))
    )
    place = PLACE.format(number=number, count=count)
    return (
        f'<section aria-label="{escape(place)}" style="margin:.4em 0 1em"><div style="opacity:.8">'
        f'{escape(place)}</div><div style="font-weight:600;margin:.2em 0 .5em">'
        f"{with_code(question.text)}</div>{answers}</section>"
    )


def _answer(text: str, why: str, right: bool) -> str:
    """An answer that opens on its explanation."""
    sign, colour, ground = LOOK["right" if right else "wrong"]
    said = RIGHT if right else WRONG
    return (
        f'<details data-right="{int(right)}" style="border:1px solid;border-radius:.4em;'
        f'margin:.3em 0;overflow:hidden"><summary>{with_code(text)}</summary>'
        f'<div role="status" style="color:{colour};background:{ground};padding:.4em .8em">'
        f"<b>{sign} {escape(said)}</b> {with_code(why)}</div></details>"
    )


@cache
def _script() -> str:
    """The script that shows one question at a time and counts."""
    return (FOLDER / "quiz.js").read_text(encoding="utf-8")


def quiz(lesson: str) -> Quiz:
    """The quiz of lesson "03": four questions. Raises KitError for a lesson without one."""
    known = sorted(path.stem[-2:] for path in FOLDER.glob("quiz_*.py"))
    if lesson not in known:
        raise KitError(f"lesson {lesson!r} has no quiz: choose one of {', '.join(known)}.")
    return Quiz(import_module(f"kit.exercises.quiz_{lesson}").QUIZ)
