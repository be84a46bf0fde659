"""N-grams: the language model that only counts, which every network has to beat."""

from collections.abc import Sequence

import numpy as np

from kit.errors import KitError

__all__ = ["NGram"]


class NGram:
    """p(w | h) from counts of up to `order` tokens, interpolated Kneser-Ney with one discount:

    p(w | h) = max(c(h w) - d, 0) / c(h) + d · N(h) / c(h) · p(w | h')

    c counts, N(h) is how many different tokens follow h, and h' is h without its first token.
    Below the highest order, c(h w) is how many different tokens precede h w. The lowest is
    uniform over the V pieces. Where h was never seen, p(w | h') stands alone.
    Kneser & Ney 1995; Chen & Goodman 1999, doi:10.1006/csla.1999.0128.
    """

    def __init__(self, ids: Sequence[int], vocabulary: int, order: int = 3, discount: float = 0.75):
        """ids: one long row of tokens, documents ended by an end token."""
        ids = np.asarray(ids, np.int64)
        if len(ids) < order or order < 1:
            raise KitError(f"{len(ids)} tokens cannot be counted in groups of {order}: give more.")
        self.vocabulary, self.order, self.discount = vocabulary, order, discount
        # The distinct n-grams of the highest order with their counts; then ever shorter ones.
        grams, counts = np.unique(_groups(ids, order), axis=0, return_counts=True)
        self.tables = []
        for _ in range(order):
            self.tables.append(_Table(grams, counts, vocabulary))
            grams, counts = np.unique(grams[:, 1:], axis=0, return_counts=True)
        self.tables.reverse()

    def probabilities(self, ids: Sequence[int]) -> np.ndarray:
        """(T,): p(wₜ | the `order` - 1 tokens before it) of each token of a row.

        The first tokens have less before them, and only that is used.
        """
        ids = np.asarray(ids, np.int64)
        p = np.full(len(ids), 1 / self.vocabulary)
        for n, table in enumerate(self.tables, 1):
            if len(ids) >= n:
                p[n - 1 :] = table.interpolate(_groups(ids, n), p[n - 1 :], self.discount)
        return p

    def next(self, ids: Sequence[int]) -> np.ndarray:
        """(V,): p(w | ids) for every w."""
        ids = np.asarray(ids, np.int64)[max(0, len(ids) - self.order + 1) :]
        every = np.arange(self.vocabulary)[:, None]
        p = np.full(self.vocabulary, 1 / self.vocabulary)
        for n, table in enumerate(self.tables[: len(ids) + 1], 1):
            before = np.tile(ids[len(ids) - n + 1 :], (self.vocabulary, 1))
            p = table.interpolate(np.concatenate((before, every), 1), p, self.discount)
        return p


class _Table:
    """The n-grams of one order: their counts, and those of what stands before the last token."""

    def __init__(self, grams: np.ndarray, counts: np.ndarray, vocabulary: int) -> None:
        self.base = vocabulary
        self.keys, self.counts = self._keys(grams), counts
        self.before, start = np.unique(self._keys(grams[:, :-1]), return_index=True)
        self.total = np.add.reduceat(counts, start)
        self.kinds = np.diff(np.append(start, len(grams)))

    def interpolate(self, grams: np.ndarray, lower: np.ndarray, discount: float) -> np.ndarray:
        """p of the last token of each row of `grams` (T, n), given that of the shorter ones."""
        count = _look_up(self.keys, self.counts, self._keys(grams))
        before = self._keys(grams[:, :-1])
        total = _look_up(self.before, self.total, before)
        kinds = _look_up(self.before, self.kinds, before)
        mixed = (np.maximum(count - discount, 0) + discount * kinds * lower) / np.maximum(total, 1)
        return np.where(total > 0, mixed, lower)

    def _keys(self, grams: np.ndarray) -> np.ndarray:
        """One number for each row, in the order of the rows; V³ must stay below 2⁶³."""
        return grams @ self.base ** np.arange(grams.shape[1] - 1, -1, -1, dtype=np.int64)


def _groups(ids: np.ndarray, n: int) -> np.ndarray:
    """Every n neighbouring tokens: (T - n + 1, n)."""
    return np.lib.stride_tricks.sliding_window_view(ids, n)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where it is not there; keys are sorted."""
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
