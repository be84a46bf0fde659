"""`make present` in the real browser, at the size of a projector, light and dark."""

import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from browser import MEASURED, RUN_ALL, Lab, lab
from playwright.sync_api import expect

ROOT = Path(__file__).parent.parent
LESSON = ROOT / "notebooks/01_minimise_a_loss.ipynb"
LONG = ROOT / "notebooks/00_see_it_work.ipynb"
EARLIER_TRAININGS = ("cell-07", "cell-08", "cell-10", "five-lines-fit", "one-call-run")
"""Cells of that lesson before its race, which does not need them."""
SIZE = {"width": 1280, "height": 720}
ENDS = """() => Array.from(document.querySelectorAll('.jp-Cell.jp-deck-mod-onscreen'))
    .map(cell => cell.getBoundingClientRect().bottom)"""
"""Where each cell of a slide ends, in pixels from the top."""

HARMLESS = "Cannot read properties of null (reading 'observe')"
"""Of jupyterlab-slideshow 0.3.4, where it is told to be on from the start."""


def beginning(lesson: Path, last: str, folder: Path, without: tuple[str, ...] = ()) -> str:
    """A lesson up to the cell that begins so, without the cells of these ids."""
    notebook = nbformat.read(lesson, 4)
    end = next(i for i, c in enumerate(notebook.cells) if c.source.startswith(last))
    notebook.cells = [c for c in notebook.cells[: end + 1] if c.id not in without]
    nbformat.write(notebook, folder / lesson.name)
    return lesson.name


def settings(theme: str) -> Path:
    """What `make present` begins with."""
    make = ["make", "-s", "build/slides", f"THEME={theme}"]
    subprocess.run(make, cwd=ROOT, check=True)
    return ROOT / "build/slides"


SCREEN = """() => Array.from(document.querySelectorAll(
    '.jp-Notebook .jp-Cell.jp-deck-mod-onscreen'))
    .map(cell => cell.innerText).join('\\n')"""
"""The text of the cells that the slide shows."""


TYPE = """() => Math.min(...Array.from(document.querySelectorAll(
    '.jp-Notebook .jp-Cell.jp-deck-mod-onscreen :is(.jp-RenderedMarkdown, .cm-content) *'))
    .filter(part => Array.from(part.childNodes).some(n => n.nodeType === 3 && n.data.trim()))
    .map(part => parseFloat(getComputedStyle(part).fontSize)))"""
"""The smallest type of prose and code on a slide, in pixels."""
SMALLEST_TYPE = 18
REHEARSE = f"""async end => {{
    const screen = {SCREEN}, ends = {ENDS}, type = {TYPE};
    const place = () => screen() + jupyterapp.shell.currentWidget.content.activeCellIndex;
    const slides = [];
    const space = {{ key: ' ', code: 'Space', keyCode: 32, bubbles: true, cancelable: true }};
    for (;;) {{
        const text = screen(), before = place();
        if (text !== slides.at(-1)?.text)
            slides.push({{ text, bottom: Math.max(...ends()), type: type(), wait: 0 }});
        if (text.includes(end)) return slides;
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', space));
        const pressed = performance.now();
        while (place() === before) {{
            const wait = performance.now() - pressed;
            slides.at(-1).wait = Math.max(slides.at(-1).wait, wait);
            if (wait > 20000) throw new Error('after this slide: ' + text);
            await new Promise(requestAnimationFrame);
        }}
    }}
}}"""
"""What an instructor's audience sees, space by space, to the slide with this text: of each slide
its text, where it ends, its smallest type, in pixels, and the ms until the next one is there."""


PLACE = f"""() => ({SCREEN})()
    + jupyterapp.shell.currentWidget.content.activeCellIndex"""
"""Changes with each step: also where the next part of a slide, a fragment, is shown."""


def on_screen(shown: Lab) -> str:
    return shown.page.evaluate(SCREEN)


def step(shown: Lab) -> str:
    """The text of the next slide. It is an error if nothing changes within ten seconds."""
    before = shown.page.evaluate(PLACE)
    shown.page.keyboard.press("Space")
    changed = f"before => ({PLACE})() !== before"
    shown.page.wait_for_function(changed, arg=before, timeout=10_000)
    return on_screen(shown)


def test_a_lesson_is_shown_step_by_step(tmp_path: Path, data) -> None:
    """In the light theme; the walk below looks at slides of both."""
    theme = "Light"
    name = beginning(LESSON, "LossCurves", tmp_path)
    with lab(tmp_path, settings(theme)) as shown:
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
            assert len(seen) < 14
            seen.append(step(shown))
        assert len(set(seen)) == len(seen) > 6
        assert not any("import " in text for text in seen)  # today's stages stand alone
        assert sum("The loss of a number, by hand" in text for text in seen) == 1  # one idea
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


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_slide_of_every_lesson_fits_on_the_screen(theme: str, tmp_path: Path, data) -> None:
    """As it stands before it is run; every other lesson light, the others dark."""
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))[theme == "Dark" :: 2]
    for lesson in lessons:
        shutil.copy(lesson, tmp_path)
    with lab(tmp_path, settings(theme)) as shown:
        shown.page.set_viewport_size(SIZE)
        for lesson in lessons:
            walk(shown, lesson, theme)
        assert set(shown.errors) <= {HARMLESS}
        shown.errors.clear()


def walk(shown: Lab, lesson: Path, theme: str) -> None:
    """Show a lesson from its first slide to its last; each must fit."""
    shown.open(lesson.name)
    shown.page.locator(".jp-Deck-Remote").wait_for()
    shown.page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    shown.page.wait_for_timeout(1000)
    shown.picture(f"slides_{lesson.stem[:2]}_{theme}")
    end = nbformat.read(lesson, 4).cells[-1].source.replace("*", "")[-15:]
    slides = shown.page.evaluate(REHEARSE, end)
    for slide in slides:
        assert slide["bottom"] <= SIZE["height"], f"{lesson.stem}: too long: {slide['text']}"
        assert slide["type"] is None or slide["type"] >= SMALLEST_TYPE, slide
    MEASURED.append((f"slides of {lesson.stem[:2]}", len(slides)))
    MEASURED.append((f"longest wait in {lesson.stem[:2]}, ms", max(s["wait"] for s in slides)))
    assert len(slides) > 15, lesson.stem


def test_a_long_step_is_replayed_at_a_key(tmp_path: Path, data) -> None:
    """Alt+R while the lesson's own cell trains: the training ends, the recording is shown."""
    name = beginning(LONG, "race.train", tmp_path, EARLIER_TRAININGS)
    with lab(tmp_path, settings("Light")) as shown:
        page = shown.page
        page.set_viewport_size(SIZE)
        shown.open(name)
        page.locator(".jp-Deck-Remote").wait_for()
        page.evaluate(RUN_ALL)
        page.get_by_text("Training, one update each").wait_for(state="attached")
        widget = page.evaluate(
            """() => jupyterapp.shell.currentWidget.content.widgets
                .findIndex(cell => cell.model.sharedModel.source.startsWith('race = '))"""
        )
        active = "i => { jupyterapp.shell.currentWidget.content.activeCellIndex = i; }"
        page.evaluate(active, widget)
        page.wait_for_timeout(1000)
        status = page.get_by_role("status").first
        expect(status).to_contain_text("Training, one update each")
        page.keyboard.press("Alt+KeyR")
        expect(status).to_contain_text("Replayed, not trained now", timeout=10_000)
        page.wait_for_timeout(2000)
        shown.picture("slides_replay")
        expect(status).to_contain_text("the source was worth", timeout=20_000)
        shown.picture("slides_replayed")
        page.wait_for_function("window.ran", timeout=20_000)  # the cell has not been waiting
        assert set(shown.errors) <= {HARMLESS}
        shown.errors.clear()
