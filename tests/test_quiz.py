"""Quizzes: every answer is explained, and one can tell what is right without a kernel."""

import re

import pytest

from kit import exercises
from kit.errors import KitError
from kit.exercises.quiz import FOLDER, RIGHT, Question

LESSONS = [path.stem[-2:] for path in sorted(FOLDER.glob("quiz_*.py"))]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_quiz_has_four_questions_with_three_explained_answers(lesson: str) -> None:
    questions = exercises.quiz(lesson).questions
    assert len(questions) == 4
    assert len({question.right for question in questions}) > 1, "the place gives the answer away"
    for question in questions:
        assert len(question.answers) >= 3
        assert len(set(question.why)) == len(question.why)
        for text in (question.text, *question.answers, *question.why):
            assert text[-1] in ".?%`" or len(text) < 30, text
            assert text.count("`") % 2 == 0, text
    lengths = [len(q.answers[q.right]) == max(map(len, q.answers)) for q in questions]
    assert not all(lengths), "the longest answer is always right: that gives it away"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_without_scripts_has_every_question_and_explanation(lesson: str) -> None:
    shown = exercises.quiz(lesson)
    page = re.sub(r"<(script|style)>.*?</\1>", "", shown._repr_html_(), flags=re.DOTALL)
    assert "hidden" not in page.replace("overflow:hidden", "") and page.count("<section") == 4
    assert page.count("<details") == sum(len(q.answers) for q in shown.questions)
    assert page.count(RIGHT) == page.count('data-right="1"') == 4
    for question in shown.questions:
        assert question.text in repr(shown)


def test_a_question_that_cannot_be_answered_is_refused() -> None:
    with pytest.raises(KitError, match="right=2"):
        Question("q", ("a", "b"), 2, ("c", "d"))
    with pytest.raises(KitError, match="1 explanations"):
        Question("q", ("a", "b"), 0, ("c",))
    with pytest.raises(KitError, match="no twins"):
        Question("q", ("a", "a"), 0, ("c", "d"))


@pytest.mark.parametrize("lesson", ["99", "0", "00.1", 0, None])
def test_a_lesson_without_a_quiz_is_refused_by_its_name(lesson: object) -> None:
    with pytest.raises(KitError, match=f"{lesson!r} has no quiz: choose one of 00"):
        exercises.quiz(lesson)
