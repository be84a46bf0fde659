"""Live figures without a browser: what they tell a page, and what they answer."""

import json
import re

import ipywidgets
import plotly.graph_objects as go
import pytest

from kit.widgets.base import plotly_widget
from kit.widgets.base.plotly_widget import SCRIPT, LiveFigure, library
from kit.widgets.base.static import static
from kit.widgets.base.still_picture import UNDRAWN, image, page_keeps_pictures
from kit.widgets.base.style import live


@pytest.fixture
def figure() -> LiveFigure:
    return live(go.Figure(go.Bar(x=["a", "b"], y=[1, 2])))


@pytest.fixture
def answers(figure, monkeypatch: pytest.MonkeyPatch) -> list:
    sent = []
    monkeypatch.setattr(figure, "send", sent.append, raising=False)
    monkeypatch.setattr(figure, "send_state", lambda key: sent.append(key), raising=False)
    monkeypatch.setattr(LiveFigure, "_sent_library_at", -plotly_widget.PAUSE)
    return sent


def test_a_page_hears_of_a_figure_once_it_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(go.FigureWidget, "open", lambda figure: opened.append(figure.get_state()))
    shown = live(go.Figure(go.Bar(y=[1, 2]), {"title": {"text": "bars"}}))
    (state,) = opened
    assert [trace["y"] for trace in state["_widget_data"]] == [[1, 2]]
    assert state["_widget_layout"]["title"] == {"text": "bars"}
    assert state["_own_id"] == shown._model_id
    assert state["_library_holder"] == library().model_id


def test_the_state_is_that_of_now(figure) -> None:
    with figure.batch_update():
        figure.data[0].y = [3, 4]
        figure.layout.title.text = "changed"
    figure.add_traces(go.Scatter(y=[5]))
    state = figure.get_state()
    assert [trace["y"] for trace in state["_widget_data"]] == [[3, 4], [5]]
    assert state["_widget_layout"]["title"]["text"] == "changed"


def test_a_further_figure_costs_little_and_shares_the_library(figure) -> None:
    other = live(go.Figure(go.Bar(y=[1])))
    assert other._library_holder == figure._library_holder
    assert len(json.dumps(other.get_state())) < 25_000
    assert len(library().code) < 2_500_000


def test_a_closed_library_is_replaced(figure) -> None:
    library().close()
    assert live(go.Figure())._library_holder == library().model_id != figure._library_holder


def test_a_page_that_asks_often_gets_the_library_once(figure, answers) -> None:
    for _ in range(3):
        figure._handle_custom_msg({"kind": "library"}, [])
    assert answers == [{"library": library().code}]


def test_a_page_that_lost_messages_gets_the_whole_state(figure, answers) -> None:
    figure.data[0].y = [3, 4]
    answers.clear()
    figure._handle_custom_msg({"kind": "edits"}, [])
    figure._handle_custom_msg({"kind": "state"}, [])
    edits, state, drawn_again = answers
    assert edits == {"edits": [1, 1, 1]}
    assert {"_widget_data", "_widget_layout", "_last_trace_edit_id"} <= {*state}
    assert drawn_again == "_times_sent"


def test_a_still_picture_is_what_the_page_last_sent(figure) -> None:
    column = ipywidgets.VBox([ipywidgets.HTML("<b>text</b>"), figure])
    assert UNDRAWN in static(column, draw=image)
    figure._handle_custom_msg({"kind": "picture", "picture": "data:image/webp;base64,AA=="}, [])
    still = static(column, draw=image)
    assert "<b>text</b>" in still and 'src="data:image/webp;base64,AA=="' in still
    assert "script" not in still and not page_keeps_pictures()


def test_where_plotly_has_another_widget_that_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plotly5(go.Figure):
        pass

    monkeypatch.setattr(go, "FigureWidget", Plotly5)
    assert type(live(go.Figure())) is Plotly5


def test_the_script_stands_alone() -> None:
    """VS Code and Colab run it from a blob, where a relative address and other hosts fail."""
    names = re.sub(r'const SVG = "[^"]*"', "", SCRIPT)  # the name of a language, not an address
    assert not re.search(r"https?://|\bfetch\(|\bfrom [\"']|import [\"']|XMLHttpRequest", names)
    assert re.findall(r"import\((\w+)\)", SCRIPT) == ["address"]
    assert library()._model_module == "@jupyter-widgets/base"
    assert library()._model_name == "WidgetModel"
