"""Headlines that nobody wrote: to learn copying, choosing and ending from news without a label.

An article's first paragraph is read, and its weightiest words, in their order, are the headline.
In the spirit of PEGASUS (Zhang et al. 2020, arxiv.org/abs/1912.08777), which takes an article's
weightiest sentences out and has them written.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from kit.data import corpora
from kit.tasks.summarization.keyword_baseline import stem, stems

__all__ = ["LATER", "WEIGHTY", "Weights", "documents", "rows"]

WEIGHTY = 6
"""Words of a headline that nobody wrote: about as many as people's have."""

LATER = 0.05
"""What a word loses for each that stands before it. Both were chosen on validation articles."""

WORD = r"[\w'.%£$-]*\w[\w'%]*"
SHORT, LONG = 12, 35
"""Words of a paragraph: shorter ones are left out, and of longer ones the rest is not read."""


class Weights:
    """How weighty a word is in a document: log(1 + how often it stands there) · log((1 + N) /
    (1 + in how many of N documents)), words without their endings. No headline is ever seen."""

    def __init__(self, documents: Sequence[str]) -> None:
        self.documents = len(documents)
        self.df = Counter(word for text in documents for word in {*stems(text)})

    def headline(self, paragraph: str, document: str, most: int = WEIGHTY) -> str:
        """The `most` weightiest words of a paragraph's first 35, each once, in their order."""
        often, found = Counter(stems(document)), {}
        words = re.findall(WORD, paragraph)[:LONG]
        for i, word in enumerate(words):
            of = stem(word)
            rare = math.log((1 + self.documents) / (1 + self.df[of]))
            found.setdefault(of, (math.log(1 + often[of]) * rare - LATER * i, i))
        best = sorted(found.values(), reverse=True)[:most]
        return " ".join(words[i] for i in sorted(i for _, i in best))

    def headlines(self, texts: Iterable[str], most: int = WEIGHTY) -> list[str]:
        """Of each article's first paragraph."""
        return [self.headline(text.strip().split("\n")[0], text, most) for text in texts]


def documents() -> list[str]:
    """The articles of the training split, without headlines: nothing that a task holds out."""
    return corpora.pinned("train", ["news"])["text"][:]


def rows() -> list[dict]:
    """text and headline, one for each training article's first paragraph; 1,607 of them. Later
    paragraphs, of which there are four times as many, taught less (docs/LOG.md)."""
    texts = documents()
    weights = Weights(texts)
    leads = [(text.split("\n")[0], text) for text in texts]
    return [
        {"text": lead, "headline": weights.headline(lead, text)}
        for lead, text in leads
        if len(re.findall(WORD, lead)) >= SHORT
    ]
