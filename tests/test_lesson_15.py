"""Lesson 15 in a real browser: it runs, faults are chosen, sentences typed."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator

LESSON = Path(__file__).parent.parent / "notebooks" / "15_cross_frameworks.ipynb"
SAME = "data[0].x.every((x, i) => Math.abs(x - data[1].x[i]) < 1e-6)"
"""The copy gives the similarities of the model."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        plots.nth(1).wait_for()
        choose_and_type(shown, plots.first)
        shown.see(plots.nth(1), "data[0].x.length === 9 && layout.shapes.length === 4")
        shown.look(plots.nth(1), "15_costs")
        table = shown.page.locator(".jp-OutputArea table", has_text="word_embeddings").first
        shown.look(table, "15_names")


def choose_and_type(shown: Lab, plot: Locator) -> None:
    page = shown.page
    fault, text = page.get_by_label("fault:"), page.get_by_label("a sentence:")
    checks = page.locator(".jp-OutputArea", has=fault)
    shown.see(plot, SAME)
    fault.select_option("matrices not transposed")
    shown.see(plot, f"!({SAME})")
    checks.get_by_text("✗ outputs").wait_for()
    shown.look(plot, "15_not_transposed")
    fault.select_option("capitals kept")
    checks.get_by_text("✗ tokens").wait_for()
    text.fill("a quiet film about a man")
    checks.get_by_text("✓ outputs").wait_for()
    text.fill("A quiet film about a man")
    checks.get_by_text("✗ outputs").wait_for()
    shown.look(plot, "15_capitals")
    text.fill("")
    page.get_by_text("The box is empty: type a sentence.").wait_for()
    text.fill("It rains.")
    fault.select_option("no fault")
    shown.see(plot, SAME)
