"""What a leak is worth: the score with it, minus the score after it was taken away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kit.audit.leaks.report import Finding, Worth
from kit.audit.leaks.rows import Rows
from kit.audit.leaks.shortcuts import FIRST, LAST, TOKEN, tokens
from kit.metrics import bootstrap_interval
from kit.tasks.classification import tfidf

__all__ = ["measured"]

BETWEEN = ("duplicate", "variant", "near-duplicate", "shared words", "group", "easy rows")
DRAWS = 3
"""Random removals of as many other rows, of which the mean is the control."""


def measured(
    found: Sequence[Finding], splits: Mapping[str, Rows]
) -> tuple[list[Finding], list[str]]:
    """The findings with what each is worth, by TF-IDF with logistic regression; for classes."""
    train, test = splits["train"], splits["test"]
    if train.kind != "class" or len(set(train.labels)) < 2:
        return list(found), ["what a leak is worth was not measured: that takes classes."]
    out, notes = [], []
    try:
        with_leak = _right(train.beginnings, train.labels, test) if found else None
    except ValueError as problem:  # scikit-learn's, for texts without a word of two letters
        return list(found), [f"what a leak is worth was not measured: {problem}."]
    for finding in found:
        worth = None
        try:
            if finding.kind in BETWEEN or finding.words:
                worth = _removed(finding, train, test, with_leak)
        except ValueError as problem:  # what is left has no words
            notes.append(f"what the {finding.kind} is worth was not measured: {problem}.")
        out.append(replace(finding, worth=worth))
    return out, notes


def _right(texts: Sequence[str], labels: Sequence[int], test: Rows) -> np.ndarray:
    """(N,): whether each test row is answered correctly after training on these rows."""
    model = tfidf().fit(list(texts), list(labels))
    return (model.predict(test.beginnings) == np.array(test.labels)).astype(float)


def _removed(finding: Finding, train: Rows, test: Rows, with_leak: np.ndarray) -> Worth | None:
    if finding.words:
        clean = [without_words(text, finding.words) for text in train.beginnings]
        blind = [without_words(text, finding.words) for text in test.beginnings]
        model = tfidf().fit(clean, train.labels)
        right = (model.predict(blind) == np.array(test.labels)).astype(float)
        touched = [i for i in range(len(test)) if blind[i] != " ".join(test.beginnings[i].split())]
        return _worth(with_leak, right, 0.0, touched) if touched else None
    pairs = [(i, j) for a, i, b, j in finding.pairs if (a, b) == ("train", "test")]
    leaked, met = {i for i, _ in pairs}, {j for _, j in pairs}
    kept = [i for i, name in enumerate(train.ids) if name not in leaked]
    labels = [train.labels[i] for i in kept]
    if not pairs or len(set(labels)) < 2:
        return None
    right = _right([train.beginnings[i] for i in kept], labels, test)
    generator, others = np.random.default_rng(0), []
    count = min(len(leaked), len(kept) - 10)
    for _ in range(DRAWS):
        drop = set(generator.choice(kept, max(0, count), replace=False).tolist())
        rest = [i for i in range(len(train)) if i not in drop]
        score = _right([train.beginnings[i] for i in rest], [train.labels[i] for i in rest], test)
        others.append(with_leak.mean() - score.mean())
    touched = [j for j, name in enumerate(test.ids) if name in met]
    return _worth(with_leak, right, float(np.mean(others)), touched)


def _worth(one: np.ndarray, other: np.ndarray, control: float, touched: Sequence[int]) -> Worth:
    gain = one - other
    low, high = bootstrap_interval(lambda rows: gain[rows].mean(), len(gain))
    there = float(gain[list(touched)].mean())
    return Worth(one.mean(), other.mean(), low, high, control, len(touched), there)


def without_words(text: str, words: Sequence[str]) -> str:
    """The text without these words, beginnings and ends, as `kit.audit.leaks.shortcuts` names
    them, in any case; a text that had nothing else becomes "…"."""
    names = {word for word in words if not word.startswith((FIRST, LAST))}
    single = {word for word in names if len(tokens(word)) == 1}
    kept, places = [], list(TOKEN.finditer(text))
    dropped = set()
    for name in names - single:
        parts = tokens(name)
        for i in range(len(places) - len(parts) + 1):
            if [p[0].casefold() for p in places[i : i + len(parts)]] == parts:
                dropped.update(range(i, i + len(parts)))
    dropped |= {i for i, place in enumerate(places) if place[0].casefold() in single}
    if places and FIRST + places[0][0].casefold() in words:
        dropped.add(0)
    if places and LAST + places[-1][0].casefold() in words:
        dropped.add(len(places) - 1)
    at = 0
    for i, place in enumerate(places):
        if i in dropped:
            kept.append(text[at : place.start()])
            at = place.end()
    return " ".join(("".join(kept) + text[at:]).split()) or "…"
