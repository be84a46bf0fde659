"""Sentences of a lesson that ask for the reader's hands: "Drag the slider".

On a page without a kernel nothing can be dragged. There such sentences are set apart, with
"In the notebook:" before them.
"""

import re
from itertools import groupby

from nbformat import NotebookNode

__all__ = ["LEAD", "WORDS", "mark", "mark_lesson"]

LEAD = "In the notebook:"
WORDS = re.compile(r"\b(drag(s|ged|ging)?|press(es|ed|ing)?|click(s|ed|ing)?)\b", re.IGNORECASE)
"""Words that ask for a hand wherever they stand."""
ORDER = re.compile(
    r"\W*((then|now|or|first|next|scroll up and)\W+)*(type|paste|choose|switch|select|hover)\b",
    re.IGNORECASE,
)
"""Words that do so at the beginning of a sentence beside a widget."""
SENTENCE = re.compile(r"(?<=[.!?:])\s+|(?<=[.!?:]\*\*)\s+|(?<=[.!?:]\*)\s+")
ITEM = re.compile(r"(\s*(?:[-*]|\d+\.)\s+)(.*)", re.DOTALL)
NO_PROSE = ("#", "```", "|", "<", "    ")
WIDGET = "application/vnd.jupyter.widget-view+json"


def mark_lesson(notebook: NotebookNode) -> None:
    """Mark the sentences of every Markdown cell of an executed lesson."""
    sections = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            sections.append([cell])
        else:
            sections[-1].append(cell)
    lives = [any(map(_shows_widget, section)) for section in sections]
    for i, section in enumerate(sections):
        if i:
            section[0].source = mark(section[0].source, beside_widget=lives[i - 1] or lives[i])


def _shows_widget(cell: NotebookNode) -> bool:
    return any(WIDGET in output.get("data", {}) for output in cell.get("outputs", []))


def mark(source: str, beside_widget: bool) -> str:
    """Markdown with those sentences inside <span class="live">, after `LEAD`."""
    blocks = re.split(r"(\n\s*\n)", source)
    return "".join(b if not b.strip() else _mark_block(b, beside_widget) for b in blocks)


def _mark_block(block: str, beside_widget: bool) -> str:
    if block.startswith(NO_PROSE):
        heading, newline, rest = block.partition("\n")
        if not block.startswith("#") or not rest:
            return block
        return heading + newline + _mark_block(rest, beside_widget)
    lines = block.split("\n")
    if not any(ITEM.fullmatch(line) for line in lines):
        return _mark_paragraph(block, beside_widget)
    items = []
    for line in lines:
        item = ITEM.fullmatch(line)
        mark, text = item.groups() if item else ("", line)
        items.append(mark + _mark_paragraph(text, beside_widget))
    return "\n".join(items)


def _mark_paragraph(text: str, beside_widget: bool) -> str:
    if 'class="live"' in text:  # its author has marked it
        return text

    def asks(sentence: str) -> bool:
        return bool(WORDS.search(sentence) or (beside_widget and ORDER.match(sentence)))

    parts = []
    for hands, sentences in groupby(_sentences(text), asks):
        joined = " ".join(sentences)
        parts.append(f'<span class="live">{LEAD} {joined}</span>' if hands else joined)
    return " ".join(parts)


def _sentences(text: str) -> list[str]:
    """The sentences of a paragraph; what one pair of ** spans stays together."""
    sentences = []
    for part in SENTENCE.split(text):
        if sentences and sentences[-1].count("**") % 2:
            sentences[-1] += f" {part}"
        else:
            sentences.append(part)
    return sentences
