"""Corpora: unlabelled text for pretraining, without the held-out texts of all tasks.

A *corpus* has the columns
    text    string: a document; each line is a paragraph or a sentence
    origin  string: its source: "news", "films", ..., a file's name, a name on the hub
    split   string: "train", "validation" or "test"
T is the number of tokens of a window.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kit.data.cache import stored
from kit.data.splits import SPLITS, articles, clean, digest, messages, ratings
from kit.errors import KitError
from kit.runtime import cache_dir
from kit.texts import check_texts
from kit.tokenizer import Tokenizer

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

__all__ = ["ORIGINS", "documents", "mark", "pinned", "sentences", "windows", "without"]

ORIGINS = ("news", "films", "products", "editorials", "tweets", "messages")

END = re.compile(  # of a sentence, but not the dot of "Mr. Smith" or "J. Smith"
    r"""(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\b[A-Z]\.)"""
    r"""(?<=[.!?])(["')]*)\s+(?=["'(]*[A-Z0-9£$])"""
)
VERSION = 1
"""Of the tables in the cache: increase it when the code that makes them changes."""

BUFFER_DOCUMENTS = 1000
"""Documents of a stream that are in memory, and among which the next one is drawn."""

CHUNK_CHARACTERS = 200_000
"""Characters of text that are encoded at a time."""


def pinned(split: str = "train", origins: Iterable[str] = ORIGINS) -> "Dataset":
    """The text of the pinned archives as a corpus; pretrain only on the split `train`.

    A document is an article, a review, an editorial, or where there is nothing larger a sentence,
    a tweet, a message. The splits are those of the tasks (`kit.data.splits`). `train` does not
    have repeated lines, near-duplicates within an origin (`kit.data.duplicates`), and lines that
    share words with a text that a task holds out for validation or test (`kit.data.held_out`).
    Headlines and translations are labels of tasks, so they are not in it.
    Raises KitError for an unknown split or origin.
    """
    from datasets import Dataset, concatenate_datasets
    from pyarrow import compute

    origins = (origins,) if isinstance(origins, str) else tuple(origins)
    for known, asked in ((SPLITS, (split,)), (ORIGINS, origins or ("",))):
        if wrong := set(asked) - set(known):
            raise KitError(f"{wrong.pop()!r} is unknown: choose from {', '.join(known)}.")
    parts = []
    for origin in origins:
        path = cache_dir() / "corpora" / f"{origin}-{VERSION}.table"
        table = stored(path, partial(_rows, origin))
        parts.append(Dataset(table.filter(compute.equal(table["split"], split))))
    return concatenate_datasets(parts)


def sentences(corpus: "Dataset | Iterable[str]") -> list[str]:
    """The distinct sentences of a corpus, in order: lines, cut after . ! ? before a capital."""
    lines = chain.from_iterable(text.split("\n") for text in _texts(corpus))
    parts = chain.from_iterable(END.sub(r"\1\n", line).split("\n") for line in lines)
    return list(dict.fromkeys(parts))


def windows(
    corpus: "Dataset | IterableDataset | Sequence[str]",
    tokenizer: Tokenizer,
    length: int,
    *,
    seed: int = 0,
) -> "Dataset | IterableDataset":
    """The corpus as windows of T = `length` tokens, in the column `ids`; nothing is padded.

    The documents are shuffled by `seed`, each is followed by the end token `tokenizer.eos`, and
    the row of all their ids is cut into windows; fewer than T ids at its end are dropped. The
    same seed gives the same windows. An IterableDataset gives an IterableDataset, which draws
    from a buffer of 1,000 documents; no more are in memory.
    Raises KitError for no text, for a text shorter than a window, and for a tokenizer without an
    end token; a stream raises it when it is read.
    """
    from datasets import Dataset, IterableDataset

    if length < 1:
        raise KitError(f"length={length} is no window: give at least 1 token, usually 64 to 512.")
    if tokenizer.eos is None:
        raise KitError(
            "this tokenizer has no end token to put between documents: name one, as in "
            "Tokenizer.load(path, eos='</s>')."
        )
    if isinstance(corpus, IterableDataset):
        shuffled = corpus.shuffle(seed=seed, buffer_size=BUFFER_DOCUMENTS)
        arguments = {"corpus": shuffled, "tokenizer": tokenizer, "length": length}
        return IterableDataset.from_generator(_stream, gen_kwargs=arguments)
    texts = _texts(corpus)
    order = np.random.default_rng(seed).permutation(len(texts))
    ids = np.concatenate(list(_pack((texts[i] for i in order), tokenizer, length)))  # (N, T)
    return Dataset.from_dict({"ids": ids})


def mark(line: str) -> str:
    """The name of a line in held_out.json: the first twelve digits of its SHA-256."""
    return digest(line)[:12]


def without(text: str, marks: Set[str]) -> str:
    """The distinct lines of the text, without those whose `mark` is in marks."""
    return "\n".join(line for line in dict.fromkeys(text.split("\n")) if mark(line) not in marks)


def _rows(origin: str) -> list[dict]:
    """The corpus of an origin without the lines and the documents that `pinned` leaves out."""
    left = set(_left_out()[origin])
    seen: set[str] = set()
    rows = []
    for text, split in documents(origin):
        if split == "train":
            text = without(text, left)
            text = "" if mark(text) in left else without(text, seen)
            seen.update(map(mark, text.split("\n")))
        if text:
            rows.append({"text": text, "origin": origin, "split": split})
    return rows


def documents(origin: str) -> Iterator[tuple[str, str]]:
    """(text, split) of every document of an origin, cleaned; nothing is left out yet."""
    if origin == "news":
        yield from ((row["text"], row["split"]) for row in articles())
    elif origin == "messages":
        english = {row["english"]: row["split"] for row in messages("en")}
        for text, split in english.items():
            yield clean(re.sub(r"</?\w[^>]*>", " ", text)), split
    else:
        yield from _reviews("news" if origin == "editorials" else origin)


def _reviews(domain: str) -> Iterator[tuple[str, str]]:
    """(text, split) of the rated documents: the sentences of each, in their order."""
    sentences_of: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in ratings(domain):
        document, _, number = row["id"].partition("_")
        numbered = sentences_of.setdefault((document, row["split"]), [])
        numbered.append((int(number or 0), row["text"]))
    for (_, split), numbered in sentences_of.items():
        yield "\n".join(text for _, text in sorted(numbered)), split


def _texts(corpus: "Dataset | Iterable[str]") -> list[str]:
    texts = corpus["text"][:] if hasattr(corpus, "column_names") else check_texts(corpus)
    if not texts:
        raise KitError("the corpus is empty: give at least one document.")
    return texts


def _pack(texts: Iterable[str], tokenizer: Tokenizer, length: int) -> Iterator[np.ndarray]:
    """The windows of all texts, some at a time, (N, T)."""
    left = np.empty(0, np.int32)
    any_text = any_window = False
    for chunk in _chunks(texts):
        any_text = True
        ids = tokenizer.encode_many(chunk, special=False)
        left = np.concatenate([left, *(np.array([*one, tokenizer.eos], np.int32) for one in ids)])
        if whole := len(left) // length * length:
            any_window = True
            yield left[:whole].reshape(-1, length)
            left = left[whole:]
    if not any_text:
        raise KitError("the corpus is empty: give at least one document.")
    if not any_window:
        raise KitError(
            f"the whole corpus has {len(left)} tokens, fewer than a window of {length}: "
            f"give more text, or length={len(left)} at most."
        )


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in lists of about `CHUNK_CHARACTERS` characters."""
    chunk, size = [], 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size > CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _stream(corpus: "IterableDataset", tokenizer: Tokenizer, length: int) -> Iterator[dict]:
    for rows in _pack((row["text"] for row in corpus), tokenizer, length):
        yield from ({"ids": row.tolist()} for row in rows)


@cache
def _left_out() -> dict[str, list[str]]:
    """Origin -> marks of the lines that `pinned` leaves out (`kit.data.held_out`)."""
    return json.loads(Path(__file__).with_name("held_out.json").read_text(encoding="utf-8"))["rows"]
