"""Leak check: the lines of the pretraining text that share words with held-out texts of a task."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kit.data.corpora import ORIGINS, documents, mark, without
from kit.data.duplicates import groups
from kit.data.splits import DOMAINS, LANGUAGES, articles, messages, ratings, tagged
from kit.files import write_json

__all__ = ["SHARED", "held_out", "left_out", "words"]

SHARED = 8
"""Words in a row that no pretraining text shares with a held-out text. In the data, seven words in
a row are often a common phrase ("Are you sure you want to delete"); eight are a quotation in the
news, or a message made from the same template."""


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation."""
    return re.findall(r"\w+", text.lower())


def held_out() -> Iterator[tuple[str, str]]:
    """(task, text) of every text that some task keeps for validation or test."""
    for domain in DOMAINS:
        yield from ((domain, row["text"]) for row in ratings(domain) if row["split"] != "train")
    for row in articles():
        if row["split"] != "train":
            yield "headlines", row["headline"]
            yield "headlines", row["text"]
    for row in tagged():
        if row["split"] != "train":
            yield "entities", " ".join(row["words"])
    for language in LANGUAGES:
        for row in messages(language):
            if row["split"] != "train":
                yield "translation", row["english"]


def left_out(held: Iterable[str]) -> dict[str, list[str]]:
    """Origin -> marks of the lines of its training text that `pinned` leaves out.

    They are stored in `kit/data/held_out.json`, so that a corpus of news needs only the archive
    with the news; `python -m kit.data.held_out` writes that file from all archives.
    """
    held_grams = set()
    for text_words in map(words, held):
        held_grams |= _grams(text_words) or {tuple(text_words)}
    held_grams.discard(())  # of a text without words
    result = {}
    for origin in ORIGINS:
        texts = [text for text, split in documents(origin) if split == "train"]
        left = {mark(line) for text in texts for line in _shared(text, held_grams)}
        texts = list(dict.fromkeys(without(text, left) for text in texts))
        twins = {mark(texts[i]) for i, first in enumerate(groups(texts)) if first != i}
        result[origin] = sorted(left | twins)
    return result


def _shared(text: str, held: set[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a text that share words in a row with held-out texts, or are one of them."""
    lines = text.split("\n")
    all_words, line_of = [], []
    for number, line in enumerate(lines):
        in_line = words(line)
        all_words += in_line
        line_of += [number] * len(in_line)
        if tuple(in_line) in held:
            yield line
    for start in range(len(all_words) - SHARED + 1):
        if tuple(all_words[start : start + SHARED]) in held:
            yield from (lines[i] for i in {*line_of[start : start + SHARED]})


def _grams(words: list[str]) -> set[tuple[str, ...]]:
    """All runs of `SHARED` words."""
    return {tuple(words[start : start + SHARED]) for start in range(len(words) - SHARED + 1)}


if __name__ == "__main__":
    content = {
        "command": "python -m kit.data.held_out",
        "rows": left_out(text for _, text in held_out()),
    }
    write_json(Path(__file__).with_suffix(".json"), content)
