"""Readers of the user's data: files, data sets and dicts as a stream of rows.

Only a few rows of a file are in memory at a time, however many it has.
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
"""Of columns in a CSV; the most frequent one in the first line is used."""

MAX_FIELD_CHARACTERS = 10_000_000
"""Of a field in a CSV; a longer one is a quote that was never closed."""

BATCH_ROWS = 10_000
"""Rows of a Parquet file that are read at a time."""


class Row(NamedTuple):
    """One row as it was read."""

    place: str
    """Its place in the data: "line 7", "row 7", "test/row 7"."""
    split: str
    """"train", "test", ...; "" where none is given."""
    content: dict | str
    """Its columns; or the text of a line that is no row."""
    problem: str = ""
    """Why it is no row; "" for a row."""


class Reader:
    """The name of the data (`where`), its columns, its rows (once), and notes on reading it."""

    def __init__(self, where: str, rows: Iterable[Row]) -> None:
        self.where, self.notes = where, []
        self._rows = iter(rows)
        self._first = []

    def columns(self) -> list[str]:
        """The names of the columns in the first row that has columns."""
        for row in self._rows:
            self._first.append(row)
            if isinstance(row.content, dict):
                return [str(name) for name in row.content]
        return []

    def rows(self) -> Iterator[Row]:
        """All rows, once."""
        return chain(self._first, self._rows)


def reader(where, **options) -> Reader:
    """A reader of a file, a Dataset or DatasetDict, dicts, or a name for `datasets.load_dataset`.

    options: those of `datasets.load_dataset`. Raises KitError for what is none of these.
    """
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
    file_reader = Reader(path.name, ())
    file_reader._rows = KINDS[kind](path, file_reader.notes)  # which adds to the notes
    return file_reader


def _lines(path: Path, notes: list[str]) -> Iterator[str]:
    """The lines as text. Lines that are not UTF-8 are read in the likeliest encoding."""
    encoding = encoding_of(path, warn=False)
    if encoding in ("utf-16", "utf-32"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                yield from file
        except UnicodeError as problem:
            raise KitError(f"{path.name} is broken {encoding}: save it as UTF-8.") from problem
        return
    others = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            try:
                yield line.decode("utf-8-sig" if not number else "utf-8")
            except UnicodeDecodeError:
                others += 1
                yield _decode(line, encoding)
    if others:
        lines = "1 line is" if others == 1 else f"{others:,} lines are"
        notes.append(f"{lines} not UTF-8, and read as {encoding}: look at what became of them.")


def _decode(line: bytes, encoding: str) -> str:
    """In this encoding, or in Latin-1, which has a character for every byte."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _csv(path: Path, notes: list[str]) -> Iterator[Row]:
    lines = _lines(path, notes)
    first = next(lines)
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    rows = csv.reader(chain([first], lines), delimiter=delimiter)
    names = next(rows)
    if len(set(names)) < len(names):
        raise KitError(f"{path.name} has two columns of one name, {names}: rename one.")
    begins = rows.line_num + 1  # the line of the next row
    try:
        for fields in rows:
            if fields:
                yield _fields(f"line {begins}", names, fields, delimiter)
            begins = rows.line_num + 1  # the line of the next row
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
        for batch in parquet.ParquetFile(path).iter_batches(BATCH_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield Row(f"row {number}", "", row)
    except (OSError, pyarrow.ArrowException) as problem:
        message = str(problem).split("\n")[0][:100]
        raise KitError(
            f"{path.name} is no whole Parquet file ({message}): save it again."
        ) from None


KINDS = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}


def _dataset(data) -> Iterator[Row]:
    """The rows of a Dataset, or of a dict of Datasets by split; classes by their names."""
    parts = data if isinstance(data, Mapping) else {"": data}
    for split, rows in parts.items():
        names = {k: f for k, f in (rows.features or {}).items() if _classes(f)}
        prefix = f"{split}/" if split else ""
        for number, row in enumerate(rows, start=1):
            named = {k: _named(f, row[k]) for k, f in names.items()}
            yield Row(f"{prefix}row {number}", split, row | named)


def _classes(feature):
    """The ClassLabel of a feature that is one, or a list of one; else None."""
    inner = getattr(feature, "feature", feature)
    return inner if hasattr(inner, "int2str") else None


def _named(feature, value):
    """The name of a class, or of each class in a list; None for a number that is no class."""
    label = _classes(feature)
    if isinstance(value, list):
        return [_named(label, v) for v in value]
    if value is None or not 0 <= value < label.num_classes:
        return None
    return label.int2str(value)


def _hub(name: str, options: dict):
    """The data set that `datasets.load_dataset` reads: a local folder, or a name on the hub."""
    from datasets import load_dataset

    if not Path(name).is_dir() and not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise KitError(f"{name!r} is no file, no folder and no name on the hub, owner/name.")
    try:
        return load_dataset(name, **options)
    except (OSError, ValueError) as problem:  # an HTTP error is an OSError
        message = str(problem).strip().split("\n")[0][:200]
        raise KitError(
            f"{name!r} cannot be read from the hub: {message} Connect to the network and check the "
            "name; without one, give a file or a folder."
        ) from problem
