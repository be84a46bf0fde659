"""A model's answers, and its loss, over many examples."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from kit import loss as losses
from kit import runtime
from kit.models import LanguageHead, Model, SequenceHead
from kit.train.batches import collate

__all__ = ["of_words", "predict", "total_loss"]


@torch.inference_mode()
def predict(
    model: nn.Module, examples: Sequence[dict], *, batch_size: int = 64, precision: str = "auto"
) -> list[np.ndarray]:
    """The model's logits ŷ, one array an example, in their order, with padding cut off.

    Shapes: (C,) for a class, () for a rating, (T, C) for tags, (U, V) for sequences.
    """
    device = next(model.parameters()).device
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["ids"]))
    found: list = [None] * len(examples)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([examples[i] for i in rows]).to(device)
        with runtime.autocast(precision, device):
            logits = batch.run(model).float().cpu().numpy()
        for i, row in zip(rows, logits, strict=True):
            cut = examples[i].get("target", examples[i]["ids"])
            found[i] = row[: len(cut)] if row.ndim == 2 else row
    return found


@torch.inference_mode()
def total_loss(
    model: nn.Module,
    examples: Sequence[dict],
    loss: str = "cross_entropy",
    *,
    batch_size: int = 32,
    precision: str = "auto",
) -> tuple[float, int]:
    """L(θ) = Σ ℓ(yᵢ, ŷᵢ) over all examples, and N: L / N is the mean, in nats where ℓ is
    cross-entropy. Logits of a vocabulary are never held whole."""
    device = next(model.parameters()).device
    apart = loss == "cross_entropy" and of_words(model)
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    total = n = 0
    for start in range(0, len(examples), batch_size):
        batch = collate(examples[start : start + batch_size]).to(device)
        with runtime.autocast(precision, device):
            total += float(losses.LOSSES[loss](batch.run(model, apart), batch.y))
        n += losses.count(batch.y)
    return total, n


def of_words(model: nn.Module) -> bool:
    """Whether the logits are W h + b over a vocabulary, and nothing but the loss wants them."""
    plain = type(model) is Model and type(model.head) in (LanguageHead, SequenceHead)
    return plain and not (model._forward_hooks or model.head._forward_hooks)
