"""Near-duplicates: texts that are nearly equal, and so must be in the same split."""

import re
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np

from kit.texts import WORD

__all__ = ["groups", "similar"]

BATCH_ROWS = 2048
"""Texts that are compared with all others at a time, which bounds the memory of the product."""


def groups(
    texts: Sequence[str],
    *,
    share: tuple[int, int] = (2, 5),
    together: Sequence[Hashable] | None = None,
    words: re.Pattern = WORD,
) -> list[int]:
    """Groups of near-duplicates: for each text the index of the first text of its group.

    Two texts are near-duplicates if their word bigrams (in Chinese, Japanese and Thai: bigrams of
    characters) overlap by at least `share`, 2/5:
    `|A ∩ B| / |A ∪ B| ≥ 2/5` (Jaccard), compared in whole numbers, so that every machine
    draws the line at the same place; groups are the connected components. Texts with equal
    entries in `together` (a document, an author) also share a group. words: what a word is; with
    `kit.texts.WORD_OR_LINK` a link is one.

    Why bigrams and 2/5, seen in the ratings of Hutto & Gilbert: single words join sentences that
    merely use "the" and "film". Bigrams at 1/2 find what is written twice ("Doesn't add up to
    much." and "Doesn't really add up to much.") and miss a few variants of one sentence ("Cigar
    smell is disgusting! Gross!" and "Cigar smell is absolutely DISGUSTING!!! GROSS GROSS
    GROSS!!!", 3/7). At 2/5 come sentences made from one mould ("What it lacks in originality/
    substance it makes up for in ..."), and below it strangers ("The film is flat.", "The film is
    full of charm."). Joining too much costs nothing; missing a twin leaks the test set.
    Of 10,605 film sentences 41 have a twin, of 3,708 on products 97, of 5,190 from editorials
    168, of 4,200 tweets 271 (one tweet with ever more capitals and exclamation marks).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = similar(texts, share=share, words=words)
    if together is not None:
        first: dict[Hashable, int] = {}
        seen = [first.setdefault(key, i) for i, key in enumerate(together)]
        rows, columns = np.append(rows, np.arange(len(texts))), np.append(columns, seen)
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(texts)))
    _, part = connected_components(links, directed=False)
    _, first_of, which = np.unique(part, return_index=True, return_inverse=True)
    return first_of[which].tolist()


def similar(
    texts: Sequence[str], *, share: tuple[int, int] = (2, 5), words: re.Pattern = WORD
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of near-duplicates (see `groups`), as two arrays of indices with i < j."""
    grams = _bigrams(texts, words)  # (N, number of bigrams), 1 where the text has the bigram
    size = np.diff(grams.indptr)
    pairs = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for start in range(0, len(texts), BATCH_ROWS):
        both = (grams[start : start + BATCH_ROWS] @ grams.T).tocoo()  # |A ∩ B|
        i, j = both.coords[0] + start, both.coords[1]
        near = (i < j) & (both.data * share[1] >= (size[i] + size[j] - both.data) * share[0])
        pairs.append((i[near], j[near]))
    rows, columns = zip(*pairs, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def _bigrams(texts: Sequence[str], words: re.Pattern):
    """The word bigrams of each text: a sparse matrix (N, number of bigrams) of zeros and ones."""
    from scipy.sparse import csr_array

    known: dict[tuple[str, ...], int] = {}
    columns, ends = [], [0]
    for text in texts:
        found = words.findall(text.lower()) or [text]  # ":-)" has no words: it counts as one
        pairs = set(pairwise(found)) or {(found[0],)}
        columns += [known.setdefault(pair, len(known)) for pair in pairs]
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.int32)
    return csr_array((ones, columns, ends), shape=(len(texts), len(known)))
