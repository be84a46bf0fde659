"""`make html`: a page that reads well without a kernel and without a network."""

import shutil
from pathlib import Path

import edition
import nbformat
from browser import chromium
from playwright.sync_api import sync_playwright

LESSON = edition.ROOT / "notebooks/01_minimise_a_loss.ipynb"
MORE = """
from kit.record import recorded
from kit.widgets import minute

curves = LossCurves()
curves.answer.value = 0.5
display(curves)
minute.figure(recorded("live_transfer"), [])
"""


def test_a_page_shows_figures_without_a_kernel_and_a_network(tmp_path: Path, data) -> None:
    lesson = tmp_path / LESSON.name
    shutil.copy(LESSON, lesson)
    notebook = nbformat.read(lesson, 4)
    notebook.cells = [*notebook.cells[:4], nbformat.v4.new_code_cell(MORE)]
    nbformat.write(notebook, lesson)
    edition.write(tmp_path, [lesson])
    assert "01 · Minimise a loss" in (tmp_path / "index.html").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((tmp_path / f"{lesson.stem}.html").as_uri())
        page.locator(".js-plotly-plot .main-svg").nth(3).wait_for()
        answer = page.locator(".js-plotly-plot").first.evaluate("plot => plot._fullData[2].x[0]")
        assert answer == 0.5  # as it stood at the end, not as it was first shown
        text = page.inner_text("body")
        assert "the answer ŷ: 0.5" in text and "COLAB" not in text
        page.screenshot(path=tmp_path / "page.png")
        browser.close()
    assert not errors
    assert all(url.startswith("file:") for url in asked), asked
    assert len(asked) == 2  # the page, and plotly.js
