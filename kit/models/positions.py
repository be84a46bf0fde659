"""Positions without rotation: fixed vectors that are added to the embeddings.

T tokens, D width.
"""

import torch
from torch import Tensor

__all__ = ["sinusoids"]

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
