"""Counterfactual templates: the same sentences with one word after the other.

T templates, W words.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from kit.errors import KitError

__all__ = ["Score", "fill", "scores", "slots"]

SLOT = re.compile(r"\{\w+\}")
"""The place of the word: a name in braces."""

Score = Callable[[list[str]], Sequence[float]]
"""From N texts to N numbers: a log-odds, a probability, a rating."""


def slots(templates: Sequence[str]) -> tuple[str, ...]:
    """The templates as a tuple; a KitError for one without exactly one place such as {name}."""
    templates = (templates,) if isinstance(templates, str) else tuple(templates)
    if not templates:
        raise KitError("templates=() has no sentence: give at least one, with a place like {name}.")
    for template in templates:
        if not isinstance(template, str) or (n := len(SLOT.findall(template))) != 1:
            count = "no text" if not isinstance(template, str) else f"{n} places for a word"
            raise KitError(
                f"the template {template!r} has {count}: give a text with one, such as "
                "'We saw {name} at the cinema.'"
            )
    return templates


def fill(templates: Sequence[str], words: Sequence[str]) -> list[str]:
    """The T · W texts, template by template: in each its place is one word after the other.

    Raises KitError for a template without exactly one place, for no word, for a word that is empty
    or no text, and for a word twice.
    """
    words = [words] if isinstance(words, str) else list(words)
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise KitError(f"words={words!r:.80}: give a list of words, with at least one.")
    if twice := [word for word, count in Counter(words).items() if count > 1]:
        raise KitError(f"the word {min(twice)!r} stands twice in the list: give each once.")
    return [SLOT.sub(lambda _, word=word: word, t) for t in slots(templates) for word in words]


def scores(score: Score, templates: Sequence[str], words: Sequence[str]) -> np.ndarray:
    """(T, W): the score of each template with each word.

    Raises KitError as `fill` does, and where `score` does not return one finite number a text.
    """
    if not callable(score):
        raise KitError(f"score={score!r:.80}: give a function from a list of texts to numbers.")
    texts = fill(templates, words)
    found = np.asarray(score(texts), dtype=float)
    if found.shape != (len(texts),) or not np.isfinite(found).all():
        raise KitError(
            f"score(texts) returned {found.shape} for {len(texts)} texts, or a number that is not "
            "finite: it should return one finite number for each text."
        )
    return found.reshape(-1, len(words))
