"""How the tests run a lesson: in a kernel with no more than Binder gives (tests/kernels)."""

import os
import re
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from itertools import chain
from pathlib import Path

import durations
import lesson_runs
import pytest

# nbval finds the kernel "limited" here.
os.environ["JUPYTER_PATH"] = str(Path(__file__).parent / "tests")

# A shell lets its background jobs, and what they start, ignore Ctrl-C: here it is to be heard.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What was measured in a browser; and of a lesson's kernel, before it ends, the most memory
    that it has held, in kB."""
    if measured := getattr(sys.modules.get("browser"), "MEASURED", None):
        item.user_properties += measured
        measured.clear()
    kernel = getattr(item.parent, "kernel", None)
    if kernel is None or (nextitem is not None and nextitem.parent is item.parent):
        return
    with suppress(OSError):  # no /proc elsewhere than on Linux, or the kernel has died
        status = Path(f"/proc/{kernel.km.provisioner.pid}/status").read_text()
        item.user_properties.append(("peak", int(re.search(r"VmHWM:\s+(\d+)", status)[1])))
    lesson_runs.keep(item)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A lesson's cell has passed: keep its outputs."""
    if hasattr(item, "test_outputs"):
        lesson_runs.note(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the order within a file stays."""
    order = {file: i for i, file in enumerate(durations.start_order(map(_file, items)))}
    items.sort(key=lambda item: order[_file(item)])


def _file(test: pytest.Item | pytest.TestReport) -> str:
    return test.nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter) -> None:
    """How long each file and each kind of test took; of a lesson's kernel its peak memory; what
    the browser measured."""
    seconds, measured = defaultdict(float), {}
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if not isinstance(report, pytest.TestReport):
            continue
        seconds[_file(report)] += report.duration
        if report.user_properties:
            measured.setdefault(_file(report), {}).update(report.user_properties)
    write = terminalreporter.write_line
    if lessons := sorted(file for file in seconds if file.endswith(".ipynb")):
        terminalreporter.section("lessons on one core, of 2 GB, without a network")
    for name in lessons:
        peak = measured.pop(name, {}).get("peak", 0) / 1e6
        write(f"{name:40} {seconds[name]:4.0f} s  {peak:.2f} GB at the most")
    if measured:
        terminalreporter.section("in the browser, other tests running beside it")
    for name, values in sorted(measured.items()):
        write(f"{name:30} " + ", ".join(f"{what} {value:.0f}" for what, value in values.items()))
    if len(seconds) > 1:
        terminalreporter.section("where the time goes (two tests at a time)")
        for line in durations.table(seconds, float(os.environ.get("LINT_SECONDS", 0))):
            write(line)
