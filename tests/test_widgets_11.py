"""Lesson 11's widget without a browser: estimates beside what fine-tuning gave."""

import numpy as np
import pytest

from kit.audit.transferability import Estimate
from kit.errors import KitError
from kit.metrics import agreement
from kit.results import transferability as recorded
from kit.widgets.transferability.source_scatter import DEPTHS, POOLS, SourceScatter

TRAINED, FRESH = 0, 1
"""Traces."""


@pytest.fixture(scope="module")
def scatter() -> SourceScatter:
    estimates = [Estimate(**fields) for fields in recorded.estimates()]
    return SourceScatter(estimates, recorded.tuned(), measures=recorded.TASKS)


def test_every_choice_shows_the_tau_of_what_is_shown(scatter: SourceScatter) -> None:
    for task in recorded.TASKS:
        scatter.task.value = task
        for depth in DEPTHS:
            scatter.depth.value = depth
            shown = scatter.scene()
            tau = agreement(shown.estimates, shown.scores, draws=10).tau
            assert f"tau = {tau:+.2f}" in scatter.headline.value
            own, fresh = scatter.figure.data
            assert len(own.x) + len(fresh.x) == shown.agreement.sources
            for name, y in zip(own.text, own.y, strict=True):
                assert y == pytest.approx(100 * np.mean(recorded.tuned()[task][name]))
            assert recorded.TASKS[task] in scatter.figure.layout.yaxis.title.text


def points(scatter: SourceScatter) -> dict[str, float]:
    own = scatter.figure.data[TRAINED]
    return dict(zip(own.text, own.x, strict=True))


def test_layer_pooling_and_estimator_move_the_points(scatter: SourceScatter) -> None:
    scatter.task.value, scatter.depth.value = "films", "the last layer"
    before = points(scatter)
    scatter.pool.value = POOLS["last token"]
    after = points(scatter)
    assert before["MiniLM"] == after["MiniLM"], "an encoder has the mean alone"
    assert before["SmolLM2"] != after["SmolLM2"]
    scatter.pool.value = POOLS["mean"]
    scatter.depth.value = "embeddings"
    assert "layer 0 of 6, mean" in scatter.figure.data[TRAINED].customdata
    scatter.estimator.value = "LogME"
    assert scatter.figure.layout.xaxis.title.text.startswith("LogME")
    assert max(scatter.figure.data[TRAINED].x) < 0


def test_fresh_values_can_be_left_out(scatter: SourceScatter) -> None:
    scatter.fresh.value = False
    assert len(scatter.figure.data[FRESH].x) == 0 and len(scatter.figure.data[TRAINED].x) > 3
    scatter.fresh.value = True
    assert len(scatter.figure.data[FRESH].x) == 3


def test_what_it_cannot_show_is_refused_by_name(scatter: SourceScatter) -> None:
    with pytest.raises(KitError, match="estimator='magic' has no estimates"):
        SourceScatter(scatter.estimates, {}, measures=recorded.TASKS, estimator="magic")
    with pytest.raises(KitError, match="the task 'speech' has no estimates"):
        SourceScatter(scatter.estimates, {}, measures={"speech": "accuracy"})
    few = [e for e in scatter.estimates if e.source in ("MiniLM", "SmolLM2")]
    with pytest.raises(KitError, match="2 sources have both"):
        SourceScatter(few, scatter.scores, measures={"films": "accuracy"})
