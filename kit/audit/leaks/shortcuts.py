"""What gives a class away without being what the task asks for: a mark, the class's name, the
surface form of the text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kit.audit.leaks.report import Finding
from kit.audit.leaks.rows import Rows
from kit.runtime import random_state
from kit.texts import WORD

__all__ = ["LEAST", "PURE", "findings", "surface", "tokens"]

PURE, NEARLY = 0.98, 0.9
"""The share of a word's texts that are of one class, at least; and of the words to compare with."""
LEAST = 0.03
"""The share of the class's texts that have the word, at least."""
FACTOR = 2.0
"""How many times as frequent as the next words that are nearly as pure, at least: natural words of
a class become rarer step by step, and a mark stands apart from them."""
CHANCE = 1e-3
"""The probability, at most, of so pure a word by chance, words tried included."""
FORM = 0.2
"""Cohen's kappa of a classifier that sees only the surface form, at least."""
TOKEN = re.compile(rf"{WORD.pattern}|[^\w\s]+")
FIRST, LAST = "begins with ", "ends with "


@dataclass(frozen=True)
class Mark:
    """A word, or a beginning or an end, that nearly always goes with one class."""

    feature: str
    label: int
    purity: float
    share: float
    """Of the class's texts that have it."""
    rows: frozenset[int]


def tokens(text: str) -> list[str]:
    """Words and signs of a text, in lower case."""
    return TOKEN.findall(text.casefold())


def findings(splits: Mapping[str, Rows]) -> tuple[list[Finding], list[str]]:
    """Marks, names of classes, and what the surface form alone tells; only classes have them."""
    train = splits["train"]
    if train.kind != "class":
        return [], [
            "words and surface form were not checked: only a class can be given away by a word. "
            "In tags, translations and headlines, words are what is to be found."
        ]
    if len(set(train.labels)) < 2:
        return [], ["words were not checked: all training rows have one class."]
    found, notes = [], []
    names = {c: _name(train, c) for c in sorted(set(train.labels))}
    marks = _pure(train)
    for name in _class_names(train, names):
        text = (
            f"the name of the class stands in {name.share:.0%} of the texts of "
            f"{names[name.label]!r}, and {name.purity:.0%} of the texts with it are of that class"
        )
        found.append(_finding("class name", text, [name], train))
    named = {f"{w}" for f in found for w in f.words}
    for together in _outliers(marks):
        first = together[0]
        words = ", ".join(repr(m.feature) for m in together[:4])
        if any(m.feature.removeprefix(FIRST).removeprefix(LAST) in named for m in together):
            continue
        text = (
            f"{words}: in {first.share:.0%} of the texts of {names[first.label]!r}, and "
            f"{first.purity:.0%} of the texts with it are of that class"
        )
        found.append(_finding("shortcut", text, together, train))
    kappa, strongest = surface(train)
    said = f"a classifier that sees only length, punctuation, digits and capitals: κ {kappa:.2f}"
    if kappa >= FORM:
        found.append(Finding("surface form", f"{said}, mostly from {strongest}"))
    else:
        notes.append(f"{said} (0: no better than guessing; reported from {FORM} on).")
    return found, notes


def _name(rows: Rows, label: int) -> str:
    return rows.names[label] if label < len(rows.names) else str(label)


def _finding(kind: str, text: str, marks: Sequence[Mark], train: Rows) -> Finding:
    rows = sorted(set().union(*(m.rows for m in marks)))
    where = tuple((train.split, train.ids[i]) for i in rows)
    return Finding(kind, text, rows=where, words=tuple(m.feature for m in marks))


def _occurrences(rows: Rows) -> dict[str, set[int]]:
    """Word, beginning or end -> the rows that have it."""
    places: dict[str, set[int]] = {}
    for i, text in enumerate(rows.texts):
        words = tokens(text)
        for word in {*words, *(FIRST + w for w in words[:1]), *(LAST + w for w in words[-1:])}:
            places.setdefault(word, set()).add(i)
    return places


def _pure(rows: Rows) -> list[Mark]:
    """What goes with one class in at least `NEARLY` of its texts, more than chance gives; the most
    frequent first."""
    from scipy.stats import binom

    places, labels = _occurrences(rows), np.array(rows.labels)
    size = np.bincount(labels)
    found = []
    for feature, where in places.items():
        if len(where) < 8:
            continue
        counts = np.bincount(labels[list(where)], minlength=len(size))
        label = int(counts.argmax())
        n, k = len(where), int(counts[label])
        if k < NEARLY * n:
            continue
        chance = binom.sf(k - 1, n, size[label] / len(labels)) * len(places)
        if chance <= CHANCE:
            found.append(Mark(feature, label, k / n, k / int(size[label]), frozenset(where)))
    return sorted(found, key=lambda mark: (-mark.share, " " in mark.feature, mark.feature))


def _outliers(marks: Sequence[Mark]) -> list[list[Mark]]:
    """The pure marks that are far more frequent than the next words that are nearly as pure. Marks
    that stand in the same texts are one."""
    together: list[list[Mark]] = []
    for mark in marks:
        for group in together:
            both = len(mark.rows & group[0].rows)
            if both >= 0.8 * min(len(mark.rows), len(group[0].rows)):
                group.append(mark)
                break
        else:
            together.append([mark])
    shares = [group[0].share for group in together]
    for count in range(min(4, len(shares)), 0, -1):  # several marks may stand beside each other
        following = shares[count] if len(shares) > count else 0.0
        first = together[:count]
        if shares[count - 1] >= max(LEAST, FACTOR * following) and all(
            group[0].purity >= PURE for group in first
        ):
            return first
    return []


def _class_names(rows: Rows, names: Mapping[int, str]) -> list[Mark]:
    """The names of classes that stand in texts of their own class as if they had been put there:
    in at least `LEAST` of them, and `PURE`."""
    labels, found = np.array(rows.labels), []
    for label, name in names.items():
        words = tokens(name)
        if not words or not any(any(c.isalpha() for c in w) for w in words):
            continue
        pattern = re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, words)) + r"(?!\w)")
        where = [i for i, text in enumerate(rows.texts) if pattern.search(text.casefold())]
        own = int((labels[where] == label).sum()) if where else 0
        size = int((labels == label).sum())
        if len(where) >= 8 and own >= PURE * len(where) and own >= LEAST * size:
            mark = Mark(" ".join(words), label, own / len(where), own / size, frozenset(where))
            found.append(mark)
    return found


FEATURES = {
    "the length": lambda t: np.log1p(len(t)),
    "the number of words": lambda t: np.log1p(len(t.split())),
    "punctuation": lambda t: sum(not c.isalnum() and not c.isspace() for c in t) / len(t),
    "digits": lambda t: sum(c.isdigit() for c in t) / len(t),
    "capitals": lambda t: sum(c.isupper() for c in t) / len(t),
    "spaces": lambda t: sum(c.isspace() for c in t) / len(t),
    "the last sign": lambda t: float(t.rstrip()[-1:] in ".!?"),
    "a capital at the beginning": lambda t: float(t[:1].isupper()),
}


def surface(rows: Rows) -> tuple[float, str]:
    """Cohen's kappa of a decision tree on the surface form alone, and its most important feature.

    Kappa = (p - q) / (1 - q), p the share that is right in five-fold cross-validation, q the share
    that guessing with the same frequencies would have. It is 0 for no knowledge, 1 for all.
    """
    with random_state():  # its first import draws a number
        from sklearn.metrics import cohen_kappa_score
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
        from sklearn.tree import DecisionTreeClassifier

    x = np.array([[f(text or " ") for f in FEATURES.values()] for text in rows.texts])
    y = np.array(rows.labels)
    folds = min(5, int(np.bincount(y)[np.unique(y)].min()))
    if folds < 2:
        return 0.0, "nothing"
    tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=10, random_state=0)
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    answers = cross_val_predict(tree, x, y, cv=split)
    strongest = int(tree.fit(x, y).feature_importances_.argmax())
    return float(cohen_kappa_score(y, answers)), list(FEATURES)[strongest]
