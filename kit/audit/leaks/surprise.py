"""Test rows that are easier than they should be: a training row says the answer nearly word for
word, in another order or with a few words replaced, so that `kit.audit.leaks.overlap` misses it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from kit.audit.leaks.report import Finding
from kit.audit.leaks.rows import Rows
from kit.audit.leaks.shortcuts import TOKEN
from kit.data.duplicates import groups
from kit.runtime import random_state
from kit.texts import WORD_OR_LINK

__all__ = ["findings", "nearest"]

SHARE = 0.01
"""The share of the training rows that are nearest to another one."""
TIMES = 5.0
"""How many times that share of the test rows must be as near to training rows, at least."""
CHANCE = 1e-3
"""The probability of so many by chance, at most."""
BATCH_ROWS = 512
LEAST_ROWS = 100


def nearest(train: Rows, test: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cosine, 0 to 1, of each text with the nearest training text of the same answer, by TF-IDF
    of words: of each training row outside its own group and its near-duplicates, and of each test
    row; and for each test row the number of that training row."""
    with random_state():  # its first import draws a number
        from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(sublinear_tf=True, token_pattern=TOKEN.pattern)
    try:
        known = counts.fit_transform(train.beginnings)  # (N, V), rows of length 1
    except ValueError:  # no text has a word
        return np.zeros(len(train)), np.zeros(len(test)), np.zeros(len(test), int)
    new = counts.transform(test.beginnings)
    answers = {str(a): i for i, a in enumerate({*map(str, train.answers), *map(str, test.answers)})}
    own = np.array([answers[str(a)] for a in train.answers])
    others = np.array([answers[str(a)] for a in test.answers])
    if train.kind != "class":  # equal answers are rare: any training row may be the nearest
        own, others = np.zeros(len(train)), np.zeros(len(test))
    together = np.array(groups(train.texts, together=train.groups, words=WORD_OR_LINK))

    def best(rows, labels: np.ndarray, group: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        value, place = np.zeros(len(labels)), np.zeros(len(labels), int)
        for start in range(0, len(labels), BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            cosine = (rows[part] @ known.T).toarray()
            cosine[labels[part, None] != own] = 0
            if group is not None:
                cosine[group[part, None] == together] = 0
            value[part], place[part] = cosine.max(1), cosine.argmax(1)
        return value, place

    test_value, test_place = best(new, others, None)
    return best(known, own, together)[0], test_value, test_place


def findings(
    splits: Mapping[str, Rows], known: Sequence[Finding] = ()
) -> tuple[list[Finding], list[str]]:
    """The test rows that are nearer to a training row than nearly all training rows are to each
    other, if they are more than chance gives. known: findings whose test rows are left out."""
    from scipy.stats import binom

    train, test = splits["train"], splits["test"]
    if len(train) < LEAST_ROWS:
        return [], [f"easy test rows were not looked for: that takes {LEAST_ROWS} training rows."]
    left = set().union(*(finding.leaked("test") for finding in known))
    own, others, place = nearest(train, test)
    limit = np.quantile(own, 1 - SHARE)
    easy = [i for i in np.flatnonzero(others > limit) if test.ids[i] not in left]
    expected = SHARE * len(test)
    said = (
        f"{len(easy):,} of {len(test):,} test rows are nearer to a training row than "
        f"{1 - SHARE:.0%} of the training rows are to each other ({expected:.0f} expected)"
    )
    if len(easy) >= TIMES * expected and binom.sf(len(easy) - 1, len(test), SHARE) < CHANCE:
        pairs = tuple(("train", train.ids[place[i]], "test", test.ids[i]) for i in easy)
        return [Finding("easy rows", said, pairs)], []
    return [], [said + "."]
