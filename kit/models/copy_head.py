"""Pointer-generator head: it writes from the vocabulary or copies from the source.

A small model cannot spell names that it has not seen in training, but it can copy them.

B batch, T tokens of the source, U tokens of the target, D width, V vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kit.models.heads import SequenceHead
from kit.models.linear import linear

__all__ = ["CopyHead", "Mixture", "mixture", "predicted"]

MIN_PROBABILITY = 1e-9
"""Lower bound of a probability, so that its logarithm is finite."""


class Mixture(NamedTuple):
    """The parts of the probability of the next token."""

    vocabulary: Tensor
    """(B, U, V) probabilities of writing each token of the vocabulary."""
    attention: Tensor
    """(B, U, T) probabilities of copying each token of the source."""
    gate: Tensor
    """(B, U, 1) g, the probability of writing; 1 - g is that of copying."""


def mixture(parts: Mixture, ids: Tensor) -> Tensor:
    """p(y) = g · p_vocabulary(y) + (1 - g) · Σ a_j over the tokens j of the source that are y.

    ids (B, T) -> p (B, U, V); each row sums to 1. (See, Liu & Manning 2017,
    arxiv.org/abs/1704.04368, equation 9.)
    """
    copied = (1 - parts.gate) * parts.attention  # (B, U, T)
    where = ids[:, None].expand_as(copied)
    return (parts.gate * parts.vocabulary).scatter_add(-1, where, copied)


def predicted(parts: Mixture, ids: Tensor) -> Tensor:
    """log p(y), (B, U, V). They can be used as logits, since softmax(log p) = p."""
    return mixture(parts, ids).clamp_min(MIN_PROBABILITY).log()


class CopyHead(SequenceHead):
    """log p of a target sequence, (B, U, V), whose tokens are written or copied (`mixture`).

    With h the decoder's hidden state, z = W h its logits, m_j the memory, x_j the source's tokens
    and y the target so far:

    n_j = [x_{j-1} = y_{u-1}],  i_j = n_j [x_j goes on within a word]
    a = softmax_j( (Q h + q)·m_j / √D + λ z[x_j] + β n_j + δ i_j - γ [x_j in y] (1 - i_j) )
    g = σ( w · [h; Σ a_j m_j] + b - ε max_j i_j )

    The learned numbers: q prefers source tokens whatever the target is; λ prefers tokens that the
    decoder would write; β continues a copy at the next source token, δ more so within a word,
    where ε also lowers the probability of writing; γ avoids tokens that the target has already (a
    simple coverage). Source and target share one vocabulary. log p are used as logits: softmax
    gives p, so that loss and generation are those of other heads.

    within_word (V,): True for tokens that continue a word; None for no such token.
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
        continues_word = torch.zeros(decoder.config.vocabulary, dtype=torch.bool)
        if within_word is not None:
            continues_word[: len(within_word)] = within_word
        self.register_buffer("inner", continues_word)

    def forward(self, hidden: Tensor, mask: Tensor, target: Tensor, ids: Tensor) -> Tensor:
        return predicted(self.parts(hidden, mask, target, ids), ids)  # (B, U, V)

    def parts(self, hidden: Tensor, mask: Tensor, target: Tensor, ids: Tensor) -> Mixture:
        """The mixture for each token of the given target; the arguments are those of `forward`."""
        memory = self.bridge(hidden)
        # The decoder is causal, so no token sees the padding on its right: no mask is needed.
        no_padding = torch.ones_like(target, dtype=torch.bool)
        h = self.decoder(target, no_padding, memory, mask)
        return self.mix(h, memory, mask, ids, target)

    def mix(self, h: Tensor, memory: Tensor, mask: Tensor, ids: Tensor, target: Tensor) -> Mixture:
        """The mixture from h (B, U, D), the decoder's states of the last U tokens of `target`.

        memory (B, T, D), mask (B, T) and ids (B, T) are those of the source.
        """
        z = linear(*self.output.words(h, mask)).float()  # (B, U, V)
        source_logits = z.gather(-1, ids[:, None].expand(-1, h.shape[1], -1))  # (B, U, T)
        goes_on, repeats = _history(ids, mask, target, h.shape[1])
        within = goes_on * self.inner[ids][:, None]
        like, follow, again, inside, closed = self.weights
        scores = (self.query(h) @ memory.mT).float() * h.shape[-1] ** -0.5
        scores = scores + like * source_logits + follow * goes_on + inside * within
        scores = scores - again * repeats * (1 - within)
        a = scores.masked_fill(~mask[:, None], torch.finfo(scores.dtype).min).softmax(-1)
        context = a.to(memory.dtype) @ memory  # (B, U, D)
        g = self.gate(torch.cat([h, context], -1)).float()  # (B, U, 1)
        g = (g - closed * within.amax(-1, keepdim=True)).sigmoid()
        return Mixture(z.softmax(-1), a, g)


def _history(ids: Tensor, mask: Tensor, target: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """For the last `steps` tokens of the target, (B, U, T) each: whether the real token before x_j
    is the one just written, and whether x_j has been written; False where x_j is padding."""
    places = torch.arange(ids.shape[1], device=ids.device)
    latest = torch.where(mask, places, -1).cummax(1).values  # the last real token up to j
    latest = torch.cat([torch.full_like(latest[:, :1], -1), latest[:, :-1]], 1)  # before j
    before = ids.gather(1, latest.clamp(min=0)).masked_fill(latest < 0, -1)  # x_{j-1}
    same = target[:, :, None] == ids[:, None]  # (B, U, T)
    goes_on = (target[:, -steps:, None] == before[:, None]) & mask[:, None]
    repeats = same.cumsum(1)[:, -steps:] > 0
    return goes_on.float(), repeats.float()
