"""Heads: they turn the hidden states of any body into logits, scores or vectors for a task.

B batch, T tokens, U tokens of a target, D width, C classes, V vocabulary.
mask (B, T) is True where there is a token; padding may be anywhere.
Each head has a dict `.config`: type(head)(**head.config) is a head of the same shape with fresh
values. `needs_ids = True` on a head says that its forward also takes the ids that the body read.
"""

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.models.linear import linear
from kit.models.quantized_matrix import dense
from kit.models.sizes import check_shares, check_sizes

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
    """One vector for each text: the mean of its tokens' hidden states, or its "first" or "last".

    hidden (B, T, D), mask (B, T) -> (B, D). A text without a token gives zeros.
    """
    if how == "mean":
        hidden = hidden.masked_fill(~mask[..., None], 0)  # (B, T, D)
        return hidden.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)  # (B, D)
    check_pool(how)
    order = mask.int() if how == "first" else mask.int().cumsum(1)
    rows = torch.arange(len(mask), device=mask.device)
    return hidden[rows, order.argmax(1)] * mask.any(1, keepdim=True)  # (B, D)


def check_pool(how: str) -> None:
    """Raise KitError for an unknown way to pool."""
    if how not in ("mean", "first", "last"):
        raise KitError(f'pool={how!r} is unknown: give "mean", "first" or "last".')


def check_head(config: dict) -> None:
    """Raise KitError for a size below 1, a dropout that is no share, and an unknown pooling."""
    sizes = [name for name in ("width", "classes", "vocabulary") if name in config]
    if config.get("size") is not None:
        sizes.append("size")
    values = SimpleNamespace(**config)
    check_sizes(values, dict.fromkeys(sizes, 1))
    if "dropout" in config:
        check_shares(values, "dropout")
    if "pool" in config:
        check_pool(config["pool"])


class ClassHead(nn.Module):
    """Classifier: logits = W dropout(pool(hidden)) + b, (B, C), one row per text."""

    def __init__(self, width: int, classes: int, pool: str = "mean", dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "classes": classes, "pool": pool, "dropout": dropout}
        check_head(self.config)
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, classes)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(pool(hidden, mask, self.pool)))  # (B, C)


class RatingHead(nn.Module):
    """Regression: ŷ = w · dropout(pool(hidden)) + b, (B,), one number per text."""

    def __init__(self, width: int, pool: str = "mean", dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "pool": pool, "dropout": dropout}
        check_head(self.config)
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(pool(hidden, mask, self.pool)))[:, 0]  # (B,)


class VectorHead(nn.Module):
    """Text vectors (B, S): pool(hidden), or W pool(hidden) + b where a `size` S is given.

    norm=True divides each vector by its length, so that the squared error of two of them is
    ‖y - ŷ‖² = 2 (1 - cosine): the loss with which a sentence encoder learns from a larger one
    (Reimers & Gurevych 2020, arxiv.org/abs/2004.09813).
    """

    def __init__(self, width: int, size: int | None = None, pool: str = "mean", norm: bool = True):
        super().__init__()
        self.config = {"width": width, "size": size, "pool": pool, "norm": norm}
        check_head(self.config)
        self.pool, self.norm = pool, norm
        self.linear = nn.Linear(width, size) if size else nn.Identity()

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        vectors = self.linear(pool(hidden, mask, self.pool)).float()  # (B, S)
        return F.normalize(vectors, dim=-1) if self.norm else vectors


class TagHead(nn.Module):
    """Tagger: logits = W dropout(hidden) + b, (B, T, C), one row per token."""

    def __init__(self, width: int, classes: int, dropout: float = 0.1):
        super().__init__()
        self.config = {"width": width, "classes": classes, "dropout": dropout}
        check_head(self.config)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, classes)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.linear(self.dropout(hidden))  # (B, T, C)


class LanguageHead(nn.Module):
    """Language model: logits = W hidden (+ b), (B, T, V), of the next token or of a masked one.

    `LanguageHead.tied(body)` uses the body's token embeddings as W (weight tying, Press & Wolf
    2017, arxiv.org/abs/1608.05859); `LanguageHead(D, V)` has its own W. tie: the parameter (V, D)
    to share; a KitError says so where its shape is another one. softcap: c, with which a logit z
    becomes c tanh(z / c) (Gemma 2). scale: s of logits = W (s hidden) (T5: 1 / √D).
    """

    def __init__(
        self,
        width: int,
        vocabulary: int,
        bias: bool = False,
        tie: Tensor | None = None,
        softcap: float | None = None,
        scale: float = 1.0,
    ):
        super().__init__()
        self.config = {"width": width, "vocabulary": vocabulary, "bias": bias}
        if softcap is not None:
            self.config["softcap"] = softcap
        if scale != 1:
            self.config["scale"] = scale
        self.softcap, self.scale = softcap, scale
        check_head(self.config)
        if tie is not None and tie.shape != (vocabulary, width):
            raise KitError(
                f"token embeddings of shape {tuple(tie.shape)} cannot be tied to a matrix W of "
                f"{(vocabulary, width)}: give their vocabulary and width, or tie=None."
            )
        self.weight = nn.Parameter(torch.randn(vocabulary, width) * 0.02) if tie is None else tie
        self.bias = nn.Parameter(torch.zeros(vocabulary)) if bias else None

    @classmethod
    def tied(
        cls, body: nn.Module, bias: bool = False, softcap: float | None = None, scale: float = 1.0
    ) -> "LanguageHead":
        """A head whose W is the body's token embeddings: one parameter with two uses.

        Raises KitError for a body whose table has not a trainable row for each token.
        """
        table = getattr(body.embedding, "weight", None)  # (V, D)
        vocabulary = getattr(getattr(body, "config", None), "vocabulary", None)
        if table is None or vocabulary not in (None, len(table)):
            raise KitError(
                f"the token embeddings of this {type(body).__name__} are no matrix with a row for "
                f"each of its {vocabulary:,} tokens, so that no head can be tied to them: give "
                "LanguageHead(body.width, vocabulary)."
            )
        sizes = table.shape[1], table.shape[0]
        return cls(*sizes, bias, tie=table, softcap=softcap, scale=scale)

    def words(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """The factors of the logits, for `kit.loss.word_loss`: s hidden (B, T, D), W, b.

        A quantized W is expanded. With a softcap they are factors of what is capped, and
        `word_loss` must not be used.
        """
        return self.scaled(hidden), dense(self.weight), self.bias

    def scaled(self, hidden: Tensor) -> Tensor:
        """s hidden."""
        return hidden if self.scale == 1 else hidden * self.scale

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        logits = linear(self.scaled(hidden), self.weight, self.bias)  # (B, T, V)
        return logits if self.softcap is None else self.softcap * (logits / self.softcap).tanh()


class SequenceHead(nn.Module):
    """Head of an encoder-decoder: logits (B, U, V) of a target sequence, from a decoder.

    decoder: a Transformer or an RNN with `cross=True`, decoder(ids, mask, memory, memory_mask)
    -> (B, U, D). The memory is the body's hidden states, projected to the decoder's width where
    the widths differ. target (B, U) is <s> y₁ … yᵤ₋₁, padded on the right; row u of the logits is
    for yᵤ. The output matrix is tied to the decoder's token embeddings, unless tied=False.
    norm: LayerNorm on the memory. An RNN's hidden states are so small that without it attention
    is nearly uniform; give norm=False for a source that was trained without.
    bias, scale: of the output (`LanguageHead`).
    """

    needs_ids = False

    def __init__(
        self,
        width: int,
        decoder: nn.Module,
        norm: bool = True,
        *,
        tied: bool = True,
        bias: bool = False,
        scale: float = 1.0,
    ):
        super().__init__()
        self.config = {"width": width, "decoder": decoder, "norm": norm}
        others = {"tied": (tied, True), "bias": (bias, False), "scale": (scale, 1.0)}
        self.config |= {
            name: value for name, (value, default) in others.items() if value != default
        }
        same = width == decoder.width
        self.bridge = nn.Sequential(
            nn.Identity() if same else nn.Linear(width, decoder.width),
            nn.LayerNorm(decoder.width) if norm else nn.Identity(),
        )
        self.decoder = decoder
        if tied:
            self.output = LanguageHead.tied(decoder, bias, scale=scale)
        else:
            self.output = LanguageHead(*decoder.embedding.weight.shape[::-1], bias, scale=scale)

    def words(self, hidden: Tensor, mask: Tensor, target: Tensor) -> tuple:
        """The factors of the logits, for `kit.loss.word_loss`: decoder states (B, U, D), W, b."""
        # The decoder is causal, so no token sees the padding on its right: no mask is needed.
        no_padding = torch.ones_like(target, dtype=torch.bool)
        states = self.decoder(target, no_padding, self.bridge(hidden), mask)
        return self.output.words(states, no_padding)

    def forward(self, hidden: Tensor, mask: Tensor, target: Tensor) -> Tensor:
        return linear(*self.words(hidden, mask, target))  # (B, U, V)
