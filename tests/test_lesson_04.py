"""Lesson 04 in a real browser: it runs, and what is dragged, chosen and typed answers."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, expect

from kit.widgets.parameters.tensor_map import COLUMNS

LESSON = Path(__file__).parent.parent / "notebooks" / "04_migrate_structure.ipynb"
GROW, CUTS, ATLAS = 0, 1, 2
"""The lesson's plots, in their order."""
NEW, NAIVE, GROWN = 1, 4, 5
"""Traces of the growing model: what is new, and both models' answers."""
TARGET = COLUMNS[1]
"""Trace of the map: the target."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(4)
        grow(shown, plots.nth(GROW))
        shown.see(plots.nth(CUTS), "data[9].x.length === 2")  # what was made live
        shown.look(plots.nth(CUTS), "04_cuts")
        spell(shown)
        shown.see(plots.nth(ATLAS), "data.some(t => t.name === 'fresh' && t.showlegend)")
        shown.page.locator(".jp-OutputArea select").nth(1).select_option("warm_start")
        shown.see(plots.nth(ATLAS), f"data[{TARGET}].marker.color.includes('#0072B2')")
        shown.look(plots.nth(ATLAS), "04_decoder")


def grow(shown: Lab, plot: Locator) -> None:
    """Choose, drag and type."""
    shown.page.locator(".jp-OutputArea select").first.select_option("transformer_encoder")
    asked = f"data[{GROWN}].x.length === 16"
    shown.see(plot, f"{asked} && data[{NEW}].y.length === 5")  # × 2, 2 layers on: as it was left
    shown.look(plot, "04_grow")
    handles = shown.page.locator(".noUi-handle")
    handles.nth(1).focus()
    handles.nth(1).press("ArrowRight")
    shown.see(plot, f"{asked} && data[{NEW}].y.length === 6")
    apart = f"Math.max(...data[{GROWN}].x.map((x, i) => Math.abs(x - data[{GROWN}].y[i])))"
    shown.see(plot, f"{apart} < 1e-5 && {apart.replace(str(GROWN), str(NAIVE))} > 0.1")
    text = shown.page.get_by_label("Your own sentence:").first
    text.fill("I hated every minute of this stupid film.")
    shown.see(plot, "data[7].x[0] < 0 && Math.abs(data[7].x[0] - data[7].y[0]) < 1e-5")
    text.fill(" ")
    shown.page.locator("[role=status]").filter(has_text="empty").first.wait_for()
    text.fill("I laughed, and I would gladly see it again.")
    shown.look(plot, "04_grown")
    shown.page.locator(".jp-OutputArea select").first.select_option("rnn_encoder")
    shown.see(plot, f"{asked} && data[0].y.length === 4")
    shown.look(plot, "04_rnn")
    handles.nth(0).press("Home")
    shown.see(plot, f"{asked} && data[{NEW}].x.every((wide, i) => wide === 0 || wide === 1)")
    handles.nth(0).press("ArrowRight")
    shown.see(plot, f"{asked} && data[{NEW}].x.includes(2)")
    shown.delay(handles.nth(1), plot, presses=4)


def spell(shown: Lab) -> None:
    text = shown.page.get_by_label("Your own sentence:").nth(1)
    text.fill("Miss Swank.")
    shown.page.get_by_text("␣Swank", exact=True).wait_for()
    text.evaluate("box => box.scrollIntoView({ block: 'center' })")
    shown.picture("04_pieces")
