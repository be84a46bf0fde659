"""What a prompt's next token says about the labels, and contextual calibration.

N texts, C labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kit.errors import KitError

__all__ = ["Scores", "calibrated", "label_logprobs", "label_of", "normalised", "scored"]

SHORTEST = 3
"""Letters that the beginning of a label must have to count as the label."""


def label_of(token: str, labels: Sequence[str]) -> int | None:
    """The number of the label that the token begins or is; None for another token.

    Case and spaces do not matter: " Positive" is "positive". The beginning of a label counts from
    three letters on, and only where no other label has it: a label may have several tokens.
    """
    word = token.strip().casefold()
    names = [label.casefold() for label in labels]
    if word in names:
        return names.index(word)
    if len(word) < SHORTEST:
        return None
    near = [i for i, name in enumerate(names) if name.startswith(word)]
    return near[0] if len(near) == 1 else None


def label_logprobs(top: Mapping[str, float], labels: Sequence[str]) -> np.ndarray:
    """log p(label) of the next token, (C,): the sum over the tokens that stand for the label.

    top: token -> log p, the most probable tokens that a server returns. A label that none of them
    stands for is less probable than each: it gets the lowest log p of them, an upper bound.
    Raises KitError where there are no tokens, and where none of them stands for any label: then
    nothing says which is more probable.
    """
    if not top:
        raise KitError(
            "there are no log probabilities to score labels by: ask with logprobs=20, or let the "
            "model write the label, client.choose(prompt, labels)."
        )
    sums = np.full(len(labels), -np.inf)
    for token, logprob in top.items():
        if (label := label_of(token, labels)) is not None:
            sums[label] = np.logaddexp(sums[label], logprob)
    if not np.isfinite(sums).any():
        raise KitError(
            f"none of {', '.join(labels)} is among the {len(top)} most probable tokens, of which "
            f"the first is {max(top, key=top.get)!r}: show examples with these labels in the "
            "prompt, ask for more tokens (top=), or let the model choose, client.choose(...)."
        )
    return np.where(np.isfinite(sums), sums, min(top.values()))


def normalised(logprobs: np.ndarray) -> np.ndarray:
    """p(label) among the labels alone: softmax over the last axis of (..., C)."""
    logprobs = np.asarray(logprobs, dtype=float)
    p = np.exp(logprobs - logprobs.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def calibrated(logprobs: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """Contextual calibration: q(label) ∝ p(label) / p̄(label), (N, C).

    logprobs (N, C): of the texts. neutral (M, C): of texts without content (`NEUTRAL`) after the
    same prompt; p̄ is their mean of `normalised`, what the prompt says where there is nothing to
    say. Zhao et al. 2021, Calibrate Before Use, arXiv:2102.09690.
    Raises KitError where the two have different labels.
    """
    logprobs, neutral = np.atleast_2d(logprobs), np.atleast_2d(neutral)
    if logprobs.shape[1] != neutral.shape[1]:
        raise KitError(
            f"{logprobs.shape[1]} labels cannot be calibrated by {neutral.shape[1]}: give the log "
            "probabilities of the same labels."
        )
    q = normalised(logprobs) / normalised(neutral).mean(0)
    return q / q.sum(-1, keepdims=True)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How well probabilities of two labels answer; shares from 0 to 1."""

    accuracy: float
    said: float
    """The share of texts that got the second label, "positive"."""
    auc: float
    """The probability that, of a text of the second label and one of the first, the former has the
    higher probability of the second label. No threshold, and so no preference, changes it."""
    confusion: np.ndarray
    """(2, 2): texts by their true label (row) and the answer (column)."""


def scored(p: np.ndarray, truth: Sequence[int]) -> Scores:
    """Accuracy, the share that got the second label, and AUC, of p (N, 2).

    Raises KitError for other shapes, and where one of the labels has no text.
    """
    from sklearn.metrics import roc_auc_score

    p, truth = np.asarray(p, dtype=float), np.asarray(truth, dtype=int)
    if p.ndim != 2 or p.shape != (len(truth), 2):
        raise KitError(f"p has shape {p.shape}: give two probabilities for each of {len(truth)}.")
    if set(truth.tolist()) != {0, 1}:
        raise KitError("AUC compares texts of two labels: give texts of both, labelled 0 and 1.")
    answers = p.argmax(1)
    confusion = np.zeros((2, 2), dtype=int)
    np.add.at(confusion, (truth, answers), 1)
    return Scores(
        accuracy=float((answers == truth).mean()),
        said=float(answers.mean()),
        auc=float(roc_auc_score(truth, p[:, 1])),
        confusion=confusion,
    )
