"""The glossary, and the prose of the lessons, as the tests read them.

python tests/words.py 03    # of lesson 03: terms used too early, first uses without a link
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
LESSONS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|^#+ [^\n]*|<[^>]+>", re.DOTALL | re.MULTILINE
)
"""Code, formulas, headings and tags: a term in them is no use of it."""
LINK = re.compile(r"\[([^\]]*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
HERE = "../docs/GLOSSARY.md#"
"""How a lesson links to an entry: this, and the entry's anchor."""


@dataclass(frozen=True)
class Entry:
    """One entry of the glossary."""

    term: str
    text: str
    aliases: tuple[str, ...]
    """Other forms of the term. A plural in -s needs none."""
    lesson: str
    """The number of the lesson that introduces the term."""

    @property
    def anchor(self) -> str:
        """What GitHub makes of the heading."""
        return re.sub(r"[^\w\- ]", "", self.term.lower()).replace(" ", "-")


def entries(page: str | None = None) -> list[Entry]:
    """The entries of the glossary, in their order. A ValueError names one that is incomplete."""
    page = GLOSSARY.read_text(encoding="utf-8") if page is None else page
    made = []
    for part in page.split("\n## ")[1:]:
        term, _, rest = part.partition("\n")
        form = re.fullmatch(r"\n(.+?)\n\n(?:Also: (.+)\.\n)?Lesson (\d\d)\.\s*", rest, re.DOTALL)
        if not form:
            raise ValueError(f"{term}: sentences, perhaps 'Also: x, y.', then 'Lesson NN.'")
        text, also, lesson = form.groups()
        aliases = tuple(alias.strip() for alias in (also or "").split(",") if alias.strip())
        made.append(Entry(term, text, aliases, lesson))
    return made


def cells(lesson: str) -> list[NotebookNode]:
    return nbformat.read(LESSONS[lesson], 4).cells


def prose(lesson: str) -> list[tuple[str, str]]:
    """The id and the text of each cell of prose. Not those that announce the lesson (`before`) or
    list its words (`words`), nor what it tells to read on: they name terms, they do not use them.
    """
    kept = [c for c in cells(lesson) if c.cell_type == "markdown"]
    kept = [c for c in kept if c.id not in ("before", "words", "badges")]
    return [
        (c.id, c.source) for c in kept if not c.source.startswith(("## Read on", "## Glossary"))
    ]


def links(text: str) -> list[str]:
    """The anchors of the glossary that a text links to, in their order."""
    return [url[len(HERE) :] for _, url in LINK.findall(text) if url.startswith(HERE)]


def uses(text: str, known: list[Entry]) -> Iterator[tuple[Entry | str, bool]]:
    """The terms of a text in their order: the entry, or the anchor of none, and: is it a link?"""
    forms = {form.lower(): entry for entry in known for form in (entry.term, *entry.aliases)}
    anchors = {entry.anchor: entry for entry in known}
    words = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    words = words.replace(r"\ ", r"[ \n-]").replace(r"\-", "[ -]")
    plain = {re.sub("[ -]", " ", form): entry for form, entry in forms.items()}
    each = re.compile(rf"{LINK.pattern}|(?<![\w-])({words})s?(?![\w])", re.IGNORECASE)
    for match in each.finditer(NOT_PROSE.sub(" ~ ", text)):
        label, url, word = match.groups()
        if word:
            yield plain[re.sub(r"[ \n-]+", " ", word.lower())], False
        elif url.startswith(HERE):
            anchor = url[len(HERE) :]
            yield anchors.get(anchor, anchor), True
        elif not url.startswith("http"):
            yield from uses(label, known)


def complaints(lesson: str, known: list[Entry], everyday: frozenset[str]) -> list[str]:
    """What is wrong with the terms of one lesson: used before the lesson that introduces them;
    introduced here, and the first use is no link; linked to an entry that there is not; linked
    twice. everyday: terms that are words of common English too: these may be used earlier."""
    wrong: list[str] = []
    seen: set[str] = set()
    linked: set[str] = set()
    for name, text in prose(lesson):
        opening = text.startswith("# ")  # the question, which comes before every explanation
        for entry, link in uses(text, known):
            if isinstance(entry, str):
                wrong.append(f"{lesson} {name}: the glossary has no entry #{entry}")
                continue
            if link and entry.term in linked:
                wrong.append(f"{lesson} {name}: {entry.term!r} is linked twice in this lesson")
            linked |= {entry.term} if link else set()
            first, common = entry.term not in seen, entry.term in everyday
            if opening and entry.lesson == lesson and not link:
                continue
            if link or not common:
                seen.add(entry.term)
            if entry.lesson > lesson and (link or not common):
                wrong.append(f"{lesson} {name}: {entry.term!r} is introduced in {entry.lesson}")
            elif entry.lesson == lesson and first and not link and not common:
                wrong.append(f"{lesson} {name}: the first use of {entry.term!r} is no link")
    missing = [e.term for e in known if e.lesson == lesson and e.term not in linked]
    return list(dict.fromkeys(wrong)) + [f"{lesson}: {term!r} is never linked" for term in missing]


if __name__ == "__main__":
    from test_words import EVERYDAY

    for number in sys.argv[1:] or LESSONS:
        print("\n".join(complaints(number, entries(), EVERYDAY)))
