"""Ray Train starts two workers, and `fit` uses Ray's process group: docs/recipes/with_ray.py."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kit.train import Run, fit
from tests.pretraining import examples, model, recipe

ROOT = Path(__file__).parent.parent
SECONDS, STEPS = 180, 10
COMMAND = [sys.executable, "-m", "tests.ray_training"]
# One machine needs no token; gloo and Ray stay on it.
ALONE = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="[ray] is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of Ray in /proc"),
]


def end(folder: Path) -> None:
    """End the processes of a Ray node: those that have this folder in their environment."""
    mark = f"KIT_RAY_TEST={folder}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = mark in path.read_bytes().split(b"\0")
            if mine and int(path.parent.name) != os.getpid():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except (OSError, ValueError):  # it ended meanwhile, or is another user's
            continue


def test_two_workers_of_ray_give_the_losses_of_one_process(tmp_path):
    env = os.environ | ALONE | {"GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": str(ROOT)}
    env["KIT_RAY_TEST"] = str(tmp_path)
    said = tmp_path / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, str(tmp_path)], cwd=ROOT, env=env, stdout=out, stderr=out
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()
            process.wait()
            end(tmp_path)
    told = said.read_text()
    if code is None:
        node = "was up, the training had not ended" if "up\n" in told else "did not start"
        pytest.skip(f"Ray {node} within {SECONDS} s on this machine")
    assert code == 0, told[-3000:]
    alone = fit(model("words"), examples("words"), recipe(steps=STEPS))
    losses = (
        [row["loss"] for row in run.steps] for run in (Run.load(tmp_path / "run.json"), alone)
    )
    np.testing.assert_allclose(*losses, rtol=2e-6)
