"""Two processes with batches of B do what one does with batches of 2B."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from kit.train import Run, fit
from tests.pretraining import KINDS, STEPS, bits, examples, model, recipe

SCRIPT = str(Path(__file__).with_name("pretraining.py"))
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "2"]
# By itself it starts one process on a machine without GPU; its port is a fixed one.
ACCELERATE += ["--multi_gpu", "--main_process_port", "0", "--mixed_precision", "no"]
ACCELERATE += ["--num_machines", "1", "--dynamo_backend", "no"]


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
    env = os.environ | {"OMP_NUM_THREADS": "1"}
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
