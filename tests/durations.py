"""Where the seconds of `make test` go, and in which order the test files start."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path

__all__ = ["KINDS", "kind", "start_order", "table"]

ROOT = Path(__file__).parent.parent
KINDS = ("lint", "laws", "widgets", "notebooks", "browser")
"""Everything that is none of the others is a law."""
SLOW = (
    "tests/test_widgets_03.py",
    "tests/test_distributed.py",
    "tests/test_tasks.py",
    "tests/test_sources.py",
    "tests/test_resume.py",
    "tests/test_migrate.py",
    "tests/test_contributing.py",
    "tests/test_widgets_own_data.py",
    "tests/test_house.py",
)
"""Files that take about half a minute each or more, without a browser."""
READERS = ("tests/test_classroom_edition.py", "tests/test_numbers.py")
"""Files that read the lessons' runs (tests/lesson_runs.py)."""


@cache
def kind(file: str) -> str:
    """The kind of a test file: one of `KINDS`."""
    if file.endswith(".ipynb"):
        return "notebooks"
    path = ROOT / file
    if path.is_file() and "browser import" in path.read_text(encoding="utf-8"):
        return "browser"
    name = path.name
    return "widgets" if name.startswith(("test_widgets", "test_race")) else "laws"


def start_order(files: Iterable[str]) -> list[str]:
    """The files, the long ones first, so that no process ends long after the other.

    A browser test alternates with a slow file or a notebook: two browsers at a time wait for each
    other on two cores, and their answers are timed. What reads the lessons' runs starts in
    the middle of the short files: by then every lesson has ended.
    """
    files = list(dict.fromkeys(files))
    browser = [file for file in files if kind(file) == "browser" and file not in READERS]
    slow = [file for file in SLOW if file in files]
    slow += [file for file in files if kind(file) == "notebooks"]
    pairs = chain.from_iterable(zip_longest(browser, slow))
    first = [file for file in pairs if file is not None]
    short = [file for file in files if file not in first and file not in READERS]
    middle = len(short) // 2
    readers = [file for file in files if file in READERS]
    return first + short[:middle] + readers + short[middle:]


def table(seconds: dict[str, float], lint: float = 0.0) -> list[str]:
    """Lines: seconds of each kind, then of each file, the longest first."""
    kinds = defaultdict(float, lint=lint)
    for file, value in seconds.items():
        kinds[kind(file)] += value
    lines = [f"{name:44} {kinds[name]:6.0f} s" for name in KINDS if kinds[name]]
    files = sorted(seconds.items(), key=lambda pair: -pair[1])
    return lines + [""] + [f"{file:44} {value:6.0f} s  {kind(file)}" for file, value in files]
