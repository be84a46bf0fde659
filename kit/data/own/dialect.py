"""The dialect of a CSV file: found out from its first lines, obeyed, and said.

A row is parsed on its own: a quote that is opened and never closed spoils its own line and no
other, so that rows in = rows good + rows bad.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from kit.errors import KitError

__all__ = ["Dialect", "Line", "find_dialect", "parse", "split_lines"]

DELIMITERS = ",;\t|"
SAMPLE_LINES = 2000
"""Lines from which the dialect is found out."""
MOST_LINES = 200
"""Lines that one quoted field may run over; more is a quote that was never closed."""
MOST_CHARACTERS = 1_000_000
"""Characters of one quoted field, likewise."""
INNER_RETURN = "\ue00d"
"""Stands for a carriage return inside a line while it is parsed."""

QUOTES = {
    "doubled": {"quoting": csv.QUOTE_MINIMAL, "doublequote": True},
    "backslash": {"quoting": csv.QUOTE_MINIMAL, "doublequote": False, "escapechar": "\\"},
    "none": {"quoting": csv.QUOTE_NONE},
}
"""How quotes are meant: they enclose a field and are doubled inside, or have a backslash inside, or
are letters like any other."""


@dataclass(frozen=True)
class Dialect:
    """How the fields of a CSV file are told apart."""

    delimiter: str
    quotes: str
    """A name in `QUOTES`."""
    names: tuple[str, ...]
    """The names of the columns; one without a name is called "column 3", by its place."""
    skipped: int
    """Lines before the names: sep=;, comments, empty lines."""

    def notes(self) -> list[str]:
        """What a reader should know: only what is unusual."""
        said = []
        if self.quotes == "none":
            said.append("quotes are read as letters: some fields begin with one and do not end so.")
        if self.quotes == "backslash":
            said.append('a quote inside a field is read as \\", with a backslash before it.')
        if self.skipped:
            lines = "1 line" if self.skipped == 1 else f"{self.skipped} lines"
            said.append(f"{lines} before the names of the columns left out.")
        return said


class Line(NamedTuple):
    """A row of a CSV file, or what could not be made one."""

    number: int
    """The line that it begins on, from 1."""
    lines: int
    """How many lines it runs over."""
    fields: list[str] | None
    """None where it cannot be parsed."""
    raw: str
    """The text of the (first) line."""
    problem: str = ""
    """Why it cannot be parsed."""


def split_lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines without their ends: \\n, \\r\\n, and \\r alone where the file has no \\n at all.

    A \\r inside a line of another file is part of the text.
    """
    texts = iter(texts)
    first = next(texts, None)
    if first is None:
        return
    if not first.endswith("\n") and "\r" in first:  # one line only: an old Mac's file
        for text in chain([first], texts):
            yield from text.split("\r")
        return
    for text in chain([first], texts):
        yield text.removesuffix("\n").removesuffix("\r")


def find_dialect(name: str, lines: list[str], delimiter: str | None = None) -> Dialect:
    """The dialect in which most rows of a sample have as many fields as there are names.

    delimiter: one that is given is obeyed. Raises KitError for a file without names or rows.
    """
    start, given = _header(lines)
    delimiter = delimiter or given
    if delimiter is not None and len(delimiter) != 1:
        raise KitError(f"delimiter={delimiter!r}: give one character, such as ';' or '\\t'.")
    body = lines[start:]
    if not body:
        raise KitError(f"{name} has no line with the names of its columns: give it a first line.")
    kinds = ["doubled"]
    if any('"' in line for line in body):
        kinds += ["none"] + ["backslash"] * any('\\"' in line for line in body)
    candidates = [
        (_score(body, mark, quotes), -i, mark, quotes)
        for i, quotes in enumerate(kinds)
        for mark in ([delimiter] if delimiter else DELIMITERS)
    ]
    _, _, mark, quotes = max(candidates)
    fields = next(parse(body, mark, quotes)).fields or [body[0]]
    return Dialect(mark, quotes, _named(name, fields), start)


def _header(lines: list[str]) -> tuple[int, str | None]:
    """The number of the line with the names, and the delimiter that a line sep=; gives."""
    delimiter = None
    for number, line in enumerate(lines):
        plain = line.strip()
        if plain.lower().startswith("sep=") and len(plain) == 5:
            delimiter = plain[4]
        elif plain.lower() in ("sep=\\t", "sep=") and line.lower().startswith("sep="):
            delimiter = "\t"
        elif plain and not (plain.startswith("#") and _comment(lines, number)):
            return number, delimiter
    return len(lines), delimiter


def _comment(lines: list[str], number: int) -> bool:
    """Whether a line that begins with # is a comment: another line comes after it that does not,
    and the two do not have the same number of delimiters."""
    after = next((line for line in lines[number + 1 :] if not line.startswith("#")), None)
    line = lines[number]
    same = after is not None and any(
        line.count(mark) == after.count(mark) > 0 for mark in DELIMITERS
    )
    return after is not None and not same


def _score(lines: list[str], delimiter: str, quotes: str) -> tuple:
    """Larger for a better dialect: several columns, few lines that do not fit, many that do."""
    rows = parse(lines, delimiter, quotes)
    names = next(rows).fields
    if names is None or len(names) < 2:
        return (0, 0, 0)
    good = bad = 0
    for row in rows:
        if row.fields is None or _width(row.fields, len(names)) != len(names):
            bad += 1
        else:
            good += 1
    return (1, round(good / max(1, good + bad), 3), good)


def _width(fields: list[str], wanted: int) -> int:
    """How many fields there are; empty ones at the end do not count where they are too many."""
    n = len(fields)
    while n > wanted and not fields[n - 1].strip():
        n -= 1
    return n


def _named(name: str, fields: list[str]) -> tuple[str, ...]:
    fields = [field.strip() for field in fields]
    while len(fields) > 1 and not fields[-1]:
        fields.pop()  # a delimiter at the end of each line names nothing
    names = tuple(field or f"column {i}" for i, field in enumerate(fields, start=1))
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise KitError(
            f"{name} has two columns of one name, {', '.join(twice)}: rename one in its first line."
        )
    return names


def parse(lines: Iterable[str], delimiter: str, quotes: str = "doubled") -> Iterator[Line]:
    """The rows of lines without their ends; empty lines are left out."""
    # As csv's own object: else it is built again for each row.
    how = csv.reader([], delimiter=delimiter, strict=True, **QUOTES[quotes]).dialect
    pending: list[str] = []  # lines that were read ahead for a field of several lines
    source, number = iter(lines), 0

    def following() -> Iterator[str]:
        """The rest of the file, kept in `pending` as it is looked at."""
        at, size = 0, 0
        while at < MOST_LINES and size < MOST_CHARACTERS:
            if at == len(pending):
                line = next(source, None)
                if line is None:
                    return
                pending.append(line)
            size += len(pending[at])
            at += 1
            yield "\n" + pending[at - 1].replace("\r", INNER_RETURN)

    while True:
        line = pending.pop(0) if pending else next(source, None)
        if line is None:
            return
        number += 1
        if not line.strip():
            continue
        if quotes == "none" or ('"' not in line and "\\" not in line):
            yield Line(number, 1, line.split(delimiter), line)
            continue
        fields, used, problem = _quoted(line, following(), how)
        yield Line(number, 1 + used, fields, line, problem)
        number += used
        del pending[:used]


def _quoted(
    line: str, following: Iterator[str], how: csv.Dialect
) -> tuple[list[str] | None, int, str]:
    """(fields, further lines that they run over, problem) of a row with quotes in it."""
    text, used = line.replace("\r", INNER_RETURN), 0
    csv.field_size_limit(10 * MOST_CHARACTERS)
    while True:
        try:
            [fields] = csv.reader([text], how)
            return [_restored(field) for field in fields], used, ""
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                return None, 0, "a quote in the middle of a field"
        # The quote is still open: the next lines that close it belong to this row.
        closes = False
        for more in following:
            text, used = text + more, used + 1
            if '"' in more:
                closes = True
                break
        if not closes:
            return None, 0, "a quote that is opened and never closed"


def _restored(field: str) -> str:
    return field.replace(INNER_RETURN, "\r") if INNER_RETURN in field else field


def sample(lines: Iterator[str]) -> tuple[list[str], Iterator[str]]:
    """The first lines, and all of them again."""
    first = list(islice(lines, SAMPLE_LINES))
    return first, chain(first, lines)
