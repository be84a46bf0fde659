"""Lesson 08 in a real browser: it runs, and what is typed, chosen, hovered and pressed answers."""

import shutil
from pathlib import Path

from browser import Lab, lab
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "08_translate.ipynb"
ENTRY = "Restart Kernel and Run All Cells…"
CURVES, KIN, RACE = range(3)
"""The lesson's figures."""


def picture(shown: Lab, part: Locator, name: str) -> None:
    part.evaluate("part => part.scrollIntoView({ block: 'center' })")
    shown.page.wait_for_timeout(500)
    shown.picture(name)


def see(shown: Lab, plot: Locator, condition: str, seconds: float = 60) -> None:
    """Wait until a condition on `data` of a plot holds."""
    shown.page.wait_for_function(
        f"plot => {{ const data = plot._fullData; return {condition} }}",
        arg=plot.element_handle(),
        timeout=seconds * 1000,
    )


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    shutil.copy(LESSON, tmp_path)
    with lab(tmp_path) as shown:
        shown.open(LESSON.name)
        shown.run_all(seconds=300)
        for cell in shown.page.locator(".jp-Notebook .jp-Cell").all():
            cell.scroll_into_view_if_needed()  # Lab shows a cell's output once it is near
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(3)
        picture(shown, plots.nth(CURVES), "08_curves")
        picture(shown, plots.nth(KIN), "08_kin")
        type_an_entry(shown)
        race_and_stop(shown, plots.nth(RACE))


def type_an_entry(shown: Lab) -> None:
    text = shown.page.get_by_label("your menu entry")
    text.fill(ENTRY)
    text.press("Enter")
    grid = shown.page.locator("[id^=align]")
    expect(grid.get_by_text("Kernel").first).to_be_visible()
    picture(shown, grid, "08_typed")
    grid.locator(".word", has_text="Restart").first.hover()
    lit = "node => getComputedStyle(node).outlineStyle"
    assert grid.locator(".word", has_text="Restart").first.evaluate(lit) == "solid"
    picture(shown, grid, "08_hovered")
    shown.page.get_by_label("or", exact=True).select_option("Failed to open %1: file not found")
    expect(grid.get_by_text("%1").first).to_be_visible()
    shown.page.get_by_role("button", name="from scratch", exact=True).click()
    expect(grid.get_by_text("%1").first).to_be_visible()
    picture(shown, grid, "08_scratch")
    text.fill("")
    text.press("Enter")
    shown.page.get_by_text("is empty").first.wait_for()


def race_and_stop(shown: Lab, plot: Locator) -> None:
    train = shown.page.get_by_role("button", name="Train both")
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    see(shown, plot, "data[0].x?.length > 0 && data[1].x?.length > 0")
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped early").wait_for()
    expect(train).to_be_enabled()
    picture(shown, plot, "08_race")
