"""A lesson's run in the browser, kept for the tests that need an executed lesson.

A browser test runs every lesson from top to bottom (`browser.lesson`). Before it touches anything,
`keep` compares the cells marked NBVAL_CHECK_OUTPUT, as nbval does, asks the kernel for still
pictures of its widgets, and writes them beside the outputs; `read` gives them to the test of the
pages (tests/test_classroom_edition.py), which would otherwise run each lesson once more.
"""

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import edition
import nbformat
from nbformat import NotebookNode

__all__ = ["browser_test", "compare", "keep", "peak", "read"]

FOLDER = edition.ROOT / "build/lesson_runs"


def browser_test(file: str) -> str | None:
    """The test file that runs a lesson, notebooks/NN_NAME.ipynb, in a browser; None for another
    file."""
    number = re.match(r"notebooks/(\d\d)_[^/]*\.ipynb$", file)
    return f"tests/test_lesson_{number[1]}.py" if number else None


def session() -> str:
    """The name of this run of the tests: the same in each of its processes."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", f"process {os.getpid()}")


def keep(lesson: Path, executed: NotebookNode, pictures: str) -> None:
    """Write the executed lesson and its widgets' pictures, a JSON text."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {"session": session(), "notebook": executed, "pictures": json.loads(pictures)}
    (FOLDER / f"{lesson.stem}.json").write_text(json.dumps(content), encoding="utf-8")


def read(lesson: Path) -> tuple[NotebookNode, dict[str, str]] | None:
    """The executed lesson and the pictures of its widgets, if a browser test has run it in this
    session."""
    path = FOLDER / f"{lesson.stem}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept["session"] != session():
        return None
    return nbformat.from_dict(kept["notebook"]), kept["pictures"]


def compare(committed: NotebookNode, executed: NotebookNode) -> None:
    """Cells marked NBVAL_CHECK_OUTPUT must show what is stored with them."""
    for before, now in zip(committed.cells, executed.cells, strict=True):
        if before.cell_type == "code" and "NBVAL_CHECK_OUTPUT" in before.source:
            assert said(now) == said(before), f"{before.source}\n{said(now)}"


def said(cell: NotebookNode) -> list[str]:
    """What a cell printed, and the text of each other output."""
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return [printed, *(o.data["text/plain"] for o in cell.outputs if "data" in o)]


def peak(process: int) -> int:
    """The most memory that a process has held, in kB; 0 where there is no /proc to ask."""
    with suppress(OSError):  # it has ended, or this is not Linux
        status = Path(f"/proc/{process}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    return 0
