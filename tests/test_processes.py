"""Processes started from here: their lines, failures and ends; what more of them are worth."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from kit import runtime
from kit.errors import KitError
from kit.train import scaling
from kit.train.launch import lines_of
from kit.widgets.processes import ring_figure, state_figure

TELL = """
import os, sys
print(os.environ["RANK"], os.environ["WORLD_SIZE"], os.environ["OMP_NUM_THREADS"], *sys.argv[1:])
"""
SUM = """
import torch
from kit.train import distributed
distributed.join()
print(distributed.total(distributed.rank() + 1.0), flush=True)
"""
FAIL = """
import os, sys, time
if os.environ["RANK"] == "1":
    sys.exit("the second one has no memory")
time.sleep(60)
"""
WAIT = "import time\nprint('here', flush=True)\ntime.sleep(60)"


@pytest.fixture
def program(tmp_path: Path):
    """From the text of a program to its path."""

    def write(text: str) -> str:
        path = tmp_path / "program.py"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_no_process_takes_a_gpu(program, monkeypatch) -> None:
    """One GPU for several processes, or Apple's, would end them."""
    text = "from kit import runtime; print(runtime.device())"
    assert [*lines_of([program(text)], 2)] == ["cpu"]
    monkeypatch.setattr(runtime.torch.cuda, "is_available", lambda: True)
    assert runtime.device().type == "cuda"
    monkeypatch.setenv("KIT_DEVICE", "cpu")
    assert runtime.device().type == "cpu"
    monkeypatch.setenv("KIT_DEVICE", "tpu")
    with pytest.raises(KitError, match="KIT_DEVICE='tpu' is unknown"):
        runtime.device()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_the_first_process_speaks_and_all_know_their_number(program, processes: int) -> None:
    said = [*lines_of([program(TELL), "a b", 7], processes, threads=2)]
    assert said == [f"0 {processes} 2 a b 7"]


def test_processes_meet(program) -> None:
    assert [*lines_of([program(SUM)], 3)] == ["6.0"]


def test_a_failure_is_told_and_ends_the_others(program) -> None:
    before, began = children(), time.monotonic()
    lines = lines_of([program(FAIL)], 2)
    with pytest.raises(KitError, match=r"process 1 of 2 ended with code 1.*has no memory"):
        list(lines)
    assert time.monotonic() - began < 30 and children() <= before


@pytest.mark.parametrize("way", ["stopping", "left", "interrupted"])
def test_no_process_outlives_the_loop(program, way: str) -> None:
    before, stop = children(), []
    lines = lines_of([program(WAIT)], 2, stopping=lambda: bool(stop))
    assert next(lines) == "here"
    began = time.monotonic()
    if way == "stopping":
        stop.append(True)
        assert list(lines) == []
    elif way == "left":
        lines.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            lines.throw(KeyboardInterrupt)
    assert time.monotonic() - began < 30 and children() <= before


@pytest.mark.parametrize("processes", [0, -1, 1.5, True, "2", None])
def test_a_number_of_processes_that_is_none(processes) -> None:
    with pytest.raises(KitError, match="processes="):
        list(lines_of(["-c", ""], processes))
    with pytest.raises(KitError, match="processes="):
        scaling.ring_bytes(1.0, processes)


def test_the_ring_sums_in_2_p_less_2_steps_and_sends_what_the_formula_says() -> None:
    for n in range(2, ring_figure.LARGEST + 1):
        found = ring_figure.states(n)
        assert len(found) == 1 + 2 * (n - 1)
        middle = [[len(holds) == n for holds in parts].count(True) for parts in found[n - 1]]
        assert middle == [1] * n, "one whole part each, halfway"
        assert all(len(holds) == n for parts in found[-1] for holds in parts)
        assert scaling.ring_bytes(1.0, n) == pytest.approx((len(found) - 1) / n)
        assert ring_figure.drawing(n, n).startswith("<div")
    with pytest.raises(KitError, match="ring"):
        ring_figure.states(1)
    with pytest.raises(KitError, match="step"):
        ring_figure.sends(3, 5)


def test_a_line_through_times() -> None:
    sizes = np.array([1e5, 1e6, 1e7])
    latency, bandwidth = scaling.fit_line(sizes, 0.002 + sizes / 5e8)
    assert latency == pytest.approx(0.002) and bandwidth == pytest.approx(5e8)
    assert scaling.fit_line([1e6, 2e6], [0.001, 0.003])[0] == 0.0, "no time is below 0"
    for sizes, seconds in (([1e6], [0.1]), ([1e6, 1e6], [0.1, 0.2]), ([1, 2], [0.2, 0.1])):
        with pytest.raises(KitError):
            scaling.fit_line(sizes, seconds)


def test_seconds_of_an_update_on_few_and_many_cores() -> None:
    facts = {"latency": 0.01, "bandwidth": 1e9}
    assert scaling.update_seconds(0.2, 1e8, 1, cores=1, **facts) == 0.2
    assert scaling.update_seconds(0.2, 1e8, 2, cores=2, **facts) == pytest.approx(0.31)
    assert scaling.update_seconds(0.2, 1e8, 2, cores=1, **facts) == pytest.approx(0.51)
    assert scaling.update_seconds(0.2, 1e8, 2, cores=0.5, **facts) == pytest.approx(0.51)


def test_bytes_of_a_training() -> None:
    assert sum(scaling.state_bytes(10, 10).values()) == 160
    assert sum(scaling.state_bytes(10, 10, 4).values()) == 160
    assert sum(scaling.state_bytes(10, 10, 4, shard=True).values()) == 40
    assert scaling.state_bytes(10, 2)["moments"] == 16
    with pytest.raises(KitError, match="11 of 10"):
        scaling.state_bytes(10, 11)


def lora(width: int, wide: int, layers: int, keys: int) -> int:
    """Numbers of LoRA of rank 16 on all linear layers of a Llama."""
    return 16 * layers * (2 * (width + width) + 2 * (width + keys) + 3 * (width + wide))


def test_parameters_of_the_models_in_the_figure() -> None:
    """By their configurations: those of the kit's sources are counted by other tests too."""
    sizes = {
        "SmolLM2-135M": (49152, 576, 1536, 30, 192, 1),
        "Llama 2 7B": (32000, 4096, 11008, 32, 4096, 2),
        "Llama 2 70B": (32000, 8192, 28672, 80, 1024, 2),
    }
    for name, (words, width, wide, layers, keys, tables) in sizes.items():
        block = 2 * width**2 + 2 * width * keys + 3 * width * wide + 2 * width
        parameters = tables * words * width + layers * block + width
        assert state_figure.MODELS[name] == (parameters, lora(width, wide, layers, keys))


def test_cores_of_a_container(tmp_path: Path) -> None:
    here = runtime.cores(tmp_path)
    assert here == len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert runtime.cores(tmp_path) == 0.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert runtime.cores(tmp_path) == here
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert runtime.cores(tmp_path) == here
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("25000")
    assert runtime.cores(tmp_path) == 0.25
