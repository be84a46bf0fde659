"""Lesson 05 in a real browser: it runs, and what is chosen, clicked and pressed answers."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "05_migrate_both.ipynb"
RING, PARAMETER, STRUCTURE, MIXED, STARS = range(5)
"""The figure's traces."""


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(1)
        plot = plots.first
        shown.see(plot, f"data[{STARS}].x.length === 2")  # the lesson has trained two
        shown.look(plot, "05_strategies")
        click_on_a_point(shown, plot)
        choose(shown, plot)
        train_and_stop(shown, plot)


def click_on_a_point(shown: Lab, plot: Locator) -> None:
    names = plot.evaluate(f"plot => plot._fullData[{MIXED}].customdata.map(row => row[0])")
    points = plot.locator(".scatterlayer .trace").nth(MIXED).locator(".points path")
    box = points.nth(names.index("lora")).bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.wait_for_timeout(300)
    shown.page.mouse.down()
    shown.page.mouse.up()
    shown.page.get_by_text("lora, recorded: ").wait_for()
    shown.page.get_by_text("rnn_encoder → lora").wait_for()
    shown.see(plot, f"data[{RING}].x[0] === data[{MIXED}].x[{names.index('lora')}]")
    shown.page.get_by_text("tensors: where each came from").last.click()
    shown.look(plot, "05_report")


def choose(shown: Lab, plot: Locator) -> None:
    source, budget, _ = (shown.page.locator(".jp-OutputArea select").nth(i) for i in range(3))
    shown.page.get_by_role("button", name="peak memory, MB").click()
    shown.see(plot, f"layout.xaxis.title.text.includes('MB') && !data[{STARS}].x.length")
    shown.look(plot, "05_memory")
    shown.page.get_by_role("button", name="seconds of training").click()
    shown.see(plot, f"data[{STARS}].x.length === 2")
    shown.look(plot, "05_seconds")
    source.select_option("minilm")
    shown.see(plot, "data.some(t => t.customdata?.some(row => row[1] > 20))")
    shown.look(plot, "05_minilm")
    source.select_option("rnn_encoder")
    budget.select_option("400")
    shown.see(plot, f"!data[{STARS}].x.length")
    budget.select_option("100")
    shown.see(plot, f"data[{STARS}].x.length === 2")


def train_and_stop(shown: Lab, plot: Locator) -> None:
    strategy = shown.page.locator(".jp-OutputArea select").nth(2)
    strategy.select_option("frozen")
    shown.page.get_by_text("frozen, recorded: ").wait_for()
    train = shown.page.get_by_role("button", name="Train it now")
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    shown.see(plot, f"data[{STARS}].x.length === 3", seconds=120)
    expect(train).to_be_enabled()
    shown.look(plot, "05_live")
    train.click()
    shown.page.get_by_text(", update ").wait_for()
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped: nothing joins the figure").wait_for()
    shown.see(plot, f"data[{STARS}].x.length === 3")
