"""The course as pages that need no kernel and no network: every lesson run, figures included.

python tests/edition.py build/html        # every lesson
python tests/edition.py build/html 00 03  # some of them

plotly.js lies beside the pages, once; widgets are shown as they stood when the lesson had run.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

import nbformat
import plotly.graph_objects as go
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from plotly.offline import get_plotlyjs

from kit.widgets.base.static import DEAD, WIDGET, figure

ROOT = Path(__file__).parent.parent
PLOT = "application/vnd.plotly.v1+json"
DUMP = """
import json, ipywidgets
from kit.widgets.base.static import static
known = getattr(ipywidgets.widgets.widget, "_instances", None) or ipywidgets.Widget.widgets
print(json.dumps({name: static(known[name]) for name in WANTED if name in known}))
"""
HEAD = '<script src="plotly.min.js"></script>'
STRANGERS = re.compile(
    r'<script[^>]*src="https?://[^>]*>\s*</script>|<script type="module">.*?</script>', re.DOTALL
)
"""What the template would load from elsewhere: require.js, mathjax, mermaid. No lesson uses it."""


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
    """Put plain HTML in place of whatever needs a kernel or an extension. What JupyterLab has kept
    as still pictures gives way to figures that can be hovered."""
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not is_still_picture(output)]
    for output in outputs(notebook):
        data = output.data
        if PLOT in data:
            plot = {k: v for k, v in data[PLOT].items() if k in ("data", "layout")}
            data["text/html"] = figure(go.Figure(plot, skip_invalid=True))
        elif WIDGET in data and DEAD in data.get("text/html", DEAD):  # health has its own words
            data["text/html"] = pictures.get(data[WIDGET]["model_id"], "")
        for kind in (PLOT, WIDGET):
            data.pop(kind, None)


def is_still_picture(output: NotebookNode) -> bool:
    """Whether it is the second output of `kit.widgets.base.static.show`."""
    return 'id="kit-still-' in output.get("data", {}).get("text/html", "")


def page(notebook: NotebookNode, title: str) -> str:
    """The lesson as one page."""
    notebook.cells = [c for c in notebook.cells if c.id not in ("setup", "badges")]
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    html = STRANGERS.sub("", html).replace("<head>", f"<head>{HEAD}", 1)
    back = '<p style="margin:1em 5em;font:16px system-ui"><a href="index.html">All lessons</a></p>'
    html = re.sub("(<body[^>]*>)", rf"\1{back}", html, count=1)
    return re.sub("<title>.*?</title>", f"<title>{escape(title)}</title>", html, count=1)


def write(folder: Path, lessons: list[Path], executed: Callable = run) -> None:
    """The pages, their index, and plotly.js. executed: a function of a lesson's path that returns
    the executed notebook and its widgets' pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    for path in lessons:
        notebook, pictures = executed(path)
        freeze(notebook, pictures)
        (folder / f"{path.stem}.html").write_text(page(notebook, title(path)), encoding="utf-8")
        print(folder / f"{path.stem}.html", flush=True)
    rows = [
        f'<li><a href="{p.stem}.html">{escape(title(p))}</a></li>'
        for p in lessons
        if (folder / f"{p.stem}.html").exists()
    ]
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>lm-transfer-kit</title>'
        '<body style="font:20px/1.6 system-ui;margin:3em auto;max-width:40em">'
        f"<h1>Transfer learning with language models</h1><ul>{''.join(rows)}</ul>",
        encoding="utf-8",
    )


def title(path: Path) -> str:
    return nbformat.read(path, 4).cells[0].source.split("\n")[0].lstrip("# ")


if __name__ == "__main__":
    given = sys.argv[2:]
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    write(Path(sys.argv[1]), [p for p in found if not given or p.stem[:2] in given])
