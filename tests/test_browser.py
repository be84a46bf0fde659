"""The browser harness itself: what it can do, and what it must notice."""

from pathlib import Path

import lesson_runs
import nbformat
import pytest
from browser import lab
from nbformat.v4 import new_code_cell, new_notebook, new_output

SLIDER = """
import numpy as np
import plotly.graph_objects as go
from ipywidgets import IntSlider, VBox

x = np.linspace(0, 1, 1000)
figure = go.FigureWidget(go.Scatter(x=x, y=x))
slider = IntSlider(value=1, min=1, max=40, description="power")

def draw(change):
    figure.data[0].y = x ** change.new

slider.observe(draw, "value")
VBox([slider, figure])
"""


def write(path: Path, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)


def test_a_slider_dragged_by_keyboard_draws_the_plot_again(tmp_path: Path) -> None:
    write(tmp_path / "slider.ipynb", SLIDER, "assert slider.value == 1")
    with lab(tmp_path) as shown:
        shown.open("slider.ipynb")
        shown.run_all()
        plot = shown.page.locator(".js-plotly-plot").first
        plot.locator(".main-svg").first.wait_for()
        line = plot.locator("path.js-line")
        before = line.get_attribute("d")
        delay = shown.delay(shown.page.locator(".noUi-handle").first, plot, presses=21)
        assert line.get_attribute("d") != before
        shown.picture("harness")
    assert delay < 300  # 150 is the aim; a busy machine must not fail the build


def test_failures_in_a_page_are_noticed(tmp_path: Path) -> None:
    astray = "%%javascript\nsetTimeout(() => { throw new Error('astray') })"
    stranger = "%%html\n<img src='http://stranger.invalid/a.png'>"
    write(tmp_path / "wrong.ipynb", astray, stranger, "1 / 0")
    with pytest.raises(AssertionError, match="stranger"), lab(tmp_path) as shown:
        shown.open("wrong.ipynb")
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            shown.run_all()
        shown.page.wait_for_timeout(500)
        assert "astray" in shown.errors.pop()


def test_each_lesson_has_its_browser_test() -> None:
    root = Path(__file__).parent.parent
    for lesson in (root / "notebooks").glob("*.ipynb"):
        assert (root / lesson_runs.browser_test(f"notebooks/{lesson.name}")).is_file()
    assert lesson_runs.browser_test("tests/test_browser.py") is None


def test_what_a_marked_cell_shows_is_compared() -> None:
    def shows(text: str, mark: str = "# NBVAL_CHECK_OUTPUT") -> nbformat.NotebookNode:
        printed = [new_output("stream", text=part) for part in ("a\n", "b\n")]
        value = new_output("execute_result", data={"text/plain": text})
        return new_notebook(cells=[new_code_cell(mark, outputs=[*printed, value])])

    joined = shows("1")
    joined.cells[0].outputs[0].text = joined.cells[0].outputs.pop(0).text + "b\n"
    lesson_runs.compare(shows("1"), joined)
    lesson_runs.compare(shows("1", "1"), shows("2", "1"))
    with pytest.raises(AssertionError, match="'2'"):
        lesson_runs.compare(shows("1"), shows("2"))
