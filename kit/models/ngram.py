"""N-gram language model: the baseline that every neural language model has to beat."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from kit.errors import KitError

__all__ = ["NGram"]


class NGram:
    """p(w | h) from counts of n-grams up to `order`, interpolated Kneser-Ney with one discount d:

    p(w | h) = max(c(h w) - d, 0) / c(h) + d · N(h) / c(h) · p(w | h')

    c counts, N(h) is how many different tokens follow h, and h' is h without its first token.
    Below the highest order, c(h w) is how many different tokens precede h w. The lowest is
    uniform over the V tokens. Where h was never seen, p(w | h) = p(w | h').
    Kneser & Ney 1995; Chen & Goodman 1999, doi:10.1006/csla.1999.0128.
    """

    def __init__(self, ids: Sequence[int], vocabulary: int, order: int = 3, discount: float = 0.75):
        """ids: one row of token ids, with an end token after each document. discount: d, 0 to 1."""
        ids = np.asarray(ids, np.int64)
        if not isinstance(order, Integral) or not 0 <= discount <= 1:
            raise KitError(
                f"order={order!r}, discount={discount!r}: give a whole number, and a share, 0 to 1."
            )
        if len(ids) and not 0 <= ids.min() <= ids.max() < vocabulary:
            raise KitError(
                f"the ids are {ids.min()} to {ids.max()}, and the vocabulary has 0 to "
                f"{vocabulary - 1}: give the size of the tokenizer that made them."
            )
        if len(ids) < order or order < 1:
            raise KitError(f"{len(ids)} tokens cannot be counted in groups of {order}: give more.")
        self.vocabulary, self.order, self.discount = vocabulary, order, discount
        # Counts of the n-grams of the highest order; then of those of each lower order.
        grams, counts = np.unique(_groups(ids, order), axis=0, return_counts=True)
        self.tables = []
        for _ in range(order):
            self.tables.append(_Table(grams, counts, vocabulary))
            grams, counts = np.unique(grams[:, 1:], axis=0, return_counts=True)
        self.tables.reverse()

    def probabilities(self, ids: Sequence[int]) -> np.ndarray:
        """p(wₜ | the `order` - 1 tokens before it) of each token of a row, (T,).

        The first tokens have fewer tokens before them, and only these are used.
        """
        ids = np.asarray(ids, np.int64)
        p = np.full(len(ids), 1 / self.vocabulary)
        for n, table in enumerate(self.tables, 1):
            if len(ids) >= n:
                p[n - 1 :] = table.interpolate(_groups(ids, n), p[n - 1 :], self.discount)
        return p

    def next(self, ids: Sequence[int]) -> np.ndarray:
        """p(w | ids) of every token w as the next one, (V,)."""
        ids = np.asarray(ids, np.int64)[max(0, len(ids) - self.order + 1) :]
        next_ids = np.arange(self.vocabulary)[:, None]
        p = np.full(self.vocabulary, 1 / self.vocabulary)
        for n, table in enumerate(self.tables[: len(ids) + 1], 1):
            before = np.tile(ids[len(ids) - n + 1 :], (self.vocabulary, 1))
            p = table.interpolate(np.concatenate((before, next_ids), 1), p, self.discount)
        return p


class _Table:
    """The n-grams of one order: their counts, and the counts of their first n - 1 tokens."""

    def __init__(self, grams: np.ndarray, counts: np.ndarray, vocabulary: int) -> None:
        self.base = vocabulary
        self.keys, self.counts = self._keys(grams), counts
        self.before, start = np.unique(self._keys(grams[:, :-1]), return_index=True)
        self.total = np.add.reduceat(counts, start)
        self.kinds = np.diff(np.append(start, len(grams)))

    def interpolate(self, grams: np.ndarray, lower: np.ndarray, discount: float) -> np.ndarray:
        """p of the last token of each row of grams (T, n), from that of the order below, (T,)."""
        count = _look_up(self.keys, self.counts, self._keys(grams))
        before = self._keys(grams[:, :-1])
        total = _look_up(self.before, self.total, before)
        kinds = _look_up(self.before, self.kinds, before)
        mixed = (np.maximum(count - discount, 0) + discount * kinds * lower) / np.maximum(total, 1)
        return np.where(total > 0, mixed, lower)

    def _keys(self, grams: np.ndarray) -> np.ndarray:
        """One integer for each n-gram, in the same order; V to the power of n must be below 2⁶³."""
        return grams @ self.base ** np.arange(grams.shape[1] - 1, -1, -1, dtype=np.int64)


def _groups(ids: np.ndarray, n: int) -> np.ndarray:
    """All n-grams of a row of T tokens, (T - n + 1, n)."""
    return np.lib.stride_tricks.sliding_window_view(ids, n)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 for a key that is not among the sorted keys."""
    position = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[position] == wanted, values[position], 0)
