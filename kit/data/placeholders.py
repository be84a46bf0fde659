"""Placeholders of software messages (`%(name)s`, `${name}`, `{0}`, `%1`) survive translation.

A placeholder must be the same in the translation. So the model never sees it: before translation
`hide` replaces the first by slot 0, the second by slot 1, each one character of Unicode's private
area; afterwards `restore` replaces the slots by their placeholders.
"""

import re

__all__ = ["FIRST", "SLOTS", "found", "hide", "restore", "slot"]

PLACEHOLDER = re.compile(r"%\(\w[\w.]*\)[a-zA-Z]|\$\{[^{}]+\}|\{[\w.]*\}|%\d+|%[sd]\b")
FIRST, SLOTS = 0xE000, 8
"""The character of slot 0, and the number of slots: no message has more placeholders."""

PRIVATE = re.compile("[\ue000-\uf8ff]")


def slot(i: int) -> str:
    """The character of slot i, counted from 0."""
    return chr(FIRST + i)


def found(text: str) -> list[str]:
    """All placeholders of a text, in order, with repetitions."""
    return PLACEHOLDER.findall(text)


def hide(text: str, names: list[str] | None = None) -> tuple[str, list[str]]:
    """The text with slots in place of placeholders, and the placeholder of each slot.

    names: the placeholders of the text that this one translates, so that both have the same
    slots; other placeholders stay in the text. Private characters of the text are removed.
    """
    text = PRIVATE.sub("", text)
    names = list(dict.fromkeys(found(text)))[:SLOTS] if names is None else names
    where = {name: slot(i) for i, name in enumerate(names)}
    return PLACEHOLDER.sub(lambda m: where.get(m[0], m[0]), text), names


def restore(text: str, names: list[str]) -> str:
    """The text with placeholders in place of slots; a slot without a placeholder is removed."""
    where = {slot(i): name for i, name in enumerate(names)}
    return PRIVATE.sub(lambda m: where.get(m[0], ""), text)
