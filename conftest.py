"""How the tests run a lesson: in a kernel with no more than Binder gives (tests/kernels)."""

import os
import re
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

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


def pytest_terminal_summary(terminalreporter) -> None:
    """How long each lesson took on one core, and its peak memory; what the browser measured."""
    seconds, told = defaultdict(float), {}
    for report in (r for found in terminalreporter.stats.values() for r in found):
        name = getattr(report, "nodeid", "").partition("::")[0]
        if name.endswith(".ipynb"):
            seconds[name] += report.duration
        if properties := getattr(report, "user_properties", None):
            told.setdefault(name, {}).update(properties)
    if seconds:
        terminalreporter.section("lessons on one core, of 2 GB, without a network")
    for name in sorted(seconds):
        peak = told.pop(name, {}).get("peak", 0) / 1e6
        terminalreporter.write_line(f"{name:40} {seconds[name]:4.0f} s  {peak:.2f} GB at the most")
    if told:
        terminalreporter.section("in the browser, other tests running beside it")
    for name in sorted(told):
        said = ", ".join(f"{what} {value:.0f}" for what, value in told[name].items())
        terminalreporter.write_line(f"{name:30} {said}")
