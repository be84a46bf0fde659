"""Lesson 10 in a real browser: it runs, and its sliders answer."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator

LESSON = Path(__file__).parent.parent / "notebooks" / "10_ask_how_much_data.ipynb"
LIVE, EXCHANGE, TASKS, STOP = range(4)
"""The lesson's figures."""
DOTS = 4
"""The trace of the exchange's two dots."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = [shown.page.locator(".js-plotly-plot").nth(i) for i in range(4)]
        shown.look(plots[LIVE], "10_live")
        exchange_labels(shown, plots[EXCHANGE])
        shown.look(plots[TASKS], "10_tasks")
        decide(shown, plots[STOP])


def exchange_labels(shown: Lab, plot: Locator) -> None:
    shown.see(plot, f"data[{DOTS}].x[0] === 50 && data[{DOTS}].x[1] > 2400")
    shown.look(plot, "10_exchange")
    handle = shown.page.locator(".noUi-handle").nth(0)
    shown.delay(handle, plot, presses=6)
    handle.press("End")
    shown.see(plot, f"data[{DOTS}].x[0] === 8066")
    shown.page.get_by_text("beyond what was measured").first.wait_for()
    shown.look(plot, "10_beyond")
    menus = shown.page.locator(".jp-OutputArea select")
    menus.nth(0).select_option("head on MiniLM")
    menus.nth(1).select_option("TF-IDF + LR")
    shown.see(plot, f"data[{DOTS}].x[1] < 5000")
    shown.look(plot, "10_loses")
    shown.page.get_by_role("button", name="headlines").click()
    shown.see(plot, "layout.yaxis.title.text.includes('ROUGE')")
    shown.look(plot, "10_headlines")


def decide(shown: Lab, plot: Locator) -> None:
    shown.look(plot, "10_stop")
    worth = shown.page.get_by_label("a point is worth")
    worth.fill("500")
    worth.press("Enter")
    shown.page.locator(".jp-OutputArea").get_by_text("Label more").wait_for()
    shown.page.locator(".noUi-handle").nth(1).press("ArrowRight")
    shown.see(plot, "data[1].x.at(-1) === 800")
    shown.page.locator(".jp-OutputArea select").nth(2).select_option("TF-IDF + LR")
    shown.see(plot, "data[1].y.at(-1) < 72")
    shown.look(plot, "10_words")
