"""Exercises: solutions pass, wrong answers learn why, untouched stubs are neither."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from kit import exercises
from kit.errors import KitError

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "solutions"))
LESSONS = [path.stem[-2:] for path in sorted((ROOT / "kit/exercises").glob("lesson_*.py"))]
NAMES = [
    f"{lesson}.{number}"
    for lesson in LESSONS
    for number in import_module(f"kit.exercises.lesson_{lesson}").EXERCISES
]


def answers(name: str) -> tuple[tuple, list[tuple]]:
    """One answer that solves the exercise, and some that do not."""
    lesson, number = name.split(".")
    kept = import_module(f"lesson_{lesson}")
    return kept.SOLUTIONS[number](), kept.WRONG[number]


def calls(lesson: str, function: str) -> list[ast.Call]:
    """The calls of exercises.check or exercises.hint in the lesson's notebook."""
    [path] = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    cells = nbformat.read(path, 4).cells
    # A cell with a magic in it is no Python; none has an exercise.
    source = "\n".join(c.source for c in cells if f"exercises.{function}(" in c.source)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) == f"exercises.{function}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_is_right(name: str, data) -> None:
    verdict = exercises.check(name, *answers(name)[0])
    assert verdict and verdict.state == "right", verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_answer_learns_what_is_wrong(name: str, data) -> None:
    verdicts = [exercises.check(name, *given) for given in answers(name)[1]]
    assert verdicts
    for verdict in verdicts:
        assert verdict.state == "wrong" and "cannot be judged" not in verdict.text, verdict
    assert len({verdict.text for verdict in verdicts}) == len(verdicts)


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_stub_is_open(name: str) -> None:
    given = answers(name)[0]
    verdict = exercises.check(name, ..., *given[1:])
    assert verdict.state == "open" and not verdict
    assert len(inspect.signature(exercises._find(name).judge).parameters) >= len(given)


@pytest.mark.parametrize("name", NAMES)
def test_hints_come_one_after_the_other(name: str) -> None:
    hints = exercises.hint(name)
    assert 2 <= len(set(hints.texts)) == len(hints.texts)
    assert hints._repr_html_().count("<details>") == len(hints.texts)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_lesson_asks_what_is_judged(lesson: str) -> None:
    wanted = [name for name in NAMES if name.startswith(lesson)]
    for function in ("check", "hint"):
        assert [call.args[0].value for call in calls(lesson, function)] == wanted
    for call in calls(lesson, "check"):
        judge = exercises._find(call.args[0].value).judge
        inspect.signature(judge).bind(*call.args[1:])


def test_every_lesson_has_exercises() -> None:
    listed = subprocess.check_output(["git", "ls-files", "notebooks"], cwd=ROOT, text=True)
    assert {Path(p).stem[:2] for p in listed.split() if p.endswith(".ipynb")} <= set(LESSONS)


def test_students_get_a_copy_without_solutions(tmp_path: Path) -> None:
    subprocess.run(["make", "-s", "student", f"FOLDER={tmp_path / 'new'}"], cwd=ROOT, check=True)
    copied = {path.relative_to(tmp_path / "new") for path in (tmp_path / "new").rglob("*")}
    assert Path("notebooks/00_see_it_work.ipynb") in copied and Path("kit/train/loop.py") in copied
    assert Path("Makefile") in copied and Path("tests") not in copied


class Broken(int):
    """A number that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = int.__hash__


def test_what_cannot_be_judged_is_said_in_words() -> None:
    assert "cannot be judged" in exercises.check("04.3", Broken(5)).text
    assert "a text: give a number" in exercises.check("03.3", "a word").text
    with pytest.raises(KitError, match=r"choose one of 03\.1"):
        exercises.check("03.9", 1)
    with pytest.raises(KitError, match="no lesson"):
        exercises.hint("99.1")
