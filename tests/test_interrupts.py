"""After Ctrl-C at any moment the same cell, run again, gives the uninterrupted result."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kit.widgets.base.job import Job

SCRIPT = str(Path(__file__).with_name("interrupted.py"))
CELLS = {"fit", "predict", "from_words", "race", "load"}
WARM, FRESH = 90, 10
"""Interrupts of a process that has run every cell, and of one from its first import on."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


def run(kind: str, folder: Path, count: int, seed: int = 17) -> dict:
    command = [sys.executable, SCRIPT, kind, str(folder), str(count), str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "KIT_PRECISION": "fp32"}
    told = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert told.returncode == 0, told.stderr[-3000:]
    assert "Exception in thread" not in told.stderr, told.stderr[-3000:]
    return json.loads(told.stdout)


def test_an_interrupted_cell_gives_its_result_when_it_is_run_again(tmp_path, data) -> None:
    counts = run("warm", tmp_path, WARM)
    assert counts.keys() == CELLS
    assert all(tries == equal == WARM // len(CELLS) for tries, _, equal in counts.values()), counts
    assert sum(noticed for _, noticed, _ in counts.values()) > WARM / 4, counts
    assert {p.name for p in tmp_path.iterdir()} <= {"saved", "t.table", "v.json"}


def test_a_process_that_is_interrupted_from_its_start_on_works_as_another(tmp_path, data) -> None:
    expected = run("expected", tmp_path, 0)
    counts = run("fresh", tmp_path, FRESH)
    assert {name: result for name, (_, result) in counts.items()} == expected
    assert sum(tries for tries, _ in counts.values()) >= FRESH


def job(work) -> Job:
    return Job(work, lambda message, kind: None)


def test_while_a_job_runs_no_second_one_begins_though_its_wait_was_interrupted() -> None:
    entered, release, started = threading.Event(), threading.Event(), []

    def work(stopping) -> None:
        started.append(1)
        entered.set()
        release.wait(20)

    one = job(work)
    one.start()
    entered.wait(20)

    def press_stop_twice() -> None:  # a student who does not wait for the end of a step
        for _ in range(2):
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press_stop_twice, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        one.wait()
    assert one.running and one._thread.is_alive()
    release.set()
    one._thread.join(20)
    assert not one.running and started == [1]


def test_a_job_that_was_told_to_stop_ends_before_the_next_one_begins() -> None:
    order, may_end = [], threading.Event()

    def first(stopping) -> None:
        order.append("first")
        may_end.wait(20)
        order.append("first ended")

    one = job(first)
    assert one.start() and not one.start()
    one.stop()
    assert one.start(lambda stopping: order.append(f"second {stopping()}"))
    time.sleep(0.1)
    assert order == ["first"]
    may_end.set()
    one.wait()
    assert order == ["first", "first ended", "second False"]
    assert not one.button.disabled and one.stop_button.disabled
