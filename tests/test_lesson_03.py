"""Lesson 03 in a real browser: it runs, and what is hovered, clicked and pressed answers."""

import re
from contextlib import suppress
from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, TimeoutError, expect

from kit.widgets.parameters.tensor_map import COLUMNS, NAMES

LESSON = Path(__file__).parent.parent / "notebooks" / "03_migrate_parameters.ipynb"
ATLAS, ATLAS_VALUES, LSTM, ZIPPED, BARS, STACK, RATES = 0, 1, 2, 4, 6, 7, 8
"""The lesson's plots, in their order."""
SOURCE, TARGET = COLUMNS


def bar(plot: Locator, column: int, name: str) -> dict:
    """Where a tensor's bar is on the page: column 0 is the source's, 1 the target's."""
    order = plot.evaluate(f"plot => Array.from(plot._fullData[{SOURCE + column}].customdata)")
    point = plot.locator(".barlayer .trace").nth(column).locator(".point").nth(order.index(name))
    return point.bounding_box()


def point_at(shown: Lab, box: dict) -> None:
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def click_until(shown: Lab, plot: Locator, box: dict, condition: str, times: int = 5) -> None:
    """Click, again if need be: plotly knows what is below the mouse once it has drawn that."""
    for _ in range(times):
        shown.page.mouse.down()
        shown.page.mouse.up()
        with suppress(TimeoutError):
            shown.see(plot, condition, seconds=8)
            return
        shown.page.mouse.move(box["x"] - 40, box["y"] - 30)
        point_at(shown, box)
        shown.page.wait_for_timeout(1000)
    raise AssertionError(f"{times} clicks did not bring {condition}")


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        shown.page.set_viewport_size({"width": 1280, "height": 800})
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(9)
        hover_and_click(shown, plots)
        look_at_the_trap(shown, plots)
        freeze_and_train(shown, plots.nth(STACK))
        shown.look(plots.nth(RATES), "03_rates", "end")


def hover_and_click(shown: Lab, plots: Locator) -> None:
    atlas, values = plots.nth(ATLAS), plots.nth(ATLAS_VALUES)
    strategy, tensor = (shown.page.locator(".jp-OutputArea select").nth(i) for i in (0, 1))
    shown.see(atlas, f"data.length > {TARGET}")
    shown.look(atlas, "03_map", "end")
    strategy.select_option("choose_layers")
    shown.see(atlas, f"data[{TARGET}].y.length === 55")
    name = "body.blocks.1.feed_forward.down.weight"
    point_at(shown, bar(atlas, 1, name))
    shown.page.get_by_text("copied from body.blocks.3.feed_forward.down.weight").last.wait_for()
    shown.see(values, "data[0].z.length === 40 && layout.annotations[0].text.includes('1,536')")
    label = atlas.locator(".hovertext").text_content()
    assert name in label and "deviation" in label
    shown.picture("03_hover")
    click_until(
        shown, atlas, bar(atlas, 1, name), f"data[{NAMES[0]}].text.includes('<b>block 3</b>')"
    )
    expect(tensor).to_have_value(name)
    shown.page.mouse.move(5, 5)  # what is below the mouse would be told again once it is drawn
    shown.page.wait_for_timeout(1000)
    tensor.select_option("head.linear.weight")
    shown.see(values, "layout.annotations[0].text.includes('nothing')")
    strategy.select_option("narrow")
    shown.see(atlas, "data.some(t => t.name === 'projected' && t.showlegend)")
    shown.look(atlas, "03_narrow", "end")


def look_at_the_trap(shown: Lab, plots: Locator) -> None:
    shown.see(plots.nth(LSTM), "data.some(t => t.name === 'widened' && t.showlegend)")
    trap = plots.nth(ZIPPED)
    shown.see(trap, f"data[{TARGET}].marker.color.filter(c => c === '#D55E00').length === 25")
    shown.page.get_by_text("the wrong twin").first.wait_for()
    shown.look(trap, "03_zipped", "end")
    loss = plots.nth(BARS).evaluate("plot => Array.from(plot._fullData[0].x)")
    assert loss[0] < loss[1] < 0.6731 < min(loss[2:])  # about log 2, what a guess pays
    shown.look(plots.nth(BARS), "03_loss", "end")


def freeze_and_train(shown: Lab, plot: Locator) -> None:
    shown.see(plot, "data[2].x.length === 2")  # the lesson has trained all, and the head alone
    paces = plot.evaluate("plot => Array.from(plot._fullData[7].x)")
    assert len(paces) == 2 and min(paces) > 0  # which is less, a busy machine may hide
    shown.page.get_by_role("button", name="block 5").click()
    shown.page.get_by_text("1,775,234 of 22,566,146").wait_for()
    # By its text: the icon before it is, or is not, a part of the name that is read out.
    train = shown.page.locator("button", has_text=re.compile(r"^\s*Train\s*$"))
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    shown.page.get_by_text(re.compile(r"Training\. ")).wait_for()
    shown.see(plot, "data[2].x.length === 3 && data[8].x[2] === 1775234", seconds=120)
    expect(train).to_be_enabled()
    shown.look(plot, "03_freeze", "end")
    shown.page.get_by_role("button", name="Train all").click()
    train.click()
    shown.page.get_by_text(re.compile(r"Training\. ")).wait_for()
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped early, without scores").wait_for()
    shown.see(plot, "data[2].x.length === 3")
    shown.page.get_by_role("button", name="Freeze all").click()
    shown.page.get_by_text("770 of 22,566,146").wait_for()
    shown.page.get_by_role("button", name="Replay").click()
    shown.page.get_by_text("Replayed, not trained now").wait_for()
    shown.see(plot, "data[2].x.length === 4 && data[2].marker.pattern.shape[3] === '/'")
    shown.look(plot, "03_replayed", "end")
