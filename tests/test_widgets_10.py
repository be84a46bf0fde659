"""Lesson 10's widgets without a browser: the exchange of labels, and when to stop."""

import math

import pytest

from kit.audit.learning_curves import Curve, worth
from kit.errors import KitError
from kit.results import learning_curves as recorded
from kit.widgets.labels import label_exchange_figure, learning_curves_figure
from kit.widgets.labels.label_exchange import LabelExchange, steps
from kit.widgets.labels.when_to_stop import WhenToStop

ONE, OTHER, SPREAD, WAY, DOTS = range(5)
"""Traces of the exchange."""


@pytest.fixture(scope="module")
def curves() -> dict[str, dict[str, Curve]]:
    return {
        task: {name: Curve.from_scores(name, scores) for name, scores in own.items()}
        for task, own in recorded.recorded().items()
    }


@pytest.fixture(scope="module")
def exchange(curves) -> LabelExchange:
    return LabelExchange(curves, recorded.PAIRS, scores=recorded.SCORES, units=recorded.UNITS)


def test_the_slider_moves_the_dot_on_the_other_curve(exchange: LabelExchange, curves) -> None:
    exchange.task.value = "films"
    one, other = (curves["films"][name] for name in recorded.PAIRS["films"])
    for labels in (50, 100, 200):
        exchange.slider.value = labels
        dots, value = exchange.figure.data[DOTS], worth(one, other, labels)
        assert dots.x == (labels, value.equal) and dots.y[0] == dots.y[1] == 100 * value.score
        assert dots.x[1] / dots.x[0] > 25
        assert exchange.figure.data[SPREAD].x == (value.low, value.high)
        assert value.text(value.equal) in exchange.headline.value


def test_beyond_what_was_measured_no_number_is_shown(exchange: LabelExchange) -> None:
    exchange.task.value = "films"
    exchange.slider.value = 400
    assert "more than 8,066" in exchange.headline.value
    assert "beyond what was measured" in exchange.headline.value and "×" not in (
        exchange.headline.value
    )
    dots = exchange.figure.data[DOTS]
    assert 8066 < dots.x[1] < 10 ** exchange.figure.layout.xaxis.range[1]
    assert dots.marker.symbol[1] == "triangle-right"
    exchange.slider.value = 0
    assert dots.x[0] < 50 and "2,000" in exchange.headline.value


def test_task_and_curves_can_be_chosen(exchange: LabelExchange, curves) -> None:
    for task, (one, other) in recorded.PAIRS.items():
        exchange.task.value = task
        assert (exchange.one.value, exchange.other.value) == (one, other)
        assert recorded.SCORES[task] in exchange.figure.layout.yaxis.title.text
        assert exchange.figure.data[ONE].name == one and exchange.figure.data[OTHER].name == other
        places = [place for _, place in exchange.slider.options]
        assert set(curves[task][one].scores) <= set(places) and exchange.slider.value in places
    exchange.task.value = "films"
    exchange.one.value, exchange.other.value = "head on MiniLM", "TF-IDF + LR"
    exchange.slider.value = 8066
    assert exchange.scene().worth.ratio < 0.6
    with pytest.raises(KitError, match="'magic'"):
        LabelExchange(curves, {"films": ("magic", "from scratch")}, scores={}, units={})


def test_every_place_of_the_slider_can_be_exchanged(exchange: LabelExchange, curves) -> None:
    for task, own in curves.items():
        for curve in own.values():
            places = steps(curve)
            assert places == sorted(set(places)) and places[-1] == curve.largest, task
    exchange.task.value = "films"
    for _, labels in exchange.slider.options[::7]:
        exchange.slider.value = labels
        shown = label_exchange_figure.traces(exchange.scene())[DOTS]
        assert all(math.isfinite(x) for x in shown["x"])


def test_when_to_stop_weighs_the_readers_money() -> None:
    names = ("head on MiniLM", "TF-IDF + LR", "head on the small Transformer")
    curves = {name: Curve.from_answers(name, recorded.answers()[name]) for name in names}
    stop = WhenToStop(curves, label_cost=0.1, point_value=50, labels=400)
    assert "Uncertain" in stop.verdict.value and "cost 40" in stop.verdict.value
    assert stop.figure.data[1].x[-1] == 400 and stop.figure.data[2].x[0] == 800
    assert stop.scene().ahead.labels == 800
    stop.value.value = 5000.0
    assert "Label more" in stop.verdict.value
    stop.value.value = 0.5
    assert "Stop" in stop.verdict.value
    stop.cost.value = 0.0
    assert "label_cost=0.0" in stop.verdict.value, "said inside the widget"
    stop.cost.value, stop.value.value = 0.1, 50.0
    stop.labels.value = 8066
    assert not stop.figure.data[2].x and stop.figure.data[3].x[1] == 16_132
    stop.curve.value = "TF-IDF + LR"
    assert stop.labels.value == 8066
    others = {trial.curve for trial in stop.trials if trial.curve != "TF-IDF + LR"}
    assert others == set(names) - {"TF-IDF + LR"}


def test_the_figure_of_all_tasks_has_a_panel_each(curves) -> None:
    panels = {
        task: [
            (kind, curves[task][name])
            for kind, name in zip(("full", "from_scratch"), pair, strict=True)
        ]
        for task, pair in recorded.PAIRS.items()
    }
    shown = learning_curves_figure.figure(panels, recorded.SCORES, recorded.UNITS)
    assert len(shown.data) == 8
    assert [t.name for t in shown.data if t.showlegend] == ["with a source", "from scratch"]
    films = curves["films"][recorded.PAIRS["films"][0]]
    assert list(shown.data[0].x) == films.budgets, "0 has no place on a logarithmic axis"
