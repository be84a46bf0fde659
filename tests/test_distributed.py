"""Two processes with batches of B do what one does with batches of 2B, by both engines."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from kit.train import Run, fit, resume
from tests import engines
from tests.pretraining import KINDS, STEPS, bits, examples, model, recipe

SCRIPT = str(Path(__file__).with_name("pretraining.py"))
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "2"]
# By itself it starts one process on a machine without GPU; its port is a fixed one.
ACCELERATE += ["--multi_gpu", "--main_process_port", "0", "--mixed_precision", "no"]
ACCELERATE += ["--num_machines", "1", "--dynamo_backend", "no"]

ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
if sys.platform == "linux":
    ENVIRONMENT["GLOO_SOCKET_IFNAME"] = "lo"  # without it, gloo looks for the host's name


def stopped(command: list[str], env: dict) -> int:
    """The last step that it told before it was terminated."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        while (last := int(process.stdout.readline())) < 20:
            pass
        process.terminate()
        return int([str(last), *process.stdout.read().split()][-1])


# accelerate starts the same script: one kind of batch shows that it does.
CASES = [*(("torchrun", kind) for kind in KINDS), ("accelerate", next(iter(KINDS)))]


@pytest.mark.parametrize(("launch", "kind"), CASES)
def test_two_processes_equal_one_with_twice_the_batch(kind, launch, tmp_path):
    if launch == "accelerate" and not importlib.util.find_spec("accelerate"):
        pytest.skip("accelerate is not installed")
    start, out = TORCHRUN if launch == "torchrun" else ACCELERATE, str(tmp_path / "out")
    command = [*start, SCRIPT, kind, out, "--batch", "4", "--folder", str(tmp_path / "kept")]
    env = os.environ | ENVIRONMENT
    began = stopped(command, env) if launch == "torchrun" else 0
    said = subprocess.run(command, check=True, env=env, capture_output=True, text=True).stdout
    steps = [int(line) for line in said.split()]
    assert began <= steps[0] <= began + 2 if began else steps[0] == 1
    assert steps == list(range(steps[0], STEPS + 1))  # one of them speaks
    alone = model(kind)
    run, there = fit(alone, examples(kind), recipe(batch_size=8)), Run.load(f"{out}.json")
    for of in ("loss", "step"):
        np.testing.assert_allclose(*([row[of] for row in r.steps] for r in (run, there)), rtol=1e-3)
    last = safetensors.torch.load_file(tmp_path / "kept" / "training.safetensors")
    values = bits(alone)
    values.pop("body.blocks.0.attention.key.bias", None)  # its gradient is nothing but rounding
    for name, value in values.items():
        torch.testing.assert_close(last[f"model/{name}"], value, rtol=1e-2, atol=1e-3, msg=name)


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> dict:
    """What one process gives for each case of `engines`, and half a training in two folders."""
    folder = tmp_path_factory.mktemp("engines")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    resume.SECONDS, seconds = 0, resume.SECONDS
    try:
        for engine in ("replicated", "sharded"):
            engines.stopped(folder / f"{engine} from one")
        engines.stopped(folder / "uneven", rows=65)
        results = {name: engines.trained(name) for name in engines.CASES}
    finally:
        resume.SECONDS = seconds
        torch.set_num_threads(threads)
    return {"folder": folder, **results}


@pytest.fixture(scope="module")
def two(one) -> list[dict]:
    """What each of two processes gives."""
    command = [*TORCHRUN, "-m", "tests.engines", str(one["folder"])]
    root = Path(__file__).parent.parent
    subprocess.run(command, check=True, cwd=root, env=os.environ | ENVIRONMENT, timeout=300)
    return [json.loads((one["folder"] / f"{rank}.json").read_text()) for rank in range(2)]


def check_same(there: dict, alone: dict) -> None:
    np.testing.assert_allclose(there["losses"], alone["losses"], rtol=2e-6)
    np.testing.assert_allclose(there["values"], alone["values"], rtol=1e-3, atol=1e-6)
    assert len(there["scores"]) == len(alone["scores"])


@pytest.mark.parametrize("name", engines.CASES)
@pytest.mark.parametrize("engine", ["replicated", "sharded"])
def test_both_engines_give_the_losses_of_one_process(engine, name, one, two):
    if engine == "sharded" and name in ("a penalty", "accumulation"):
        for results in two:
            assert "leave shard out" in results[engine][name]["refused"]
        return
    check_same(two[0][engine][name], one[name])
    assert two[0][engine][name] == two[1][engine][name]  # each has the whole model


def test_each_of_two_processes_holds_half(two):
    for results in two:
        shares = results["shares"]
        for of, numbers in (("parameters", 1), ("gradients", 1), ("moments", 2)):
            assert shares[of] / (numbers * shares["all"]) == pytest.approx(0.5, abs=0.01), of


@pytest.mark.parametrize("engine", ["replicated", "sharded"])
def test_another_number_of_processes_goes_on_with_a_training(engine, one, two):
    check_same(two[0][engine]["from one process"], one["tied embeddings"])
    half = one["folder"] / f"one from {engine}"
    saved = (half / "training.safetensors").read_bytes()
    check_same(engines.trained("tied embeddings", folder=half), one["tied embeddings"])
    assert saved != (half / "training.safetensors").read_bytes()


def test_what_several_processes_cannot_follow_is_refused(two):
    for results in two:
        for engine in ("replicated", "sharded"):
            assert "requires_grad of body" in results[engine]["changed"]
        assert "used by the examples of one process" in results["sharded"]["divided"]
        assert len(results["replicated"]["divided"]) == engines.STEPS
        assert "its examples left out is 0, here it is 1" in results["uneven"]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_killed_worker_is_restarted_and_the_training_ends_the_same(tmp_path):
    out, steps = str(tmp_path / "out"), 40
    command = [*TORCHRUN, "--max-restarts", "1", SCRIPT, "words", out, "--batch", "4"]
    command += ["--shard", "--steps", str(steps), "--folder", str(tmp_path / "kept")]
    env = os.environ | ENVIRONMENT
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        while int(process.stdout.readline()) < 10:
            pass
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
        try:
            told = [int(line) for line in process.communicate(timeout=120)[0].split()]
        except subprocess.TimeoutExpired:
            process.terminate()
            raise
    assert process.returncode == 0 and min(told) >= 9 and told[-1] == steps
    alone = fit(model("words"), examples("words"), recipe(steps=steps))
    run = Run.load(f"{out}.json")
    assert run.results["restarts"] == 1
    losses = ([row["loss"] for row in r.steps] for r in (run, alone))
    np.testing.assert_allclose(*losses, rtol=2e-5)
