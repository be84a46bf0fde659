"""Unlabelled text to pretrain on, in which no held-out text of any task is found.

A *corpus* has the columns
    text    string: a document, one line a paragraph or a sentence
    origin  string: where it is from: "news", "films", ..., a file's name, a name on the hub
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

END = re.compile(  # of a sentence; "Mr. Smith" and "J. Smith" go on
    r"""(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\b[A-Z]\.)"""
    r"""(?<=[.!?])(["')]*)\s+(?=["'(]*[A-Z0-9£$])"""
)
VERSION = 1  # of the tables in the cache: count up when the code that makes them changes
BUFFER = 1000  # documents of a stream among which the order is drawn
CHARACTERS = 200_000  # encoded at a time


def pinned(split: str = "train", origins: Iterable[str] = ORIGINS) -> "Dataset":
    """The text of the pinned archives, a corpus; pretrain on `train` and on nothing else.

    Documents are whole: an article, a review, an editorial, or where nothing is larger a
    sentence, a tweet, a message. Each split is that of the tasks (`kit.data.splits`). From
    `train` is left out: a line that was there before, near-duplicates of an origin
    (`kit.data.duplicates`), and every line with a part in what a task holds out for validation
    or test (`kit.data.held_out`). Headlines and translations are labels: they are not here.
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
        path = cache_dir() / "corpora" / f"{origin}-{VERSION}.parquet"
        table = stored(path, partial(_rows, origin))
        parts.append(Dataset(table.filter(compute.equal(table["split"], split))))
    return concatenate_datasets(parts)


def sentences(corpus: "Dataset | Iterable[str]") -> list[str]:
    """The corpus's distinct sentences, in order: lines, cut after . ! or ? before a capital."""
    lines = chain.from_iterable(text.split("\n") for text in _texts(corpus))
    cut = chain.from_iterable(END.sub(r"\1\n", line).split("\n") for line in lines)
    return list(dict.fromkeys(cut))


def windows(
    corpus: "Dataset | IterableDataset | Sequence[str]",
    tokenizer: Tokenizer,
    length: int,
    *,
    seed: int = 0,
) -> "Dataset | IterableDataset":
    """The corpus as windows of T = `length` tokens, in the column `ids`; nothing is padded.

    Documents in the order of `seed`, each followed by the end token `tokens.eos`, one long row
    of ids, cut every T; what is left at the end, fewer than T, is dropped. The same seed, the
    same windows. An IterableDataset gives an IterableDataset: its documents are drawn from a
    buffer of 1,000, and no more than that is ever in memory.
    Raises KitError for no text, for a text shorter than a window, and for tokens without an end;
    a stream does so when it is read.
    """
    from datasets import Dataset, IterableDataset

    if length < 1:
        raise KitError(f"length={length} is no window: give at least 1 token, usually 64 to 512.")
    if tokenizer.eos is None:
        raise KitError("these tokens have no end token to put between documents: name one, eos=.")
    if isinstance(corpus, IterableDataset):
        shuffled = corpus.shuffle(seed=seed, buffer_size=BUFFER)
        given = {"corpus": shuffled, "tokenizer": tokenizer, "length": length}
        return IterableDataset.from_generator(_stream, gen_kwargs=given)
    texts = _texts(corpus)
    order = np.random.default_rng(seed).permutation(len(texts))
    ids = np.concatenate(list(_pack((texts[i] for i in order), tokenizer, length)))  # (N, T)
    return Dataset.from_dict({"ids": ids})


def mark(line: str) -> str:
    """A line's name where it is left out: the first twelve digits of its digest."""
    return digest(line)[:12]


def without(text: str, marks: Set[str]) -> str:
    """The text's lines, each once, but for those that are marked."""
    return "\n".join(line for line in dict.fromkeys(text.split("\n")) if mark(line) not in marks)


def _rows(origin: str) -> list[dict]:
    """An origin's corpus, without what is left out: lines, then whole documents."""
    left, seen, rows = set(_left_out()[origin]), set(), []
    for text, split in documents(origin):
        if split == "train":
            text = without(text, left)
            text = "" if mark(text) in left else without(text, seen)
            seen.update(map(mark, text.split("\n")))
        if text:
            rows.append({"text": text, "origin": origin, "split": split})
    return rows


def documents(origin: str) -> Iterator[tuple[str, str]]:
    """(text, split) of every document of an origin, cleaned, before anything is left out."""
    if origin == "news":
        yield from ((row["text"], row["split"]) for row in articles())
    elif origin == "messages":
        english = {row["english"]: row["split"] for row in messages("en")}
        for text, split in english.items():
            yield clean(re.sub(r"</?\w[^>]*>", " ", text)), split
    else:
        yield from _reviews("news" if origin == "editorials" else origin)


def _reviews(domain: str) -> Iterator[tuple[str, str]]:
    """Rated sentences; those of one document together again, in their order."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in ratings(domain):
        document, _, place = row["id"].partition("_")
        found.setdefault((document, row["split"]), []).append((int(place or 0), row["text"]))
    for (_, split), parts in found.items():
        yield "\n".join(text for _, text in sorted(parts)), split


def _texts(corpus: "Dataset | Iterable[str]") -> list[str]:
    texts = corpus["text"][:] if hasattr(corpus, "column_names") else check_texts(corpus)
    if not texts:
        raise KitError("the corpus is empty: give at least one document.")
    return texts


def _pack(texts: Iterable[str], tokenizer: Tokenizer, length: int) -> Iterator[np.ndarray]:
    """Windows, (N, T) at a time."""
    left, any_text, any_window = np.empty(0, np.int32), False, False
    for some in _chunks(texts):
        any_text = True
        ids = tokenizer.encode_many(some, special=False)
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
    some, size = [], 0
    for text in texts:
        some.append(text)
        size += len(text)
        if size > CHARACTERS:
            yield some
            some, size = [], 0
    if some:
        yield some


def _stream(corpus: "IterableDataset", tokenizer: Tokenizer, length: int) -> Iterator[dict]:
    for rows in _pack((row["text"] for row in corpus), tokenizer, length):
        yield from ({"ids": row.tolist()} for row in rows)


@cache
def _left_out() -> dict[str, list[str]]:
    """origin -> marks of the lines that pretraining must not see (`kit.data.held_out`)."""
    return json.loads(Path(__file__).with_name("held_out.json").read_text(encoding="utf-8"))["rows"]
