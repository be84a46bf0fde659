"""Live figures in a real browser: one copy of plotly's code a page; what is lost comes again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import NOTEBOOK, Lab, lab
from playwright.sync_api import Locator, expect
from test_browser import write

MAKE = """
import plotly.graph_objects as go
from IPython.display import display
from ipywidgets import HTML, VBox
from kit.widgets.base.style import live

news = HTML("nothing")
figures = [live(go.Figure(go.Bar(x=["a", "b"], y=[i + 1, 2]))) for i in range(4)]
figures[0].data[0].on_click(lambda trace, points, state: setattr(news, "value", f"{points.xs}"))
figures[0].data[0].on_hover(lambda trace, points, state: setattr(news, "value", "hover"))
figures[0].layout.on_change(lambda layout, span: setattr(news, "value", "drag"), "xaxis.range")
VBox([news, *figures[:2]])
"""
# The page has heard of these figures and not yet of the library.
CHANGE = """
with figures[1].batch_update():
    figures[1].data[0].y = [7, 8]
    figures[1].layout.title.text = "changed"
figures[1].add_traces(go.Scatter(y=[3]))
figures[2]
"""
# What is sent without a comm does not arrive.
LOSE = """
comm, figures[3].comm = figures[3].comm, None
figures[3].data[0].y = [5, 6]
figures[3].add_scatter(y=[1])
figures[3].comm = comm
figures[3]
"""
OTHER = """
import plotly.graph_objects as go
from kit.widgets.base.style import live
live(go.Figure(go.Bar(y=[1, 2, 3])))
"""
CLOSE = """
from kit.widgets.base.plotly_widget import library

library().close()
figures[1].data[0].y = [9, 9]
"""
# As on a slow machine: anywidget gives up on a module that has not come after two seconds.
IMPATIENT = """
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = time => timeout(time === 2000 ? 0 : time);
"""
DROPPED = "Failed to initialize model"
STILL = "[id^=kit-still-] img"
COPIES = "Object.keys(globalThis.lmTransferKitPlotly).length"


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Lab]:
    write(tmp_path / "figures.ipynb", MAKE, CHANGE, LOSE)
    write(tmp_path / "other.ipynb", OTHER)
    write(tmp_path / "closed.ipynb", MAKE, LOSE, CLOSE)
    with lab(tmp_path) as page:
        yield page


def plots(shown: Lab) -> list[Locator]:
    plot = shown.page.locator(".jp-OutputArea:visible .js-plotly-plot")
    plot.first.wait_for()
    return plot.all()


def test_figures_share_one_copy_and_none_is_left_behind(shown: Lab) -> None:
    shown.open("figures.ipynb")
    shown.run_all(seconds=200)
    shown.page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 4")
    first, second, third, fourth = plots(shown)
    shown.see(first, "data[0].y[0] === 1")
    shown.see(second, "data.length === 2 && data[0].y[1] === 8 && layout.title.text === 'changed'")
    shown.see(third, "data[0].y[0] === 3")
    shown.see(fourth, "data.length === 2 && data[0].y[0] === 5")
    assert shown.page.evaluate(COPIES) == 1
    events_reach_python(shown, first)
    shown.picture("live_figures")
    assert shown.received < 3_000_000, shown.received

    before = shown.received
    path = f"{shown.below}other.ipynb"
    shown.page.evaluate(f"jupyterapp.commands.execute('docmanager:open', {{path: '{path}'}})")
    shown.page.wait_for_function(f"jupyterapp.shell.currentWidget.context.path === '{path}'")
    shown.wait_for_kernel()
    shown.run_all(seconds=200)
    shown.see(plots(shown)[-1], "data[0].y[2] === 3")
    assert shown.page.evaluate(COPIES) == 1
    assert shown.received - before < 3_000_000
    a_reopened_notebook_shows_still_pictures(shown)


def test_what_a_slow_page_lost_is_asked_for_again(shown: Lab) -> None:
    shown.page.add_init_script(IMPATIENT)
    shown.open("closed.ipynb")
    shown.run_all(seconds=200)
    shown.page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 3")
    all_are_current(shown)
    assert shown.page.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => true)")
    shown.page.reload()
    shown.wait_for_kernel()
    shown.page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 3")
    all_are_current(shown)
    assert all(DROPPED in error for error in shown.errors)
    shown.errors.clear()


def a_reopened_notebook_shows_still_pictures(shown: Lab) -> None:
    page, saved = shown.page, "jupyterapp.shell.currentWidget.context"
    page.wait_for_function(f"JSON.stringify({saved}.model).includes('data:image/')", polling=500)
    assert page.locator(STILL).count() == 0  # beside a living widget it is not there
    page.evaluate(f"{saved}.save().then(() => {saved}.sessionContext.shutdown()).then(() => true)")
    page.reload()
    picture = page.locator(STILL)
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 700
    expect(page.get_by_text("model not found")).to_be_hidden()
    assert len(page.evaluate(NOTEBOOK)) < 100_000
    shown.picture("still_picture")


def all_are_current(shown: Lab) -> None:
    first, second, fourth = plots(shown)
    shown.see(first, "data[0].y[0] === 1")
    shown.see(second, "data[0].y[0] === 9")
    shown.see(fourth, "data.length === 2 && data[0].y[0] === 5")


def events_reach_python(shown: Lab, plot: Locator) -> None:
    bar = plot.locator(".point").nth(1).bounding_box()
    middle = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
    shown.page.mouse.move(*middle)
    shown.page.get_by_text("hover", exact=True).wait_for()
    shown.page.mouse.click(*middle)
    shown.page.get_by_text("['b']").wait_for()
    shown.page.mouse.move(bar["x"] + 10, middle[1])
    shown.page.mouse.down()
    shown.page.mouse.move(bar["x"] + 90, middle[1] + 5, steps=5)
    shown.page.mouse.up()
    shown.page.get_by_text("drag", exact=True).wait_for()
