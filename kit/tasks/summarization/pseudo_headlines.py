"""Pseudo-headlines: the top TF-IDF words of each article's first paragraph, in their order, as
training targets that need no labels.

A model learns from them to copy, to select and to stop. The idea is that of PEGASUS (Zhang et al.
2020, arxiv.org/abs/1912.08777), which removes an article's most important sentences and generates
them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from kit.data import corpora
from kit.tasks.summarization.keyword_baseline import stem, stems

__all__ = ["LATER", "WEIGHTY", "TfidfHeadlines", "documents", "rows"]

WEIGHTY = 6
"""Words of a pseudo-headline: about as many as in a real headline."""

LATER = 0.05
"""The penalty of a word for each word before it. Both were chosen on validation articles."""

WORD = r"[\w'.%£$-]*\w[\w'%]*"
SHORT, LONG = 12, 35
"""Words of a paragraph: shorter ones are left out; of longer ones only the first are used."""


class TfidfHeadlines:
    """Pseudo-headlines from the TF-IDF of stemmed words in N documents without headlines.

    tfidf(word, document) = log(1 + tf) · log((1 + N) / (1 + df)), tf being the word's count in the
    document and df the number of documents that contain it.
    """

    def __init__(self, documents: Sequence[str]) -> None:
        self.documents = len(documents)
        self.df = Counter(word for text in documents for word in {*stems(text)})

    def headline(self, paragraph: str, document: str, max_words: int = WEIGHTY) -> str:
        """The words with the highest TF-IDF - `LATER` · position among a paragraph's first 35, each
        once, in their order."""
        tf = Counter(stems(document))
        scores: dict[str, tuple[float, int]] = {}
        words = re.findall(WORD, paragraph)[:LONG]
        for i, word in enumerate(words):
            key = stem(word)
            idf = math.log((1 + self.documents) / (1 + self.df[key]))
            scores.setdefault(key, (math.log(1 + tf[key]) * idf - LATER * i, i))
        best = sorted(scores.values(), reverse=True)[:max_words]
        return " ".join(words[i] for i in sorted(i for _, i in best))

    def headlines(self, texts: Iterable[str], max_words: int = WEIGHTY) -> list[str]:
        """The pseudo-headline of each article, from its first paragraph."""
        return [self.headline(text.strip().split("\n")[0], text, max_words) for text in texts]


def documents() -> list[str]:
    """The articles of the training split, without headlines; none of validation or test."""
    return corpora.pinned("train", ["news"])["text"][:]


def rows() -> list[dict]:
    """1,607 rows with "text", the first paragraph of a training article, and "headline". The later
    paragraphs, four times as many, improved less (docs/LOG.md)."""
    texts = documents()
    tfidf = TfidfHeadlines(texts)
    leads = [(text.split("\n")[0], text) for text in texts]
    return [
        {"text": lead, "headline": tfidf.headline(lead, text)}
        for lead, text in leads
        if len(re.findall(WORD, lead)) >= SHORT
    ]
