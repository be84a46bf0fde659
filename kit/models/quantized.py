"""QuantizedEmbedding: token embeddings in 4 bits a number, expanded only where they are read.

V vocabulary, D width.
"""

import torch
from torch import Tensor, nn

from kit.errors import KitError

__all__ = ["BLOCK", "QuantizedEmbedding", "expand"]

BLOCK = 32
"""Numbers that share a scale."""


def expand(numbers: Tensor, scales: Tensor) -> Tensor:
    """x = scale · (n - 8), n being whole numbers of 4 bits: llama.cpp's Q4_0.

    numbers (..., D / 2) uint8: of each block of 32 numbers 16 bytes, the low halves of which are
    the first 16. scales (..., D / 32) -> (..., D) in float32, or in the type of wider scales.
    """
    kind = torch.float32 if scales.dtype == torch.float16 else scales.dtype
    pairs = numbers.unflatten(-1, (-1, BLOCK // 2))  # (..., D / 32, 16)
    n = torch.cat([pairs & 15, pairs >> 4], -1).to(kind) - 8
    return (n * scales[..., None].to(kind)).flatten(-2)


class QuantizedEmbedding(nn.Module):
    """ids (...) -> embeddings (..., D), from a table (V, D) of 4 bits a number.

    The table takes .56 bytes a number in place of 4, and has no gradient: it is never trained.
    Raises KitError for a width that is no multiple of 32.
    """

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        if width % BLOCK:
            raise KitError(f"width={width}: a table in 4 bits needs a multiple of {BLOCK}.")
        self.num_embeddings, self.embedding_dim = vocabulary, width
        numbers = torch.randint(256, (vocabulary, width // 2), dtype=torch.uint8)
        # Whole numbers from -8 to 7 have a standard deviation of 4.6: fresh values have one of .02.
        scales = torch.full((vocabulary, width // BLOCK), 0.02 / 4.6, dtype=torch.float16)
        self.register_buffer("numbers", numbers)
        self.register_buffer("scales", scales)

    def forward(self, ids: Tensor) -> Tensor:
        return expand(self.numbers[ids], self.scales[ids])
