"""Scores of predictions, 95 % intervals of scores, and the agreement of two orders."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kit.errors import KitError

__all__ = [
    "Agreement",
    "accuracy",
    "agreement",
    "bits_per_byte",
    "bootstrap",
    "bootstrap_interval",
    "gain",
    "interval",
    "mean_correlation",
    "perplexity",
]


def accuracy(logits: Sequence[np.ndarray], y: Sequence[int]) -> float:
    """The share of examples whose highest logit is that of the right class, from 0 to 1.

    logits: one array (C,) per example; y: one class number per example. Raises KitError where
    their numbers differ, where there is no example, and for a logit that is nan.
    """
    if not len(y) or len(logits) != len(y):
        raise KitError(
            f"{len(logits)} predictions cannot be scored against {len(y)} labels: give one label "
            "for each prediction, and at least one."
        )
    rows = [np.asarray(row) for row in logits]
    if len({row.shape for row in rows}) > 1:
        raise KitError(
            "the predictions have different numbers of classes: give those of one model."
        )
    if any(np.isnan(row).any() for row in rows):
        raise KitError("a logit is nan, so that no class is the highest: train the model again.")
    return float(np.mean(np.argmax(np.stack(rows), axis=-1) == np.asarray(y)))


def bootstrap(values: Sequence[float], *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over test examples. Returns (low, high).

    values: one number per example (1 where the answer is right, 0 where it is wrong).
    """
    values = np.asarray(values, dtype=float)
    return bootstrap_interval(lambda rows: values[rows].mean(), len(values), draws=draws, seed=seed)


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float], n: int, *, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of a statistic of n test examples (bootstrap, Efron 1979).

    Each of `draws` resamples takes n of the n examples with replacement. statistic(rows) is the
    statistic of the examples whose numbers are rows (n,), from 0 to n - 1; a number may come
    several times. Returns the 2.5th and the 97.5th percentile of the statistic: (low, high).
    Raises KitError where n or draws is below 1.
    """
    if n < 1 or draws < 1:
        raise KitError(
            f"n={n} examples and draws={draws} resamples give no interval: give at least one of "
            "each."
        )
    resamples = np.random.default_rng(seed).integers(0, n, (draws, n))
    values = [statistic(rows) for rows in resamples]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def perplexity(nats: float, n: int) -> float:
    """exp(L / N), 1 or more: a uniform choice among so many tokens would be as uncertain.

    nats: L, the sum of -log p over the n tokens, N. Perplexities of two tokenizers cannot be
    compared: compare `bits_per_byte`. Raises KitError for no token, and for a loss that is nan.
    """
    _check_mean(nats, n, "tokens")
    return float(np.exp(nats / n))


def bits_per_byte(nats: float, size: int) -> float:
    """L / (ln 2 · size): comparable across tokenizers.

    nats: L, the sum of -log p over the tokens of a text; size: bytes of that text as UTF-8.
    Raises KitError for no byte, and for a loss that is nan.
    """
    _check_mean(nats, size, "bytes")
    return float(nats / np.log(2) / size)


def _check_mean(nats: float, n: int, what: str) -> None:
    """Raise KitError where L / n is no number."""
    if not n >= 1 or np.isnan(nats):
        raise KitError(
            f"a loss of {nats} over {n} {what} has no mean: give the loss of at least one of them."
        )


def interval(values: list[float]) -> tuple[float, float]:
    """Mean of the values of n seeds, and the half-width of its 95 % confidence interval.

    mean ± t(0.975, n - 1) · s / √n, where t is the quantile of Student's t distribution and s the
    standard deviation with n - 1 in the denominator. The half-width of one value is nan. Raises
    KitError for no value.
    """
    from scipy.stats import t

    n = len(values)
    if n == 0:
        raise KitError("values=[] has no mean: give the scores of at least one run.")
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5 if n > 1 else float("nan")
    return float(np.mean(values)), float(half)


def gain(one: dict[int, float], other: dict[int, float]) -> tuple[float, float]:
    """Paired gain: `interval` of the differences one[seed] - other[seed] over the seeds of both.

    one, other: seed -> score. The examples and their order depend on the seed alone, so their
    effect on both scores largely cancels.
    """
    return interval([one[seed] - other[seed] for seed in one if seed in other])


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Kendall's tau of estimates with scores, over M sources."""

    tau: float
    """1: the same order. -1: the reverse order. 0: as a coin."""
    low: float
    high: float
    """Ends of its 95 % interval: over sources, draws of labels, and seeds of fine-tuning."""
    chance: float
    """Probability that a random order agrees (or disagrees) as much: tau's exact test."""
    sources: int
    """M: the number of sources."""

    def __str__(self) -> str:
        return f"{self.tau:+.2f} ({self.low:+.2f} to {self.high:+.2f}), {self.sources} sources"


def agreement(
    estimates: Mapping[str, Sequence[float]],
    scores: Mapping[str, Sequence[float]],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Kendall's tau-b of the mean estimates with the mean scores, over the sources in both.

    tau = (agreeing pairs - disagreeing pairs) / √((pairs without a tie in the estimates) · (pairs
    without one in the scores)) (Kendall 1938; scipy). The interval is a bootstrap: each of `draws`
    resamples takes M of the M sources with replacement, one draw of labels for all of them, and
    for each source one of its scores.

    estimates: source -> (K,), one for each draw of labels. scores: source -> one for each seed of
    fine-tuning. Raises KitError for fewer than three sources in both, for sources with different
    numbers of draws, and for numbers that are nan.
    """
    from scipy.stats import kendalltau

    names = [name for name in estimates if name in scores]
    if len(names) < 3:
        raise KitError(
            f"{len(names)} sources have both an estimate and a score ({', '.join(names)}): give at "
            "least three, with the same names on both sides."
        )
    if len({len(estimates[name]) for name in names}) != 1:
        raise KitError("the sources have different numbers of draws: estimate all with the same.")
    x = np.array([estimates[name] for name in names], dtype=float)  # (M, K)
    y = [np.asarray(scores[name], dtype=float) for name in names]
    for name, own, ours in zip(names, x, y, strict=True):
        if not np.isfinite(own).all() or not len(ours) or not np.isfinite(ours).all():
            raise KitError(f"{name!r} has {own} and {ours}: leave out what is nan or infinite.")
    middle = np.array([own.mean() for own in y])
    whole = kendalltau(x.mean(1), middle)
    generator = np.random.default_rng(seed)
    taus = []
    for _ in range(draws):
        rows = generator.integers(0, len(names), len(names))
        drawn = x[rows, generator.integers(0, x.shape[1])]
        tuned = np.array([own[generator.integers(0, len(own))] for own in y])[rows]
        tau = _tau_b(drawn, tuned)
        if not math.isnan(tau):  # all drawn sources are one
            taus.append(tau)
    low, high = np.percentile(taus, [2.5, 97.5]) if taus else (math.nan, math.nan)
    return Agreement(
        tau=float(whole.statistic),
        low=float(low),
        high=float(high),
        chance=float(whole.pvalue),
        sources=len(names),
    )


def _tau_b(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b: for a few sources this is a hundred times as fast as scipy's."""
    upper = np.triu_indices(len(x), 1)
    a = np.sign(x[:, None] - x)[upper]
    b = np.sign(y[:, None] - y)[upper]
    pairs = math.sqrt((a != 0).sum() * (b != 0).sum())
    return float((a * b).sum() / pairs) if pairs else math.nan


def mean_correlation(means: np.ndarray) -> float:
    """Mean correlation between two of S rows, -1 to 1: means (S, W), W values of each of S seeds.

    Near 1: every seed gives the same order. Near 0: the order is one seed's own. Raises KitError
    for fewer than two seeds, and for a seed whose values are all the same.
    """
    means = np.asarray(means, dtype=float)
    if means.ndim != 2 or len(means) < 2:
        raise KitError(f"means {means.shape}: give a row of means for each of at least two seeds.")
    if (np.ptp(means, axis=1) == 0).any():
        raise KitError("all values of one seed are the same: they have no correlation.")
    pairs = np.corrcoef(means)[np.triu_indices(len(means), 1)]
    return float(pairs.mean())
