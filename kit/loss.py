"""L(θ) = Σᵢ ℓ(yᵢ, ŷᵢ): the loss, once, for every task.

B batch, T tokens, C classes (or pieces of a vocabulary), N rows, D width, V vocabulary.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from kit.errors import KitError

__all__ = ["IGNORE", "LOSSES", "count", "cross_entropy", "squared_error", "word_loss"]

IGNORE = -100
"""A label that counts for nothing: padding, and whatever a task leaves out."""

PIECE = {"cpu": 2**21}
"""Logits that `word_loss` holds at a time: what a CPU's cache has room for, elsewhere 2²⁷."""


def cross_entropy(logits: Tensor | tuple, y: Tensor) -> Tensor:
    """Σᵢ -log softmax(logitsᵢ)[yᵢ], in nats.

    logits (..., C) are any real numbers, y (...) are class numbers below C or `IGNORE`.
    The task decides what one i is: a sentence (..., = B) or a token (..., = B, T).
    A tuple (hidden, W, b) stands for the logits W hidden + b: see `word_loss`.
    """
    if isinstance(logits, tuple):
        return word_loss(*logits, y)
    _same_shape(logits.shape[:-1], y)
    logits, y = logits.flatten(0, -2).float(), y.flatten()
    try:
        return F.cross_entropy(logits, y, ignore_index=IGNORE, reduction="sum")
    except IndexError:
        raise _unknown(y, logits.shape[-1]) from None


def word_loss(hidden: Tensor, weight: Tensor, bias: Tensor | None, y: Tensor) -> Tensor:
    """Σᵢ -log softmax(W hᵢ + b)[yᵢ], for a vocabulary so large that W h is most of the work.

    hidden (..., D), weight (V, D), bias (V,), y (...). A few rows of logits exist at a time, and
    their gradients are taken while they are there; rows with `IGNORE` cost nothing (Hsu et al.
    2024, arxiv.org/abs/2410.10989). Products are in autocast's precision, the softmax in fp32.
    """
    _same_shape(hidden.shape[:-1], y)
    kept = y != IGNORE
    hidden, y = (hidden[kept], y[kept]) if not kept.all() else (hidden.flatten(0, -2), y.flatten())
    if len(y) and not 0 <= y.min() <= y.max() < len(weight):
        raise _unknown(y, len(weight))
    return _WordLoss.apply(hidden, weight, bias, y, torch.is_grad_enabled())


class _WordLoss(torch.autograd.Function):
    """p = softmax(W h + b), g = p - onehot(y): ∂ℓ/∂h = Wᵀ g, ∂ℓ/∂W = Σ g hᵀ, ∂ℓ/∂b = Σ g."""

    @staticmethod
    def forward(ctx, hidden, weight, bias, y, learn):
        on, given = hidden.device.type, (hidden, weight, bias)
        exact = torch.get_autocast_dtype(on) if torch.is_autocast_enabled(on) else weight.dtype
        h, W, b = (None if x is None else x.to(exact) for x in given)
        wanted = [learn and needed for needed in ctx.needs_input_grad[:3]]
        grads = [torch.zeros_like(x) if w else None for x, w in zip(given, wanted, strict=True)]
        total = torch.zeros((), device=y.device)
        many = max(256, PIECE.get(on, 2**27) // len(W))
        for rows in (slice(i, i + many) for i in range(0, len(y), many)):
            logits = F.linear(h[rows], W, b)  # (N, V)
            p = logits.softmax(-1, dtype=torch.float32)
            at = torch.arange(len(p), device=y.device), y[rows]
            # -log p[y], by way of the largest p, whose log is always a number
            total += (logits.amax(-1) - logits[at]).float().sum() - p.amax(-1).log().sum()
            p[at] -= 1
            _WordLoss.learn(grads, rows, p, h[rows], W)
        ctx.save_for_backward(*grads)
        return total

    @staticmethod
    def learn(grads, rows, g, h, W) -> None:
        """Add what these rows give to the gradients that are wanted."""
        dh, dW, db = grads
        exact = g.to(W.dtype)
        if dh is not None:
            dh[rows] = exact @ W
        if dW is not None:
            dW += exact.T @ h
        if db is not None:
            db += g.sum(0)

    @staticmethod
    def backward(ctx, scale):
        return *(None if g is None else g * scale for g in ctx.saved_tensors), None, None


def squared_error(predictions: Tensor, y: Tensor) -> Tensor:
    """Σᵢ ‖yᵢ - ŷᵢ‖², in squared units of y. Both have the same shape, (B,) or (B, D)."""
    _same_shape(predictions.shape, y)
    return (predictions.float() - y.float()).square().sum()


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}
"""ℓ by name."""


def count(y: Tensor) -> int:
    """N: how many i the sum runs over. Dividing L(θ) by it gives the mean, for display."""
    if y.is_floating_point():
        return len(y)
    return int((y != IGNORE).sum())


def _same_shape(shape: torch.Size, y: Tensor) -> None:
    if shape != y.shape:
        raise KitError(
            f"predictions for {tuple(shape)} examples cannot be compared with labels of shape "
            f"{tuple(y.shape)}: give one label for each prediction."
        )


def _unknown(y: Tensor, classes: int) -> KitError:
    wrong = sorted(set(y.flatten().tolist()) - {IGNORE, *range(classes)})
    return KitError(
        f"labels {wrong} are not among the model's {classes} classes, 0 to {classes - 1}: "
        "correct the labels, or give the head as many classes as there are."
    )
