"""Rows of the user's data, from wherever they are: (place, split, row, or what is wrong with it).

A file is read as a stream: however many rows it has, few exist at a time.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

from kit.data.own.dialect import Dialect, find_dialect, parse, sample, split_lines
from kit.data.own.memory import dataset_rows, memory_reader
from kit.data.own.rows import Reader, Row, no_dict
from kit.data.text_files import encoding_of
from kit.errors import KitError
from kit.memory import check_memory

__all__ = ["reader"]

TABLES = 3
"""Bytes that reading needs for each byte of a file: tables, and copies of them."""

JSON_BYTES = 200_000_000
"""The largest file that is read as one JSON array."""


def reader(
    where, *, encoding: str | None = None, delimiter: str | None = None, **options
) -> Reader:
    """A reader of a file, a DataFrame, a Dataset, dicts, or whatever `datasets.load_dataset` finds.

    encoding, delimiter: of a text file; default: found out. Other options go to `load_dataset`.
    An option that nothing here reads is refused.
    """
    given = {"encoding": encoding, "delimiter": delimiter}
    given = {name: value for name, value in given.items() if value is not None} | options
    if isinstance(where, str | Path):
        path = Path(where)
        if path.is_file():
            return _file(path, given)
        if path.suffix.lower() in KINDS:
            raise KitError(f"{path} is not there: give a file (this is {Path.cwd()}).")
        return Reader(str(where), dataset_rows(_hub(str(where), given)))
    _refuse(given, f"a {type(where).__name__} in memory")
    if isinstance(where, Iterable) and not isinstance(where, bytes):
        return memory_reader(where)
    raise KitError(
        f"{where!r:.60} ({type(where).__name__}) is no data: give a .csv, .jsonl or .parquet file, "
        "a DataFrame, a datasets.Dataset, a list of dicts, or a name on the hub."
    )


def _refuse(options: dict, what: str, known: tuple[str, ...] = ()) -> None:
    """Raise KitError for the options that are not read here."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        takes = f"it takes {', '.join(known)}" if known else "leave it out"
        raise KitError(f"{', '.join(unknown)}= is not read for {what}: {takes}.")


def _file(path: Path, options: dict) -> Reader:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise KitError(f"{path.name} is of no kind that can be read: give {', '.join(KINDS)}.")
    if not path.stat().st_size:
        raise KitError(f"{path.name} is empty: give a file with rows.")
    read, known = KINDS[kind]
    _refuse(options, f"a {kind} file", known)
    check_memory(
        TABLES * path.stat().st_size,
        f"Reading {path.name}",
        "give a file with a part of its rows.",
    )
    return read(path, **options)


def _lines(path: Path, notes: list[str], encoding: str | None = None) -> Iterator[str]:
    """The lines as text. Where some are not UTF-8, those are read as what they look like."""
    if encoding is not None:
        yield from _encoded(path, encoding)
        return
    encoding = encoding_of(path, warn=False)
    if encoding in ("utf-16", "utf-32"):
        yield from _encoded(path, encoding)
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
        notes.append(
            f"{said} not UTF-8, and read as {encoding}: look at what became of them, or give "
            "encoding=."
        )


def _encoded(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file whose encoding is known."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, line in enumerate(file):
                yield line.removeprefix("\ufeff") if not number else line
    except LookupError as problem:
        raise KitError(
            f"encoding={encoding!r} is unknown: give one that Python knows, such as 'utf-8', "
            "'cp1252' or 'utf-16-le'."
        ) from problem
    except UnicodeError as problem:
        raise KitError(
            f"{path.name} is not {encoding} ({problem}): give its encoding=, or save it as UTF-8."
        ) from problem


def _other(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _csv(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Reader:
    """A reader of a CSV file of any dialect."""
    notes: list[str] = []
    first, lines = sample(split_lines(_lines(path, notes, encoding)))
    if not first:
        raise KitError(f"{path.name} is empty: give a file with rows.")
    dialect = find_dialect(path.name, first, delimiter)
    rows = _csv_rows(path.name, dialect, lines, notes)
    found = Reader(path.name, rows, dialect.names)
    notes[:0] = dialect.notes()
    found.notes = notes
    return found


def _csv_rows(name: str, dialect: Dialect, lines: Iterator[str], notes: list[str]) -> Iterator[Row]:
    """The rows; those that do not fit the header are named, and none is lost."""
    width, good, bad, several = len(dialect.names), 0, 0, 0
    body = islice(lines, dialect.skipped, None)
    rows = parse(body, dialect.delimiter, dialect.quotes)
    next(rows)  # the names
    for row in rows:
        place = f"line {row.number + dialect.skipped}"
        if row.fields is None:
            bad += 1
            yield Row(place, "", row.raw, row.problem)
            continue
        fields = row.fields
        while len(fields) > width and not fields[-1].strip():
            fields = fields[:-1]  # a delimiter at the end of each line
        if len(fields) != width:
            bad += 1
            content = dialect.delimiter.join(row.fields)
            yield Row(place, "", content, "another number of columns than the first line")
            continue
        good, several = good + 1, several + (row.lines > 1)
        yield Row(place, "", dict(zip(dialect.names, fields, strict=True)))
    if not good + bad:
        raise KitError(f"{name} has names of columns and no row below them: give it some rows.")
    if not good:
        raise KitError(
            f"none of the {bad:,} rows of {name} has the {width} columns of its first line "
            f"({', '.join(dialect.names)}): they have another number of columns. Put a text that "
            f"holds a {dialect.delimiter!r} in quotes, or give delimiter=."
        )
    if several:
        said = "1 row runs" if several == 1 else f"{several:,} rows run"
        notes.append(f"{said} over several lines, within quotes.")


def _jsonl(path: Path, encoding: str | None = None) -> Reader:
    """A reader of JSON Lines, or of one JSON array."""
    notes: list[str] = []
    found = Reader(path.name, _json_rows(path, notes, encoding))
    found.notes = notes
    return found


def _json_rows(path: Path, notes: list[str], encoding: str | None) -> Iterator[Row]:
    lines = enumerate(_lines(path, notes, encoding), start=1)
    first = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    if first[1].lstrip().startswith("[") and not _is_json(first[1]):
        yield from _json_array(path, (line for _, line in chain([first], lines)))
        return
    for number, line in chain([first], lines):
        if not line.strip():
            continue
        try:
            row = _parsed(line)
        except (RecursionError, ValueError):
            yield Row(f"line {number}", "", line.strip(), "no JSON")
            continue
        if number == first[0] and isinstance(row, list) and all(isinstance(r, dict) for r in row):
            yield from (Row(f"row {i}", "", r) for i, r in enumerate(row, start=1))
        else:
            yield Row(f"line {number}", "", row, no_dict(row))


def _parsed(text: str):
    """The value of a JSON text; a number of more digits than Python reads as a Decimal."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | Decimal:
    try:
        return int(digits)
    except ValueError:
        return Decimal(digits)


def _is_json(line: str) -> bool:
    try:
        _parsed(line)
    except (RecursionError, ValueError):
        return False
    return True


def _json_array(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    """The rows of one array over many lines."""
    if path.stat().st_size > JSON_BYTES:
        raise KitError(f"{path.name} is one array of JSON, too large to read: one object a line.")
    try:
        rows = _parsed("".join(lines))
    except (RecursionError, ValueError) as problem:
        raise KitError(
            f"{path.name} begins as an array of JSON and is none ({problem}): one object a line."
        ) from problem
    for number, row in enumerate(rows, start=1):
        yield Row(f"row {number}", "", row, no_dict(row))


def _conll(path: Path, encoding: str | None = None) -> Reader:
    """A reader of a CoNLL file: a word and its tag a line, an empty line between sentences."""
    notes: list[str] = []
    found = Reader(path.name, _conll_rows(path, notes, encoding), ("words", "tags"))
    found.notes = notes
    return found


def _conll_rows(path: Path, notes: list[str], encoding: str | None) -> Iterator[Row]:
    begin, words, tags, problem = 0, [], [], ""
    lines = split_lines(_lines(path, notes, encoding))
    for number, line in enumerate(chain(lines, [""]), start=1):
        parts = line.split("\t") if "\t" in line else line.split()
        parts = [part.strip() for part in parts if part.strip()]
        if parts and parts[0].startswith(("-DOCSTART-", "# ")):
            continue
        if not parts:
            if words or problem:
                content = {"words": words, "tags": tags} if not problem else " ".join(words)
                yield Row(f"line {begin}", "", content, problem)
            begin, words, tags, problem = 0, [], [], ""
            continue
        begin = begin or number
        words.append(parts[0])
        tags.append(parts[-1])
        if len(parts) < 2:
            problem = f"line {number} has a word and no tag"


def _parquet(path: Path) -> Reader:
    return Reader(path.name, _parquet_rows(path))


def _parquet_rows(path: Path) -> Iterator[Row]:
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


TEXT, JSON = ("encoding", "delimiter"), ("encoding",)
KINDS = {
    ".csv": (_csv, TEXT),
    ".tsv": (_csv, TEXT),
    ".jsonl": (_jsonl, JSON),
    ".ndjson": (_jsonl, JSON),
    ".json": (_jsonl, JSON),
    ".parquet": (_parquet, ()),
    ".conll": (_conll, JSON),
    ".bio": (_conll, JSON),
    ".iob": (_conll, JSON),
}
"""Ending of a file -> what reads it, and the options that it takes."""


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
