"""The figures of lesson 00, without a browser."""

import pytest

from kit.results import load, see_it_work
from kit.train import Run
from kit.widgets.labels import label_curves_figure, side_by_side_figure
from kit.widgets.labels.side_by_side_figure import Scene


@pytest.mark.parametrize("labels", see_it_work.summary())
def test_a_figure_is_a_pure_function_of_its_scene(labels):
    scene = Scene(labels, see_it_work.summary()[labels])
    empty = side_by_side_figure.figure(scene)
    assert f"{labels:,} labels" in empty.to_json()
    scene.runs["full"] = Run(steps=[{"step": 1, "seconds": 0.5, "loss": 0.7}])
    scene.tested["full"] = 0.8
    drawn = side_by_side_figure.figure(scene)
    assert [t.name for t in drawn.data] == [t.name for t in empty.data]
    assert not drawn.data[1].x  # no accuracy was measured yet, so none is drawn
    assert drawn.data[0].y == (0.7,) and "<b>80</b>" in drawn.data[-2].text
    assert side_by_side_figure.figure(scene).to_json() == drawn.to_json()  # nan is not nan


def test_a_curve_of_many_updates_is_drawn_with_few_points():
    steps = [{"step": i + 1, "loss": float(i % 2)} for i in range(1000)]
    x, y = side_by_side_figure.smooth(steps)
    assert len(x) == len(y) == 40 and x[-1] == 1000
    assert all(abs(mean - 0.5) < 0.05 for mean in y)


def test_the_recorded_figure_shows_every_row_and_the_stars():
    results = load("see_it_work")
    star = {"labels": 50, "strategy": "full", "accuracy": 0.61}
    drawn = label_curves_figure.figure(results, [star])
    assert drawn.data[-1].y == (61.0,)
    assert list(drawn.data[0].x) == label_curves_figure.place(
        sorted({row["labels"] for row in results["rows"]})
    )


def test_what_is_typed_is_shown_and_never_run():
    shown = side_by_side_figure.opinions("<script>alert(1)</script>" * 99, {"full": 0.9})
    assert "<script>" not in shown and len(shown) < 2500
