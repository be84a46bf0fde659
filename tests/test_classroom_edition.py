"""`make html`: pages that read well without a kernel and without a network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import edition
import lesson_runs
import nbformat
import pytest
from browser import PICTURES, chromium
from playwright.sync_api import Page, sync_playwright

from kit.widgets.base.static import DEAD

LESSON = edition.ROOT / "notebooks/01_minimise_a_loss.ipynb"
MORE = """
from kit import results
from kit.widgets.pretraining import objectives_figure

curves = LossCurves()
curves.answer.value = 0.5
display(curves)
objectives_figure.figure(results.load("pretraining_objectives"))
"""


def test_a_page_shows_figures_without_a_kernel_and_a_network(tmp_path: Path, data) -> None:
    lesson = tmp_path / LESSON.name
    shutil.copy(LESSON, lesson)
    notebook = nbformat.read(lesson, 4)
    notebook.cells = [*notebook.cells[:4], nbformat.v4.new_code_cell(MORE)]
    nbformat.write(notebook, lesson)
    edition.write(tmp_path, [lesson])
    assert "01 · Minimise a loss" in (tmp_path / "index.html").read_text(encoding="utf-8")
    with opened(tmp_path / f"{lesson.stem}.html") as page:
        page.locator(".js-plotly-plot .main-svg").nth(3).wait_for()
        answer = page.locator(".js-plotly-plot").first.evaluate("plot => plot._fullData[2].x[0]")
        assert answer == 0.5  # as it stood at the end, not as it was first shown
        text = page.inner_text("body")
        assert "the answer ŷ: 0.5" in text and "COLAB" not in text


WITHOUT_FIGURES = ("12_find_leakage",)
"""Lessons that show tables alone."""


@pytest.mark.parametrize("lesson", sorted(LESSON.parent.glob("*.ipynb")), ids=lambda p: p.stem)
def test_every_lesson_is_a_page_with_its_figures(tmp_path: Path, lesson: Path, archives) -> None:
    """From the lesson's browser test in this session, or else from a run of its own."""
    edition.write(tmp_path, [lesson], lambda path: lesson_runs.read(path) or edition.run(path))
    with opened(tmp_path / f"{lesson.stem}.html") as page:
        assert edition.title(lesson) in page.inner_text("h1")
        plots = page.locator(".js-plotly-plot")
        assert plots.count() == page.locator(".plotly-graph-div").count()
        assert plots.count() or lesson.stem in WITHOUT_FIGURES
        for plot in plots.all():
            plot.locator(".main-svg").first.wait_for(state="attached")
            assert plot.evaluate("plot => plot._fullData.length")
        text = page.inner_text("body")
        assert DEAD not in text and "Traceback" not in text and "FigureWidget(" not in text
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"edition_{lesson.stem[:2]}.png", full_page=True)


@contextmanager
def opened(path: Path) -> Iterator[Page]:
    """A page in Chromium; at the end it must have asked for plotly.js alone, and met no error."""
    asked, errors = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        yield page
        browser.close()
    assert not errors
    home = path.parent.as_uri()
    assert asked == [path.as_uri(), f"{home}/plotly.min.js"]
