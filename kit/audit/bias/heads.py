"""A linear head on stored vectors whose log-odds can be read, and rows that teach it neutrality.

N texts, D width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.audit.learning_curves.heads import STRENGTH
from kit.errors import KitError
from kit.runtime import random_state

__all__ = ["Head", "neutral_rows"]


@dataclass(frozen=True)
class Head:
    """log P(positive) / P(negative) = (v - mean) / deviation · weights + bias, of a vector v."""

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    bias: float

    @classmethod
    def fit(
        cls,
        vectors: np.ndarray,
        labels: Sequence[int],
        *,
        neutral: np.ndarray | None = None,
        C: float = STRENGTH,
    ) -> "Head":
        """Logistic regression on the standardised vectors (N, D), the labels being 0 or 1.

        neutral: vectors (..., D) of sentences that should be answered "do not know"; they count
        together as much as the N (`neutral_rows`). C: as in scikit-learn. Raises KitError for other
        labels, and for labels of one class.
        """
        with random_state():  # its first import draws a number
            from sklearn.linear_model import LogisticRegression

        labels = np.asarray(labels)
        if len(labels) != len(vectors) or set(labels.tolist()) != {0, 1}:
            raise KitError(
                f"{len(vectors)} vectors with {len(labels)} labels {sorted(set(labels.tolist()))}: "
                "give a label, 0 or 1, for each vector, and both of them."
            )
        counts = np.ones(len(labels))
        if neutral is not None and neutral.size:
            more, answers = neutral_rows(neutral)
            counts = np.concatenate([counts, np.full(len(answers), len(labels) / len(answers))])
            vectors = np.concatenate([vectors, more])
            labels = np.concatenate([labels, answers])
        mean, deviation = vectors.mean(0), vectors.std(0) + 1e-6
        model = LogisticRegression(C=C, max_iter=300)
        model.fit((vectors - mean) / deviation, labels, sample_weight=counts)
        return cls(mean, deviation, model.coef_[0], float(model.intercept_[0]))

    def log_odds(self, vectors: np.ndarray) -> np.ndarray:
        """(...,): the log-odds of vectors (..., D), in nats."""
        return (vectors - self.mean) / self.deviation @ self.weights + self.bias

    def probability(self, vectors: np.ndarray) -> np.ndarray:
        """(...,): P(positive) of vectors (..., D)."""
        return 1 / (1 + np.exp(-self.log_odds(vectors)))

    def accuracy(self, vectors: np.ndarray, labels: Sequence[int]) -> float:
        """The share of vectors (N, D) on the right side of 0."""
        return float(((self.log_odds(vectors) > 0) == np.asarray(labels)).mean())


def neutral_rows(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2N, D) and (2N,): each vector twice, once as negative and once as positive.

    Counterfactual augmentation: sentences that differ in a name alone get the same answer, "do not
    know" (after Lu et al. 2018, arXiv:1807.11714, who add the swapped sentence with its label).
    """
    vectors = vectors.reshape(-1, vectors.shape[-1])
    return np.concatenate([vectors, vectors]), np.repeat([0, 1], len(vectors))
