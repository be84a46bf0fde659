"""Spans of words, written as one tag a word (BIO): how to find the likeliest, how to score them.

W words of a text, C tags, N texts. A span is right when its kind and both of its ends are.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kit.errors import KitError

__all__ = ["best", "counts", "f1", "interval", "score", "spans"]


def best(logits: np.ndarray, tags: Sequence[str]) -> list[int]:
    """The row of tags with the highest sum of logits (W, C) in which every I-x follows a B-x or
    an I-x: Viterbi 1967, with steps that are free or forbidden."""
    step = np.array([[0.0 if _follows(a, b) else -np.inf for b in tags] for a in tags])  # (C, C)
    total = logits[0] + np.array([0.0 if _follows("O", b) else -np.inf for b in tags])  # (C,)
    came = []
    for row in logits[1:]:
        paths = total[:, None] + step  # (C, C)
        came.append(paths.argmax(0))
        total = paths.max(0) + row
    path = [int(total.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return path[::-1]


def _follows(a: str, b: str) -> bool:
    return not b.startswith("I-") or a[2:] == b[2:]


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """(kind, first word, last word) of each span, as CoNLL's own script reads them (seqeval)."""
    from seqeval.metrics.sequence_labeling import get_entities

    return get_entities(list(tags))


def counts(
    answers: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]
) -> dict[str, np.ndarray]:
    """Kind -> (N, 3): how many spans each text got right, was given, and has."""
    if not len(truth) or len(answers) != len(truth):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(truth)} rows: give one answer "
            "for each row, and at least one."
        )
    found: dict = defaultdict(lambda: np.zeros((len(truth), 3), int))
    for i, (answer, right) in enumerate(zip(answers, truth, strict=True)):
        given, there = set(spans(answer)), set(spans(right))
        for column, part in enumerate((given & there, given, there)):
            for kind, _, _ in part:
                found[kind][i, column] += 1
    return dict(found)


def f1(right, given, there):
    """2 · right / (given + there): the harmonic mean of precision and recall, 0 where there is
    nothing; of numbers or of arrays of them."""
    return 2 * right / np.maximum(given + there, 1)


def score(answers: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]) -> dict[str, float]:
    """precision: right of the given. recall: right of those there. f1, of all and of each kind."""
    found = counts(answers, truth)
    kinds = {kind: found[kind].sum(0) for kind in sorted(found)}
    right, given, there = sum(kinds.values(), np.zeros(3, int))
    return {
        "f1": float(f1(right, given, there)),
        "precision": float(right / max(given, 1)),
        "recall": float(right / max(there, 1)),
    } | {f"f1 {kind}": float(f1(*n)) for kind, n in kinds.items()}


def interval(
    answers: Sequence[Sequence[str]],
    truth: Sequence[Sequence[str]],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of F1 over texts, by drawing them again with replacement (Efron 1979)."""
    every = sum(counts(answers, truth).values(), np.zeros((len(truth), 3), int))  # (N, 3)
    chosen = np.random.default_rng(seed).integers(0, len(truth), (draws, len(truth)))
    low, high = np.percentile(f1(*every[chosen].sum(1).T), [2.5, 97.5])
    return float(low), float(high)
