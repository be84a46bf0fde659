"""Lesson 01's widgets without a browser: curves, surfaces and walks against formulas by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import KitError
from kit.train.loss_curves import cost
from kit.train.loss_surface import Surface, Walker, mentions
from kit.widgets.base.static import DEAD, mime_bundle
from kit.widgets.loss import loss_curves_figure
from kit.widgets.loss.descent import Descent, news
from kit.widgets.loss.descent_figure import UPDATES, Land, traces
from kit.widgets.loss.loss_curves import LossCurves
from kit.widgets.loss.loss_curves_figure import verdict

LOSSES = ("cross_entropy", "squared_error")
START = (1.5, 1.0)


@pytest.fixture(scope="module")
def rows(films) -> list[dict]:
    return list(films["train"])


@pytest.fixture(scope="module")
def surfaces(rows) -> dict[str, Surface]:
    return {loss: Surface.of(rows, ("and", "bad"), loss) for loss in LOSSES}


def test_where_no_widget_lives_there_is_a_still_picture() -> None:
    shown = mime_bundle(LossCurves().view)
    assert next(iter(shown)) == "application/vnd.jupyter.widget-view+json"
    assert DEAD in shown["text/html"] and "Plotly.newPlot" in shown["text/html"]
    assert "cross-entropy" in shown["text/html"]


@given(st.floats(-3, 4))
def test_what_an_answer_costs(answer: float) -> None:
    p = 1 / (1 + math.exp(-answer))
    found = [cost("cross_entropy", [answer])]
    found += [cost("squared_error", [answer], of) for of in ("answer", "probability")]
    by_hand = [(-math.log(p), p - 1), ((1 - answer) ** 2, -2 * (1 - answer))]
    by_hand += [((1 - p) ** 2, -2 * (1 - p) * p * (1 - p))]
    np.testing.assert_allclose(np.array(found)[..., 0], by_hand, atol=1e-4)


def test_tangents_touch_their_curves_with_their_slope() -> None:
    _, tangent, point, _, slope, *_ = loss_curves_figure.traces(-1.5)
    (x, x2), (y, y2) = tangent["x"], tangent["y"]
    assert (y2 - y) / (x2 - x) == pytest.approx(slope["y"][0])
    assert (y + y2) / 2 == pytest.approx(point["y"][0])


def test_the_words_beside_the_curves_follow_the_slider() -> None:
    shown = LossCurves(answer=1.0)
    assert "0.31" in shown.words.value and "right" in shown.words.value
    shown.answer.value = -2.0
    assert shown.words.value == verdict(-2.0) and "2.13" in verdict(-2.0)
    shown.of.value = "probability"
    assert shown.figure.layout.yaxis.range[1] < 4 and "0.78" in shown.words.value


def test_what_is_unknown_is_named(rows) -> None:
    with pytest.raises(KitError, match="'zyzzyva' is in 0 sentences"):
        mentions(rows, ("and", "zyzzyva"))
    with pytest.raises(KitError, match="hinge"):
        Surface.of(rows, ("and", "bad"), "hinge")
    with pytest.raises(KitError, match="two different"):
        Surface.of(rows, ("and", "bad", "dull"))
    films = [{"text": "a fine film", "label": 1, "rating": 2.0}] * 5
    with pytest.raises(KitError, match="every sentence with 'fine' has the same label"):
        Surface.of(films, ("fine", "film"))
    with pytest.raises(KitError, match="Adagrad"):
        Walker(Surface.of(rows, ("and", "bad")), "Adagrad", 0.1, start=START)
    with pytest.raises(KitError, match="median"):
        cost("squared_error", [0.0], "median")
    with pytest.raises(KitError, match="loss 'absolute' is unknown"):
        cost("absolute", [0.0])


def test_the_surface_is_the_loss_by_hand(rows, surfaces) -> None:
    has = np.array([["and" in r["text"].lower().split(), 0] for r in rows], dtype=bool)
    X = surfaces["cross_entropy"].X.numpy()
    assert (X[has[:, 0], 0] == 1).all()
    z = X @ np.array([0.7, -1.1])
    label, rating = (np.array([row[c] for row in rows]) for c in ("label", "rating"))
    by_hand = {
        "cross_entropy": (np.logaddexp(0, z) - label * z).mean(),
        "squared_error": ((z - rating) ** 2).mean(),
    }
    for loss, value in by_hand.items():
        assert float(surfaces[loss].mean(torch.tensor([0.7, -1.1]))) == pytest.approx(value, 1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_nowhere_is_lower_than_the_minimum(loss: str, surfaces) -> None:
    surface = surfaces[loss]
    theta, curvature = surface.minimum()
    at = theta.clone().requires_grad_()
    surface.mean(at).backward()
    assert at.grad.abs().max() < 1e-5 and (curvature > 0).all()
    grid = surface.grid(np.linspace(-2, 2, 5), np.linspace(-3, 1, 5))
    assert grid.shape == (5, 5) and grid.min() > float(surface.mean(theta))


def test_a_rate_settles_below_two_by_curvature_and_never_above(surfaces) -> None:
    surface = surfaces["squared_error"]  # a true bowl: the law is exact
    limit = 2 / float(surface.minimum()[1].max())
    below, above = (Walker(surface, "SGD", limit * f, start=START) for f in (0.97, 1.03))
    for _ in range(60):
        below.step(), above.step()
    assert below.means[-1] < below.means[0] and above.means[-1] > above.means[0]


def test_a_step_of_sgd_and_the_first_of_adamw_by_hand(surfaces) -> None:
    theta = torch.tensor(START, requires_grad=True)
    surfaces["cross_entropy"].mean(theta).backward()
    sgd, adamw = (
        Walker(surfaces["cross_entropy"], method, 0.5, start=START).step()
        for method in ("SGD", "AdamW")
    )
    by_hand = (theta - 0.5 * theta.grad).tolist()
    assert sgd.path[-1] == pytest.approx(by_hand) and sgd.gradient == theta.grad.tolist()
    by_hand = (theta * (1 - 0.5 * 0.01) - 0.5 * theta.grad.sign()).tolist()
    assert adamw.path[-1] == pytest.approx(by_hand, abs=1e-4)


def test_the_same_seed_walks_the_same_way(surfaces) -> None:
    def path(seed: int) -> list:
        walker = Walker(surfaces["cross_entropy"], "AdamW", 0.1, start=START, batch=16, seed=seed)
        return [walker.step().path[-1] for _ in range(5)]

    assert path(1) == path(1) != path(2)


def test_who_has_left_for_good_stays_away_and_is_told_why(surfaces) -> None:
    land = Land(surfaces["squared_error"])
    walker = Walker(land.surface, "SGD", 20.0, start=START)
    for _ in range(100):
        walker.step()
    assert walker.gone and len(walker.path) < 20
    assert "SGD diverged" in news(land, {"SGD": walker}) and "2/λ = 2.1" in news(
        land, {"SGD": walker}
    )
    finite = [t for t in traces(land, {"SGD": walker})[2:] if np.isfinite(t["y"]).all()]
    assert len(finite) == 4


def test_the_arrow_ends_where_the_next_step_does(surfaces) -> None:
    land = Land(surfaces["cross_entropy"])
    walker = Walker(land.surface, "AdamW", 0.1, start=START, batch=16)
    arrow = traces(land, {"AdamW": walker})[3]
    assert len(walker.path) == 1, "looking ahead moves nobody"
    assert [arrow["x"][1], arrow["y"][1]] == walker.step().path[-1]


def test_every_control_of_a_descent(rows) -> None:
    shown = Descent(rows, ("and", "dull"), ("SGD", "AdamW"), batch=64)
    shown.run().run().wait()
    assert {len(w.path) for w in shown.walkers.values()} == {UPDATES + 1}
    assert "After 100 updates" in shown.status.value and not shown.job.button.disabled
    shown.rates["AdamW"].value = 0.5
    assert shown.step().walkers["AdamW"].rate == 0.5
    shown.loss.value = "squared_error"
    assert shown.walkers["SGD"].surface.loss == "squared_error"
    assert len(shown.walkers["SGD"].path) == 1 and shown.figure.layout.yaxis2.range[1] == 3
    shown.batch.value = 0
    assert shown.walkers["SGD"].batch is None
    shown.step().reset()
    assert len(shown.walkers["SGD"].path) == 1
    shown.begins[0].value = -1.5
    assert shown.walkers["SGD"].path[0][0] == -1.5 and shown.start[1] == shown.land.start[1]
