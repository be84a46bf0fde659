"""Rows of the user's data, from wherever they are: (place, split, row, or what is wrong with it).

A file is read as a stream: however many rows it has, few exist at a time.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from kit.data.text_files import encoding_of
from kit.errors import KitError

__all__ = ["Reader", "Row", "reader"]

DELIMITERS = ",;\t|"
LONGEST = 10_000_000  # characters of a field of a CSV; more is a quote that was never closed


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

    def __init__(self, where: str, rows: Iterable[Row]) -> None:
        self.where, self.notes = where, []
        self._rows = iter(rows)
        self._first = []

    def columns(self) -> list[str]:
        """The names in the first row that is one."""
        for row in self._rows:
            self._first.append(row)
            if isinstance(row.content, dict):
                return [str(name) for name in row.content]
        return []

    def rows(self) -> Iterator[Row]:
        """All rows."""
        return chain(self._first, self._rows)


def reader(where, **options) -> Reader:
    """A reader of a file, a Dataset, dicts, or whatever `datasets.load_dataset` finds by a name."""
    if isinstance(where, str | Path):
        path = Path(where)
        if path.is_file():
            return _file(path)
        if path.suffix.lower() in KINDS:
            raise KitError(f"{path} is not there: give a file (this is {Path.cwd()}).")
        return Reader(str(where), _dataset(_hub(str(where), options)))
    if hasattr(where, "column_names") or isinstance(where, Mapping):
        return Reader(f"the {type(where).__name__}", _dataset(where))
    if isinstance(where, Iterable) and not isinstance(where, bytes):
        rows = (Row(f"row {i}", "", row, _no_dict(row)) for i, row in enumerate(where, start=1))
        return Reader("the rows", rows)
    raise KitError(
        f"{where!r:.60} ({type(where).__name__}) is no data: give a .csv, .jsonl or .parquet file, "
        "a datasets.Dataset, or a name on the hub."
    )


def _file(path: Path) -> Reader:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise KitError(f"{path.name} is of no kind that can be read: give {', '.join(KINDS)}.")
    if not path.stat().st_size:
        raise KitError(f"{path.name} is empty: give a file with rows.")
    made = Reader(path.name, ())
    made._rows = KINDS[kind](path, made.notes)
    return made


def _lines(path: Path, notes: list[str]) -> Iterator[str]:
    """The lines as text. Where some are not UTF-8, those are read as what they look like."""
    encoding = encoding_of(path, warn=False)
    if encoding in ("utf-16", "utf-32"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                yield from file
        except UnicodeError as problem:
            raise KitError(f"{path.name} is broken {encoding}: save it as UTF-8.") from problem
        return
    other = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            try:
                yield line.decode("utf-8-sig" if not number else "utf-8")
            except UnicodeDecodeError:
                other += 1
                yield _other(line, encoding)
    if other:
        said = "1 line is" if other == 1 else f"{other:,} lines are"
        notes.append(f"{said} not UTF-8, and read as {encoding}: look at what became of them.")


def _other(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _csv(path: Path, notes: list[str]) -> Iterator[Row]:
    lines = _lines(path, notes)
    first = next(lines)
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(LONGEST)
    found = csv.reader(chain([first], lines), delimiter=delimiter)
    names = next(found)
    if len(set(names)) < len(names):
        raise KitError(f"{path.name} has two columns of one name, {names}: rename one.")
    begins = found.line_num + 1
    try:
        for fields in found:
            if fields:
                yield _fields(f"line {begins}", names, fields, delimiter)
            begins = found.line_num + 1
    except csv.Error as problem:
        raise KitError(
            f"{path.name} cannot be read from line {begins} on ({problem}): is a quote opened "
            "there and never closed?"
        ) from problem


def _fields(place: str, names: list[str], fields: list[str], delimiter: str) -> Row:
    if len(fields) == len(names):
        return Row(place, "", dict(zip(names, fields, strict=True)))
    return Row(place, "", delimiter.join(fields), "another number of columns than the first line")


def _jsonl(path: Path, notes: list[str]) -> Iterator[Row]:
    for number, line in enumerate(_lines(path, notes), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                yield Row(f"line {number}", "", line.strip(), "no JSON")
            else:
                yield Row(f"line {number}", "", row, _no_dict(row))


def _no_dict(row) -> str:
    return "" if isinstance(row, dict) else "no columns with names"


def _parquet(path: Path, notes: list[str]) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        number = 0
        for batch in parquet.ParquetFile(path).iter_batches(10_000):
            for row in batch.to_pylist():
                number += 1
                yield Row(f"row {number}", "", row)
    except (OSError, pyarrow.ArrowException) as problem:
        said = str(problem).split("\n")[0][:100]
        raise KitError(f"{path.name} is no whole Parquet file ({said}): save it again.") from None


KINDS = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}


def _dataset(given) -> Iterator[Row]:
    """The rows of a Dataset, or of a dict of them; classes by their names."""
    parts = given if isinstance(given, Mapping) else {"": given}
    for split, rows in parts.items():
        names = {k: f for k, f in (rows.features or {}).items() if _classes(f)}
        before = f"{split}/" if split else ""
        for number, row in enumerate(rows, start=1):
            named = {k: _named(f, row[k]) for k, f in names.items()}
            yield Row(f"{before}row {number}", split, row | named)


def _classes(feature):
    """The ClassLabel that a feature is, or that it is a list of."""
    inner = getattr(feature, "feature", feature)
    return inner if hasattr(inner, "int2str") else None


def _named(feature, value):
    one = _classes(feature)
    if isinstance(value, list):
        return [_named(one, v) for v in value]
    return one.int2str(value) if value is not None and 0 <= value < one.num_classes else None


def _hub(name: str, options: dict):
    """What `datasets.load_dataset` finds: a folder here, or a name on the hub."""
    from datasets import load_dataset

    if not Path(name).is_dir() and not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise KitError(f"{name!r} is no file, no folder and no name on the hub, owner/name.")
    try:
        return load_dataset(name, **options)
    except (OSError, ValueError) as problem:  # an HTTP error is an OSError
        said = str(problem).strip().split("\n")[0][:200]
        raise KitError(
            f"{name!r} cannot be read from the hub: {said} Connect to the network and check the "
            "name; without one, give a file or a folder."
        ) from problem
