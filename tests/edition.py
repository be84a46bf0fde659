"""A lesson without a kernel: it is run, and whatever needs a kernel or an extension becomes HTML.

Figures stay live, since plotly.js alone draws them; a widget is shown as it stood when the lesson
had run. tests/course_pages.py makes pages of such lessons.
"""

import json
import os
from pathlib import Path

import nbformat
import plotly.graph_objects as go
from nbclient import NotebookClient
from nbformat import NotebookNode

from kit.widgets.base.static import DEAD, figure

ROOT = Path(__file__).parent.parent
CAPTION = "A still picture: in the notebook it answers to you."
WIDGET, PLOT = "application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json"
DUMP = """
import json, ipywidgets
from kit.widgets.base.static import static
known = getattr(ipywidgets.widgets.widget, "_instances", None) or ipywidgets.Widget.widgets
print(json.dumps({name: static(known[name]) for name in WANTED if name in known}))
"""
def run(lesson: Path) -> tuple[NotebookNode, dict[str, str]]:
    """Run the lesson; it with its outputs, and of each widget that it shows a still picture as it
    stands at the end, as HTML."""
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"
    notebook = nbformat.read(lesson, 4)
    client = NotebookClient(notebook, timeout=300, store_widget_state=False)
    with client.setup_kernel():
        for i, cell in enumerate(notebook.cells):
            client.execute_cell(cell, i)
        last = nbformat.v4.new_code_cell(question(notebook))
        notebook.cells.append(last)
        client.execute_cell(last, len(notebook.cells) - 1)
    notebook.cells.pop()
    printed = "".join(o.text for o in last.outputs if o.output_type == "stream")
    return notebook, json.loads(printed)


def question(notebook: NotebookNode) -> str:
    """The code that prints still pictures of all widgets that the executed notebook shows."""
    wanted = [o.data[WIDGET]["model_id"] for o in outputs(notebook) if WIDGET in o.data]
    return f"WANTED = {wanted}{DUMP}"


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    """Every output that shows something."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs if "data" in output]


def freeze(notebook: NotebookNode, pictures: dict[str, str]) -> None:
    """Put plain HTML in place of whatever needs a kernel or an extension."""
    for output in outputs(notebook):
        data = output.data
        if PLOT in data:
            plot = {k: v for k, v in data[PLOT].items() if k in ("data", "layout")}
            data["text/html"] = figure(go.Figure(plot, skip_invalid=True))
        elif WIDGET in data and DEAD in data.get("text/html", DEAD):  # health has its own words
            data["text/html"] = still(pictures.get(data[WIDGET]["model_id"], ""))
        for kind in (PLOT, WIDGET):
            data.pop(kind, None)


def still(picture: str) -> str:
    """A widget's picture with a caption; nothing where there is no picture."""
    caption = f'<div class="still-note">{CAPTION}</div>'
    return f'<div class="still">{picture}{caption}</div>' if picture else ""
