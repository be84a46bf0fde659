"""Positions without rotation: fixed vectors that are added to the embeddings, and learned numbers
that are added to the scores of attention.

B batch, T new tokens, S tokens so far, H heads, D width.
"""

import math

import torch
from torch import Tensor, nn

__all__ = ["RelativeBias", "sinusoids"]

BASE = 10000.0


def sinusoids(positions: Tensor, like: Tensor) -> Tensor:
    """The vector of each position t, of D numbers in the type of `like` (..., D): the sines of
    t / 10000^(2 i / D) for i = 0, 1, ..., then the cosines (Vaswani et al. 2017,
    arxiv.org/abs/1706.03762, in the order of Marian).
    """
    width = like.shape[-1]
    i = torch.arange((width + 1) // 2, dtype=torch.float64, device=positions.device)
    angles = positions[..., None] / BASE ** (2 * i / width)  # (..., D / 2)
    return torch.cat((angles.sin(), angles.cos()[..., : width // 2]), -1).to(like.dtype)


class RelativeBias(nn.Embedding):
    """What is added to the scores of attention: a learned number for each head and each bucket of
    distances (Raffel et al. 2020, arxiv.org/abs/1910.10683). All blocks share it.

    buckets: an encoder has half of them for tokens after the reader; of the rest, half are for one
    distance each, and the others grow by powers up to the distance `farthest`.
    """

    def __init__(self, heads: int, buckets: int, farthest: int, causal: bool) -> None:
        super().__init__(buckets, heads)
        self.farthest, self.causal = farthest, causal

    def forward(self, visible: Tensor | None, queries: Tensor, keys: Tensor) -> Tensor:
        """(B or 1, H, T, S): the numbers, and -∞ where a query may not see a key.

        queries (T,) or (B, T) and keys (S,) or (B, S): positions. visible: that of `attend`, None
        where every key, or with `causal` every key before a query, may be seen.
        """
        distances = keys[..., None, :] - queries[..., None]  # (B, T, S) or (T, S)
        bias = super().forward(self.buckets(distances)).movedim(-1, -3)  # (B, H, T, S) or (H, T, S)
        bias = bias if bias.ndim == 4 else bias[None]
        if visible is None and self.causal:
            new, all_ = distances.shape[-2:]
            visible = torch.ones(new, all_, dtype=torch.bool, device=keys.device).tril(all_ - new)
        return bias if visible is None else bias.masked_fill(~visible, -torch.inf)

    def buckets(self, distances: Tensor) -> Tensor:
        """The bucket of each distance from a reader to what it reads, negative for what is before
        it."""
        count, first = self.num_embeddings, 0
        if self.causal:
            distances = -distances.clamp(max=0)
        else:
            count //= 2
            first, distances = (distances > 0).long() * count, distances.abs()
        single = count // 2
        powers = (distances.clamp(min=1).float() / single).log() / math.log(self.farthest / single)
        far = (single + (powers * (count - single)).long()).clamp(max=count - 1)
        return first + torch.where(distances < single, distances, far)
