"""Placeholders of software messages (`%(name)s`, `${name}`, `{0}`, `%1`): kept whole.

What stands in a message for a name or a number must come out of a translation as it went in. So
a model never sees it: the first becomes slot 0, the second slot 1, one character each from
Unicode's private area, and afterwards the slots become what they stood for.
"""

import re

__all__ = ["FIRST", "SLOTS", "found", "hide", "restore", "slot"]

PLACEHOLDER = re.compile(r"%\(\w[\w.]*\)[a-zA-Z]|\$\{[^{}]+\}|\{[\w.]*\}|%\d+|%[sd]\b")
FIRST, SLOTS = 0xE000, 8
"""The character of slot 0, and how many slots there are: no message has more."""

PRIVATE = re.compile("[\ue000-\uf8ff]")


def slot(i: int) -> str:
    """The character that stands for the i-th placeholder of a message, counted from 0."""
    return chr(FIRST + i)


def found(text: str) -> list[str]:
    """The placeholders of a text, in their order, each as often as it is there."""
    return PLACEHOLDER.findall(text)


def hide(text: str, names: list[str] | None = None) -> tuple[str, list[str]]:
    """The text with slots for placeholders, and what each slot stands for.

    names: those of the text that this one translates, so that both have the same slots; what is
    not among them stays as it is. Private characters of the text itself are left out.
    """
    text = PRIVATE.sub("", text)
    names = list(dict.fromkeys(found(text)))[:SLOTS] if names is None else names
    where = {name: slot(i) for i, name in enumerate(names)}
    return PLACEHOLDER.sub(lambda m: where.get(m[0], m[0]), text), names


def restore(text: str, names: list[str]) -> str:
    """The text with what its slots stand for; a slot that stands for nothing is left out."""
    where = {slot(i): name for i, name in enumerate(names)}
    return PRIVATE.sub(lambda m: where.get(m[0], ""), text)
