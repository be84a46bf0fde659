"""A head that writes, and may copy: small models cannot spell names that they have never seen.

B batch, T tokens of the source, U tokens of the target, D width, V vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kit.models.heads import SequenceHead
from kit.models.linear import linear

__all__ = ["CopyHead", "Mixture", "mixture", "predicted"]

LEAST = 1e-9
"""The least probability of a piece: the logarithm of nothing would be -∞."""


class Mixture(NamedTuple):
    """Where the probability of the next piece comes from."""

    vocabulary: Tensor
    """(B, U, V) p of each piece, written from the vocabulary."""
    attention: Tensor
    """(B, U, T) p of each token of the source, copied."""
    gate: Tensor
    """(B, U, 1) g, the share of the vocabulary."""


def mixture(parts: Mixture, ids: Tensor) -> Tensor:
    """p(y) = g · p_vocabulary(y) + (1 - g) · Σ a_j over the tokens j of the source that are y.

    ids (B, T) -> p (B, U, V); each row sums to 1. (See, Liu & Manning 2017,
    arxiv.org/abs/1704.04368, equation 9.)
    """
    copied = (1 - parts.gate) * parts.attention  # (B, U, T)
    where = ids[:, None].expand_as(copied)
    return (parts.gate * parts.vocabulary).scatter_add(-1, where, copied)


def predicted(parts: Mixture, ids: Tensor) -> Tensor:
    """log p(y), (B, U, V): they are logits too, as softmax leaves them as they are."""
    return mixture(parts, ids).clamp_min(LEAST).log()


class CopyHead(SequenceHead):
    """log p of a target sequence, (B, U, V), where a piece is written or copied (`mixture`).

    With h the decoder's hidden state, z = W h its logits, m_j the memory, x_j the source's tokens
    and y the target so far:

    n_j = [x_{j-1} = y_{u-1}],  i_j = n_j [x_j goes on within a word]
    a = softmax_j( (Q h + q)·m_j / √D + λ z[x_j] + β n_j + δ i_j - γ [x_j in y] (1 - i_j) )
    g = σ( w · [h; Σ a_j m_j] + b - ε max_j i_j )

    Each number has a meaning and is learnt: q, what is worth copying whatever was said; λ, how
    much a copied piece must be what the decoder would say; β, how much copying goes on where it
    was, δ, how much more so within a word, and ε, how little is written there; γ, how much it
    shuns what has been said (a simple coverage). Source and target share one vocabulary. log p are
    logits: softmax leaves them as they are, so loss and generation need not know of it.

    within_word (V,): which pieces go on within a word; None for none.
    """

    needs_ids = True

    def __init__(
        self, width: int, decoder: nn.Module, norm: bool = True, within_word: Tensor | None = None
    ):
        super().__init__(width, decoder, norm)
        self.query = nn.Linear(decoder.width, decoder.width)
        self.gate = nn.Linear(2 * decoder.width, 1)
        self.weights = nn.Parameter(torch.tensor([1.0, 4.0, 4.0, 4.0, 4.0]))  # λ, β, γ, δ, ε
        nn.init.zeros_(self.query.bias)
        nn.init.zeros_(self.gate.bias)
        goes_on = torch.zeros(decoder.config.vocabulary, dtype=torch.bool)
        if within_word is not None:
            goes_on[: len(within_word)] = within_word
        self.register_buffer("inner", goes_on)

    def forward(self, hidden: Tensor, mask: Tensor, target: Tensor, ids: Tensor) -> Tensor:
        return predicted(self.parts(hidden, mask, target, ids), ids)  # (B, U, V)

    def parts(self, hidden: Tensor, mask: Tensor, target: Tensor, ids: Tensor) -> Mixture:
        """The mixture behind the logits of each target token, with the target as it stands."""
        memory = self.bridge(hidden)
        real = torch.ones_like(target, dtype=torch.bool)  # causal: padding on the right is not seen
        h = self.decoder(target, real, memory, mask)
        return self.mix(h, memory, mask, ids, target)

    def mix(self, h: Tensor, memory: Tensor, mask: Tensor, ids: Tensor, target: Tensor) -> Mixture:
        """h (B, U, D), the decoder's states of the last U tokens of `target`; memory (B, T, D)."""
        z = linear(*self.output.words(h, mask)).float()  # (B, U, V)
        said = z.gather(-1, ids[:, None].expand(-1, h.shape[1], -1))  # (B, U, T)
        goes_on, repeats = _history(ids, target, h.shape[1])
        within = goes_on * self.inner[ids][:, None]
        like, follow, again, inside, closed = self.weights
        scores = (self.query(h) @ memory.mT).float() * h.shape[-1] ** -0.5
        scores = scores + like * said + follow * goes_on + inside * within
        scores = scores - again * repeats * (1 - within)
        a = scores.masked_fill(~mask[:, None], torch.finfo(scores.dtype).min).softmax(-1)
        context = a.to(memory.dtype) @ memory  # (B, U, D)
        g = self.gate(torch.cat([h, context], -1)).float()  # (B, U, 1)
        g = (g - closed * within.amax(-1, keepdim=True)).sigmoid()
        return Mixture(z.softmax(-1), a, g)


def _history(ids: Tensor, target: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """For the last `steps` tokens of the target, (B, U, T) each: whether the token before x_j is
    the one just written, and whether x_j has been written."""
    before = torch.cat([torch.full_like(ids[:, :1], -1), ids[:, :-1]], 1)  # x_{j-1}
    same = target[:, :, None] == ids[:, None]  # (B, U, T)
    goes_on = target[:, -steps:, None] == before[:, None]
    repeats = same.cumsum(1)[:, -steps:] > 0
    return goes_on.float(), repeats.float()
