"""`make present` in the real browser, at the size of a projector, light and dark."""

import subprocess
from pathlib import Path

import nbformat
import pytest
from browser import Lab, lab

ROOT = Path(__file__).parent.parent
LESSON = ROOT / "notebooks/01_minimise_a_loss.ipynb"
SIZE = {"width": 1280, "height": 720}
HARMLESS = "Cannot read properties of null (reading 'observe')"
"""Of jupyterlab-slideshow 0.3.4, where it is told to be on from the start."""


def beginning(folder: Path) -> str:
    """The lesson up to its first widget: what follows trains."""
    notebook = nbformat.read(LESSON, 4)
    last = next(i for i, c in enumerate(notebook.cells) if c.source.startswith("LossCurves"))
    notebook.cells = notebook.cells[: last + 1]
    nbformat.write(notebook, folder / LESSON.name)
    return LESSON.name


def on_screen(shown: Lab) -> str:
    """The text of the cells that the slide shows."""
    cells = shown.page.locator(".jp-Notebook .jp-Cell.jp-deck-mod-onscreen")
    return "\n".join(cells.all_inner_texts())


def step(shown: Lab) -> str:
    before = on_screen(shown)
    shown.page.keyboard.press("Space")
    for _ in range(50):
        shown.page.wait_for_timeout(100)
        if (now := on_screen(shown)) != before:
            return now
    return before


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_lesson_is_shown_step_by_step(theme: str, tmp_path: Path, data) -> None:
    settings = ROOT / "build/slides"
    make = ["make", "-s", "build/slides", f"THEME={theme}"]
    subprocess.run(make, cwd=ROOT, check=True)
    name = beginning(tmp_path)
    with lab(tmp_path, settings) as shown:
        page = shown.page
        page.set_viewport_size(SIZE)
        shown.open(name)
        page.locator(".jp-Deck-Remote").wait_for()
        shown.run_all(seconds=120)
        page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
        page.wait_for_timeout(1000)
        title = on_screen(shown)
        assert "01 · Minimise a loss" in title and "Set-up" not in title
        size = "() => getComputedStyle(document.querySelector('.jp-RenderedMarkdown p')).fontSize"
        assert page.evaluate(size) == "24px"
        shown.picture(f"slides_{theme}_title")
        seen = [title]
        while "LossCurves()" not in seen[-1]:
            assert len(seen) < 12
            seen.append(step(shown))
        assert len(set(seen)) == len(seen) == 9
        assert sum("Three ratings" in text for text in seen) == 1  # one idea a slide
        plot = page.locator(".js-plotly-plot").first
        box = plot.bounding_box()
        assert 0 <= box["y"] and box["y"] + box["height"] <= SIZE["height"]
        answer = "plot => plot._fullData[2].x[0]"
        before = plot.evaluate(answer)
        shown.delay(page.locator(".noUi-handle").first, plot, presses=1)  # live
        assert plot.evaluate(answer) != before
        shown.picture(f"slides_{theme}_widget")
        assert set(shown.errors) <= {HARMLESS}
        shown.errors.clear()
