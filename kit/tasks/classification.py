"""What tasks that put a text into one of several classes have in common.

Rows have a "text" and a "label", the number of a class.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from kit import train
from kit.data.own import Column
from kit.errors import KitError
from kit.html import card
from kit.models import ClassHead
from kit.sources import Source
from kit.tasks.sampling import balanced_sample
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = [
    "LIMIT",
    "ClassificationTask",
    "baselines",
    "classify",
    "encode",
    "logits",
    "recipe",
    "score",
    "tfidf",
]

LIMIT = 128
"""Tokens of a text that are read."""


def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT, answer: str = "label"
) -> list[dict]:
    """Rows with a text and an answer as examples for `fit`, at most `limit` tokens each."""
    rows = list(rows)
    ids = tokenizer.encode_many([row["text"] for row in rows], limit)
    return [{"ids": i, "y": row[answer]} for i, row in zip(ids, rows, strict=True)]


def recipe(
    labels: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
) -> Recipe:
    """Few labels are seen more often; nothing is chosen along the way."""
    epochs = min(12.0, 3 + 400 / labels) * (2 if strategy == "frozen" else 1)
    return Recipe(epochs=epochs, keep_best=False, evaluations=5, seed=seed)


def logits(model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> np.ndarray:
    """(N, C), or (N,) of a rating: what the model says to each text, of which `LIMIT` tokens are
    read. Raises KitError for what is no text, or empty."""
    ids = tokenizer.encode_many(check_texts(texts), LIMIT)
    return np.stack(train.predict(model, [{"ids": i, "y": 0} for i in ids]))


def classify(
    model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str], names: Sequence
) -> list:
    """The name of each text's class. Raises KitError also where there are not C names."""
    found = logits(model, tokenizer, texts)  # (N, C)
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


@dataclass(frozen=True)
class ClassificationTask:
    """The user's own classes as a task: what `kit.tasks.Task` asks for, by the names of the classes.

    report = own.read("reviews.csv", {"text": Column("text"), "label": Column("class")})
    task = ClassificationTask(report.wants["label"].names)
    """

    names: tuple[str, ...]
    """The classes, in the order of their numbers."""

    METRIC = "accuracy"

    def __post_init__(self) -> None:
        if len(set(self.names)) < 2:
            raise KitError(
                f"{len(set(self.names))} class ({', '.join(self.names)}) leaves nothing to tell "
                "apart: give at least two."
            )

    @property
    def COLUMNS(self) -> dict[str, Column]:
        """The columns that it learns from."""
        return {"text": Column("text"), "label": Column("class", self.names)}

    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n rows, the classes in turn: `kit.tasks.sampling.balanced_sample`."""
        return balanced_sample(split, n, seed)

    def head(self, width: int, tokenizer: Tokenizer | None = None) -> ClassHead:
        """A fresh head to these classes."""
        return ClassHead(width, len(self.names))

    def encode(self, rows: Iterable[dict], tokenizer: Tokenizer) -> list[dict]:
        """Rows as examples for `fit`."""
        return encode(rows, tokenizer)

    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
    ) -> Recipe:
        """How to fine-tune on n rows: as for news topics, not tuned for these classes."""
        return recipe(n, strategy, seed=seed, source=source)

    def predict(self, model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> list:
        """The class of each text, of which `LIMIT` tokens are read."""
        return classify(model, tokenizer, texts, self.names)

    def score(self, answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
        """accuracy, and f1, the mean over the classes."""
        return score(answers, rows, self.names)

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """The majority class, and counting words."""
        return baselines(train, test)

    def show(self, text: str, answer: str) -> str:
        """A text with its class, as HTML."""
        return card(text if len(text) < 300 else text[:300] + " …", answer)
