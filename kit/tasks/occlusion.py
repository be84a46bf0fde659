"""Which words moved an answer? Leave each out, and look.

Li, Monroe & Jurafsky 2016, Understanding Neural Networks through Representation Erasure,
arxiv.org/abs/1612.08220.
"""

from collections.abc import Callable, Sequence

from kit.texts import check_texts

__all__ = ["MOST", "influence"]

MOST = 40
"""Words that are left out in turn; what comes after them stays in every time."""


def influence(
    ask: Callable[[list[str]], Sequence[float]], text: str, most: int = MOST
) -> tuple[float, list[tuple[str, float]]]:
    """ask(text), and (word, ask(text) - ask(text without it)) for each of its first `most` words.

    ask: from texts to one number each, P(positive) say; asked once, about all at a time. A word
    counts for what its absence changes: above zero, it raised the number. A word that stands
    alone leaves a full stop. Raises KitError for what is no text.
    """
    words = check_texts([text])[0].split()
    parts = words[:most]
    without = [" ".join(words[:i] + words[i + 1 :]) or "." for i in range(len(parts))]
    whole, *rest = ask([" ".join(words), *without])
    return float(whole), [(w, float(whole - r)) for w, r in zip(parts, rest, strict=True)]
