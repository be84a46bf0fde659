"""The loss of every task, L(θ) = Σᵢ ℓ(yᵢ, ŷᵢ).

B batch, T tokens, C classes (or pieces of a vocabulary), N rows, D width, V vocabulary.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError

__all__ = [
    "IGNORE",
    "LOSSES",
    "SoftmaxGradient",
    "count",
    "cross_entropy",
    "preference",
    "softmax_gradient",
    "squared_error",
    "word_loss",
]

IGNORE = -100
"""The label of a position that has no loss: padding, and what a task leaves out."""

CHUNK_LOGITS = {"cpu": 2**21}
"""Logits that `word_loss` computes at a time: so many fit a CPU's cache. Elsewhere: 2²⁸."""
ALIGNED = 64
"""A GPU's matrix units need V to be a multiple of 8 at least; of so many they are fastest."""


def cross_entropy(logits: Tensor | tuple, y: Tensor) -> Tensor:
    """Σᵢ -log softmax(logitsᵢ)[yᵢ], in nats.

    logits (..., C) are real numbers, y (...) are class numbers from 0 to C - 1, or `IGNORE`.
    One i is a text where (...) is (B,), and a token where it is (B, T).
    A tuple (hidden, W, b) stands for the logits W hidden + b: see `word_loss`.
    Raises KitError where the shapes differ, and for a class number that the logits lack.
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
    """Σᵢ -log softmax(W hᵢ + b)[yᵢ] in nats, computed in chunks, for a large vocabulary.

    hidden (..., D), weight (V, D), bias (V,), y (...). Only one chunk of logits is in memory at a
    time, and its gradients are computed with it; rows with `IGNORE` are skipped (Hsu et al. 2024,
    arxiv.org/abs/2410.10989). Products are in autocast's precision, the softmax is in float32.
    Raises KitError as `cross_entropy` does.
    """
    _same_shape(hidden.shape[:-1], y)
    labelled = y != IGNORE
    if y.numel():  # one read, for which a GPU is waited
        inside = y.where(labelled, 0)
        every, low, high = torch.stack([labelled.all().long(), *inside.aminmax()]).tolist()
        if low < 0 or high >= len(weight):
            raise _unknown(y, len(weight))
    if not y.numel() or every:
        hidden, y = hidden.flatten(0, -2), y.flatten()
    else:
        hidden, y = hidden[labelled], y[labelled]
    return _WordLoss.apply(hidden, weight, bias, y, torch.is_grad_enabled())


def _softmax_gradient_on_cpu(logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """What `SoftmaxGradient` computes, in float32, with the fewest passes over memory on a CPU."""
    p = logits.softmax(-1, dtype=torch.float32)
    label = torch.arange(len(p), device=y.device), y
    # -log p[y] = (max logit - logit of y) - log max p: max p is never 0, p[y] may be.
    loss = (logits.amax(-1) - logits[label]).float().sum() - p.amax(-1).log().sum()
    p[label] -= 1  # now g
    return loss, p


class SoftmaxGradient(nn.Module):
    """logits (N, V), y (N,) -> Σ -log softmax(logits)[y], and its gradient by the logits,
    softmax(logits) - onehot(y), in the logits' type. In between all is float32.

    A module, because it can be compiled with a model's blocks (`Module.compile`): one kernel then
    reads the logits twice and writes the gradient once.
    """

    def forward(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        log_p = logits.log_softmax(-1, dtype=torch.float32)
        loss = -log_p.gather(1, y[:, None]).sum()
        if torch.compiler.is_compiling():
            classes = torch.arange(logits.shape[1], device=y.device)
            return loss, (log_p.exp() - (classes == y[:, None]).float()).to(logits.dtype)
        p = log_p.exp_()
        p[torch.arange(len(p), device=y.device), y] -= 1
        return loss, p.to(logits.dtype)


softmax_gradient = SoftmaxGradient()
"""What `word_loss` uses on a GPU."""


class _WordLoss(torch.autograd.Function):
    """Loss and gradients: p = softmax(W h + b), g = p - onehot(y),

    ∂ℓ/∂h = Wᵀ g,  ∂ℓ/∂W = Σ g hᵀ,  ∂ℓ/∂b = Σ g
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, y, learn):
        device = hidden.device.type
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        else:
            dtype = weight.dtype
        inputs = hidden, weight, bias
        h, W, b = (None if x is None else x.to(dtype) for x in inputs)
        needed = [learn and needs_grad for needs_grad in ctx.needs_input_grad[:3]]
        grads = [torch.zeros_like(x) if n else None for x, n in zip(inputs, needed, strict=True)]
        total = torch.zeros((), device=y.device)
        on_cpu = device in CHUNK_LOGITS
        V = len(W)
        if not on_cpu and V % ALIGNED:
            W = F.pad(W, (0, 0, 0, -V % ALIGNED))
            b = None if b is None else F.pad(b, (0, -V % ALIGNED))
        chunk = max(256, CHUNK_LOGITS.get(device, 2**28) // len(W))  # rows
        if not on_cpu:
            chunk = 2 ** (chunk.bit_length() - 1)  # chunks of one size, which the matrix units fit
        for start in range(0, len(y), chunk):
            rows = slice(start, start + chunk)
            logits = F.linear(h[rows], W, b)  # (N, V)
            if on_cpu:
                loss, g = _softmax_gradient_on_cpu(logits, y[rows])
            else:
                logits[:, V:] = -torch.inf
                loss, g = softmax_gradient(logits, y[rows])
            total += loss
            _WordLoss.add_gradients(grads, rows, g, h[rows], W)
        ctx.save_for_backward(*grads)
        return total

    @staticmethod
    def add_gradients(grads, rows, g, h, W) -> None:
        """Add these rows' part to the gradients that are needed; the others are None."""
        dh, dW, db = grads
        g_cast = g.to(W.dtype)
        if dh is not None:
            dh[rows] = g_cast @ W
        if dW is not None:
            dW += (g_cast.T @ h)[: len(dW)]
        if db is not None:
            db += g.sum(0, dtype=torch.float32)[: len(db)]

    @staticmethod
    def backward(ctx, scale):
        return *(None if g is None else g * scale for g in ctx.saved_tensors), None, None


def squared_error(predictions: Tensor, y: Tensor) -> Tensor:
    """Σᵢ ‖yᵢ - ŷᵢ‖², in squared units of y.

    predictions and y have the same shape, (B,) or (B, D); raises KitError where they differ.
    """
    _same_shape(predictions.shape, y)
    return (predictions.float() - y.float()).square().sum()


def preference(scores: Tensor, y: Tensor) -> Tensor:
    """Σᵢ -log σ((sᵢ⁺ - yᵢ⁺) - (sᵢ⁻ - yᵢ⁻)): the first answer of each pair is the preferred one.

    scores (B, 2) of both answers, y (B, 2) what is subtracted from them. With rewards and y = 0
    it is the loss of a reward model (Bradley & Terry 1952); with s = β log π and
    y = β log π_ref that of direct preference optimization (Rafailov et al. 2023,
    arxiv.org/abs/2305.18290). Raises KitError where a shape is another one.
    """
    _same_shape(scores.shape, y)
    if scores.ndim != 2 or scores.shape[1] != 2:
        raise KitError(
            f"scores of shape {tuple(scores.shape)} are no pairs: give (B, 2), as "
            "kit.tasks.preferences.PairScores does."
        )
    gap = scores.float() - y.float()  # (B, 2)
    return -F.logsigmoid(gap[:, 0] - gap[:, 1]).sum()


LOSSES = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "preference": preference,
}
"""Name -> loss function."""


def count(y: Tensor) -> int:
    """N: the number of labels i that L(θ) sums over; L(θ) / N is the mean loss."""
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
