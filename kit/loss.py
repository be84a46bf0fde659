"""L(θ) = Σᵢ ℓ(yᵢ, ŷᵢ): the loss, once, for every task.

B batch, T tokens, C classes (or pieces of a vocabulary).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from kit.errors import KitError

__all__ = ["IGNORE", "LOSSES", "count", "cross_entropy", "squared_error"]

IGNORE = -100
"""A label that counts for nothing: padding, and whatever a task leaves out."""


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Σᵢ -log softmax(logitsᵢ)[yᵢ], in nats.

    logits (..., C) are any real numbers, y (...) are class numbers below C or `IGNORE`.
    The task decides what one i is: a sentence (..., = B) or a token (..., = B, T).
    """
    _same_shape(logits.shape[:-1], y)
    logits, y = logits.flatten(0, -2).float(), y.flatten()
    try:
        return F.cross_entropy(logits, y, ignore_index=IGNORE, reduction="sum")
    except IndexError:
        classes = logits.shape[-1]
        wrong = sorted(set(y.tolist()) - {IGNORE, *range(classes)})
        raise KitError(
            f"labels {wrong} are not among the model's {classes} classes, 0 to {classes - 1}: "
            "correct the labels, or give the head as many classes as there are."
        ) from None


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
