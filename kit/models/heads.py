"""Heads: what turns a body's hidden states into the answer of a task. Any head, any body.

B batch, T tokens, U tokens of a target, D width, C classes, V vocabulary.
mask (B, T) is True where there is a token; padding may stand left or right.
Each head holds `.config`, a dict: type(head)(**head.config) is the same with fresh values.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.models.linear import linear

__all__ = [
    "ClassHead",
    "LanguageHead",
    "RatingHead",
    "SequenceHead",
    "TagHead",
    "VectorHead",
    "pool",
]


def pool(hidden: Tensor, mask: Tensor, how: str = "mean") -> Tensor:
    """One vector for a text: the mean of its tokens, or its "first" or "last" one.

    hidden (B, T, D), mask (B, T) -> (B, D). A text without a token gives zeros.
    """
    if how == "mean":
        hidden = hidden.masked_fill(~mask[..., None], 0)  # (B, T, D)
        return hidden.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)  # (B, D)
    if how not in ("first", "last"):
        raise KitError(f'pool={how!r} is unknown: give "mean", "first" or "last".')
    order = mask.int() if how == "first" else mask.int().cumsum(1)
    rows = torch.arange(len(mask), device=mask.device)
    return hidden[rows, order.argmax(1)] * mask.any(1, keepdim=True)  # (B, D)


class ClassHead(nn.Module):
    """logits = W dropout(pool(hidden)) + b: (B, C), one row a text."""

    def __init__(self, width: int, classes: int, pool: str = "mean", dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "classes": classes, "pool": pool, "dropout": dropout}
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, classes)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(pool(hidden, mask, self.pool)))  # (B, C)


class RatingHead(nn.Module):
    """ŷ = w · dropout(pool(hidden)) + b: (B,), one number a text."""

    def __init__(self, width: int, pool: str = "mean", dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "pool": pool, "dropout": dropout}
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(pool(hidden, mask, self.pool)))[:, 0]  # (B,)


class VectorHead(nn.Module):
    """A vector for a text: (B, S), pool(hidden), or W pool(hidden) + b where a `size` S is given.

    norm: divided by its length, so that ‖y - ŷ‖² = 2 (1 - cosine): what a sentence encoder
    learns from a larger one (Reimers & Gurevych 2020, arxiv.org/abs/2004.09813).
    """

    def __init__(self, width: int, size: int | None = None, pool: str = "mean", norm: bool = True):
        super().__init__()
        self.config = {"width": width, "size": size, "pool": pool, "norm": norm}
        self.pool, self.norm = pool, norm
        self.linear = nn.Linear(width, size) if size else nn.Identity()

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        vectors = self.linear(pool(hidden, mask, self.pool)).float()  # (B, S)
        return F.normalize(vectors, dim=-1) if self.norm else vectors


class TagHead(nn.Module):
    """logits = W dropout(hidden) + b: (B, T, C), one row a token."""

    def __init__(self, width: int, classes: int, dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "classes": classes, "dropout": dropout}
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, classes)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(hidden))  # (B, T, C)


class LanguageHead(nn.Module):
    """logits = W hidden (+ b): (B, T, V), one row a token, for the next or a masked one.

    `LanguageHead.tied(body)` takes the body's own word table as W (Press & Wolf 2017,
    arxiv.org/abs/1608.05859); `LanguageHead(D, V)` has one of its own.
    """

    def __init__(self, width: int, vocabulary: int, bias: bool = False, tie: Tensor | None = None):
        super().__init__()
        self.config = {"width": width, "vocabulary": vocabulary, "bias": bias}
        if tie is not None and tie.shape != (vocabulary, width):
            raise KitError(
                f"a word table of shape {tuple(tie.shape)} cannot be tied to logits of "
                f"{(vocabulary, width)}: give its vocabulary and width, or tie=None."
            )
        self.weight = nn.Parameter(torch.randn(vocabulary, width) * 0.02) if tie is None else tie
        self.bias = nn.Parameter(torch.zeros(vocabulary)) if bias else None

    @classmethod
    def tied(cls, body: nn.Module, bias: bool = False) -> "LanguageHead":
        """A head whose W is the word table of the body: one parameter with two uses."""
        table = body.embedding.weight  # (V, D)
        return cls(table.shape[1], table.shape[0], bias, tie=table)

    def words(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """What the logits are made of, for `kit.loss.word_loss`: hidden (B, T, D), W, b."""
        return hidden, self.weight, self.bias

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return linear(*self.words(hidden, mask))  # (B, T, V)


class SequenceHead(nn.Module):
    """logits of a target sequence: (B, U, V), from a decoder that reads the target so far and
    attends to the body's hidden states.

    decoder: a causal body that also takes a memory, decoder(ids, mask, memory, memory_mask)
    -> (B, U, D): a Transformer or an RNN with `cross=True` in its config. target (B, U) is what
    the decoder has read, <s> y₁ … yᵤ₋₁, padded on the right; row u of the logits is for yᵤ.
    The output is tied to the decoder's word table. The memory is normalised: an RNN's states are
    so small that attention would hardly tell them apart; norm=False where a source does not.
    """

    def __init__(self, width: int, decoder: nn.Module, norm: bool = True):
        super().__init__()
        self.config = {"width": width, "decoder": decoder, "norm": norm}
        same = width == decoder.width
        self.bridge = nn.Sequential(
            nn.Identity() if same else nn.Linear(width, decoder.width),
            nn.LayerNorm(decoder.width) if norm else nn.Identity(),
        )
        self.decoder = decoder
        self.output = LanguageHead.tied(decoder)

    def words(self, hidden: Tensor, mask: Tensor, target: Tensor) -> tuple:
        """What the logits are made of: the decoder's hidden states (B, U, D), W, b."""
        real = torch.ones_like(target, dtype=torch.bool)  # causal: padding on the right is not seen
        return self.output.words(self.decoder(target, real, self.bridge(hidden), mask), real)

    def forward(self, hidden: Tensor, mask: Tensor, target: Tensor) -> Tensor:
        return linear(*self.words(hidden, mask, target))  # (B, U, V)
