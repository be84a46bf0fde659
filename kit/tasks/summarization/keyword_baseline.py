"""A headline without a model that writes: the likeliest words of the lead sentence, in its order.

The honest competitor of `kit.tasks.summarization`: nothing is invented, and nothing is a sentence.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["WORDS", "KeywordBaseline"]

WORDS = 5
"""How many words are chosen, chosen on validation articles."""


class KeywordBaseline:
    """A logistic regression: does this word of the lead stand in the headline? What it knows of
    a word: where it stands, capitals, digits, its length, how rare it is, and how often the article
    says it."""

    def __init__(self, train: Iterable[dict]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        train = list(train)
        self.articles = len(train)
        self.df = Counter(word for row in train for word in {*stems(row["text"])})
        x, y = [], []
        for row in train:
            said = {*stems(row["headline"])}
            x += self.features(row["text"])
            y += [stem(word) in said for word in words(row["text"])]
        learner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self.learner = learner.fit(np.array(x), np.array(y))

    def features(self, text: str) -> list[list[float]]:
        """One row a word of the lead."""
        counts, found = Counter(stems(text)), []
        for i, word in enumerate(words(text)):
            of = stem(word)
            rare = math.log((1 + self.articles) / (1 + self.df[of]))
            often, capital = math.log(1 + counts[of]), word[0].isupper()
            shape = [capital, i == 0, any(c.isdigit() for c in word), len(word) > 3, rare > 2]
            found.append([i, min(i, 8), rare, often, often * rare, rare * capital, *shape])
        return found

    def headlines(self, texts: Sequence[str], most: int = WORDS) -> list[str]:
        """For each article the `most` likeliest words of its lead, each once, in their order."""
        return [self._headline(text, most) for text in texts]

    def _headline(self, text: str, most: int) -> str:
        lead = words(text)
        if not lead:
            return ""
        p = self.learner.predict_proba(np.array(self.features(text)))[:, 1]
        chosen: dict[str, int] = {}
        for i in np.argsort(-p, kind="stable"):
            if len(chosen) < most:
                chosen.setdefault(stem(lead[i]), int(i))
        return " ".join(lead[i] for i in sorted(chosen.values()))


def words(text: str) -> list[str]:
    """The words of the first paragraph."""
    return re.findall(r"[\w'.%£$-]*\w[\w'%]*", text.strip().split("\n")[0])


def stem(word: str) -> str:
    """Small letters, and no -s, -ed or -ing: near enough to tell what is the same word."""
    return re.sub(r"(?<=\w{3})('s|s|ed|ing)$", "", word.lower())


def stems(text: str) -> list[str]:
    """Of all words of a text."""
    return [stem(word) for word in re.findall(r"[\w'.%£$-]*\w[\w'%]*", text)]
