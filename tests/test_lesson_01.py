"""Lesson 01 in a real browser: it runs, and every control of it does what it says."""

import shutil
from pathlib import Path

from browser import Lab, lab
from playwright.sync_api import Locator

LESSON = Path(__file__).parent.parent / "notebooks" / "01_minimise_a_loss.ipynb"
# Of Descent's traces: what is drawn for the first walker and for the second.
AHEAD, HEIGHTS, AHEAD_2 = 3, 5, 7


def see(shown: Lab, plot: Locator, condition: str) -> None:
    """Wait until a condition on `data` and `layout` of a plot holds."""
    values = "const [data, layout] = [plot._fullData, plot._fullLayout];"
    shown.page.wait_for_function(
        f"plot => {{ {values} return {condition} }}", arg=plot.element_handle(), timeout=15_000
    )


def press(shown: Lab, text: str, nth: int = 0) -> None:
    shown.page.locator(f'button.jupyter-button:has-text("{text}")').nth(nth).click()


def picture(shown: Lab, plot: Locator, name: str) -> None:
    plot.evaluate("plot => plot.scrollIntoView({ block: 'end' })")
    shown.page.wait_for_timeout(300)
    shown.picture(name)


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    shutil.copy(LESSON, tmp_path)
    with lab(tmp_path) as shown:
        shown.open(LESSON.name)
        shown.run_all(seconds=120)
        for i in range(3):  # Lab shows a cell's output once it is near
            shown.page.locator(".js-plotly-plot").nth(i).scroll_into_view_if_needed()
        curves, walk, race = (shown.page.locator(".js-plotly-plot").nth(i) for i in range(3))
        drag_the_answer(shown, curves)
        walk_down(shown, walk)
        race_down(shown, race)


def drag_the_answer(shown: Lab, plot: Locator) -> None:
    handle = shown.page.locator(".noUi-handle").nth(0)
    shown.delay(handle, plot, presses=5)
    see(shown, plot, "data[2].x[0] > -2 && layout.width > 750")
    press(shown, "the probability")
    see(shown, plot, "layout.yaxis.range[1] < 4 && data[7].y[0] < 1")
    picture(shown, plot, "01_curves")


def walk_down(shown: Lab, plot: Locator) -> None:
    see(shown, plot, f"data[{HEIGHTS}].x.length === 101")  # the lesson has run it
    press(shown, "Reset")
    see(shown, plot, f"data[{HEIGHTS}].x.length === 1")
    press(shown, "Step")
    see(shown, plot, f"data[{HEIGHTS}].x.length === 2")
    shown.page.locator(".noUi-handle").nth(1).press("End")
    see(shown, plot, f"Math.abs(data[{AHEAD}].x[1]) > 2")
    press(shown, "Run 100")
    see(shown, plot, f"data[{HEIGHTS}].x.length > 5")
    press(shown, "Stop")
    shown.page.get_by_text("cannot settle").wait_for()
    see(shown, plot, f"data[{HEIGHTS}].x.length < 101")
    picture(shown, plot, "01_too_large")
    shown.page.locator(".jp-OutputArea select").first.select_option("squared error of the rating")
    see(shown, plot, f"layout.yaxis2.range[1] === 3 && data[{HEIGHTS}].x.length === 1")
    press(shown, "Run 100")
    shown.page.get_by_text("SGD diverged").wait_for()
    press(shown, "64")
    see(shown, plot, f"data[{HEIGHTS}].x.length === 1")
    ground = plot.locator(".nsewdrag").first.bounding_box()
    shown.page.mouse.click(ground["x"] + 40, ground["y"] + 60)
    see(shown, plot, "data[4].x[0] < -1.5")


def race_down(shown: Lab, plot: Locator) -> None:
    picture(shown, plot, "01_race")
    see(shown, plot, "data[9].y.at(-1) < data[5].y.at(-1)")  # AdamW is lower
    press(shown, "Reset", 1)
    see(shown, plot, "data[9].x.length === 1")
    shown.page.locator(".noUi-handle").nth(3).press("End")
    see(shown, plot, f"data[{AHEAD_2}].x[1] < 0")
    press(shown, "Step", 1)
    see(shown, plot, "data[9].x.length === 2 && data[5].x.length === 2")
