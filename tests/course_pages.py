"""The course as pages that need no kernel and no network, and as a PDF.

python tests/course_pages.py build/html        # every lesson
python tests/course_pages.py build/html 00 03  # some of them

Every lesson is run; Sphinx makes the pages (docs/edition/conf.py), with contents, search and a
dark mode; Chromium prints them as course.pdf.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import by_hand
import edition
import lessons
import nbformat
from browser import chromium
from nbformat import NotebookNode
from playwright.sync_api import sync_playwright

__all__ = ["PDF", "build", "print_course", "sources", "write"]

ROOT = edition.ROOT
SETTINGS = ROOT / "docs/edition"
PDF = "course.pdf"
LINK = re.compile(r"\]\(\.\./(docs/[\w/]+\.md)")
"""A link from a lesson to a document of the course."""
FIRST_PAGE = """\
# Transfer learning with language models

Every lesson is shown here as it ran, with its figures, which you can zoom and read by pointing at \
them. Nothing runs here: to change a cell and to use the widgets, open the lesson in JupyterLab.

{table}
{links}

```{{toctree}}
:hidden:
:maxdepth: 1

{names}
```
"""
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
PAGE_NUMBER = (
    '<div style="font:9px sans-serif;width:100%;text-align:center">'
    '<span class="pageNumber"></span></div>'
)
A4_WIDTH = 960
"""Pixels of a printed line before the scale of `print_course`: room for a figure of two panels."""


def write(folder: Path, paths: list[Path], executed: Callable = edition.run, fork="") -> None:
    """The pages of the lessons, and the PDF.

    executed: a function of a lesson's path that returns the executed notebook and its widgets'
    pictures. fork: owner/name on GitHub for the launch buttons, or "".
    """
    work = folder.parent / f"{folder.name}_work"
    shutil.rmtree(work, ignore_errors=True)
    sources(work / "source", paths, executed, fork)
    build(work, folder, "html", fork)
    for path in paths:  # the lesson itself, not its still pictures, is what one downloads
        shutil.copy(path, folder / "_sources/notebooks")
    build(work, work / "print", "singlehtml", fork)
    print_course(work / "print/index.html", folder / PDF)


def sources(folder: Path, paths: list[Path], executed: Callable, fork: str = "") -> None:
    """What Sphinx reads: the lessons, run; the documents that they link to; the first page."""
    (folder / "notebooks").mkdir(parents=True)
    linked = set()
    for path in paths:
        notebook, pictures = executed(path)
        by_hand.mark_lesson(notebook)
        edition.freeze(notebook, pictures)
        arrange(notebook)
        nbformat.write(notebook, folder / "notebooks" / path.name)
        linked |= set(LINK.findall("\n".join(cell.source for cell in notebook.cells)))
    for document in linked:
        text = (ROOT / document).read_text(encoding="utf-8")
        (folder / document).parent.mkdir(exist_ok=True)
        text = with_lessons(without_strangers(text, linked, fork), paths)
        (folder / document).write_text(text, encoding="utf-8")
    documents = sorted(linked)
    links = [f"[{Path(name).stem.capitalize()}]({name})" for name in documents]
    links.append(f'<a href="{PDF}">The course as a PDF</a>')
    names = [f"notebooks/{path.stem}" for path in paths]
    names += [name.removesuffix(".md") for name in documents]
    page = FIRST_PAGE.format(
        table=lessons.course(paths, ""), links=" · ".join(links), names="\n".join(names)
    )
    (folder / "index.md").write_text(page, encoding="utf-8")


def without_strangers(text: str, documents: set[str], fork: str) -> str:
    """A document of docs/ whose links to files outside the edition lead to the fork, or nowhere."""

    def link(match: re.Match) -> str:
        name = match[2].removeprefix("../")
        if name in documents:
            return match[0]
        address = f"https://github.com/{fork}/blob/HEAD/{name}{match[3]}"
        return f"[{match[1]}]({address})" if fork else match[1]

    return re.sub(r"\[([^\]]+)\]\((\.\./[^)#]+)(#[^)]*)?\)", link, text)


def with_lessons(text: str, paths: list[Path]) -> str:
    """A document whose lines "Lesson NN." lead to the page of that lesson, if there is one."""
    pages = {path.name[:2]: path.name for path in paths}

    def link(match: re.Match) -> str:
        page = pages.get(match[1])
        return f"[Lesson {match[1]}](../notebooks/{page})." if page else match[0]

    return re.sub(r"^Lesson (\d\d)\.$", link, text, flags=re.MULTILINE)


def arrange(notebook: NotebookNode) -> None:
    """Leave out what only a kernel needs: the set-up, and checks of answers that nobody gave. Of
    hints and of a quiz only what they show is left."""

    def calls(cell: NotebookNode, *names: str) -> bool:
        last = cell.source.rstrip().rpartition("\n")[2]
        return cell.cell_type == "code" and last.startswith(names)

    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.id not in ("setup", "badges") and not calls(cell, "exercises.check(")
    ]
    for cell in notebook.cells:
        if calls(cell, "exercises.hint(", "exercises.quiz("):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-input"]


def build(work: Path, folder: Path, builder: str, fork: str) -> None:
    """Let Sphinx make pages of `work`/source; a warning, such as a link to nowhere, is an error."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder]
    command += ["-c", SETTINGS, "-d", work / "doctrees", work / "source", folder]
    told = subprocess.run(
        command, env=os.environ | {"FORK": fork}, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise RuntimeError(f"Sphinx could not make the pages:\n{told.stderr}")


def print_course(page: Path, pdf: Path) -> None:
    """Print a page that holds the whole course, its folds open, with bookmarks and page numbers."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": A4_WIDTH, "height": 1300}, color_scheme="light")
        shown.set_default_timeout(300_000)
        shown.emulate_media(media="print", color_scheme="light")
        shown.goto(page.as_uri())
        shown.evaluate(OPEN_FOLDS)
        margin = {"top": "15mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}
        shown.pdf(
            path=pdf,
            format="A4",
            scale=0.7,
            margin=margin,
            tagged=True,
            outline=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=PAGE_NUMBER,
        )
        browser.close()


def main(folder: str, *numbers: str) -> None:
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [path for path in found if not numbers or path.stem[:2] in numbers]
    fork = os.environ.get("FORK") or lessons.written_fork()
    write(Path(folder).resolve(), chosen, fork=fork)
    print(Path(folder) / "index.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
