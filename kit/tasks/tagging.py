"""Spans of words as one tag a word (BIO): Viterbi decoding, precision, recall and F1.

W words of a text, C tags, N texts. A span is right when its kind and both of its ends are.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kit.errors import KitError
from kit.metrics import bootstrap_interval

__all__ = ["best", "counts", "f1", "interval", "score", "spans"]


def best(logits: np.ndarray, tags: Sequence[str]) -> list[int]:
    """The sequence of tags with the highest sum of logits (W, C) in which every I-x follows a B-x
    or an I-x: the Viterbi algorithm (1967) with transition scores 0 (allowed) and -∞.

    Raises KitError for a logit that is nan.
    """
    if not len(logits):
        return []
    if np.isnan(logits).any():
        raise KitError("a logit is nan, so that no tag is the best: train the model again.")
    step = np.array([[0.0 if _follows(a, b) else -np.inf for b in tags] for a in tags])  # (C, C)
    total = logits[0] + np.array([0.0 if _follows("O", b) else -np.inf for b in tags])  # (C,)
    predecessors = np.empty((len(logits) - 1, len(tags)), np.int16)
    for i, row in enumerate(logits[1:]):
        paths = total[:, None] + step  # (C, C)
        predecessors[i] = paths.argmax(0)
        total = paths.max(0) + row
    path = [int(total.argmax())]
    for predecessor in predecessors[::-1]:
        path.append(int(predecessor[path[-1]]))
    return path[::-1]


def _follows(a: str, b: str) -> bool:
    return not b.startswith("I-") or a[2:] == b[2:]


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """(kind, first word, last word) of each span, as CoNLL's own script reads them (seqeval)."""
    from seqeval.metrics.sequence_labeling import get_entities

    return get_entities(list(tags))


def _check(tags: Sequence[str]) -> None:
    """Raise KitError for a tag that says neither O, nor where a span begins or goes on."""
    for tag in tags:
        if not isinstance(tag, str) or (tag != "O" and tag[:2] not in ("B-", "I-")):
            raise KitError(
                f"the tag {tag!r} is none of O, B-… and I-…: convert the tags to BIO first, "
                "as kit.data.own.read does (kit.data.own.tag_schemes.to_bio)."
            )


def counts(
    answers: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]
) -> dict[str, np.ndarray]:
    """Kind -> (N, 3): for each text the number of correct, predicted and true spans.

    answers, truth: one tag a word, for each text. Raises KitError for different numbers of texts,
    and for none.
    """
    if not len(truth) or len(answers) != len(truth):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(truth)} rows: give one answer "
            "for each row, and at least one."
        )
    for i, (answer, tags) in enumerate(zip(answers, truth, strict=True)):
        if not isinstance(answer, list | tuple):
            raise KitError(f"answer {i} is {answer!r:.40}, and no list of tags: give one a word.")
        if len(answer) != len(tags):
            raise KitError(
                f"answer {i} has {len(answer)} tags for a text of {len(tags)} words: give one tag "
                "for each word."
            )
        _check(answer)
        _check(tags)
    table: dict = defaultdict(lambda: np.zeros((len(truth), 3), int))
    for i, (answer, tags) in enumerate(zip(answers, truth, strict=True)):
        predicted, true = set(spans(answer)), set(spans(tags))
        for column, part in enumerate((predicted & true, predicted, true)):
            for kind, _, _ in part:
                table[kind][i, column] += 1
    return dict(table)


def f1(correct, predicted, true):
    """2 · correct / (predicted + true): the harmonic mean of precision and recall; 0 without any
    span. Of numbers or of arrays."""
    return 2 * correct / np.maximum(predicted + true, 1)


def score(answers: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]) -> dict[str, float]:
    """f1, precision (correct / predicted spans) and recall (correct / true spans) over all kinds,
    and "f1 KIND" of each kind; 0 to 1."""
    table = counts(answers, truth)
    kinds = {kind: table[kind].sum(0) for kind in sorted(table)}
    correct, predicted, true = sum(kinds.values(), np.zeros(3, int))
    return {
        "f1": float(f1(correct, predicted, true)),
        "precision": float(correct / max(predicted, 1)),
        "recall": float(correct / max(true, 1)),
    } | {f"f1 {kind}": float(f1(*n)) for kind, n in kinds.items()}


def interval(
    answers: Sequence[Sequence[str]],
    truth: Sequence[Sequence[str]],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval of F1 over texts: (low, high). Raises KitError as `counts` does."""
    totals = sum(counts(answers, truth).values(), np.zeros((len(truth), 3), int))  # (N, 3)
    return bootstrap_interval(
        lambda rows: f1(*totals[rows].sum(0)), len(truth), draws=draws, seed=seed
    )
