"""Projection: directions that groups differ in are removed from every vector.

T templates, W words, D width, K directions.
"""

import numpy as np

from kit.errors import KitError

__all__ = ["directions", "halves", "without"]


def halves(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the numbers 0 to count - 1, drawn by lot: what is found on one half is judged
    on the other. Raises KitError for a count below 4."""
    if count < 4:
        raise KitError(f"count={count} words cannot be halved: give at least 4.")
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def directions(vectors: np.ndarray, count: int) -> np.ndarray:
    """(K, D): orthonormal directions in which the words' mean vectors differ most.

    vectors: (T, W, D), of the same templates with W words. The means over the templates are
    centred; the directions are the first right singular vectors (as for the gender subspace of
    Bolukbasi et al. 2016, arXiv:1607.06520). Raises KitError for a count that W words do not have.
    """
    means = vectors.mean(0)  # (W, D)
    if not 1 <= count < len(means):
        raise KitError(f"count={count}: {len(means)} words have 1 to {len(means) - 1} directions.")
    return np.linalg.svd(means - means.mean(0), full_matrices=False)[2][:count]


def without(vectors: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The vectors (..., D) without their part in these directions (K, D): v - Σ (v · u) u.

    The directions need not be orthogonal. Where K = 0, the vectors are returned as they are.
    """
    if not len(found):
        return vectors
    basis = np.linalg.svd(found, full_matrices=False)[2]
    return vectors - vectors @ basis.T @ basis
