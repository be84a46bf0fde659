"""Two launchers on this machine, as two machines would start them: the losses of one process.

The recipes of docs/recipes are run with stand-ins for what a cluster has. Not tried here: a
network between the machines.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from kit.train import Run, fit
from tests.pretraining import examples, model, recipe

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "docs" / "recipes"
PAGE = (ROOT / "docs" / "SCALING.md").read_text(encoding="utf-8")
STEPS, SECONDS = 12, 150

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the recipes are for a shell")


def free_port(first: int = 20_000, last: int = 30_000) -> int:
    """A port of this machine that nobody uses now."""
    for port in np.random.default_rng().permutation(np.arange(first, last)).tolist():
        with socket.socket() as place, contextlib.suppress(OSError):
            place.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with my_script.py and with stand-ins for the commands of a cluster."""
    arguments = ["words", str(tmp_path / "out"), "--batch", "4", "--steps", str(STEPS)]
    arguments += ["--folder", str(tmp_path / "state")]
    script = "import sys\nfrom tests.pretraining import main\n"
    (tmp_path / "my_script.py").write_text(f"{script}sys.argv[1:] = {arguments}\nmain()\n")
    python = f'exec "{sys.executable}" -m'
    commands = {
        # By itself torchrun tells the others this machine's name, which may lead nowhere.
        "torchrun": f'{python} torch.distributed.run --local-addr 127.0.0.1 "$@"',
        "accelerate": f'shift; {python} accelerate.commands.launch "$@"',
        "scontrol": 'test "$*" = "show hostnames kit[1-2]" && printf "127.0.0.1\\n127.0.0.1\\n"',
        "srun": '"$@" & first=$!; "$@"; second=$?; wait $first && exit $second',
    }
    (tmp_path / "bin").mkdir()
    for name, line in commands.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    return tmp_path


def run_together(folder: Path, commands: list[tuple[list[str], dict]]) -> None:
    """Run commands at once, in the folder; each must end well. None outlives the test."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SKYPILOT"))}
    known |= {"PATH": f"{folder / 'bin'}:{known['PATH']}", "PYTHONPATH": str(ROOT)}
    known |= {"OMP_NUM_THREADS": "1"}
    if sys.platform == "linux":
        known["GLOO_SOCKET_IFNAME"] = "lo"
    started = []
    try:
        for n, (command, env) in enumerate(commands):
            with (folder / f"said {n}").open("w") as said:
                started.append(
                    subprocess.Popen(
                        command,
                        cwd=folder,
                        env=known | env,
                        stdout=said,
                        stderr=said,
                        start_new_session=True,
                    )
                )
        end = time.monotonic() + SECONDS
        codes = [process.wait(max(1, end - time.monotonic())) for process in started]
        said = [(folder / f"said {n}").read_text()[-1500:] for n in range(len(started))]
        assert not any(codes), (codes, said)
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()  # torchrun then ends its workers, which have other sessions
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def losses() -> list[float]:
    """The losses of one process with the whole batch."""
    run = fit(model("words"), examples("words"), recipe(steps=STEPS))
    return [row["loss"] for row in run.steps]


def check(folder: Path, losses: list[float]) -> None:
    there = [row["loss"] for row in Run.load(folder / "out.json").steps]
    assert len(there) == STEPS
    np.testing.assert_allclose(there, losses, rtol=2e-6)


def torchrun(*options: str) -> list[str]:
    """The command that both machines run."""
    command = ["torchrun", "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", f"127.0.0.1:{free_port()}", "--rdzv-id", "two"]
    return [*command, *options, "my_script.py"]


def test_two_torchruns_that_meet_give_the_losses_of_one_process(folder, losses):
    run_together(folder, [(torchrun(), {})] * 2)
    check(folder, losses)


def test_the_recipe_for_slurm(folder, losses):
    subprocess.run(["bash", "-n", RECIPES / "slurm.sh"], check=True)
    slurm = {
        "SLURM_JOB_ID": str(free_port() - 20_000),
        "SLURM_NNODES": "2",
        "SLURM_JOB_NODELIST": "kit[1-2]",
    }
    run_together(folder, [(["bash", str(RECIPES / "slurm.sh")], slurm)])
    check(folder, losses)


def test_the_recipe_for_kubernetes(folder, losses):
    service, job = yaml.safe_load_all((RECIPES / "kubernetes.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [meeting] = container["env"]
    name, host = job["metadata"]["name"], pod["subdomain"]
    assert service["metadata"]["name"] == host and service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": name}  # Kubernetes gives pods this label
    assert meeting == {"name": "MASTER_ADDR", "value": f"{name}-0.{host}"}
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == 2
    [line] = container["args"]
    command = [*container["command"], line.replace("29500", str(free_port()))]
    pods = [{"JOB_COMPLETION_INDEX": str(n), "MASTER_ADDR": "127.0.0.1"} for n in range(2)]
    run_together(folder, [(command, known) for known in pods])
    check(folder, losses)


def test_the_recipe_for_skypilot(folder, losses):
    task = yaml.safe_load((RECIPES / "skypilot.yaml").read_text())
    command = ["bash", "-c", task["run"].replace("29500", str(free_port()))]
    sky = {
        "SKYPILOT_NODE_IPS": "127.0.0.1\n127.0.0.1",
        "SKYPILOT_NUM_NODES": str(task["num_nodes"]),
        "SKYPILOT_NUM_GPUS_PER_NODE": task["resources"]["accelerators"].split(":")[1],
    }
    run_together(folder, [(command, sky | {"SKYPILOT_NODE_RANK": str(n)}) for n in range(2)])
    check(folder, losses)


def test_the_recipe_for_accelerate(folder, losses):
    pytest.importorskip("accelerate", reason="the extra [huggingface] is not installed")
    script = folder / "accelerate.sh"
    text = (RECIPES / "accelerate.sh").read_text()
    script.write_text(text.replace("29500", str(free_port())))
    run_together(folder, [(["bash", str(script), str(n), "127.0.0.1"], {}) for n in range(2)])
    check(folder, losses)


@pytest.mark.parametrize("path", sorted(RECIPES.iterdir()), ids=lambda p: p.name)
def test_the_page_shows_each_recipe_as_it_is(path):
    shown = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert path.read_text(encoding="utf-8") in shown
