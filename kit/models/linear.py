"""Linear layer x Wᵀ + b that is also fast for a few rows, as in generation.

N rows, I numbers in, O numbers out.
"""

import time
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.models.exporting import is_exporting
from kit.models.quantized_matrix import QuantizedMatrix

__all__ = ["Linear", "linear"]

FEW_ROWS = 4
"""Rows up to which reading W from memory takes longer than the arithmetic."""


def linear(x: Tensor, weight: Tensor | QuantizedMatrix, bias: Tensor | None = None) -> Tensor:
    """x (..., I), weight (O, I), bias (O,) -> x Wᵀ + b (..., O).

    Few rows in float32 on a CPU, without a gradient, use `bmm` with the two halves of W as a
    batch where that reads memory faster than F.linear: on an AMD EPYC it is twice as fast, on an
    Intel Xeon half as fast (docs/LOG.md), so that it is measured. A quantized W has its own
    product.
    """
    if isinstance(weight, QuantizedMatrix):
        y = weight.product(x)
        return y if bias is None else y + bias
    few = (
        not is_exporting()
        and x.device.type == "cpu"
        and 0 < x.numel() <= FEW_ROWS * x.shape[-1]
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )
    plain = weight.is_contiguous() and x.dtype == weight.dtype == torch.float32
    if not few or not plain or len(weight) % 2 or not halves_are_faster():
        return F.linear(x, weight, bias)
    y = by_halves(x, weight)
    return y if bias is None else y + bias


def by_halves(x: Tensor, weight: Tensor) -> Tensor:
    """x (..., I), weight (O, I) with an even O -> x Wᵀ (..., O) by one `bmm`."""
    width = x.shape[-1]
    rows = x.contiguous().as_strided((2, width, x.numel() // width), (0, 1, width))  # (2, I, N)
    halves = torch.bmm(weight.unflatten(0, (2, -1)), rows)  # (2, O/2, N)
    return halves.flatten(0, 1).t().view(*x.shape[:-1], len(weight))


@cache
def halves_are_faster() -> bool:
    """Whether `by_halves` is more than 1.2 times as fast as F.linear on this machine: timed once a
    process, in some milliseconds."""
    generator = torch.Generator().manual_seed(0)
    matrices = [torch.randn(1536, 576, generator=generator) for _ in range(4)]  # 14 MB
    x = torch.randn(1, 576, generator=generator)
    best = dict.fromkeys((by_halves, F.linear), float("inf"))
    for _ in range(6):
        for way in best:
            began = time.perf_counter()
            for matrix in matrices:
                way(x, matrix)
            best[way] = min(best[way], time.perf_counter() - began)
    return best[by_halves] * 1.2 < best[F.linear]


class Linear(nn.Linear):
    """nn.Linear whose product is computed by `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)
