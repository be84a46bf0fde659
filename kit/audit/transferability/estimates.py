"""Every estimator for every source, layer and task, each with its interval over draws of labels.

N labelled examples that may be drawn, n of a draw, K draws.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from kit import metrics
from kit.audit.learning_curves import draw_rows
from kit.audit.transferability.estimators import ESTIMATORS, check_vectors
from kit.errors import KitError

__all__ = ["CachedVectors", "Estimate", "at_depth", "best_layer", "estimate"]


@dataclass(frozen=True, kw_only=True)
class CachedVectors:
    """The frozen vectors of one source and layer for a task's examples."""

    source: str
    """The source's name."""
    layer: int
    """0: the embeddings."""
    layers: int
    """The number of the source's last layer."""
    task: str
    """The task's name."""
    vectors: np.ndarray = field(repr=False)
    """(N, D)."""
    labels: Sequence = field(repr=False)
    """(N,): the class of each example."""
    how: str = "mean"
    """How a text's vector was pooled; "word" for a word's own."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One estimator's values for a source, a layer and a task, over draws of labels."""

    source: str
    layer: int
    layers: int
    task: str
    how: str
    estimator: str
    """A name in `ESTIMATORS`."""
    values: tuple[float, ...]
    """K: one for each draw. The draws with one seed are the same rows for all sources."""

    @property
    def mean(self) -> float:
        """The mean over the draws."""
        return float(np.mean(self.values))

    @property
    def interval(self) -> tuple[float, float]:
        """The mean, and the half-width of its 95 % interval over the draws: `metrics.interval`.

        The draws share examples where K n is above N: then it is too short."""
        return metrics.interval([*self.values])


def estimate(
    cached: Iterable[CachedVectors],
    *,
    n: int = 400,
    draws: int = 5,
    estimators: Sequence[str] = tuple(ESTIMATORS),
    seed: int = 0,
) -> Iterator[Estimate]:
    """Each estimator for each of the cached vectors: source × layer × task, one after the other.

    A draw takes n rows with the classes in turn (`kit.audit.learning_curves.draw_rows`), by the
    seeds `seed` to `seed` + `draws` - 1, so that all sources of a task are judged on the same
    rows. n: the labels that the reader would have; of a task with fewer examples all are taken,
    and then its draws are the same.

    Raises KitError for an estimator that is unknown, an n or a number of draws that is no whole
    number, and as `estimators.check_vectors`.
    """
    unknown = [name for name in estimators if name not in ESTIMATORS]
    if unknown or not estimators or isinstance(estimators, str):
        raise KitError(
            f"estimators={estimators!r}: give a list of names, any of {', '.join(ESTIMATORS)}."
        )
    for name, value, least in (("n", n, 10), ("draws", draws, 1)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise KitError(f"{name}={value!r}: give a whole number of at least {least}.")
    return _estimates(cached, int(n), int(draws), estimators, seed)


def _estimates(cached, n: int, draws: int, estimators: Sequence[str], seed: int):
    for one in cached:
        if not isinstance(one, CachedVectors):
            raise KitError(
                f"{type(one).__name__} is not CachedVectors: give CachedVectors(source=, layer=, "
                "layers=, task=, vectors=, labels=)."
            )
        vectors, labels = check_vectors(one.vectors, one.labels)
        rows = [draw_rows(labels, min(n, len(labels)), seed + k) for k in range(draws)]
        for name in estimators:
            values = tuple(ESTIMATORS[name](vectors[r], labels[r]) for r in rows)
            yield Estimate(
                source=one.source,
                layer=one.layer,
                layers=one.layers,
                task=one.task,
                how=one.how,
                estimator=name,
                values=values,
            )


def best_layer(estimates: Iterable[Estimate]) -> dict[str, Estimate]:
    """Source -> its estimate with the largest mean, over layers and poolings.

    The largest of many noisy numbers is too large: a source with more layers gains by it. Raises
    KitError for estimates of several tasks or estimators, which cannot be compared.
    """
    best: dict[str, Estimate] = {}
    for one in _comparable(estimates):
        if one.source not in best or one.mean > best[one.source].mean:
            best[one.source] = one
    return best


def at_depth(estimates: Iterable[Estimate], depth: float) -> dict[str, Estimate]:
    """Source -> its estimate at the layer nearest to a depth, 0 (embeddings) to 1 (last layer).

    Raises KitError for another depth, for two estimates of one layer (two poolings: choose one),
    and as `best_layer`.
    """
    if not 0 <= depth <= 1:
        raise KitError(f"depth={depth!r}: give a number from 0 (embeddings) to 1 (last layer).")
    nearest: dict[str, Estimate] = {}
    for one in _comparable(estimates):
        before = nearest.get(one.source)
        if before is not None and before.layer == one.layer:
            raise KitError(
                f"{one.source!r} has two estimates of layer {one.layer} ({before.how}, {one.how}): "
                "give those of one pooling."
            )
        if before is None or _gap(one, depth) < _gap(before, depth):
            nearest[one.source] = one
    return nearest


def _gap(one: Estimate, depth: float) -> float:
    return abs(one.layer / max(one.layers, 1) - depth)


def _comparable(estimates: Iterable[Estimate]) -> list[Estimate]:
    """The estimates. Raises KitError where they are of several tasks or estimators."""
    estimates = [*estimates]
    kinds = {(one.task, one.estimator) for one in estimates}
    if len(kinds) > 1:
        several = "; ".join(", ".join(kind) for kind in sorted(kinds)[:3])
        raise KitError(f"estimates of {several}: give those of one task and one estimator.")
    return estimates
