"""Feature cache: the output of frozen blocks is computed once for each text.

B batch, T tokens, D width.
"""

import copy

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models.transformer import Transformer

__all__ = ["FeatureCache"]


class FeatureCache(nn.Module):
    """A Transformer that caches the hidden states of its lowest, frozen blocks for each text.

    ids (B, T) -> hidden (B, T, D), equal to the body's; for a text in the cache only the blocks
    above are computed. Frozen are the embeddings and the lowest blocks without a trained
    parameter: create it after a strategy has frozen them. `known` is the cache: ids of a text ->
    (T, D), 4 D bytes per token; `known.clear()` empties it. Raises KitError where nothing is
    frozen, and for a body that is not a plain Transformer.
    """

    def __init__(self, body: Transformer) -> None:
        super().__init__()
        if type(body) is not Transformer or body.config.cross:
            raise KitError(
                f"{type(body).__name__}: only a Transformer with cross=False can have a cache."
            )
        parts = [body.embed, *body.blocks]
        frozen = next((i for i, part in enumerate(parts) if _trained(part)), len(parts)) - 1
        if frozen < 1:
            raise KitError(
                "the lowest block is to be trained, so there is nothing to cache: choose a "
                'strategy that freezes it, "frozen" or "top_layers".'
            )
        self.config, self.width = body.config, body.width
        self.lower = _part(body, embed=body.embed, blocks=body.blocks[:frozen], norm=nn.Identity())
        self.upper = _part(body, embed=nn.Identity(), blocks=body.blocks[frozen:], norm=body.norm)
        self.known: dict[tuple[int, ...], Tensor] = {}

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
        rows = [tuple(row[real].tolist()) for row, real in zip(ids, mask, strict=True)]
        if any(row not in self.known for row in rows):
            with torch.no_grad():
                states = self.lower.eval()(ids, mask)  # without dropout: this is kept
            texts = (s[real].clone() for s, real in zip(states, mask, strict=True))
            self.known |= zip(rows, texts, strict=True)
        states = torch.cat([self.known[row] for row in rows])
        hidden = states.new_zeros(*ids.shape, self.width).masked_scatter(mask[..., None], states)
        return self.upper(ids, mask, states=hidden)

    @property
    def embedding(self) -> nn.Embedding:
        """The token embeddings (V, D)."""
        return self.lower.embedding


def _trained(part: nn.Module) -> bool:
    return any(p.requires_grad for p in part.parameters())


def _part(body: Transformer, **modules: nn.Module) -> Transformer:
    """The body with some modules replaced; its parameters are shared, not copied."""
    part = copy.copy(body)
    part._modules = {name: modules.get(name, module) for name, module in body._modules.items()}
    return part
