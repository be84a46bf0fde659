"""Translation memory, a baseline: the translation of the most similar known message."""

from collections.abc import Iterable

import numpy as np

from kit.data.placeholders import hide, restore
from kit.errors import KitError
from kit.runtime import random_state

__all__ = ["Memory"]


class Memory:
    """Known pairs, searched by the similarity of their English.

    Similarity is the cosine of the TF-IDF vectors of character n-grams, n = 2 to 5, within words: 1
    for the same text. Placeholders are replaced by slots, and filled with the new message's.

    rows: with "english" and "translation". Raises KitError for none.
    """

    def __init__(self, rows: Iterable[dict]) -> None:
        with random_state():  # its first import draws a number
            from sklearn.feature_extraction.text import TfidfVectorizer

        pairs = [(hide(row["english"]), row["translation"]) for row in rows]
        if not pairs:
            raise KitError("no pair for the translation memory: give at least one row.")
        self.english = [restore(text, names) for (text, names), _ in pairs]
        self.translations = [hide(translation, names)[0] for (_, names), translation in pairs]
        self.counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self.known = self.counts.fit_transform([text for (text, _), _ in pairs])  # (N, grams)

    def nearest(self, texts: Iterable[str]) -> list[tuple[int, float]]:
        """For each text the index of the most similar pair, and the similarity, 0 to 1."""
        similarity = self.counts.transform([hide(text)[0] for text in texts]) @ self.known.T
        best = np.asarray(similarity.argmax(1)).ravel()  # (B,)
        return [(int(i), float(similarity[row, i])) for row, i in enumerate(best)]

    def translate(self, texts: Iterable[str]) -> list[str]:
        """The translation of the pair that is most similar to each text."""
        texts = list(texts)
        pairs = zip(texts, self.nearest(texts), strict=True)
        return [restore(self.translations[i], hide(text)[1]) for text, (i, _) in pairs]
