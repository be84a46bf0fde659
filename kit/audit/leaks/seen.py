"""Entities of the test that stand in the training data too: the same name, as an entity.

No leak by itself, since names return in real text. But a score that mixes names that were learned
by heart with names that were read in their sentence says nothing of a text with new names.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kit.audit.leaks.report import Finding
from kit.audit.leaks.rows import Rows
from kit.metrics import bootstrap_interval
from kit.tasks import tagging

__all__ = ["entities", "findings", "recall"]

Entity = tuple[str, int, int]
"""(kind, first word, last word)"""


def entities(words: Iterable[Sequence[str]], tags: Iterable[Sequence[str]]) -> set[str]:
    """The names of all entities, as texts. words, tags: of each sentence; BIO tags as words."""
    return {
        " ".join(sentence[first : last + 1])
        for sentence, own in zip(words, tags, strict=True)
        for _, first, last in tagging.spans(own)
    }


def recall(
    answers: Sequence[Sequence[str]],
    words: Sequence[Sequence[str]],
    truth: Sequence[Sequence[str]],
    known: set[str],
) -> dict[str, tuple[float, float, float, int]]:
    """ "seen" and "unseen" -> (recall, low, high, entities): of entities whose name is in `known`,
    and of the others, with 95 % bootstrap intervals over sentences."""
    right = np.zeros((len(words), 2))
    total = np.zeros((len(words), 2))
    for i, (sentence, own, true) in enumerate(zip(words, answers, truth, strict=True)):
        found = set(tagging.spans(own))
        for kind, first, last in tagging.spans(true):
            side = int(" ".join(sentence[first : last + 1]) not in known)
            total[i, side] += 1
            right[i, side] += (kind, first, last) in found
    result = {}
    for side, name in enumerate(("seen", "unseen")):
        if not (count := int(total[:, side].sum())):
            continue

        def share(rows: np.ndarray, side: int = side) -> float:
            n = total[rows, side].sum()
            return right[rows, side].sum() / n if n else np.nan

        low, high = bootstrap_interval(share, len(words), draws=400)
        result[name] = (share(np.arange(len(words))), low, high, count)
    return result


def findings(splits: Mapping[str, Rows]) -> tuple[list[Finding], list[str]]:
    """What share of the test's entities stand in train: a note, for tags alone."""
    train, test = splits["train"], splits["test"]
    if train.kind != "tags":
        return [], []
    known = entities(train.inputs, train.tags)
    names = [
        " ".join(sentence[first : last + 1])
        for sentence, own in zip(test.inputs, test.tags, strict=True)
        for _, first, last in tagging.spans(own)
    ]
    if not names:
        return [], ["the test has no entity."]
    seen = sum(name in known for name in names)
    said = f"{seen:,} of {len(names):,} entities of the test ({seen / len(names):.0%}) stand in "
    return [], [said + "train too: score both kinds apart (kit.audit.leaks.seen.recall)."]
