"""Labels in doubt: rows whose label a model that never saw it finds unlikely.

N rows, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.errors import KitError
from kit.runtime import random_state
from kit.tasks.classification import tfidf

__all__ = ["Doubts", "in_doubt", "out_of_fold"]

FOLDS = 5


@dataclass(frozen=True)
class Doubts:
    """Rows whose label is in doubt, the least likely first."""

    rows: tuple[int, ...]
    """Numbers of the rows."""
    said: tuple[int, ...]
    """The class that the model gives each of them."""
    likely: tuple[float, ...]
    """P(label) of each of them, out of fold."""
    share: float
    """Of all rows, 0 to 1. Hard rows are in it as well: it is no count of wrong labels."""
    accuracy: float
    """Of the model, out of fold: below 0.7 it knows too little to doubt anyone."""


def out_of_fold(
    labels: Sequence[int], *, texts: Sequence[str] | None = None, vectors: np.ndarray | None = None
) -> np.ndarray:
    """(N, C): P(class | row) of a model that was fitted without the row, by 5 folds.

    texts: TF-IDF with logistic regression; vectors (N, D): logistic regression on them. Raises
    KitError for neither or both, and for a class with fewer than 5 rows.
    """
    with random_state():  # its first import draws a number
        from sklearn.model_selection import StratifiedKFold, cross_val_predict

    y = np.asarray(labels)
    names, counts = np.unique(y, return_counts=True)
    if (texts is None) == (vectors is None):
        raise KitError("give texts or vectors, one of them.")
    if len(names) < 2 or counts.min() < FOLDS:
        raise KitError(
            f"the class {names[counts.argmin()]!r} has {counts.min()} of {len(y)} rows: labels can "
            f"be doubted where two classes have at least {FOLDS} rows each."
        )
    if texts is not None:
        model, x = tfidf(), np.array(texts, dtype=object)
    else:
        model, x = _head(), vectors
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(model, x, y, cv=folds, method="predict_proba")


def in_doubt(probabilities: Sequence[np.ndarray], labels: Sequence[int]) -> Doubts:
    """Rows whose label every model finds unlikely, and for whose other class each is as sure as it
    usually is where that class is given (confident learning, Northcutt et al. 2021,
    arXiv:1911.00068):

    p_m(j | x) >= t_mj for one j ≠ y and all models m; t_mj is the mean of p_m(j | x) where y = j

    probabilities: of each model (N, C), `out_of_fold`. Two models that read differently agree on
    fewer rows, and are right more often.
    """
    y = np.unique(np.asarray(labels), return_inverse=True)[1]
    n, classes = len(y), y.max() + 1
    sure = np.ones((n, classes), dtype=bool)
    for p in probabilities:
        limits = np.array([p[y == c, c].mean() for c in range(classes)])
        sure &= p >= limits
    mean = np.mean(probabilities, 0)
    sure[np.arange(n), y] = False
    sure &= mean > mean[np.arange(n), y][:, None]
    rows = np.flatnonzero(sure.any(1))
    rows = rows[np.argsort(mean[rows, y[rows]], kind="stable")]
    names = np.unique(np.asarray(labels))
    said = names[np.where(sure, mean, -1)[rows].argmax(1)]
    likely = mean[rows, y[rows]]
    return Doubts(
        tuple(rows.tolist()),
        tuple(said.tolist()),
        tuple(likely.tolist()),
        len(rows) / n,
        float((mean.argmax(1) == y).mean()),
    )


def _head():
    """Standardised vectors, and the head of the learning curves."""
    with random_state():
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

    from kit.audit.learning_curves.heads import STRENGTH

    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=300))
