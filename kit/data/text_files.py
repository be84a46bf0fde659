"""Corpora from the user's text files, and from data sets of the hub as a stream.

The columns are those of `kit.data.corpora`. White space around a text is removed; otherwise
nothing is cleaned, and duplicates stay.
"""

import codecs
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kit.errors import KitError

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

__all__ = ["MARKS", "MEMORY", "encoding_of", "hub", "own"]

MEMORY = 100_000_000
"""Bytes of text files up to which a corpus is read into memory; more are streamed."""

KINDS = (".txt", ".jsonl")
DOCUMENT_CHARACTERS = 20_000
"""Characters of a .txt that make a document."""

BLOCK_BYTES = 2**16
"""Bytes of a file that are read at a time to detect its encoding."""

COMMON = ("cp1252", "cp1251")
"""Encodings that are preferred where others are about as likely."""

MARKS = {  # the longer marks first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order mark at the beginning of a file -> its encoding."""


def own(
    paths: str | Path | Iterable[str | Path],
    *,
    column: str = "text",
    split: str = "train",
    encoding: str | None = None,
    stream: bool | None = None,
) -> "Dataset | IterableDataset":
    """Text files as a corpus: the given files, and all `.txt` and `.jsonl` below given folders.

    A line of a `.jsonl` is a document: a text, or an object with the text under `column`. Any
    other file is plain text; a document is 20,000 characters of it, up to the end of the line, so
    that a file of any size needs little memory. split: the value of the column `split`.
    encoding: default: UTF-8, or that of a byte-order mark, or a guess with a warning.
    stream: True for an IterableDataset, False for a Dataset; default: True above 100 MB.
    Raises KitError for a path that is not there, a folder without text files, a binary file, a
    broken line, and for no text at all; a stream raises some of these when it is read.
    """
    from datasets import Dataset, IterableDataset

    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    files = list(chain.from_iterable(_files(Path(path)) for path in paths))
    files = [(path, origin, encoding or encoding_of(path)) for path, origin in files]
    about = {"files": files, "column": column, "split": split}
    if stream is None:
        stream = sum(path.stat().st_size for path, *_ in files) > MEMORY
    if next(_documents(**about), None) is None:
        names = ", ".join(str(path) for path in paths) or "no path"
        raise KitError(f"there is no text in {names}: give files with at least one sentence.")
    if stream:
        return IterableDataset.from_generator(_documents, gen_kwargs=about, features=_features())
    return Dataset.from_list(list(_documents(**about)), features=_features())


def hub(name: str, *, column: str = "text", split: str = "train", **options) -> "IterableDataset":
    """A data set of the hub as a streamed corpus: it needs a network, and stores nothing.

    name, split and options (`name=` of a configuration, `data_files=`, ...) are those of
    `datasets.load_dataset`; column: the column with the text.
    Raises KitError without a network, for an unknown name, and where the column is not there.
    """
    from datasets import IterableDataset, load_dataset

    try:
        rows = load_dataset(name, split=split, streaming=True, **options)
        first = next(iter(rows), {})
    except (OSError, ValueError) as problem:  # an HTTP error is an OSError
        raise KitError(_unreachable(name, problem)) from problem
    if not isinstance(first.get(column), str):
        raise KitError(
            f"{name!r} has no text in column {column!r}: give column=, one of {list(first)}."
        )
    arguments = {"rows": rows, "column": column, "origin": name, "split": split}
    return IterableDataset.from_generator(_columns, gen_kwargs=arguments, features=_features())


def _features():
    from datasets import Features, Value

    return Features(dict.fromkeys(("text", "origin", "split"), Value("string")))


def _columns(rows: Iterable[dict], column: str, origin: str, split: str) -> Iterator[dict]:
    for row in rows:
        if text := (row[column] or "").strip():
            yield {"text": text, "origin": origin, "split": split}


def _unreachable(name: str, problem: Exception) -> str:
    message = str(problem).strip().split("\n")[0][:200]
    return (
        f"the corpus {name!r} cannot be read from the hub: {message} Connect to the network and "
        "check the name; without one, use kit.data.corpora.pinned() or "
        "kit.data.text_files.own(folder)."
    )


def _files(path: Path) -> list[tuple[Path, str]]:
    """(path, name in the corpus) of each text file at a path."""
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise KitError(f"{path} is not there: give a file or a folder (this is {Path.cwd()}).")
    inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in KINDS)
    if not inside:
        raise KitError(f"{path} has no {' or '.join(KINDS)} in it: give another folder, or files.")
    return [(file, file.relative_to(path).as_posix()) for file in inside if file.is_file()]


def encoding_of(path: Path, warn: bool = True) -> str:
    """The encoding of a file: of its byte-order mark, else UTF-8 where it fits, else a guess.

    warn: whether a guess gives a warning. Raises KitError for a binary file, and for a file that
    cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            block = file.read(BLOCK_BYTES)
            for mark, encoding in MARKS.items():
                if block.startswith(mark):
                    return encoding
            if len(re.findall(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", block)) > len(block) // 1000:
                raise KitError(_binary(path))
            try:
                while block:
                    decoder.decode(block)
                    block = file.read(BLOCK_BYTES)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                if file.tell() > 2 * BLOCK_BYTES:
                    file.seek(-2 * BLOCK_BYTES, 1)
                    file.readline(BLOCK_BYTES)  # the sample begins with a whole line
                else:
                    file.seek(0)
                return _guess(file.read(2 * BLOCK_BYTES), path, warn)
    except OSError as problem:
        raise KitError(f"{path} cannot be read ({problem.strerror}): give another.") from problem
    return "utf-8"


def _guess(sample: bytes, path: Path, warn: bool) -> str:
    """The likeliest encoding of bytes that are not UTF-8 (charset_normalizer)."""
    from charset_normalizer import from_bytes

    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        raise KitError(_binary(path))
    near = {
        match.encoding
        for match in matches
        if match.chaos <= best.chaos + 0.02 and match.coherence >= best.coherence - 0.05
    }
    if sum(byte > 127 for byte in sample) < 20:  # too few letters to guess from
        encoding = COMMON[0]
    else:
        encoding = next((common for common in COMMON if common in near), best.encoding)
    if _oddities(sample, COMMON[0]) < _oddities(sample, encoding):
        encoding = COMMON[0]
    if warn:
        warnings.warn(
            f"{path} is not UTF-8; it is read as {encoding}. Where letters are wrong, give "
            "encoding=.",
            stacklevel=2,
        )
    return encoding


def _oddities(sample: bytes, encoding: str) -> float:
    """The share of letters beyond ASCII that stand where none belongs, read in this encoding: a
    sign or a capital inside a word. 1 for a text that has mostly such letters (Cyrillic, Greek):
    there the signs of the West prove nothing."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 1.0
    beyond = [i for i, c in enumerate(text) if ord(c) > 127]
    letters = sum(c.isalpha() for c in text)
    if not beyond or (encoding == COMMON[0] and len(beyond) > 0.4 * letters):
        return 1.0
    odd = 0
    for i in beyond:
        c, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
        inside = before.isalpha() and after.isalpha()
        odd += (not c.isalpha() and inside) or (c.isupper() and before.islower())
        odd += not c.isprintable() and c != "\xa0"
    return odd / len(beyond)


def _binary(path: Path) -> str:
    return (
        f"{path} is no text file (its bytes are binary): leave it out, unpack or convert it, "
        "or name its encoding, like encoding='utf-16-le'."
    )


def _documents(files: list[tuple], column: str, split: str) -> Iterator[dict]:
    for path, origin, encoding in files:
        try:
            with path.open(encoding=encoding) as file:
                if path.suffix.lower() == ".jsonl":
                    texts = _records(file, path, column)
                else:
                    texts = _chunks(file)
                for text in texts:
                    if text := text.strip():
                        yield {"text": text, "origin": origin, "split": split}
        except (UnicodeError, LookupError) as problem:
            raise KitError(
                f"{path} cannot be read as {encoding} ({problem}): give its encoding=, "
                "or save it as UTF-8."
            ) from problem


def _chunks(file) -> Iterator[str]:
    """The file in chunks of `DOCUMENT_CHARACTERS`, each up to the end of its last line."""
    while chunk := file.read(DOCUMENT_CHARACTERS):
        yield chunk + file.readline(DOCUMENT_CHARACTERS)


def _records(file, path: Path, column: str) -> Iterator[str]:
    """The text of each line of a `.jsonl`."""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as problem:
            raise KitError(
                f"line {number} of {path} is no JSON ({problem.msg}): one object a line."
            ) from problem
        text = row.get(column) if isinstance(row, dict) else row
        if not isinstance(text, str):
            has = f"the columns {list(row)}" if isinstance(row, dict) else f"{row!r:.40}"
            raise KitError(
                f"line {number} of {path} has no text under {column!r} but {has}: give column=."
            )
        yield text
