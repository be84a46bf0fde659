"""What more processes are worth: bytes that they send, seconds of an update, bytes that they hold.

P processes, N parameters.
"""

from collections.abc import Sequence

from kit.errors import KitError

__all__ = ["fit_line", "ring_bytes", "state_bytes", "update_seconds"]

NUMBER = 4
"""Bytes of a number in float32."""
MOMENTS = 2
"""AdamW's moments of each trained parameter."""


def ring_bytes(size: float, processes: int) -> float:
    """Bytes that each process sends in a ring all-reduce of `size` bytes: 2 (P - 1) / P · size.

    Patarasuk & Yuan 2009, doi.org/10.1016/j.jpdc.2008.09.002. Each receives as many.
    """
    _check(processes)
    return 2 * (processes - 1) / processes * size


def fit_line(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """(latency, bandwidth) of the line  seconds = latency + bytes / bandwidth  through
    measurements, by least squares of the relative errors; in seconds, and in bytes a second.

    sizes: in bytes, at least two different ones. Raises KitError where no line rises through them.
    """
    import numpy as np

    sizes, seconds = np.asarray(sizes, float), np.asarray(seconds, float)
    if len(set(sizes.tolist())) < 2 or not (seconds > 0).all():
        raise KitError("a line needs the times of at least two sizes, each above 0.")
    slope, latency = np.polyfit(sizes, seconds, 1, w=1 / seconds)
    if slope <= 0:
        raise KitError("larger messages took no longer than small ones: measure larger ones.")
    return max(0.0, float(latency)), 1 / float(slope)


def update_seconds(
    share: float, size: float, processes: int, *, cores: int, latency: float, bandwidth: float
) -> float:
    """Predicted seconds of an update by P processes of one machine:

    share · max(1, P / max(1, cores)) + latency + size / bandwidth.

    share: seconds in which one process alone computes its part of the batch, with its optimizer;
    where less than one core is allowed (cores < 1), that has slowed it already.
    size: bytes of the gradient. latency, bandwidth: of an all-reduce by P processes (`fit_line`).
    """
    _check(processes)
    waiting = latency + size / bandwidth if processes > 1 else 0.0
    return share * max(1.0, processes / max(1.0, cores)) + waiting


def state_bytes(
    parameters: int, trained: int, processes: int = 1, *, shard: bool = False
) -> dict[str, float]:
    """Bytes that each process holds between two updates in float32: 4 N for the parameters, 4 for
    each trained one's gradient and 8 for its moments; with shard=True the P-th part of all.

    Activations, and what a block gathers while it computes, are not in it.
    Rajbhandari et al. 2020 (ZeRO), arxiv.org/abs/1910.02054; there in mixed precision.
    """
    _check(processes)
    if not 0 <= trained <= parameters:
        raise KitError(f"{trained:,} of {parameters:,} parameters cannot be trained.")
    holders = processes if shard else 1
    return {
        "parameters": NUMBER * parameters / holders,
        "gradients": NUMBER * trained / holders,
        "moments": MOMENTS * NUMBER * trained / holders,
    }


def _check(processes: int) -> None:
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise KitError(f"processes={processes!r} is no number of processes: give 1 or more.")
