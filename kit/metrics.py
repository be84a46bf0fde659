"""How good the answers are, with an interval."""

from collections.abc import Sequence

import numpy as np

from kit.errors import KitError

__all__ = ["accuracy", "bits_per_byte", "bootstrap", "gain", "interval", "perplexity"]


def accuracy(logits: Sequence[np.ndarray], y: Sequence[int]) -> float:
    """The share of examples whose highest logit is that of the right class, from 0 to 1.

    logits: one array (C,) an example; y: one class number an example.
    """
    if not len(y) or len(logits) != len(y):
        raise KitError(
            f"{len(logits)} predictions cannot be scored against {len(y)} labels: give one label "
            "for each prediction, and at least one."
        )
    return float(np.mean(np.argmax(np.stack(list(logits)), axis=-1) == np.asarray(y)))


def bootstrap(values: Sequence[float], *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean over test examples, by resampling them (Efron 1979).

    values: one number an example (1 where it is right, 0 where not). Returns (low, high).
    """
    values = np.asarray(values, dtype=float)
    chosen = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    low, high = np.percentile(values[chosen].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def perplexity(nats: float, n: int) -> float:
    """exp(L / N): among how many equally likely tokens the model hesitates, 1 to V and above.

    nats: L, the sum of -log p over N tokens. It depends on how text is cut into tokens.
    """
    return float(np.exp(nats / n))


def bits_per_byte(nats: float, size: int) -> float:
    """L / (ln 2 · bytes of the text as UTF-8): does not depend on how text is cut into tokens."""
    return float(nats / np.log(2) / size)


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % confidence interval, from Student's t over the seeds.

    mean ± t(0.975, n-1) · s / √n, s being the standard deviation with n-1. One value has no
    interval: its half-width is nan.
    """
    from scipy.stats import t

    n = len(values)
    if n == 0:
        raise KitError("no value to take a mean of: give the scores of at least one run.")
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5 if n > 1 else float("nan")
    return float(np.mean(values)), float(half)


def gain(one: dict[int, float], other: dict[int, float]) -> tuple[float, float]:
    """Mean and half-width of what `one` has more than `other`, seed by seed: what both share by
    their seed, the examples and their order, cancels."""
    return interval([one[seed] - other[seed] for seed in one if seed in other])
