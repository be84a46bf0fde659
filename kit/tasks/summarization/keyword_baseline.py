"""The keyword baseline of summarization: the words of the lead sentence that a logistic regression
finds likeliest to be in the headline, in their order.

It invents nothing, and its headlines are no sentences.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from kit.errors import KitError
from kit.runtime import random_state

__all__ = ["WORDS", "KeywordBaseline", "NoKeywords"]

WORDS = 5
"""The number of words in a headline; chosen on validation articles."""


class NoKeywords(KitError):
    """Articles that teach no keywords."""


class KeywordBaseline:
    """A logistic regression: is this word of the lead in the headline?

    Its features of a word are position, capital letter, digits, length, inverse document frequency
    and frequency in the article. train: rows with "text" and "headline".
    """

    def __init__(self, train: Iterable[dict]) -> None:
        with random_state():  # its first import draws a number
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler

        train = list(train)
        self.articles = len(train)
        self.df = Counter(word for row in train for word in {*stems(row["text"])})
        x: list[list[float]] = []
        y: list[bool] = []
        for row in train:
            headline = {*stems(row["headline"])}
            x += self.features(row["text"])
            y += [stem(word) in headline for word in words(row["text"])]
        if len(set(y)) < 2:
            raise NoKeywords(
                f"{len(train)} articles teach no keywords, since none or all of the words of their "
                "leads are in the headlines: give more articles."
            )
        learner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self.learner = learner.fit(np.array(x), np.array(y))

    def features(self, text: str) -> list[list[float]]:
        """(W, 11): the features of each word of the lead."""
        counts = Counter(stems(text))
        rows = []
        for i, word in enumerate(words(text)):
            key = stem(word)
            idf = math.log((1 + self.articles) / (1 + self.df[key]))
            tf = math.log(1 + counts[key])
            capital = word[0].isupper()
            flags = [capital, i == 0, any(c.isdigit() for c in word), len(word) > 3, idf > 2]
            rows.append([i, min(i, 8), idf, tf, tf * idf, idf * capital, *flags])
        return rows

    def headlines(self, texts: Sequence[str], max_words: int = WORDS) -> list[str]:
        """For each article the likeliest words of its lead, each once, in their order."""
        return [self._headline(text, max_words) for text in texts]

    def _headline(self, text: str, max_words: int) -> str:
        lead = words(text)
        if not lead:
            return ""
        p = self.learner.predict_proba(np.array(self.features(text)))[:, 1]
        chosen: dict[str, int] = {}
        for i in np.argsort(-p, kind="stable"):
            if len(chosen) < max_words:
                chosen.setdefault(stem(lead[i]), int(i))
        return " ".join(lead[i] for i in sorted(chosen.values()))


def words(text: str) -> list[str]:
    """The words of an article's first paragraph."""
    return re.findall(r"[\w'.%£$-]*\w[\w'%]*", text.strip().split("\n")[0])


def stem(word: str) -> str:
    """A crude stemmer: lower case, without -'s, -s, -ed or -ing."""
    return re.sub(r"(?<=\w{3})('s|s|ed|ing)$", "", word.lower())


def stems(text: str) -> list[str]:
    """The stems of all words of a text."""
    return [stem(word) for word in re.findall(r"[\w'.%£$-]*\w[\w'%]*", text)]
