"""x Wᵀ + b, also where one row at a time is multiplied: writing with a language model.

N rows, I numbers in, O numbers out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Linear", "linear"]

FEW = 4
"""Rows up to which memory, not arithmetic, is what a product waits for."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (..., I), weight (O, I), bias (O,) -> x Wᵀ + b (..., O).

    Few rows in float32 on the CPU, where no gradient is wanted, go through `bmm` with the two
    halves of W as a batch: its kernel reads memory faster than that of F.linear. What it was
    worth where is in docs/LOG.md; kit/experiments/generate.py measures the whole.
    """
    few = (
        x.device.type == "cpu"
        and 0 < x.numel() <= FEW * x.shape[-1]
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )
    plain = weight.is_contiguous() and x.dtype == weight.dtype == torch.float32
    if not few or not plain or len(weight) % 2:
        return F.linear(x, weight, bias)
    width = x.shape[-1]
    rows = x.contiguous().as_strided((2, width, x.numel() // width), (0, 1, width))  # (2, I, N)
    halves = torch.bmm(weight.unflatten(0, (2, -1)), rows)  # (2, O/2, N)
    y = halves.flatten(0, 1).t().view(*x.shape[:-1], len(weight))
    return y if bias is None else y + bias


class Linear(nn.Linear):
    """nn.Linear by way of `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)
