"""How the tests run a lesson: in a kernel with no more than Binder gives (tests/kernels)."""

import os
import signal
import sys
from collections import defaultdict
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
    if kernel is not None and (nextitem is None or nextitem.parent is not item.parent):
        item.user_properties.append(("peak", lesson_runs.peak(kernel.km.provisioner.pid)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No lesson is run twice: nbval leaves it to its browser test, where that is among the tests.
    The longest files first; the order within a file stays."""
    files = {_file(item) for item in items}
    twice = [item for item in items if lesson_runs.browser_test(_file(item)) in files]
    if twice:
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in set(twice)]
    order = {file: i for i, file in enumerate(durations.start_order(map(_file, items)))}
    items.sort(key=lambda item: order[_file(item)])


def pytest_sessionfinish() -> None:
    """End the servers that the browser tests of this process have shared."""
    if browser := sys.modules.get("browser"):
        browser.SERVERS.close()


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
    if lessons := sorted(name for name, values in measured.items() if "peak" in values):
        terminalreporter.section("lessons on one core, of 2 GB, without a network")
    for name in lessons:
        peak, took = measured[name].pop("peak"), measured[name].pop("run all, s", seconds[name])
        write(f"{name:40} {took:4.0f} s  {peak / 1e6:.2f} GB at the most")
    measured = {name: values for name, values in measured.items() if values}
    if measured:
        terminalreporter.section("in the browser, other tests running beside it")
    for name, values in sorted(measured.items()):
        write(f"{name:30} " + ", ".join(f"{what} {value:.0f}" for what, value in values.items()))
    if len(seconds) > 1:
        terminalreporter.section("where the time goes (two tests at a time)")
        for line in durations.table(seconds, float(os.environ.get("LINT_SECONDS", 0))):
            write(line)
