"""Lesson 08 in a real browser: it runs, and what is typed, chosen, hovered and pressed answers."""

import re
from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "08_translate.ipynb"
ENTRY = "Restart Kernel and Run All Cells…"
CURVES, KIN, RACE = range(3)
"""The lesson's figures."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(3)
        shown.look(plots.nth(CURVES), "08_curves")
        shown.look(plots.nth(KIN), "08_kin")
        type_an_entry(shown)
        race_and_stop(shown, plots.nth(RACE))


def type_an_entry(shown: Lab) -> None:
    text = shown.page.get_by_label("your menu entry")
    text.fill(ENTRY)
    text.press("Enter")
    grid = shown.page.locator("[id^=align]")
    expect(grid.get_by_text("Kernel").first).to_be_visible()
    shown.look(grid, "08_typed")
    grid.locator(".word", has_text="Restart").first.hover()
    lit = "node => getComputedStyle(node).outlineStyle"
    assert grid.locator(".word", has_text="Restart").first.evaluate(lit) == "solid"
    shown.look(grid, "08_hovered")
    shown.page.get_by_label("or", exact=True).select_option("Failed to open %1: file not found")
    expect(grid.get_by_text("%1").first).to_be_visible()
    for voice in shown.page.locator(".widget-toggle-buttons button").all():
        before = grid.inner_html()
        voice.click()
        expect(voice).to_have_class(re.compile("mod-active"))
        expect(grid.get_by_text("%1").first).to_be_visible()
    # The last one looks elsewhere than the one before.
    looks = "before => document.querySelector('[id^=align]').innerHTML !== before"
    shown.page.wait_for_function(looks, arg=before)
    shown.look(grid, "08_scratch")
    text.fill("")
    text.press("Enter")
    shown.page.get_by_text("is empty").first.wait_for()


def race_and_stop(shown: Lab, plot: Locator) -> None:
    train = shown.page.get_by_role("button", name="Train both")
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    shown.see(plot, "data[0].x?.length > 0 && data[1].x?.length > 0")
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped early").wait_for()
    expect(train).to_be_enabled()
    shown.look(plot, "08_race")
    shown.page.get_by_role("button", name="Replay").click()
    shown.page.get_by_text("Replayed, not trained now").wait_for()
    expect(train).to_be_enabled(timeout=30_000)
    shown.page.get_by_text("the parent was worth").wait_for()
    shown.look(plot, "08_replayed")
