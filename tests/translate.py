"""The course in another language: its texts are taken out, translated, and put back into a copy.

python tests/translate.py extract build/course.pot       # a template for translators, gettext's
python tests/translate.py pseudo build/pseudo            # a course whose every word is marked
python tests/translate.py apply course.zh.po build/zh    # lessons and kit in a translation

A message is the Markdown of one cell; its context is lesson.cell-id, so that the same words can be
translated in two ways, and a cell that moves keeps its translation. The texts of the kit and of
the lessons' code: `translate_texts.py`. The copy holds the lessons and the package `kit` beside
them, which a kernel that starts there imports.
"""

import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import lessons
import nbformat
import translate_texts
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from nbformat import NotebookNode
from translate_texts import Texts, Translation

__all__ = ["KEPT", "apply", "catalog", "check", "pseudo", "translated"]

KEPT = re.compile(r"```.*?```|`[^`\n]+`|\]\([^)\s]*\)|https?://[^\s)]+|<[^>\n]+>|\d+", re.DOTALL)
"""What a translation of a cell has to keep: code, addresses, HTML tags, numbers."""


def prose() -> Iterator[tuple[Path, NotebookNode, NotebookNode]]:
    """path, lesson, cell: every Markdown cell of the course that has a text."""
    for path in lessons.committed():
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.source.strip():
                yield path, notebook, cell


def context(path: Path, cell: NotebookNode) -> str:
    return f"{path.name[:2]}.{cell.id}"


def catalog(texts: Texts | None = None) -> Catalog:
    """The messages of the course, without translations: its prose, and these texts."""
    messages = Catalog(project="lm-transfer-kit", charset="utf-8")
    for path, _, cell in prose():
        messages.add(cell.source, context=context(path, cell), locations=[(path.name, 0)])
    if texts:
        texts.add_to(messages)
    return messages


def check(where: str, source: str, translation: str) -> str:
    """The translation; a ValueError if it has lost or changed what must be kept."""
    return translate_texts.check(where, source, translation, KEPT)


def translated(
    notebook: NotebookNode, path: Path, message: Translation, texts: Texts | None = None
) -> NotebookNode:
    """A lesson with message(context, text) in place of the text of each Markdown cell, and of these
    texts in its code; where that is empty, the English stays."""
    result = copy.deepcopy(notebook)
    for cell in result.cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            where = context(path, cell)
            if text := message(where, cell.source):
                cell.source = check(where, cell.source, text)
    if texts:
        texts.lesson(result, path, message)
    return result


def from_catalog(messages: Catalog) -> Translation:
    """The function that `translated` wants, of a translator's file; what is marked fuzzy, since
    its English has changed, is left in English."""

    def message(where: str, source: str) -> str:
        found = messages.get(source, context=where)
        return "" if found is None or found.fuzzy else found.string

    return message


def pseudo(where: str, source: str) -> str:
    """The text in a language in which every word is marked and can still be read: àéîõü."""
    is_cell = re.fullmatch(r"\d\d\.(?!code$).*", where)
    return translate_texts.marked(source, KEPT if is_cell else translate_texts.KEPT)


def apply(message: Translation, folder: Path, texts: Texts | None = None) -> None:
    """Write every lesson in the other language, and with these texts the kit too."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in lessons.committed():
        notebook = translated(nbformat.read(path, 4), path, message, texts)
        nbformat.write(notebook, folder / path.name)
    if texts:
        texts.write_kit(folder, message)


def main(what: str, *names: str) -> None:
    if what == "extract":
        Path(names[0]).parent.mkdir(parents=True, exist_ok=True)
        with open(names[0], "wb") as file:
            write_po(file, catalog(Texts()), width=0)
    elif what == "pseudo":
        apply(pseudo, Path(names[0]), Texts())
    elif what == "apply":
        with open(names[0], "rb") as file:
            apply(from_catalog(read_po(file)), Path(names[1]), Texts())
    else:
        sys.exit(f"{what!r} is none of extract, pseudo and apply")


if __name__ == "__main__":
    main(*sys.argv[1:])
