"""Every lesson runs with the kit of the pseudo-language: python -m pytest tests/pseudo_lessons.py

A name that is translated in one place and looked up in another fails here. A part of `make slow`:
all lessons take about a quarter of an hour.
"""

import os
from pathlib import Path

import nbformat
import pytest
import translate
from nbclient import NotebookClient
from translate_texts import Texts

NAMES = sorted(path.name for path in (Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """The folder of the translated course, with its kit."""
    folder = tmp_path_factory.mktemp("pseudo_course")
    translate.apply(translate.pseudo, folder, Texts())
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_runs_in_the_pseudo_language(course: Path, name: str) -> None:
    lesson = nbformat.read(course / name, 4)
    client = NotebookClient(lesson, timeout=900, resources={"metadata": {"path": str(course)}})
    client.create_kernel_manager()
    client.execute(env=os.environ | {"PYTHONPATH": str(course), "OMP_NUM_THREADS": "1"})
    assert any(cell.outputs for cell in lesson.cells if cell.cell_type == "code")
