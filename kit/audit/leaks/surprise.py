"""Test rows that are easier than rows on which the model was not trained should be."""

from collections.abc import Mapping

import numpy as np

from kit.audit.leaks.report import Finding
from kit.audit.leaks.rows import Rows
from kit.data.duplicates import groups
from kit.runtime import random_state
from kit.tasks.classification import tfidf

__all__ = ["findings", "losses"]

SHARE = 0.02
"""The easiest share of the training rows' losses in cross-validation."""
TIMES = 2.0
"""How many times that share of the test rows must be as easy, at least."""
CHANCE = 1e-3
"""The probability of so many by chance, at most."""
FOLDS = 5


def losses(train: Rows, test: Rows) -> tuple[np.ndarray, np.ndarray]:
    """The cross-entropy of TF-IDF with logistic regression, in nats: of each training row in
    five-fold cross-validation, near-duplicates and groups kept together, and of each test row.

    Each test row is judged by the five models of the folds, of which the mean is taken: these
    models have as many training rows as those that judge the training rows.
    """
    with random_state():  # its first import draws a number
        from sklearn.model_selection import GroupKFold

    x, y = np.array(train.beginnings, dtype=object), np.array(train.labels)
    own = np.zeros(len(x))
    others = np.zeros((FOLDS, len(test)))
    together = groups(train.texts, together=train.groups)
    split = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for fold, (fit, judged) in enumerate(split.split(x, y, together)):
        model = tfidf().fit(list(x[fit]), y[fit])
        own[judged] = _nats(model, list(x[judged]), y[judged])
        others[fold] = _nats(model, test.beginnings, np.array(test.labels))
    return own, others


def _nats(model, texts: list[str], labels: np.ndarray) -> np.ndarray:
    """-log p of each label; of a class that the model does not know, that of one in a million."""
    p = model.predict_proba(texts)
    place = {label: i for i, label in enumerate(model.classes_)}
    known = np.array([place.get(label, -1) for label in labels])
    own = np.where(known >= 0, p[np.arange(len(labels)), known], 0)
    return -np.log(np.maximum(own, 1e-6))


def findings(splits: Mapping[str, Rows]) -> tuple[list[Finding], list[str]]:
    """The test rows below the easiest training rows, if they are more than chance gives."""
    from scipy.stats import binom

    train, test = splits["train"], splits["test"]
    if train.kind != "class":
        return [], ["easy test rows were not looked for: that takes classes."]
    sizes = np.bincount(train.labels)
    if len(train) < 100 or (sizes > 0).sum() < 2:
        return [], ["easy test rows were not looked for: that takes 100 training rows, 2 classes."]
    own, others = losses(train, test)
    limit = np.quantile(own, SHARE)
    easy = np.flatnonzero((others < limit).mean(0) > 0.5)  # for most of the models
    expected = SHARE * len(test)
    chance = binom.sf(len(easy) - 1, len(test), SHARE)
    said = f"{len(easy):,} of {len(test):,} test rows are as easy as the easiest {SHARE:.0%} of "
    said += f"the training rows in cross-validation ({expected:.0f} expected)"
    if len(easy) >= TIMES * expected and chance < CHANCE:
        rows = tuple((test.split, test.ids[i]) for i in easy)
        return [Finding("easy rows", said, rows=rows)], []
    return [], [said + "."]
