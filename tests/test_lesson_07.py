"""Lesson 07 in a real browser: it runs, and what is typed, chosen, clicked and pressed answers."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, expect
from slow import PATIENCE

LESSON = Path(__file__).parent.parent / "notebooks" / "07_tag_entities.ipynb"
SOURCE, SCRATCH, LOOKUP, BARS = range(4)
"""The race's traces."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(3)
        race, matrix, both_ways = (plots.nth(i) for i in range(3))
        shown.see(race, f"data[{BARS}].y.filter(y => y !== null).length === 3")
        shown.look(race, "07_race")
        type_a_text(shown)
        shown.look(shown.page.get_by_text("invented").last, "07_failures")
        shown.see(matrix, "data.some(t => t.error_y?.array?.some(half => half > 0))")
        shown.look(matrix, "07_matrix")
        shown.see(both_ways, "data.length === 7")
        shown.look(both_ways, "07_both_ways")
        choose_train_and_stop(shown, race)


def type_a_text(shown: Lab) -> None:
    box, marked = shown.page.locator("textarea"), shown.page.locator("[dir=auto]")
    box.fill("Maria Silva joined Ford in São Paulo <b>today</b>.")
    expect(marked.first).to_contain_text("São Paulo")
    expect(marked.first).to_contain_text("<b>today</b>")  # markup in a text stays text
    expect(marked.nth(1)).to_contain_text("São Paulo")
    shown.look(box, "07_typed")
    box.fill("  ")
    shown.page.get_by_text("is empty").wait_for()
    box.fill("Back in Paris.")
    expect(marked.first).to_contain_text("Back in Paris")


def choose_train_and_stop(shown: Lab, race: Locator) -> None:
    choice = shown.page.locator(".jp-OutputArea select").first
    choice.select_option("300 sentences")
    shown.see(race, f"!data[{BARS}].y[1] && !data[{SOURCE}].x.length")
    train = shown.page.get_by_role("button", name="Train both")
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    shown.page.get_by_text("one update each in turn").wait_for(timeout=60_000 * PATIENCE)
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped early, without scores").wait_for(timeout=120_000 * PATIENCE)
    expect(train).to_be_enabled()
    shown.look(race, "07_stopped")
    shown.page.get_by_role("button", name="Replay").click()
    shown.page.get_by_text("Replayed, not trained now").wait_for()
    expect(train).to_be_enabled(timeout=30_000 * PATIENCE)
    shown.see(race, f"data[{SOURCE}].x.length > 3 && data[{BARS}].y[2] > data[{BARS}].y[1]")
    shown.look(race, "07_replayed")
