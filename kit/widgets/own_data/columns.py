"""Which column of a file is which? A guess from the names and from the first rows."""

from collections.abc import Sequence
from pathlib import Path

from kit.data.own.readers import reader
from kit.errors import KitError
from kit.tasks.translation import LANGUAGES

__all__ = ["ENDINGS", "guess", "language_of", "look", "row_bytes"]

FIRST_ROWS = 200
"""Rows that are read to guess the columns."""
ENDINGS = {".conll": "tags", ".bio": "tags", ".iob": "tags"}
"""Ending of a file -> the only kind of data that it can hold."""
USUAL = {
    "classes": ((), ("label", "class", "category")),
    "tags": (("words", "tokens"), ("tags", "ner_tags", "ner", "labels")),
    "pairs": (("english", "en", "source", "src"), ("translation", "target", "tgt", "trg")),
    "headlines": (("text", "article", "document"), ("headline", "title", "summary", "highlights")),
}
"""Kind of data -> usual names of the columns with the text and with the answer."""


def look(path) -> tuple[list[str], list[dict]]:
    """The columns of a file, and its first rows. Raises KitError for a file without either."""
    file = reader(path)
    columns = file.columns()
    if not columns:
        raise KitError(f"{path.name} has no row with columns: is its first line their names?")
    rows = [row.content for row, _ in zip(file.rows(), range(FIRST_ROWS), strict=False)]
    return columns, [row for row in rows if isinstance(row, dict)]


def row_bytes(path: Path, rows: Sequence[dict]) -> float:
    """Bytes of a row of the file, about: from its first rows."""
    named = "json" in path.suffix.lower()  # each row has the names of its columns
    sizes = [len(str(row)) if named else sum(len(str(v)) + 1 for v in row.values()) for row in rows]
    return max(1.0, sum(sizes) / max(1, len(sizes)))


def guess(kind: str, columns: Sequence[str], rows: Sequence[dict]) -> tuple[str, str]:
    """The columns with the text and with the answer, by their usual names, or by their values.

    The text is the column with the longest values. A class or tags: of the others, the column with
    the fewest distinct values, but more than one. Another text: the second longest; of a pair, the
    one that stands first is the text.
    """
    plain = {name.strip().casefold(): name for name in reversed(columns)}
    text, answer = (next((plain[n] for n in names if n in plain), "") for names in USUAL[kind])
    length = {name: sum(len(str(row.get(name, ""))) for row in rows) for name in columns}
    by_length = sorted(columns, key=lambda name: -length[name])
    if kind == "pairs" and not text and not answer and len(columns) > 1:
        text, answer = sorted(by_length[:2], key=columns.index)
    text = text or next((name for name in by_length if name != answer), columns[0])
    others = [name for name in by_length if name != text] or list(columns)
    if kind in ("classes", "tags"):
        return text, answer or _fewest([name for name in columns if name in others], rows)
    return text, answer or others[0]


def _fewest(names: Sequence[str], rows: Sequence[dict]) -> str:
    """The column with the fewest distinct values, but more than one."""
    distinct = {name: len({str(row.get(name)) for row in rows}) for name in names}
    several = [name for name in names if distinct[name] > 1] or list(names)
    return min(several, key=distinct.get)


def language_of(column: str) -> str:
    """The code of the language that the name of a column says; "" where it says none."""
    plain = column.strip().casefold()
    names = {name.casefold(): code for code, name in LANGUAGES.items()}
    return plain if plain in LANGUAGES else names.get(plain, "")
