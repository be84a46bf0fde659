"""What solves the exercises of lesson 09, and what does not."""

import re
from collections import Counter

import torch

from kit.tasks import summarization

SMALL = [
    "a",
    "an",
    "the",
    "of",
    "in",
    "on",
    "at",
    "to",
    "for",
    "from",
    "by",
    "with",
    "and",
    "or",
    "but",
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "had",
    "be",
    "been",
    "it",
    "its",
    "that",
    "this",
    "as",
    "he",
    "his",
    "she",
    "her",
    "they",
    "their",
    "will",
    "after",
    "than",
    "who",
    "which",
]


def rouge1(written, headline):
    """Common words, each counted as often as in both."""
    one, other = (Counter(text.lower().split()) for text in (written, headline))
    return 2 * (one & other).total() / (one.total() + other.total())


def precision(written, headline):
    """Half of the score."""
    one, other = (Counter(text.lower().split()) for text in (written, headline))
    return (one & other).total() / one.total()


def capitals(written, headline):
    """It takes capitals for other letters."""
    one, other = (Counter(text.split()) for text in (written, headline))
    return 2 * (one & other).total() / (one.total() + other.total())


def divides(written, headline):
    """It divides by 0 where no word is in common."""
    one, other = (set(text.lower().split()) for text in (written, headline))
    p, r = len(one & other) / len(one), len(one & other) / len(other)
    return 2 * p * r / (p + r)


def headline(text):
    """The first words of the lead that carry a meaning."""
    words = re.findall(r"[\w'-]+", summarization.lead(text))
    return " ".join([word for word in words if word.lower() not in SMALL][:10])


def mix(g, vocabulary, attention, ids):
    """Each place adds its share."""
    return (g * vocabulary).index_add(0, ids, (1 - g) * attention)


def once(g, vocabulary, attention, ids):
    """A piece that stands twice is counted once."""
    p = g * vocabulary
    p[ids] += (1 - g) * attention
    return p


def turned(g, vocabulary, attention, ids):
    """The shares the wrong way round."""
    return mix(1 - g, vocabulary, attention, ids)


def broken(g, vocabulary, attention, ids):
    """Shapes that do not fit."""
    return g * vocabulary + (1 - g) * attention


SOLUTIONS = {
    "1": lambda: (rouge1,),
    "2": lambda: (mix,),
    "3": lambda: (headline,),
}
WRONG = {
    "1": [
        (0.5,),
        (precision,),
        (capitals,),
        (divides,),
        (lambda written, headline: "half",),
        (lambda written, headline: None,),
    ],
    "2": [
        (once,),
        (turned,),
        (broken,),
        (3,),
        (lambda *_: torch.ones(3),),
        (lambda *_: None,),
        (lambda *_: 0.5,),
    ],
    "3": [
        ("Google profit",),
        (summarization.lead,),
        (lambda text: summarization.lead(text, 8),),
        (lambda text: text.split()[:8],),
        (lambda text: None,),
    ],
}
