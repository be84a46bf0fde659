"""Text classification: the parts that sentiment, topics and the user's own classes share.

Rows have a "text" and a "label", the number of a class.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from kit import guards, train
from kit.data.own import Column
from kit.errors import KitError
from kit.html import card
from kit.models import ClassHead
from kit.runtime import random_state
from kit.sources import Source
from kit.tasks.sampling import balanced_sample
from kit.texts import UNSPACED, check_texts
from kit.tokenizer import Tokenizer, check_tokenizer
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

COUNTED = rf"[{UNSPACED}]|(?<![^\W{UNSPACED}])[^\W{UNSPACED}]{{2,}}"
"""What the word-counting model counts."""
LIMIT = 128
"""Tokens of a text that are read, at most."""


@guards.guarded(
    "encode(rows, tokenizer)", rows=guards.rows_with("text"), tokenizer=guards.a_tokenizer
)
def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT, answer: str = "label"
) -> list[dict]:
    """Rows with a "text" and an answer as examples for `fit`: ids and y.

    limit: tokens of a text, at most. answer: the column of the answer.
    """
    rows = list(rows)
    if problem := guards.rows_with("text", answer)(rows):
        raise KitError(f"encode: rows are {problem}.")
    ids = tokenizer.encode_many([row["text"] for row in rows], limit)
    return [{"ids": i, "y": row[answer]} for i, row in zip(ids, rows, strict=True)]


@guards.guarded("recipe(100, 'full')", labels=guards.a_count)
def recipe(
    labels: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
) -> Recipe:
    """How to fine-tune on `labels` rows: min(12, 3 + 400 / labels) epochs, twice as many for
    "frozen"; the parameters of the last update are kept."""
    epochs = min(12.0, 3 + 400 / labels) * (2 if strategy == "frozen" else 1)
    return Recipe(epochs=epochs, keep_best=False, evaluations=5, seed=seed)


def logits(model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> np.ndarray:
    """The logits (N, C) of each text, or the ratings (N,); `LIMIT` tokens of a text are read.

    Raises KitError for what is no text, or empty.
    """
    check_tokenizer(model, tokenizer)
    ids = tokenizer.encode_many(check_texts(texts), LIMIT)
    outputs = train.predict(model, [{"ids": i, "y": 0} for i in ids])
    if outputs[0].ndim > 1:
        raise KitError(
            f"a model with a {type(getattr(model, 'head', model)).__name__} answers for each token "
            "and not for a text: take one with a ClassHead or a RatingHead, as task.head makes it."
        )
    return np.stack(outputs)


def classify(
    model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str], names: Sequence
) -> list:
    """The name of the class with the highest logit, for each text.

    names: one for each of the C classes. Raises KitError for another number of names, for what is
    no text, or empty.
    """
    z = logits(model, tokenizer, texts)  # (N, C)
    if z.ndim != 2 or z.shape[1] != len(names):
        raise KitError(
            f"{len(names)} names ({', '.join(names)}) do not suit a model whose logits have the "
            f"shape {z.shape[1:]}: give one name for each of its classes."
        )
    return [names[y] for y in z.argmax(1)]


@guards.guarded("score(answers, rows)", answers=guards.answers_to, rows=guards.rows_with("label"))
def score(answers: Sequence[str], rows: Iterable[dict], classes: Sequence[str]) -> dict:
    """accuracy: the share of correct answers. f1: the mean of 2PR / (P + R) over the classes that
    are in `rows` or `answers` (macro F1). Both 0 to 1.

    Raises KitError where the answers are more or fewer than the rows, and for none.
    """
    with random_state():  # its first import draws a number
        from sklearn.metrics import f1_score

    if unknown := [answer for answer in answers if answer not in classes]:
        raise KitError(
            f"the answer {unknown[0]!r:.60} is no class, which are {', '.join(classes[:5])}: give "
            "their names, as task.predict(model, tokenizer, texts) returns them."
        )
    labels = [row["label"] for row in rows]
    for i, label in enumerate(labels):
        if not 0 <= label < len(classes):
            raise KitError(
                f"row {i} has the label {label!r}, and there are {len(classes)} classes, 0 to "
                f"{len(classes) - 1} ({', '.join(classes[:5])}): correct it, or give its names."
            )
    right = [classes[label] for label in labels]
    if not right or len(right) != len(answers):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(right)} rows: give one answer "
            "for each row, and at least one."
        )
    return {
        "accuracy": float(np.mean([a == b for a, b in zip(answers, right, strict=True)])),
        "f1": float(f1_score(right, list(answers), average="macro")),
    }


@guards.guarded(
    "baselines(train_rows, test_rows)",
    train=guards.rows_with("text", "label"),
    test=guards.rows_with("text", "label"),
)
def baselines(
    train: Iterable[dict], test: Iterable[dict], metric: str = "accuracy"
) -> dict[str, float]:
    """Test score of two baselines: "majority", the most frequent class of `train`, and "tfidf", a
    logistic regression on TF-IDF weights of words and pairs of words.

    metric: a key of what `score` returns; a task gives its `METRIC`.
    "tfidf" is left out where `train` has a single class. Without rows in `train`, "majority" always
    answers class 1. Raises KitError for an unknown metric.
    """
    (texts, y), (test_texts, test_y) = (_columns(rows) for rows in (train, test))
    classes = [str(label) for label in range(max([1, *y, *test_y]) + 1)]
    rows = [{"label": label} for label in test_y]

    def scored(answers: Iterable[int]) -> float:
        scores = score([classes[label] for label in answers], rows, classes)
        if metric not in scores:
            raise KitError(f"metric={metric!r} is unknown: give one of {', '.join(scores)}.")
        return scores[metric]

    majority = np.bincount(y).argmax() if y else 1
    scores = {"majority": scored([majority] * len(rows))}
    if len(set(y)) > 1:
        scores["tfidf"] = scored(tfidf().fit(texts, y).predict(test_texts))
    return scores


def tfidf():
    """TF-IDF of words of at least two letters and pairs of words, and a logistic regression: a
    scikit-learn pipeline. In Chinese, Japanese and Thai each character is a word."""
    with random_state():  # its first import draws a number
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=COUNTED)
    return make_pipeline(counts, LogisticRegression(C=10, max_iter=1000))


def _columns(rows: Iterable[dict]) -> tuple[list[str], list[int]]:
    rows = list(rows)
    return [row["text"] for row in rows], [row["label"] for row in rows]


@guards.guarded_class("ClassificationTask(('no', 'yes'))")
@dataclass(frozen=True)
class ClassificationTask:
    """Classification of the user's own texts as a `kit.tasks.Task`, from the names of the classes.

    report = own.read("reviews.csv", {"text": Column("text"), "label": Column("class")})
    task = ClassificationTask(report.wants["label"].names)
    """

    names: tuple[str, ...]
    """The classes, in the order of their numbers."""

    METRIC = "accuracy"

    def __post_init__(self) -> None:
        if isinstance(self.names, str) or len(set(self.names)) < 2:
            raise KitError(f"names={self.names!r}: give the names of at least two classes.")

    @property
    def COLUMNS(self) -> dict[str, Column]:
        """The columns that it learns from."""
        return {"text": Column("text"), "label": Column("class", self.names)}

    @guards.guarded("task.sample(data['train'], 100, seed=0)")
    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n rows, the classes in turn: `kit.tasks.sampling.balanced_sample`."""
        return balanced_sample(split, n, seed)

    @guards.guarded("task.head(source.body.width)", width=guards.a_count)
    def head(self, width: int, tokenizer: Tokenizer | None = None) -> ClassHead:
        """A fresh head for these classes."""
        return ClassHead(width, len(self.names))

    @guards.guarded("task.encode(rows, tokenizer)")
    def encode(self, rows: Iterable[dict], tokenizer: Tokenizer) -> list[dict]:
        """Rows as examples for `fit`."""
        return encode(rows, tokenizer)

    @guards.guarded("task.recipe(100, 'full')")
    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
    ) -> Recipe:
        """How to fine-tune on n rows: as for topics, not tuned for these classes."""
        return recipe(n, strategy, seed=seed, source=source)

    @guards.guarded(
        "task.predict(model, tokenizer, texts)",
        model=guards.a_model,
        tokenizer=guards.a_tokenizer,
    )
    def predict(self, model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> list:
        """The class of each text, of which `LIMIT` tokens are read."""
        return classify(model, tokenizer, texts, self.names)

    @guards.guarded("task.score(answers, rows)")
    def score(self, answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
        """accuracy, and f1, the mean over the classes."""
        return score(answers, rows, self.names)

    @guards.guarded("task.baselines(train_rows, test_rows)")
    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """Test accuracy of the majority class, and of TF-IDF with a logistic regression."""
        return baselines(train, test, self.METRIC)

    def show(self, text: str, answer: str) -> str:
        """A text with its class, as HTML."""
        return card(text if len(text) < 300 else text[:300] + " …", answer)
