"""Judgements of an answer: the words to edit, and words that are not of its language.

Words are compared in small letters, and a message's placeholders are no words.
"""

import re
from collections.abc import Sequence
from functools import cache

from kit.data import placeholders
from kit.tasks import translation

__all__ = ["edits", "unknown_words", "words"]

WORD = re.compile(r"[^\W\d_]{2,}")
"""A word: two letters or more."""


def edits(answer: str, truth: str) -> float:
    """TER, in percent: the words to insert, delete, replace or move until the answer is the human
    translation, for each word of that one (Snover et al. 2006); by sacrebleu, case counts."""
    from sacrebleu.metrics import TER

    return TER(case_sensitive=True).sentence_score(answer, [truth]).score


def unknown_words(answers: Sequence[str], rows: Sequence[dict]) -> dict[str, float]:
    """Of all words of the answers, in percent: `foreign`, words of the parent's languages that no
    text of the child's language has, and `invented`, words that neither has.

    rows: the messages, with "english" and "language". A word that the English message has is
    counted as neither: it is copied. The child's language is known from all its splits, of which
    the child saw only its pairs: they judge, and train nothing.
    """
    foreign = invented = total = 0
    for answer, row in zip(answers, rows, strict=True):
        own = vocabulary(row["language"])
        copied = set(words(row["english"]))
        for word in words(answer):
            total += 1
            if word not in own and word not in copied:
                foreign += word in of_parents()
                invented += word not in of_parents()
    total = max(total, 1)
    return {"foreign": 100 * foreign / total, "invented": 100 * invented / total}


def words(text: str) -> list[str]:
    """The words of a text in small letters, without its placeholders."""
    return [word.lower() for word in WORD.findall(placeholders.PLACEHOLDER.sub(" ", text))]


@cache
def vocabulary(language: str) -> frozenset[str]:
    """All words of a language's translations, of every split."""
    data = translation.load(language)
    texts = (text for split in data.values() for text in split["translation"][:])
    return frozenset(word for text in texts for word in words(text))


@cache
def of_parents() -> frozenset[str]:
    """All words of the parent's languages."""
    return frozenset().union(*(vocabulary(language) for language in translation.PARENTS))
