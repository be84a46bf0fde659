"""Corpora from elsewhere: the user's own text files, and the hub's data sets, as a stream.

The columns are those of `kit.data.corpora`. The text stays as it is, but for white space around
it: nothing is cleaned, and no duplicate is removed.
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
"""Bytes of text files that are still read into memory; more are streamed."""

KINDS = (".txt", ".jsonl")
PIECE = 20_000  # characters of a .txt that make a document
BLOCK = 1 << 16  # bytes looked at to tell text from anything else
COMMON = ("cp1252", "cp1251")  # taken where others are as likely
MARKS = {  # the bytes that some files begin with; the longer first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def own(
    paths: str | Path | Iterable[str | Path],
    *,
    column: str = "text",
    split: str = "train",
    encoding: str | None = None,
    stream: bool | None = None,
) -> "Dataset | IterableDataset":
    """Text files, or all `.txt` and `.jsonl` in folders and theirs, as a corpus.

    A line of a `.jsonl` is a document: a text, or an object with the text under `column`. Any
    other file is text; every 20,000 characters, to the end of the line, are a document, so that
    a file of any size passes through little memory. `split` is written into that column.
    `encoding`: by itself UTF-8, what a byte-order mark says, or, with a warning, a guess.
    `stream`: an IterableDataset instead of a Dataset; by itself, for more than 100 MB.
    Raises KitError for a path that is not there, a folder without text, a file that is no text,
    a broken line, and for no text at all; a stream does some of this when it is read.
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
    """A data set of the hub as a corpus, streamed: nothing is stored, reading it needs a network.

    `name`, `split` and `options` (`name=` of a configuration, `data_files=`, ...) are those of
    `datasets.load_dataset`; the text is in `column`.
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
    given = {"rows": rows, "column": column, "origin": name, "split": split}
    return IterableDataset.from_generator(_columns, gen_kwargs=given, features=_features())


def _features():
    from datasets import Features, Value

    return Features(dict.fromkeys(("text", "origin", "split"), Value("string")))


def _columns(rows: Iterable[dict], column: str, origin: str, split: str) -> Iterator[dict]:
    for row in rows:
        if text := (row[column] or "").strip():
            yield {"text": text, "origin": origin, "split": split}


def _unreachable(name: str, problem: Exception) -> str:
    said = str(problem).strip().split("\n")[0][:200]
    return (
        f"the corpus {name!r} cannot be read from the hub: {said} Connect to the network and "
        "check the name; without one, use kit.data.corpora.pinned() or kit.data.text_files.own(folder)."
    )


def _files(path: Path) -> list[tuple[Path, str]]:
    """Each file at a path and what it is called there."""
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise KitError(f"{path} is not there: give a file or a folder (this is {Path.cwd()}).")
    inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in KINDS)
    if not inside:
        raise KitError(f"{path} has no {' or '.join(KINDS)} in it: give another folder, or files.")
    return [(file, file.relative_to(path).as_posix()) for file in inside if file.is_file()]


def encoding_of(path: Path, warn: bool = True) -> str:
    """UTF-8 where the whole file is; else what its mark says, or what its bytes look like.

    A guess is warned about. Raises KitError for a file that is no text, or cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            block = file.read(BLOCK)
            for mark, encoding in MARKS.items():
                if block.startswith(mark):
                    return encoding
            if len(re.findall(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", block)) > len(block) // 1000:
                raise KitError(_binary(path))
            try:
                while block:
                    decoder.decode(block)
                    block = file.read(BLOCK)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                if file.tell() > 2 * BLOCK:
                    file.seek(-2 * BLOCK, 1)
                    file.readline(BLOCK)  # begin with a whole line
                else:
                    file.seek(0)
                return _guess(file.read(2 * BLOCK), path, warn)
    except OSError as problem:
        raise KitError(f"{path} cannot be read ({problem.strerror}): give another.") from problem
    return "utf-8"


def _guess(sample: bytes, path: Path, warn: bool) -> str:
    """The encoding of bytes that are not UTF-8, from how often they come together."""
    from charset_normalizer import from_bytes

    found = from_bytes(sample)
    best = found.best()
    if best is None:
        raise KitError(_binary(path))
    near = {
        match.encoding
        for match in found
        if match.chaos <= best.chaos + 0.02 and match.coherence >= best.coherence - 0.05
    }
    few = sum(byte > 127 for byte in sample) < 20  # to guess by
    encoding = COMMON[0] if few else next((c for c in COMMON if c in near), best.encoding)
    if _oddities(sample, COMMON[0]) < _oddities(sample, encoding):
        encoding = COMMON[0]
    if warn:
        said = f"{path} is not UTF-8; it is read as {encoding}."
        warnings.warn(f"{said} Where letters are wrong, give encoding=.", stacklevel=2)
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
                texts = _records(file, path, column) if path.suffix.lower() == ".jsonl" else None
                for text in texts or _pieces(file):
                    if text := text.strip():
                        yield {"text": text, "origin": origin, "split": split}
        except (UnicodeError, LookupError) as problem:
            raise KitError(
                f"{path} cannot be read as {encoding} ({problem}): give its encoding=, "
                "or save it as UTF-8."
            ) from problem


def _pieces(file) -> Iterator[str]:
    while piece := file.read(PIECE):
        yield piece + file.readline(PIECE)  # to the end of the line


def _records(file, path: Path, column: str) -> Iterator[str]:
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
