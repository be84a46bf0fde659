"""A lesson's run under nbval, kept for the tests that need an executed lesson.

nbval runs every lesson from top to bottom. Before the kernel of a lesson ends, `keep` asks it for
still pictures of its widgets and writes them beside the outputs; `read` gives them to the test of
the pages (tests/test_classroom_edition.py), which would otherwise run each lesson once more.
"""

import json
import os
from pathlib import Path
from queue import Empty

import edition
import nbformat
import pytest
from nbformat import NotebookNode

__all__ = ["keep", "read", "session"]

FOLDER = edition.ROOT / "build/lesson_runs"


def session(config: pytest.Config) -> str:
    """The name of this run of the tests: the same in each of its processes."""
    return getattr(config, "workerinput", {}).get("testrunuid", f"process {os.getpid()}")


def keep(cell: pytest.Item) -> None:
    """Write the outputs and the pictures of the lesson whose last cell has just run. A lesson of
    which a cell was left out or failed is not kept."""
    cells = [c for c in cell.parent.nb.cells if c.cell_type == "code"]
    outputs = OUTPUTS.pop(cell.parent.nodeid, {})
    if len(outputs) < len(cells):
        return
    notebook = nbformat.from_dict(cell.parent.nb)
    for i, code in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        code.outputs = outputs[i]
    pictures = ask(cell.parent.kernel, edition.question(notebook))
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {"session": session(cell.config), "notebook": notebook, "pictures": json.loads(pictures)}
    )
    (FOLDER / f"{Path(cell.parent.path).stem}.json").write_text(text, encoding="utf-8")


OUTPUTS: dict[str, dict[int, list[NotebookNode]]] = {}
"""Lesson -> number of the code cell -> its outputs, for cells that passed."""


def note(cell: pytest.Item) -> None:
    """Remember the outputs of a cell that has passed."""
    OUTPUTS.setdefault(cell.parent.nodeid, {})[cell.cell_num] = cell.test_outputs


def ask(kernel, code: str, seconds: float = 120) -> str:
    """What the kernel prints for the code."""
    wanted = kernel.execute_cell_input(code, allow_stdin=False)
    printed = ""
    while True:
        try:
            message = kernel.get_message("iopub", timeout=seconds)
        except Empty:
            raise TimeoutError(f"the kernel printed no pictures in {seconds:.0f} s") from None
        content = message["content"]
        if message["parent_header"].get("msg_id") != wanted:
            continue
        if message["msg_type"] == "stream":
            printed += content["text"]
        elif message["msg_type"] == "error":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        elif content.get("execution_state") == "idle":
            return printed


def read(lesson: Path, name: str) -> tuple[NotebookNode, dict[str, str]] | None:
    """The executed lesson and the pictures of its widgets, if nbval has run it in this session."""
    path = FOLDER / f"{lesson.stem}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept["session"] != name:
        return None
    return nbformat.from_dict(kept["notebook"]), kept["pictures"]
