"""Write into every lesson what all of them share: badges, set-up, slides, the links to its words.

python tests/lessons.py               # badges stay those of the fork that the lessons name
python tests/lessons.py owner/name    # badges of this fork; without any fork there are none
python tests/lessons.py --check       # say which lessons and README are not as written
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from words import HERE, entries

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FORK = re.compile(r'FORK = "([^"]*)"')
MINUTES = {
    "00": 25,
    "01": 40,
    "02": 50,
    "03": 50,
    "04": 55,
    "05": 50,
    "06": 45,
    "07": 55,
    "08": 55,
    "09": 45,
    "10": 55,
    "11": 55,
    "12": 55,
    "13": 50,
    "14": 45,
    "15": 45,
    "16": 45,
    "17": 30,
    "18": 30,
}
"""Number of a lesson -> minutes to read it and to do its exercises, an estimate."""
SETUP = """\
# Set-up: on Colab it installs the kit, elsewhere nothing. Then: where does this run?
import os

FORK = "{fork}"  # owner/name on GitHub, written by: make notebooks FORK=owner/name
if "COLAB_RELEASE_TAG" in os.environ:
    %pip install -q --no-deps git+https://github.com/{{FORK}}
    from kit.colab import install

    install()

from kit.widgets import Health

Health()"""


def written_fork() -> str:
    """owner/name that the first lesson names, or ""."""
    first = committed()[0].read_text(encoding="utf-8").replace('\\"', '"')
    return FORK.search(first)[1]


def places(fork: str, lesson: str) -> tuple[str, str]:
    """Where Binder and Colab open a lesson."""
    return (
        f"https://mybinder.org/v2/gh/{fork}/HEAD?urlpath=lab/tree/notebooks/{lesson}",
        f"https://colab.research.google.com/github/{fork}/blob/main/notebooks/{lesson}",
    )


def badges(fork: str, lesson: str) -> NotebookNode:
    """Links without pictures: a picture would ask another host whenever the lesson is opened."""
    binder, colab = places(fork, lesson)
    cell = new_markdown_cell(f"Open this lesson on [Binder]({binder}) or on [Colab]({colab}).")
    cell.id = "badges"
    return cell


def setup(fork: str) -> NotebookNode:
    cell = new_code_cell(SETUP.format(fork=fork))
    cell.id = "setup"
    return cell


def words(lesson: str) -> str:
    """The terms that a lesson introduces, as links to the glossary."""
    own = [entry for entry in entries() if entry.lesson == lesson[:2]]
    links = " · ".join(f"[{entry.term}]({HERE}{entry.anchor})" for entry in own)
    return f"## Words of this lesson\n\n{links or 'This lesson has no new words.'}"


FIGURES = ("figure", "table", "styled")
"""Functions that draw: a cell that ends in a call of one has its source hidden on slides."""
FONTS = "@deathbeds/jupyterlab-fonts"
"""The extension that gives a single cell a style; JupyterLab's slides bring it."""
HIDDEN = {
    # Before the cell is run there is no output, and its source is shown.
    "body[data-jp-deck-mode='presenting'] &:has(.jp-OutputArea-child) .jp-Cell-inputWrapper": {
        "display": "none"
    }
}


def statements(cell: NotebookNode) -> list[ast.stmt]:
    """The statements of a cell of code; none where a magic makes it no Python."""
    try:
        return ast.parse(cell.source).body if cell.cell_type == "code" else []
    except SyntaxError:
        return []


def called(node: ast.stmt) -> str:
    """The last name of the function that an expression calls: "figure" of x.figure(rows)."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return ""
    return ast.unparse(node.value.func).rpartition(".")[2]


def is_quiet(node: ast.stmt) -> bool:
    """Whether a statement shows an audience nothing: an import, an assert, a check, a hint."""
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Assert) or (
        called(node) in ("check", "hint")
    )


def slide(cell: NotebookNode, after: NotebookNode | None = None) -> str:
    """Prose opens a slide, and each cell of code is the next step below it.

    Not shown: the set-up, and cells of imports, asserts, checks and hints alone. An exercise is one
    slide: its stub, the cell before its check, is added to its question; so is a quiz.
    """
    code = statements(cell)
    if cell.id in ("badges", "setup", "words") or (code and all(map(is_quiet, code))):
        return "skip"
    stub = after is not None and "check" in map(called, statements(after))
    if stub or cell.id in ("quiz", "experiment-run"):
        return "fragment"
    return "slide" if cell.cell_type == "markdown" else "subslide"


def hides_source(cell: NotebookNode) -> bool:
    """Whether a slide shows the output of a cell alone: figures, tables, today's stages."""
    *first, last = statements(cell) or [ast.Pass()]
    imports = bool(first) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in first)
    return called(last) in FIGURES or (
        imports and isinstance(last, ast.Expr) and not is_quiet(last)
    )


def written(notebook: NotebookNode, fork: str, lesson: str) -> NotebookNode:
    """The lesson with its shared cells after the title, its words, and each cell's kind of
    slide."""
    own = [cell for cell in notebook.cells if cell.id not in ("badges", "setup")]
    shared = [badges(fork, lesson)] if fork else []
    notebook.cells = [own[0], *shared, setup(fork), *own[1:]]
    for cell, after in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.id == "words":
            cell.source = words(lesson)
        cell.metadata["slideshow"] = {"slide_type": slide(cell, after)}
        if hides_source(cell):
            cell.metadata[FONTS] = {"styles": {":root": HIDDEN}}
        else:
            cell.metadata.pop(FONTS, None)
    return notebook


def title(path: Path) -> tuple[str, str]:
    """A lesson's title, and its question: what its first cell has in bold."""
    first = nbformat.read(path, as_version=4).cells[0].source
    heading = re.match(rf"# ({path.name[:2]} · [^\n]+)\n", first)
    question = re.search(r"\*\*(.+?\?)\*\*", first, re.DOTALL)
    if not (heading and question):
        sys.exit(
            f"{path.name}: the first cell is to have the heading '# {path.name[:2]} · Verb noun' "
            "and the lesson's question in bold."
        )
    return heading[1], question[1]


def course(lessons: list[Path], fork: str) -> str:
    """The table of the course: each lesson's question, its minutes, and where it opens."""
    rows = ["| lesson | question | minutes |", "| --- | --- | ---: |"]
    if fork:
        rows = ["| lesson | question | minutes | open in |", "| --- | --- | ---: | --- |"]
    for path in sorted(lessons):
        name, question = title(path)
        row = f"| [{name}](notebooks/{path.name}) | {question} | {minutes(path)} |"
        if fork:
            binder, colab = places(fork, path.name)
            row += f" [Binder]({binder}) [Colab]({colab}) |"
        rows.append(row)
    return "\n".join(rows) + "\n"


def minutes(path: Path) -> int:
    """The minutes that a lesson takes."""
    if path.name[:2] not in MINUTES:
        sys.exit(f"{path.name}: write the minutes that it takes into MINUTES of tests/lessons.py.")
    return MINUTES[path.name[:2]]


def between(text: str, name: str, content: str) -> str:
    """The text with this content between the marks of that name."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: f"{begin}\n{content}{end}", text, flags=re.DOTALL)


def readme(text: str, fork: str, lessons: list[Path]) -> str:
    """The README with badges and the map of the course between their marks."""
    binder, colab = places(fork, "00_see_it_work.ipynb")
    shown = (
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
        f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
    )
    text = between(text, "badges", shown if fork else "")
    return between(text, "course", course(lessons, fork))


def contents(path: Path, fork: str) -> str:
    """What should stand in a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return readme(text, fork, committed())
    notebook = written(nbformat.reads(text, as_version=4), fork, path.name)
    return nbformat.writes(notebook) + "\n"


def committed() -> list[Path]:
    listed = subprocess.check_output(["git", "ls-files", "notebooks"], cwd=ROOT, text=True)
    return [ROOT / name for name in listed.split() if name.endswith(".ipynb")]


def stale() -> list[str]:
    """The committed lessons, and the README, that are not as this command writes them."""
    fork = written_fork()
    return [p.name for p in (*committed(), README) if contents(p, fork) != contents_now(p)]


def contents_now(path: Path) -> str:
    """A file as it is, a notebook's JSON being laid out as nbformat does."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    return nbformat.writes(nbformat.reads(text, as_version=4)) + "\n"


def main(given: str = "") -> None:
    if given == "--check":
        sys.exit(", ".join(stale()) + ": run make notebooks" if stale() else 0)
    fork = given or written_fork()
    texts = {path: contents(path, fork) for path in (*committed(), README)}
    for path, text in texts.items():  # all of them, or after an error none
        path.write_text(text, encoding="utf-8")
    for path in sorted(set((ROOT / "notebooks").glob("*.ipynb")) - texts.keys()):
        print(f"{path.name} is no lesson yet: git add it, then run make notebooks again.")


if __name__ == "__main__":
    main(*sys.argv[1:])
