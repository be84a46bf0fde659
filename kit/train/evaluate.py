"""Evaluation: a model's logits and its loss over many examples."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from kit import guards, runtime
from kit import loss as losses
from kit.errors import KitError
from kit.models import LanguageHead, Model, SequenceHead
from kit.train.batches import collate
from kit.train.labels import check_labels

__all__ = ["fuses_loss", "predict", "total_loss"]


@guards.guarded(
    "predict(model, examples)",
    model=guards.a_model,
    examples=guards.examples_of,
    batch_size=guards.a_count,
)
@torch.inference_mode()
def predict(
    model: nn.Module, examples: Sequence[dict], *, batch_size: int = 64, precision: str = "auto"
) -> list[np.ndarray]:
    """The model's logits ŷ in float32, one array per example, in their order, without padding.

    Shapes: (C,) for a class, () for a rating, (T, C) for tags, (U, V) for sequences. C classes,
    T tokens, U target tokens, V vocabulary.
    """
    device = next(model.parameters()).device
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["ids"]))
    answers: list = [None] * len(examples)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([examples[i] for i in rows]).to(device)
        with runtime.autocast(precision, device):
            logits = batch.run(model).float().cpu().numpy()
        for i, row in zip(rows, logits, strict=True):
            tokens = examples[i].get("target", examples[i]["ids"])
            answers[i] = row[: len(tokens)] if row.ndim == 2 else row
    return answers


@guards.guarded(
    "total_loss(model, examples)",
    model=guards.a_model,
    examples=guards.examples_of,
    batch_size=guards.a_count,
)
@torch.inference_mode()
def total_loss(
    model: nn.Module,
    examples: Sequence[dict],
    loss: str = "cross_entropy",
    *,
    batch_size: int = 32,
    precision: str = "auto",
) -> tuple[float, int]:
    """L(θ) = Σ ℓ(yᵢ, ŷᵢ) over all examples, and N: L / N is the mean loss.

    L is in nats where ℓ is cross-entropy. loss: a name in `kit.loss.LOSSES`. The logits of a
    language head are computed in chunks (`kit.loss.word_loss`), which bounds the memory.
    """
    if loss not in losses.LOSSES:
        raise KitError(f"loss {loss!r} is unknown: choose one of {', '.join(losses.LOSSES)}.")
    device = next(model.parameters()).device
    check_labels(examples, loss, needed=False)
    fused = loss == "cross_entropy" and fuses_loss(model)
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    total = 0.0
    n = 0
    for start in range(0, len(examples), batch_size):
        batch = collate(examples[start : start + batch_size]).to(device)
        with runtime.autocast(precision, device):
            total += float(losses.LOSSES[loss](batch.run(model, fused), batch.y))
        n += losses.count(batch.y)
    return total, n


def fuses_loss(model: nn.Module) -> bool:
    """Whether logits and loss may be computed together in chunks (`kit.loss.word_loss`).

    True where the head gives logits W h + b over a vocabulary and no hook wants to see them.
    """
    if type(model) is not Model or type(model.head) not in (LanguageHead, SequenceHead):
        return False
    capped = getattr(model.head, "softcap", None)  # not W h + b alone
    return not (capped or model._forward_hooks or model.head._forward_hooks)
