"""The baseline of translators: the nearest message that is known, and its translation."""

from collections.abc import Iterable

import numpy as np

from kit.data.placeholders import hide, restore
from kit.errors import KitError

__all__ = ["Memory"]


class Memory:
    """Pairs that are known, found by the likeness of their English.

    Likeness is the cosine of TF-IDF weights of 2 to 5 characters in a row, within words: 1 for
    the same text. Placeholders count as slots, and the new message's are put into the old one's.
    """

    def __init__(self, rows: Iterable[dict]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        pairs = [(hide(row["english"]), row["translation"]) for row in rows]
        if not pairs:
            raise KitError("a memory of no pair remembers nothing: give at least one.")
        self.english = [restore(text, names) for (text, names), _ in pairs]
        self.translations = [hide(there, names)[0] for (_, names), there in pairs]
        self.counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self.known = self.counts.fit_transform([text for (text, _), _ in pairs])  # (N, grams)

    def nearest(self, texts: Iterable[str]) -> list[tuple[int, float]]:
        """For each text the number of the pair that is most like it, and how like, 0 to 1."""
        likeness = self.counts.transform([hide(text)[0] for text in texts]) @ self.known.T
        best = np.asarray(likeness.argmax(1)).ravel()  # (B,)
        return [(int(i), float(likeness[row, i])) for row, i in enumerate(best)]

    def translate(self, texts: Iterable[str]) -> list[str]:
        """The translation of what is most like each text."""
        texts = list(texts)
        pairs = zip(texts, self.nearest(texts), strict=True)
        return [restore(self.translations[i], hide(text)[1]) for text, (i, _) in pairs]
