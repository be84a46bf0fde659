"""Lesson 07 in a real browser: it runs, and what is typed, chosen, clicked and pressed answers."""

import shutil
from pathlib import Path

from browser import Lab, lab
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "07_tag_entities.ipynb"
SOURCE, SCRATCH, LOOKUP, BARS = range(4)
"""The race's traces."""


def see(shown: Lab, plot: Locator, condition: str, seconds: float = 60) -> None:
    """Wait until a condition on the `data` of a plot holds."""
    shown.page.wait_for_function(
        f"plot => {{ const data = plot._fullData; return {condition} }}",
        arg=plot.element_handle(),
        timeout=seconds * 1000,
    )


def picture(shown: Lab, part: Locator, name: str) -> None:
    part.evaluate("part => part.scrollIntoView({ block: 'center' })")
    shown.page.wait_for_timeout(400)
    shown.picture(name)


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    shutil.copy(LESSON, tmp_path)
    with lab(tmp_path) as shown:
        shown.open(LESSON.name)
        shown.run_all(seconds=400)
        for cell in shown.page.locator(".jp-Notebook .jp-Cell").all():
            cell.scroll_into_view_if_needed()  # Lab shows a cell's output once it is near
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(2)
        race, matrix = plots.nth(0), plots.nth(1)
        see(shown, race, f"data[{BARS}].y.filter(y => y !== null).length === 3")
        picture(shown, race, "07_race")
        type_a_text(shown)
        picture(shown, shown.page.get_by_text("invented").last, "07_failures")
        see(shown, matrix, "data.some(t => t.error_y?.array?.some(half => half > 0))")
        picture(shown, matrix, "07_matrix")
        choose_train_and_stop(shown, race)


def type_a_text(shown: Lab) -> None:
    box, marked = shown.page.locator("textarea"), shown.page.locator("[dir=auto]")
    box.fill("Maria Silva joined Ford in São Paulo <b>today</b>.")
    expect(marked.first).to_contain_text("São Paulo")
    expect(marked.first).to_contain_text("<b>today</b>")  # markup in a text stays text
    expect(marked.nth(1)).to_contain_text("São Paulo")
    picture(shown, box, "07_typed")
    box.fill("  ")
    shown.page.get_by_text("is empty").wait_for()
    box.fill("Back in Paris.")
    expect(marked.first).to_contain_text("Back in Paris")


def choose_train_and_stop(shown: Lab, race: Locator) -> None:
    choice = shown.page.locator(".jp-OutputArea select").first
    choice.select_option("300 sentences")
    see(shown, race, f"!data[{BARS}].y[1] && !data[{SOURCE}].x.length")
    train = shown.page.get_by_role("button", name="Train both")
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    shown.page.get_by_text("one update each in turn").wait_for(timeout=60_000)
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped early").wait_for(timeout=120_000)
    see(shown, race, f"data[{BARS}].y.filter(y => y !== null).length === 3")
    expect(train).to_be_enabled()
    picture(shown, race, "07_stopped")
