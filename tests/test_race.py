"""What learns in turn: a recording outlives the kernel, and a replay says that it is one."""

import os
import time
from pathlib import Path

import pytest

from kit import sources
from kit.errors import KitError
from kit.results import load, see_it_work
from kit.tasks import sentiment
from kit.train import Run
from kit.widgets.base import race as race_module
from kit.widgets.labels import side_by_side_figure
from kit.widgets.labels.side_by_side import SideBySide


@pytest.fixture(scope="module")
def source():
    return sources.load("rnn_encoder")


@pytest.fixture
def race(source, data, tmp_path, monkeypatch):
    """Makes the widget with a folder of its own for recordings, and a short replay."""
    monkeypatch.setattr(race_module, "own_recording", lambda setting: tmp_path / f"{setting}.json")
    monkeypatch.setattr(race_module, "PLAY", 0.4)
    films = sentiment.load()
    few = films | {"test": films["test"].select(range(40))}
    return lambda: SideBySide(source, few, see_it_work.summary(), labels=50)


def test_a_run_is_cut_and_shortened() -> None:
    steps = [{"step": i + 1, "seconds": 0.5 * (i + 1), "loss": float(i)} for i in range(100)]
    run = Run("x", steps=steps, evaluations=[{"step": 60, "seconds": 30.0, "score": 1}], spent=1.0)
    half = run.until(0.5)
    assert (half.updates, half.seconds, half.spent, half.evaluations) == (50, 25.0, 0.5, [])
    assert run.until(2.0).steps == steps and run.until(2.0).spent == 1.0 and not run.until(0).steps
    short = run.brief(40)
    assert len(short.steps) == 34 and (short.updates, short.seconds) == (100, 50.0)
    assert short.steps[0] == {"step": 3, "seconds": 1.5, "loss": 1.0}
    assert Run().brief() == Run() == Run().until(0.5)


def test_what_was_trained_outlives_the_kernel(race) -> None:
    first = race()
    assert first.replay_button.disabled and "Alt+R" not in first.status.value
    first.train().train().wait()
    assert not first.replay_button.disabled
    second = race()  # as after a restart
    assert "Alt+R" in second.status.value and not second.replay_button.disabled
    second.replay_button.click()
    second.wait()
    assert second.scene.tested == first.scene.tested
    assert (
        side_by_side_figure.traces(second.scene)[1]["y"]
        == side_by_side_figure.traces(first.scene)[1]["y"]
    )
    assert "Replayed, not trained now: recorded on" in second.status.value
    assert "the source was worth" in second.status.value and second.job.bar.value == 1
    with pytest.raises(KitError, match="press “Train both”"):
        second.models["full"]
    second.slider.value = 400
    assert second.replay_button.disabled and not second.scene.runs


def test_what_learns_answers_when_it_has_learnt(race) -> None:
    shown = race()
    shown.text.value = "Dull."
    assert "Train both first" in shown.answer.value
    shown.train()
    while shown.training:
        assert "Dull." not in shown.answer.value
        shown.job._thread.join(0.01)
    shown.wait()
    assert "Dull." in shown.answer.value


def test_who_cannot_wait_sees_the_recording(race, monkeypatch) -> None:
    known = race().train()
    known.wait()
    monkeypatch.setattr(race_module, "PLAY", 60.0)
    hurried = race().train()
    hurried.replay()
    assert hurried.job.running  # the same job: what was learning has ended for it
    while "Replayed" not in hurried.status.value:
        hurried.job._thread.join(0.05)
        assert hurried.job.running, hurried.status.value
    hurried.text.value = "A joy."  # who types meanwhile has an answer now, not in its end
    assert "A joy." in hurried.answer.value and hurried.job.running
    hurried.job.stop()  # to its end
    hurried.wait()
    assert hurried.scene.tested == known.scene.tested and set(hurried.models) == {
        "full",
        "from_scratch",
    }


def test_stop_ends_a_preparation_between_its_parts(race, monkeypatch) -> None:
    shown = race()
    made = []

    def prepare(source, name, *arguments, **options):
        made.append(name)
        shown.job.stop()

    monkeypatch.setattr("kit.widgets.labels.side_by_side.prepare", prepare)
    shown.train().wait()
    assert made == ["full"]
    assert "Stopped early, without scores (no update was made)" in shown.status.value
    assert not shown.models and not shown.cut_short and not shown.job.running


def test_a_recording_of_the_course_stays_beside_ones_own(race, monkeypatch) -> None:
    own = race().train()
    own.wait()
    shipped = own.recording() | {"date": "1 May 2020", "end": own.scene.tested | {"full": 0.99}}
    monkeypatch.setitem(race_module.shipped_recordings(), own.setting, shipped)
    shown = race()
    assert list(shown.which.options) == [race_module.SHIPPED, race_module.OWN]
    shown.replay().wait()
    assert shown.scene.tested["full"] == 0.99 and "1 May 2020" in shown.status.value
    shown.which.value = race_module.OWN
    shown.replay().wait()
    assert shown.scene.tested == own.scene.tested
    shown.train().wait()
    assert list(shown.which.options) == [race_module.SHIPPED, race_module.OWN]


@pytest.mark.parametrize("phase", ["Training", "test sentences"])
def test_stop_ends_training_and_scoring_and_says_how_far_it_came(phase, race, films) -> None:
    shown = race()
    shown.test = films["test"].to_list()  # enough that the scoring lasts
    shown.train()
    while phase not in shown.status.value:
        shown.job._thread.join(0.01)
    began = time.monotonic()
    shown.job.stop()
    shown.wait()
    ended = time.monotonic() - began
    run = shown.scene.runs["full"]
    assert run.planned == 48 and f"{run.updates} of 48 updates" in shown.status.value
    assert "Stopped early" in shown.status.value and "full" not in shown.scene.tested
    assert ended < 1 or os.getloadavg()[0] > os.cpu_count(), ended
    assert not shown.complete
    assert ("were stopped early" in shown.answer.value) == (phase == "Training")
    with pytest.raises(KitError, match="no training of films"):
        shown.result()


def test_the_updates_that_a_budget_means() -> None:
    settings = {"epochs": 12.0, "examples": 50, "batch_size": 16, "steps": None, "seconds": None}
    assert (
        Run(settings=settings).planned == 48 and Run(settings=settings | {"steps": 9}).planned == 9
    )
    steps = [{"step": 3, "seconds": 1.5, "loss": 1.0}]
    timed = Run(settings=settings | {"epochs": None, "seconds": 10.0}, steps=steps, spent=0.15)
    assert timed.planned == 20 and Run().planned == 0


def test_without_a_recording_or_a_disk(race, monkeypatch) -> None:
    shown = race().replay()
    shown.wait()
    assert "nothing was recorded for films" in shown.status.value
    monkeypatch.setattr(race_module, "own_recording", lambda setting: Path("/proc/no/such.json"))
    shown.train().replay().wait()  # nothing to show: what learns goes on
    assert "There will be no replay of it" in shown.status.value and shown.scene.tested


def test_what_ships_is_of_the_lessons() -> None:
    found = load(race_module.REPLAYS)["recordings"]
    assert {"films, MiniLM, 100 labels", "films, MiniLM, 400 labels"} <= set(found)
    for setting, recording in found.items():
        assert recording["end"] and recording["machine"]["cores"], setting
        for run in recording["runs"].values():
            assert Run(**run).stopped == "budget" and len(run["steps"]) <= 80
