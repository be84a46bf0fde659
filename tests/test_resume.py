"""A training that was stopped, wherever, ends with the bits of one that was not."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from kit.errors import KitError
from kit.train import Run, fit, resume, training_steps
from tests.pretraining import KINDS, STEPS, bits, examples, model, recipe, score

COMMAND = [sys.executable, str(Path(__file__).with_name("pretraining.py"))]
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def killed(command: list[str], steps: int, seconds: float) -> tuple[int, int]:
    """The first and the last step that it told before SIGKILL, so many steps and seconds on."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ONE_THREAD) as process:
        told = [int(process.stdout.readline()) for _ in range(steps)]
        time.sleep(seconds)
        process.kill()
        return told[0], int(([str(told[-1]), *process.stdout.read().split()])[-1])


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in the processes that are killed: another number of threads rounds differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_again_and_again_it_reaches_the_same_bits(kind, tmp_path, one_thread):
    out, folder = tmp_path / "out", tmp_path / "kept"
    command = [*COMMAND, kind, str(out), "--dropout", "0.1", "--folder", str(folder)]
    random, steps = np.random.default_rng(), [(0, 0)]
    for _ in range(3):
        steps.append(killed(command, random.integers(1, 20), random.uniform(0, 0.01)))
        assert steps[-2][1] <= steps[-1][0] <= steps[-2][1] + 2 and steps[-1][1] < STEPS
    subprocess.run(command, check=True, env=ONE_THREAD, stdout=subprocess.PIPE)
    run = Run.load(f"{out}.json")
    uninterrupted = model(kind, 0.1)  # in this process: to start another takes seconds
    whole = fit(uninterrupted, examples(kind), recipe(), score=score)
    for of in ("loss", "step"):
        assert [row[of] for row in run.steps] == [row[of] for row in whole.steps]
    assert run.best["step"] == whole.best["step"] < STEPS
    assert same(load_file(f"{out}.safetensors"), bits(uninterrupted))
    assert {p.name for p in folder.iterdir()} <= {"training.safetensors"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [1, 9, 20])
def test_stopped_in_the_same_process_it_goes_on_too(kind, stop, tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "SECONDS", 0)
    whole, half = model(kind, 0.1), model(kind, 0.1)
    wanted = fit(whole, examples(kind), recipe(epochs=2.3, steps=None))
    loop = training_steps(
        half, examples(kind), recipe(epochs=2.3, steps=None), run=Run(), folder=tmp_path
    )
    for _ in range(stop):
        next(loop)
    loop.close()
    torch.rand(3)
    run = fit(half, examples(kind), recipe(epochs=2.3, steps=None), folder=tmp_path, name="again")
    assert same(bits(half), bits(whole)) and run.name == "again" and run.stopped == "budget"
    assert [row["loss"] for row in run.steps] == [row["loss"] for row in wanted.steps]
    again = model(kind, 0.1)  # what has ended is not trained again
    assert fit(again, examples(kind), recipe(epochs=2.3, steps=None), folder=tmp_path) == Run(
        **run.__dict__ | {"name": ""}
    )
    assert same(bits(again), bits(whole))


def test_a_budget_in_seconds_goes_on_counting(tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "SECONDS", 0)
    budget = recipe(steps=None, seconds=0.6)
    loop = training_steps(
        model("words"), examples("words"), budget, run=(run := Run()), folder=tmp_path
    )
    while next(loop).seconds < 0.3:
        pass
    loop.close()
    began = time.perf_counter()
    again = fit(model("words"), examples("words"), budget, folder=tmp_path)
    assert again.steps[: len(run.steps)] == run.steps and again.seconds >= 0.6
    assert again.steps[-2]["seconds"] < 0.6
    assert again.seconds - run.seconds < time.perf_counter() - began


def test_a_half_written_file_breaks_nothing_and_a_damaged_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "SECONDS", 0)
    made = model("words")
    fit(made, examples("words"), recipe(steps=3), folder=tmp_path)
    file = tmp_path / "training.safetensors"
    file.with_suffix(".part").write_bytes(file.read_bytes()[:1000])
    again = model("words")
    fit(again, examples("words"), recipe(steps=3), folder=tmp_path)
    assert same(bits(made), bits(again))
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(KitError, match=r"training.safetensors cannot be read.*another folder"):
        fit(model("words"), examples("words"), recipe(steps=3), folder=tmp_path)


@pytest.mark.parametrize(
    ("kind", "changed", "cut", "says"),
    [
        ("words", {"rate": 1e-3}, 66, "its rate is 0.01, here it is 0.001"),
        ("words", {"seed": 1}, 66, "its seed is 0, here it is 1"),
        ("words", {}, 65, "its examples is 66, here it is 65"),
        ("words", {"steps": 4}, 66, "its steps is 3, here it is 4"),
        ("classes", {}, 66, "its (groups|model) is"),
    ],
)
def test_another_training_in_the_folder_is_refused_by_name(kind, changed, cut, says, tmp_path):
    fit(model("words"), examples("words"), recipe(steps=3), folder=tmp_path)
    with pytest.raises(KitError, match=f"{says}.*another folder"):
        fit(model(kind), examples(kind)[:cut], recipe(**{"steps": 3} | changed), folder=tmp_path)


def test_a_state_of_an_older_version_is_continued(tmp_path, monkeypatch):
    """It named the number of processes, which had to stay the same."""
    monkeypatch.setattr(resume, "SECONDS", 0)
    loop = training_steps(
        model("words"), examples("words"), recipe(steps=3), run=Run(), folder=tmp_path
    )
    next(loop)
    loop.close()
    file = tmp_path / "training.safetensors"
    with safe_open(file, "pt") as saved:
        about = json.loads(saved.metadata()["about"])
    older = about["made of"]
    older |= {"batch_size": older.pop("examples in an update"), "processes": 1}
    del older["examples left out"]
    save_file(load_file(file), file, {"about": json.dumps(about)})
    assert fit(model("words"), examples("words"), recipe(steps=3), folder=tmp_path).updates == 3
    file.unlink()
    older |= {"batch_size": 4}
    save_file({}, file, {"about": json.dumps(about)})
    with pytest.raises(KitError, match="its examples in an update is 4, here it is 8"):
        fit(model("words"), examples("words"), recipe(steps=3), folder=tmp_path)


def test_other_data_of_the_same_size_are_refused(tmp_path):
    rows = examples("words")
    fit(model("words"), rows, recipe(steps=3), folder=tmp_path)
    with pytest.raises(KitError, match=r"its data is 66 examples \("):
        fit(model("words"), rows[::-1], recipe(steps=3), folder=tmp_path)
