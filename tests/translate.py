"""The lessons' prose in another language: taken out by cell, translated, and put back.

python tests/translate.py extract build/course.pot       # a template for translators, gettext's
python tests/translate.py pseudo build/pseudo            # lessons whose every word is marked
python tests/translate.py apply course.zh.po build/zh    # the lessons in a translation

A message is the Markdown of one cell; its context is lesson.cell-id, so that the same words can be
translated in two ways, and a cell that moves keeps its translation. Code cells stay as they are.
"""

import copy
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import lessons
import nbformat
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from nbformat import NotebookNode

__all__ = ["KEPT", "apply", "catalog", "check", "pseudo", "translated"]

KEPT = re.compile(r"```.*?```|`[^`\n]+`|\]\([^)\s]*\)|https?://[^\s)]+|<[^>\n]+>|\d+", re.DOTALL)
"""What a translation has to keep: code, addresses, HTML tags, numbers."""
MARKED = str.maketrans("aeiouyAEIOUY", "àéîõüýÀÉÎÕÜÝ")


def prose() -> Iterator[tuple[Path, NotebookNode, NotebookNode]]:
    """path, lesson, cell: every Markdown cell of the course that has a text."""
    for path in lessons.committed():
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.source.strip():
                yield path, notebook, cell


def context(path: Path, cell: NotebookNode) -> str:
    return f"{path.name[:2]}.{cell.id}"


def catalog() -> Catalog:
    """The messages of the course, without translations."""
    messages = Catalog(project="lm-transfer-kit", charset="utf-8")
    for path, _, cell in prose():
        messages.add(cell.source, context=context(path, cell), locations=[(path.name, 0)])
    return messages


def check(where: str, source: str, translation: str) -> str:
    """The translation; a ValueError if it has lost or changed what must be kept."""
    wanted, found = (Counter(KEPT.findall(text)) for text in (source, translation))
    if wanted != found:
        lost, new = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        raise ValueError(f"{where}: the translation lacks {lost} and adds {new}: correct it.")
    return translation


def translated(notebook: NotebookNode, path: Path, message: Callable) -> NotebookNode:
    """A lesson with message(context, text) in place of the text of each Markdown cell; where that
    is empty, the English stays."""
    result = copy.deepcopy(notebook)
    for cell in result.cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            where = context(path, cell)
            if text := message(where, cell.source):
                cell.source = check(where, cell.source, text)
    return result


def from_catalog(messages: Catalog) -> Callable:
    """The function that `translated` wants, of a translator's file; what is marked fuzzy, since
    its English has changed, is left in English."""

    def message(where: str, source: str) -> str:
        found = messages.get(source, context=where)
        return "" if found is None or found.fuzzy else found.string

    return message


def pseudo(where: str, source: str) -> str:
    """The text in a language in which every word is marked and can still be read: àéîõü."""
    parts, end = [], 0
    for kept in KEPT.finditer(source):
        parts += [source[end : kept.start()].translate(MARKED), kept[0]]
        end = kept.end()
    return "".join([*parts, source[end:].translate(MARKED)])


def apply(message: Callable, folder: Path) -> None:
    """Write every lesson in the other language."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in lessons.committed():
        nbformat.write(translated(nbformat.read(path, 4), path, message), folder / path.name)


def main(what: str, *names: str) -> None:
    if what == "extract":
        Path(names[0]).parent.mkdir(parents=True, exist_ok=True)
        with open(names[0], "wb") as file:
            write_po(file, catalog(), width=0)
    elif what == "pseudo":
        apply(pseudo, Path(names[0]))
    elif what == "apply":
        with open(names[0], "rb") as file:
            apply(from_catalog(read_po(file)), Path(names[1]))
    else:
        sys.exit(f"{what!r} is none of extract, pseudo and apply")


if __name__ == "__main__":
    main(*sys.argv[1:])
