"""Rows of the user's data as they were found, and what they are read from."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

__all__ = ["Reader", "Row", "no_dict"]

NAMED_ROWS = 1000
"""Rows whose columns are looked at where no header names them (JSON Lines, dicts)."""


DEPTH = 20
"""Dicts within dicts whose parts are named, at most."""


class Row(NamedTuple):
    """One row as it was found."""

    place: str
    """Where it stands: "line 7", "row 7", "test/row 7"."""
    split: str
    """"train", "test", ...; "" where none is given."""
    content: dict | str
    """Its columns, or, as a text, what could not be made a row."""
    problem: str = ""
    """What is wrong with it, if it is no row."""


class Reader:
    """What is read, by name; its columns; its rows, once; and what was noticed on the way."""

    def __init__(self, where: str, rows: Iterable[Row], names: Iterable[str] = ()) -> None:
        """names: of the columns, where a header gives them."""
        self.where, self.notes = where, []
        self._names = list(names)
        self._rows = iter(rows)
        self._first: list[Row] = []

    def columns(self) -> list[str]:
        """The names in the header; without one, all names in the first thousand rows.

        The parts of a column that holds dicts are named too: "translation.en".
        """
        if self._names:
            return self._names
        self._first += islice(self._rows, NAMED_ROWS)
        names: dict[str, None] = {}
        for row in self._first:
            if isinstance(row.content, dict):
                names |= dict.fromkeys(_names(row.content))
        return list(names)

    def rows(self) -> Iterator[Row]:
        """All rows."""
        return chain(self._first, self._rows)


def _names(content: dict, before: str = "", depth: int = 1) -> Iterator[str]:
    for name, value in content.items():
        yield f"{before}{name}"
        if isinstance(value, dict) and depth < DEPTH:
            yield from _names(value, f"{before}{name}.", depth + 1)


def no_dict(row) -> str:
    """What is wrong with a row that is no dict; "" for one that is."""
    return "" if isinstance(row, dict) else "no columns with names"
