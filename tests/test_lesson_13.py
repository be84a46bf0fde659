"""Lesson 13 in a real browser: it runs, and the widget answers other words and another sentence."""

from pathlib import Path

from browser import lesson
from playwright.sync_api import expect

LESSON = Path(__file__).parent.parent / "notebooks" / "13_measure_bias.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = [shown.page.locator(".js-plotly-plot").nth(i) for i in range(2)]
        shown.see(plots[0], "data[0].name === 'female' && data[0].x.length === 30")
        shown.look(plots[0], "13_names")
        menus = shown.page.locator(".jp-OutputArea select")
        menus.nth(1).select_option("nationalities and the calendar")
        shown.see(plots[0], "data[0].name === 'nationalities'")
        shown.look(plots[0], "13_nationalities")
        menus.nth(0).select_option("small Transformer")
        box = shown.page.get_by_label("Your sentence, then Enter:")
        answer = shown.page.locator(".jp-OutputArea", has=box)
        box.fill("no place for a word")
        box.press("Enter")
        expect(answer).to_contain_text("0 places for a word")
        box.fill("A {word} film.")
        box.press("Enter")
        expect(answer).to_contain_text("Range, nationalities minus calendar")
        shown.look(plots[1], "13_occupations")
