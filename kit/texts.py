"""Checks of texts that a caller gives: of a user's texts, and of strings for a tokenizer."""

import re
from collections.abc import Iterable, Mapping

from kit.errors import KitError

__all__ = [
    "UNSPACED",
    "WORD",
    "WORD_OR_LINK",
    "check_no_table",
    "check_strings",
    "check_texts",
    "has_lone_surrogate",
    "unspaced",
]

UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Letters of Thai, Japanese and Chinese, which write no spaces between words."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
"""A word; a letter of `UNSPACED` is one by itself. In other scripts the same as \\w+."""
WORD_OR_LINK = re.compile(rf"https?://\S+|{WORD.pattern}")
"""A word, or an address as a whole: texts that merely have links have no words in common."""


def unspaced(words: list[str]) -> bool:
    """Whether most of these words (of `WORD`) are single letters of `UNSPACED`."""
    return sum(len(w) == 1 and bool(re.match(f"[{UNSPACED}]", w)) for w in words) > len(words) / 2


def check_texts(texts: str | Iterable[str]) -> list[str]:
    """A user's texts as a list; one text gives a list of one. Any language, length and emoji.

    Raises KitError for what is not text, for an empty text, and for no text at all.
    """
    if isinstance(texts, str):
        texts = [texts]
    check_no_table(texts)
    if isinstance(texts, bytes) or not isinstance(texts, Iterable):
        raise KitError(_not_text("the text", texts))
    texts = list(texts)
    if not texts:
        raise KitError("there is no text: give at least one sentence.")
    for number, text in enumerate(texts, start=1):
        which = f"text {number}" if len(texts) > 1 else "the text"
        if not isinstance(text, str):
            raise KitError(_not_text(which, text))
        if not text.strip():
            raise KitError(f"{which} is empty ({text!r}): give a sentence of at least one word.")
    return texts


def check_strings(texts: Iterable[str]) -> list[str]:
    """Strings for a tokenizer as a list, which may be empty, as may each string.

    Raises KitError for one string instead of a list, for what is no string, and for a string
    that UTF-8 cannot write.
    """
    if isinstance(texts, str):
        raise KitError(f"{texts[:40]!r} is one text where several belong: give a list, [text].")
    check_no_table(texts)
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise KitError(
                f"{text!r} is not a text ({type(text).__name__}): "
                f"leave it out, or give str({text!r})."
            )
        if has_lone_surrogate(text):
            raise KitError(
                f"{text[:40]!r} holds half a character (a lone surrogate): read the file as UTF-8, "
                "or give text.encode('utf-8', 'replace').decode()."
            )
    return texts


def check_no_table(texts: object) -> None:
    """Raise KitError for a table or a dict, of which the names of its columns would be read."""
    if isinstance(texts, Mapping) or (hasattr(texts, "iloc") and hasattr(texts, "columns")):
        names = ", ".join(map(repr, list(texts)[:5]))
        raise KitError(
            f"a {type(texts).__name__} with {names} is no list of texts: give one column of it, "
            "list(table['text'])."
        )


def has_lone_surrogate(text: str) -> bool:
    """Whether the text has half of a UTF-16 surrogate pair, which UTF-8 cannot write."""
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)


def _not_text(which: str, value: object) -> str:
    kind = type(value).__name__
    return f"{which} is {value!r:.60} ({kind}), not text: write text in quotes, like 'A fine film.'"
