"""Lesson 04 in a real browser: it runs, and what is dragged, chosen and typed answers."""

import shutil
from pathlib import Path

from browser import Lab, lab
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "04_migrate_structure.ipynb"
GROW, CUTS, ATLAS = 0, 1, 2
"""The lesson's plots, in their order."""
NEW, NAIVE, GROWN, TARGET = 1, 4, 5, 9
"""Traces: of the growing model what is new, and both models' answers; of the map the target."""


def see(shown: Lab, plot: Locator, condition: str, seconds: float = 60) -> None:
    """Wait until a condition on `data` of a plot holds."""
    shown.page.wait_for_function(
        f"plot => {{ const data = plot._fullData; return {condition} }}",
        arg=plot.element_handle(),
        timeout=seconds * 1000,
    )


def picture(shown: Lab, plot: Locator, name: str, block: str = "center") -> None:
    plot.evaluate(f"plot => plot.scrollIntoView({{ block: '{block}' }})")
    shown.page.wait_for_timeout(400)
    shown.picture(name)


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    shutil.copy(LESSON, tmp_path)
    with lab(tmp_path) as shown:
        shown.open(LESSON.name)
        shown.run_all(seconds=200)
        plots = shown.page.locator(".js-plotly-plot")
        for cell in shown.page.locator(".jp-Notebook .jp-Cell").all():
            cell.scroll_into_view_if_needed()  # Lab shows a cell's output once it is near
        expect(plots).to_have_count(4)
        grow(shown, plots.nth(GROW))
        see(shown, plots.nth(CUTS), "data[9].x.length === 2")  # what was made live
        picture(shown, plots.nth(CUTS), "04_cuts")
        spell(shown)
        see(shown, plots.nth(ATLAS), "data.some(t => t.name === 'fresh' && t.showlegend)")
        shown.page.locator(".jp-OutputArea select").nth(1).select_option("warm_start")
        see(shown, plots.nth(ATLAS), f"data[{TARGET}].marker.color.includes('#0072B2')")
        picture(shown, plots.nth(ATLAS), "04_decoder")


def grow(shown: Lab, plot: Locator) -> None:
    """Choose, drag and type."""
    shown.page.locator(".jp-OutputArea select").first.select_option("transformer_encoder")
    asked = f"data[{GROWN}].x.length === 16"
    see(shown, plot, f"{asked} && data[{NEW}].y.length === 5")  # × 2, 2 layers on: as it was left
    picture(shown, plot, "04_grow")
    handles = shown.page.locator(".noUi-handle")
    handles.nth(1).focus()
    handles.nth(1).press("ArrowRight")
    see(shown, plot, f"{asked} && data[{NEW}].y.length === 6")
    apart = f"Math.max(...data[{GROWN}].x.map((x, i) => Math.abs(x - data[{GROWN}].y[i])))"
    see(shown, plot, f"{apart} < 1e-5 && {apart.replace(str(GROWN), str(NAIVE))} > 0.1")
    text = shown.page.get_by_label("Your own sentence:").first
    text.fill("I hated every minute of this stupid film.")
    see(shown, plot, "data[7].x[0] < 0 && Math.abs(data[7].x[0] - data[7].y[0]) < 1e-5")
    text.fill(" ")
    shown.page.locator("[role=status]").filter(has_text="empty").first.wait_for()
    text.fill("I laughed, and I would gladly see it again.")
    picture(shown, plot, "04_grown")
    shown.page.locator(".jp-OutputArea select").first.select_option("rnn_encoder")
    see(shown, plot, f"{asked} && data[0].y.length === 4")
    picture(shown, plot, "04_rnn")
    shown.delay(handles.nth(1), plot, presses=4)


def spell(shown: Lab) -> None:
    text = shown.page.get_by_label("Your own sentence:").nth(1)
    text.fill("Miss Swank.")
    shown.page.get_by_text("␣Swank", exact=True).wait_for()
    text.evaluate("box => box.scrollIntoView({ block: 'center' })")
    shown.picture("04_pieces")
