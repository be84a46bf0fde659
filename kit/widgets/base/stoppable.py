"""Scoring that the *Stop* button ends between two small pieces of the work."""

from collections.abc import Callable, Iterable

from kit.experiment import Experiment
from kit.tasks import predict_rows

__all__ = ["PIECE_ROWS", "Stopped", "score_rows"]

PIECE_ROWS = 16
"""Rows that are scored between two looks at *Stop*: less than a second on a slow machine."""


class Stopped(Exception):
    """The user pressed *Stop* during a scoring, so that there is no score."""


def score_rows(
    experiment: Experiment, rows: Iterable[dict], stopping: Callable[[], bool], **options
) -> dict[str, float]:
    """`experiment.score(rows, **options)`, a few rows at a time.

    Raises `Stopped` as soon as `stopping()` is true between two pieces.
    """
    rows = list(rows)
    # Texts of similar length in a piece need little padding.
    order = sorted(range(len(rows)), key=lambda i: len(str(rows[i])))
    answers: list = [None] * len(rows)
    for start in range(0, len(order), PIECE_ROWS):
        if stopping():
            raise Stopped
        piece = order[start : start + PIECE_ROWS]
        part = predict_rows(
            experiment.task,
            experiment.model,
            experiment.tokenizer,
            [rows[i] for i in piece],
            **options,
        )
        for i, answer in zip(piece, part, strict=True):
            answers[i] = answer
    if stopping():
        raise Stopped
    return experiment.task.score(answers, rows)
