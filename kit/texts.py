"""Texts that a caller gives: a list of strings, each with something in it, or an error."""

from collections.abc import Iterable

from kit.errors import KitError

__all__ = ["check_texts"]


def check_texts(texts: str | Iterable[str]) -> list[str]:
    """The texts as a list, one text as a list of one; any language, any length, any emoji.

    Raises KitError for what is not text, for an empty text, and for no text at all.
    """
    if isinstance(texts, str):
        texts = [texts]
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


def _not_text(which: str, value: object) -> str:
    kind = type(value).__name__
    return f"{which} is {value!r:.60} ({kind}), not text: write text in quotes, like 'A fine film.'"
