"""Lesson 16's widgets without a browser: the ring, the prediction, the memory."""

import pytest

from kit.errors import KitError
from kit.tasks import sentiment
from kit.widgets import Ring, SpeedUp, TrainingMemory
from kit.widgets.processes.speed_up_figure import Scene, message, traces


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [r for r in sentiment.load()["train"].to_list() if len(r["text"].split()) == 20][:32]


def test_the_ring_counts_what_is_sent() -> None:
    ring = Ring(processes=4, size=100.0)
    assert "cut into parts" in ring.said.value
    ring.step.value = 3
    assert "adds it" in ring.said.value and "3 × 25.0 MB = 75.0 MB" in ring.said.value
    ring.step.value = 6
    assert "keeps it" in ring.said.value and ring.picture.value.count("whole sum") >= 16
    ring.processes.value = 2
    assert ring.step.value == 2 and "2 × 50.0 MB = 100.0 MB" in ring.said.value


def test_it_predicts_before_it_measures_and_the_losses_agree(rows) -> None:
    shown = SpeedUp(rows, batch=24)
    shown.guess.value = 1.5
    seen = []
    shown.said.observe(lambda change: seen.append(change["new"]), "value")
    shown.start().wait()
    assert "Done" in shown.status.value, shown.status.value
    predicted = next(i for i, text in enumerate(seen) if "Predicted" in text)
    assert "Measured" not in seen[predicted] and "Measured" in seen[-1]
    scene = shown.scene
    assert min(scene.one, scene.share, scene.sums, scene.measured) > 0
    assert scene.apart < 1e-4 and "You said 1.50" in shown.said.value
    assert shown.figure.data[3].x[2] == pytest.approx(1000 * scene.measured)
    shown.choose("lora")  # another choice: nothing is measured for it
    assert shown.scene == Scene(2, 1.5) and "Measured" not in shown.said.value


def test_stop_ends_the_processes_and_says_so(rows) -> None:
    shown = SpeedUp(rows, batch=24)
    shown.job.start()
    shown.job.stop()
    shown.wait()
    assert "Stopped" in shown.status.value and shown.scene.measured is None
    assert not shown.job.button.disabled


def test_what_cannot_be_shown_is_refused(rows) -> None:
    with pytest.raises(KitError, match="no rows"):
        SpeedUp([])
    with pytest.raises(KitError, match="none of full"):
        SpeedUp(rows).choose("deepen")
    with pytest.raises(KitError, match="is unknown"):
        SpeedUp(rows, source="minilm_large")
    with pytest.raises(KitError, match="24, 48, 96"):
        SpeedUp(rows, batch=32)


def test_nothing_is_drawn_that_is_not_known() -> None:
    assert message(Scene(2, 1.0)) == message(Scene(2, 1.0, one=0.2)) == ""
    assert all(x == 0 for trace in traces(Scene(3, 1.0)) for x in trace["x"])
    known = Scene(2, 1.0, one=0.2, share=0.1, sums=0.02)
    assert message(known) == "Predicted: <b>1.67 times</b> as fast as one process. "


def test_the_memory_of_a_training() -> None:
    shown = TrainingMemory()
    assert "0.361 GB</b>, which fits" in shown.said.value
    shown.model.value, shown.card.value = "Llama 2 70B", "GPU, 80 GB"
    shown.processes.value = 8
    assert "138 GB</b> in each, which does not fit" in shown.said.value
    shown.processes.value = 16
    assert "69 GB</b> in each, which fits" in shown.said.value
    shown.way.value = "lora"
    assert "279 GB</b>, which does not fit" in shown.said.value
    assert shown.figure.data[3].name == "GPU, 80 GB"
