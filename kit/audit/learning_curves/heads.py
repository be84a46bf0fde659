"""Heads on stored vectors: a source reads each text once, then a head learns in milliseconds.

N texts, D width of the source, R test texts.
"""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from kit import guards, train
from kit.errors import KitError
from kit.models import Model, VectorHead
from kit.runtime import random_state
from kit.sources import Source
from kit.tasks.classification import LIMIT
from kit.texts import check_texts

__all__ = ["draw_rows", "head_answers", "text_vectors"]

STRENGTH = 0.003
"""1 / the weight of the L2 penalty of a head, on standardised vectors; chosen on validation."""


@guards.guarded("text_vectors(source, texts)", source=guards.a_source)
def text_vectors(source: Source, texts: Sequence[str], *, pool: str = "mean") -> np.ndarray:
    """(N, D): each text's pooled vector, float32; 128 tokens of a text are read.

    pool: as in `kit.models.pool`; "last" for a source that writes, where only the last token has
    read the whole text. Raises KitError for what is no text, or empty.
    """
    reader = Model(source.body, VectorHead(source.body.width, pool=pool, norm=False))
    ids = source.tokenizer.encode_many(check_texts(texts), LIMIT)
    return np.stack(train.predict(reader, [{"ids": i, "y": 0} for i in ids]))


def draw_rows(labels: Sequence[int], n: int, seed: int) -> np.ndarray:
    """(n,): row numbers, the classes in turn as long as each has rows; nested: the first 50 of a
    seed's 100 are its 50.

    labels: the class of each of the rows. Raises KitError for an n that is no whole number from 2
    to the number of rows.
    """
    labels = np.asarray(labels)
    if not isinstance(n, Integral) or not 2 <= n <= len(labels):
        raise KitError(f"n={n!r} labels: give a whole number from 2 to {len(labels):,}.")
    order = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), dtype=int)
    for label in np.unique(labels):
        own = order[labels[order] == label]
        turn[own] = np.arange(len(own))
    return order[np.argsort(turn[order], kind="stable")][: int(n)]


def head_answers(
    vectors: np.ndarray, labels: Sequence[int], test_vectors: np.ndarray, *, C: float = STRENGTH
) -> np.ndarray:
    """(R,): the class of each test text, by a logistic regression on the vectors (N, D).

    The vectors are standardised by the mean and deviation of the N. C: as in scikit-learn. Raises
    KitError where the labels are of one class, or not as many as the vectors.
    """
    with random_state():  # its first import draws a number
        from sklearn.linear_model import LogisticRegression

    labels = np.asarray(labels)
    if len(labels) != len(vectors) or len(np.unique(labels)) < 2:
        raise KitError(
            f"{len(vectors)} vectors with {len(labels)} labels of {len(np.unique(labels))} "
            "classes: give one label for each vector, and two classes."
        )
    mean, deviation = vectors.mean(0), vectors.std(0) + 1e-6
    head = LogisticRegression(C=C, max_iter=300)
    head.fit((vectors - mean) / deviation, labels)
    return head.predict((test_vectors - mean) / deviation)
