"""What tasks that put a text into one of several classes have in common.

Rows have a "text" and a "label", the number of a class.
"""

import itertools
from collections.abc import Hashable, Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from kit import train
from kit.data.own import check_texts
from kit.data.splits import digest
from kit.errors import KitError
from kit.tokens import Tokens

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["LIMIT", "baselines", "encode", "logits", "named", "sample", "score", "tfidf"]

LIMIT = 128
"""Tokens of a text that are read."""


def sample(split: "Dataset", n: int, seed: int) -> "Dataset":
    """`n` labelled examples of a split, its classes in turn; the same `seed`, the same examples.

    Nested: the first 50 of a seed's 100 are its 50. As balanced as the split allows: a class
    that runs out leaves its turns to the others.
    Raises KitError for an n below 2 or above what there is, and for a split of one class.
    """
    if not isinstance(n, Integral) or n < 2:
        raise KitError(f"n={n!r} labels: give a whole number from 2, one of each class.")
    if n > len(split):
        raise KitError(f"n={n} labels, but there are only {len(split)}: give at most that.")
    classes: dict[Hashable, list[tuple[str, int]]] = {}
    for row, (name, label) in enumerate(zip(split["id"][:], split["label"][:], strict=True)):
        classes.setdefault(label, []).append((digest(f"{seed}/{name}"), row))
    if len(classes) < 2:
        raise KitError(
            f"every one of the {n} labels would be {next(iter(classes))!r}: there is nothing to "
            "tell apart. Give a split that has both classes."
        )
    turns = itertools.zip_longest(*(sorted(classes[label]) for label in sorted(classes)))
    chosen = [row for _, row in filter(None, itertools.chain.from_iterable(turns))]
    return split.select(chosen[:n])


def encode(
    rows: Iterable[dict], tokens: Tokens, limit: int = LIMIT, answer: str = "label"
) -> list[dict]:
    """Rows with a text and an answer as examples for `fit`, at most `limit` tokens each."""
    rows = list(rows)
    ids = tokens.encode_many([row["text"] for row in rows], limit)
    return [{"ids": i, "y": row[answer]} for i, row in zip(ids, rows, strict=True)]


def logits(model: nn.Module, tokens: Tokens, texts: str | Iterable[str]) -> np.ndarray:
    """(N, C), or (N,) of a rating: what the model says to each text, of which `LIMIT` tokens are
    read. Raises KitError for what is no text, or empty."""
    ids = tokens.encode_many(check_texts(texts), LIMIT)
    return np.stack(train.predict(model, [{"ids": i, "y": 0} for i in ids]))


def named(model: nn.Module, tokens: Tokens, texts: str | Iterable[str], names: Sequence) -> list:
    """The name of each text's class. Raises KitError also where there are not C names."""
    found = logits(model, tokens, texts)  # (N, C)
    if found.ndim != 2 or found.shape[1] != len(names):
        raise KitError(
            f"{len(names)} names ({', '.join(names)}) do not suit a model whose answers have the "
            f"shape {found.shape[1:]}: give one name for each of its classes."
        )
    return [names[y] for y in found.argmax(1)]


def score(answers: Sequence[str], rows: Iterable[dict], classes: Sequence[str]) -> dict:
    """accuracy: the share of right answers. f1: 2PR / (P + R) of each class, their mean (over
    the classes that are in `rows` or were answered)."""
    from sklearn.metrics import f1_score

    right = [classes[row["label"]] for row in rows]
    if not right or len(right) != len(answers):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(right)} rows: give one answer "
            "for each row, and at least one."
        )
    return {
        "accuracy": float(np.mean([a == b for a, b in zip(answers, right, strict=True)])),
        "f1": float(f1_score(right, list(answers), average="macro")),
    }


def baselines(train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
    """Test accuracy of what costs nothing: the majority class, and counting words.

    "tfidf" is a logistic regression on TF-IDF weights of words and pairs of words. Without a
    labelled text there is nothing to count: "majority" alone, and it is a guess, class 1.
    """
    (texts, y), (test_texts, test_y) = (_columns(rows) for rows in (train, test))
    if not texts:
        return {"majority": float(np.mean(test_y))}
    majority = np.bincount(y).argmax()
    return {
        "majority": float(np.mean(np.asarray(test_y) == majority)),
        "tfidf": float(tfidf().fit(texts, y).score(test_texts, test_y)),
    }


def tfidf():
    """Words and pairs of words, counted, and a logistic regression: a scikit-learn pipeline."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(counts, LogisticRegression(C=10, max_iter=1000))


def _columns(rows: Iterable[dict]) -> tuple[list[str], list[int]]:
    rows = list(rows)
    return [row["text"] for row in rows], [row["label"] for row in rows]
