"""Occlusion: the influence of a word is the change of the answer when it is left out.

Li, Monroe & Jurafsky 2016, Understanding Neural Networks through Representation Erasure,
arxiv.org/abs/1612.08220.
"""

from collections.abc import Callable, Sequence

from kit.texts import check_texts

__all__ = ["MOST", "influence"]

MOST = 40
"""Words that are left out in turn, the first of a text; the others stay in every text."""


def influence(
    ask: Callable[[list[str]], Sequence[float]], text: str, max_words: int = MOST
) -> tuple[float, list[tuple[str, float]]]:
    """ask(text), and (word, ask(text) - ask(text without it)) for each of its first words.

    ask: from texts to a number for each, such as P(positive); called once, with all texts. A
        positive influence means that the word raises the number.
    max_words: how many words are left out in turn.
    Of a text of a single word a full stop is left. Raises KitError for what is no text.
    """
    words = check_texts([text])[0].split()
    parts = words[:max_words]
    without = [" ".join(words[:i] + words[i + 1 :]) or "." for i in range(len(parts))]
    whole, *rest = ask([" ".join(words), *without])
    return float(whole), [(w, float(whole - r)) for w, r in zip(parts, rest, strict=True)]
