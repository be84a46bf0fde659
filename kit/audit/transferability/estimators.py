"""Transferability estimates of frozen vectors: how well would this source learn this task?

Each estimator is a function from vectors (N, D) and labels (N,) to one number: the larger, the
better the source. None of them trains the source. N examples, D width, C classes.
"""

from collections.abc import Callable, Sequence

import numpy as np

from kit.audit.learning_curves import head_answers
from kit.errors import KitError
from kit.runtime import random_state

__all__ = [
    "ESTIMATORS",
    "check_vectors",
    "h_score",
    "leep",
    "linear_probe",
    "log_me",
    "n_leep",
    "nearest_neighbours",
    "trans_rate",
]

FOLDS = 5
"""Parts of the linear probe's cross-validation."""
NEIGHBOURS = 5
"""Of each example."""
ENERGY = 0.8
"""Share of the variance that N-LEEP's principal components keep."""
GAUSSIANS = 5
"""N-LEEP's Gaussians, for each class."""
DISTORTION = 1e-4
"""ε of TransRate."""
GRID = 200
"""Values of log λ that LogME tries first."""


def check_vectors(
    vectors: np.ndarray, labels: Sequence, *, least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """vectors (N, D) as float64, labels (N,) as the numbers 0 to C - 1 of their classes.

    least: examples that each class must have. Raises KitError for vectors of another shape, with
    nan or infinity in them, or all the same; for labels that are not as many, not numbers of
    classes, of one class, or too few of a class.
    """
    values = np.asarray(vectors)
    if values.dtype.kind not in "fiu" or values.ndim != 2 or not values.size:
        raise KitError(
            f"vectors of the shape {values.shape} and the type {values.dtype}: give numbers "
            "(N, D), a row for each example, as layer_vectors returns them for one layer."
        )
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values).all(1))
        raise KitError(
            f"vector {rows[0]} holds nan or infinity ({len(rows)} of {len(values)} do): leave "
            "these rows out, or compute them in float32."
        )
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) != len(values):
        raise KitError(
            f"{len(values)} vectors with labels of the shape {classes.shape}: give one label for "
            "each vector."
        )
    if classes.dtype.kind == "f":
        raise KitError(
            f"the label {classes[0]!r} is no class: give whole numbers or names. For ratings an "
            "estimate of classes has no meaning."
        )
    names, numbers, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise KitError(f"all labels are {names[0]!r}: give examples of two classes at least.")
    if counts.min() < least:
        raise KitError(
            f"the class {names[counts.argmin()]!r} has {counts.min()} of {len(values)} examples: "
            f"give at least {least} of each class."
        )
    if (values == values[0]).all():
        raise KitError("all vectors are the same: no estimator can tell the classes apart.")
    return values, numbers


def linear_probe(vectors: np.ndarray, labels: Sequence) -> float:
    """Accuracy of a logistic regression on the vectors, 0 to 1, by 5-fold cross-validation:

    (1 / N) Σ_i [argmax_c (w_c · z_i + b_c) = y_i],

    z is the vector, standardised; w and b were fitted on the four folds without i. Each fold has
    the classes' shares (Alain & Bengio 2016, arxiv.org/abs/1610.01644). Raises KitError as
    `check_vectors`, and for a class with fewer than 5 examples.
    """
    values, y = check_vectors(vectors, labels, least=FOLDS)
    with random_state():  # its first import draws a number
        from sklearn.model_selection import StratifiedKFold

    right = np.zeros(len(y), dtype=bool)
    for fit, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(values, y):
        right[test] = head_answers(values[fit], y[fit], values[test]) == y[test]
    return float(right.mean())


def nearest_neighbours(vectors: np.ndarray, labels: Sequence, *, k: int = NEIGHBOURS) -> float:
    """Share of the examples whose class most of their k nearest other examples have, 0 to 1.

    Near is a large cosine, z_i · z_j / (‖z_i‖ ‖z_j‖). Of classes with as many neighbours the one
    of the nearest of them counts (Renggli et al. 2022, arxiv.org/abs/2010.06866). Raises KitError
    as `check_vectors`, and for a k that is not from 1 to N - 1.
    """
    values, y = check_vectors(vectors, labels)
    if not isinstance(k, int) or not 1 <= k < len(y):
        raise KitError(f"k={k!r} neighbours: give a whole number from 1 to {len(y) - 1}.")
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(length > 0, length, 1)
    cosine = unit @ unit.T  # (N, N)
    np.fill_diagonal(cosine, -np.inf)
    near = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    votes = np.eye(y.max() + 1)[y[near]]  # (N, k, C)
    nearness = 1 - np.arange(k)[:, None] / (k * k + 1)  # it decides between equal counts alone
    return float(((votes * nearness).sum(1).argmax(1) == y).mean())


def h_score(vectors: np.ndarray, labels: Sequence, *, shrink: bool = True) -> float:
    """H-score: how much of the vectors' variance lies between the classes, 0 to C - 1:

    tr(Σ⁻¹ Σ_b), Σ = cov(z), Σ_b = cov(E[z | y]), both (D, D)

    (Bao et al. 2019, An Information-Theoretic Approach to Transferability in Task Transfer
    Learning, ICIP). With N below D, Σ has no inverse and the H-score says C - 1 for anything. So
    shrink=True takes the covariance of Ledoit & Wolf, Σ_α = (1 - α) Σ + α (tr Σ / D) I, and
    returns tr(Σ_α⁻¹ (1 - α) Σ_b) (Ibrahim et al. 2021, arxiv.org/abs/2110.06893). shrink=False
    takes the pseudo-inverse. Raises KitError as `check_vectors`.
    """
    values, y = check_vectors(vectors, labels)
    centred = values - values.mean(0)
    means = np.stack([centred[y == c].mean(0) for c in range(y.max() + 1)])[y]  # (N, D)
    between = means.T @ means / len(y)  # (D, D)
    if not shrink:
        return float(
            np.trace(np.linalg.pinv(centred.T @ centred / len(y), hermitian=True) @ between)
        )
    with random_state():
        from sklearn.covariance import ledoit_wolf

    covariance, alpha = ledoit_wolf(centred, assume_centered=True)
    return float((1 - alpha) * np.trace(np.linalg.solve(covariance, between)))


def log_me(vectors: np.ndarray, labels: Sequence) -> float:
    """LogME: the largest log-evidence of a Bayesian linear regression on the vectors, by example.

    max over α, β of (1 / N) log p(y | Z, α, β), with y = Z w + noise, w ~ N(0, I / α) and noise
    ~ N(0, 1 / β), so that y ~ N(0, Z Zᵀ / α + I / β). The mean over the classes, y being 1 for the
    examples of the class and 0 for the others (You et al. 2021, arxiv.org/abs/2102.11005).

    With s, U the eigenvalues and eigenvectors of Z Zᵀ and λ = α / β, the best scale is known:
    1 / α = (1 / N) Σ_i (Uᵀy)_i² / (s_i + λ), and λ alone is searched. Raises KitError as
    `check_vectors`.
    """
    values, y = check_vectors(vectors, labels)
    n = len(y)
    U, s, _ = np.linalg.svd(values, full_matrices=False)  # (N, R), (R,), R = min(N, D)
    s = s**2
    targets = np.eye(y.max() + 1)[y]  # (N, C)
    inside = (U.T @ targets) ** 2  # (R, C)
    outside = np.maximum((targets**2).sum(0) - inside.sum(0), 0)  # (C,) what no weight explains

    def evidence(log_ratio: np.ndarray) -> np.ndarray:
        """(L, C): of L ratios log λ."""
        ratio = np.exp(log_ratio)[:, None]  # (L, 1)
        scale = ((1 / (s + ratio)) @ inside + outside / ratio) / n  # (L, C)
        volume = np.log(s + ratio).sum(1) + (n - len(s)) * log_ratio  # (L,)
        return -(np.log(2 * np.pi * scale) + 1 + volume[:, None] / n) / 2

    coarse = np.log(s.max()) + np.linspace(-25, 15, GRID)
    step = coarse[1] - coarse[0]
    middle = coarse[evidence(coarse).argmax(0)]  # (C,)
    fine = middle[:, None] + np.linspace(-step, step, 41)
    return float(evidence(fine.ravel()).max(0).mean())


def leep(posteriors: np.ndarray, labels: Sequence) -> float:
    """LEEP: the log-likelihood of the labels by what clusters say of them, 0 or less.

    (1 / N) Σ_i log Σ_v p(y_i | v) p(v | x_i), with p(y | v) = Σ_{i: y_i = y} p(v | x_i) / Σ_i
    p(v | x_i). posteriors (N, V): p(v | x), each row with the sum 1 (Nguyen et al. 2020,
    arxiv.org/abs/2002.12462). Raises KitError as `check_vectors`, and for rows that are no
    distributions.
    """
    shares = np.asarray(posteriors, dtype=np.float64)
    if shares.ndim != 2 or shares.min() < 0 or not np.allclose(shares.sum(1), 1, atol=1e-6):
        raise KitError(
            f"posteriors of the shape {shares.shape} are no distributions: give numbers (N, V) of "
            "at least 0, each row with the sum 1."
        )
    names, y = np.unique(np.asarray(labels), return_inverse=True)
    if len(y) != len(shares):
        raise KitError(
            f"{len(shares)} rows of posteriors with {len(y)} labels: give one label for each row."
        )
    joint = np.eye(len(names))[y].T @ shares  # (C, V)
    given = joint / np.maximum(joint.sum(0), 1e-300)  # p(y | v)
    return float(np.log((given[y] * shares).sum(1)).mean())


def n_leep(vectors: np.ndarray, labels: Sequence, *, gaussians: int | None = None) -> float:
    """N-LEEP: `leep` of clusters in the vectors, 0 or less.

    The vectors are reduced to the principal components that keep 80 % of their variance, and a
    mixture of V Gaussians is fitted to them: p(v | x) is its posterior (Li et al. 2021,
    arxiv.org/abs/2011.11200). The Gaussians have diagonal covariances here. gaussians: V; default:
    5 C. Raises KitError as `check_vectors`, and for a V that is not from 1 to N.
    """
    values, y = check_vectors(vectors, labels)
    count = GAUSSIANS * (y.max() + 1) if gaussians is None else gaussians
    if not isinstance(count, int | np.integer) or not 1 <= count <= len(y):
        raise KitError(f"gaussians={gaussians!r}: give a whole number from 1 to {len(y)}.")
    import warnings

    with random_state():
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

    centred = values - values.mean(0)
    U, s, _ = np.linalg.svd(centred, full_matrices=False)
    kept = int(np.searchsorted(np.cumsum(s**2) / (s**2).sum(), ENERGY)) + 1
    reduced = U[:, :kept] * s[:kept]
    reduced /= reduced.std()
    mixture = GaussianMixture(
        int(count), covariance_type="diag", reg_covar=1e-3, max_iter=50, random_state=0
    )
    with warnings.catch_warnings():
        # 50 steps are enough for posteriors: the estimate changes in its third decimal.
        warnings.simplefilter("ignore", ConvergenceWarning)
        posteriors = mixture.fit(reduced).predict_proba(reduced)
    return leep(posteriors, y)


def trans_rate(vectors: np.ndarray, labels: Sequence) -> float:
    """TransRate: how much shorter the vectors' code is where the classes are known, in nats:

    R(Z) - (1 / C) Σ_c R(Z_c), R(Z) = ½ log det(I + Zᵀ Z / (N ε)), ε = 10⁻⁴

    Z is centred, Z_c are its rows of class c and N is their number (Huang et al. 2022,
    arxiv.org/abs/2106.09207). The determinant has D factors, so it grows with the width and with
    the vectors' length. Raises KitError as `check_vectors`.
    """
    values, y = check_vectors(vectors, labels)
    centred = values - values.mean(0)
    classes = [_coding_rate(centred[y == c]) for c in range(y.max() + 1)]
    return float(_coding_rate(centred) - np.mean(classes))


def _coding_rate(centred: np.ndarray) -> float:
    """R(Z), by the singular values of Z."""
    s = np.linalg.svd(centred, compute_uv=False)
    return float(np.log1p(s**2 / (len(centred) * DISTORTION)).sum() / 2)


ESTIMATORS: dict[str, Callable[[np.ndarray, Sequence], float]] = {
    "linear probe": linear_probe,
    "kNN": nearest_neighbours,
    "H-score": h_score,
    "LogME": log_me,
    "N-LEEP": n_leep,
    "TransRate": trans_rate,
}
"""Name in tables -> function of vectors (N, D) and labels (N,): the larger, the better."""
