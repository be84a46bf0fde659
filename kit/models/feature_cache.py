"""What is never trained need be computed once only.

B batch, T tokens, D width.
"""

import copy

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models.transformer import Transformer

__all__ = ["FeatureCache"]


class FeatureCache(nn.Module):
    """A Transformer that remembers what its lowest, frozen blocks say of each text: ids (B, T)
    -> hidden (B, T, D), the same as the body's, but the second time only what lies above is run.

    Frozen are the embeddings and blocks of which nothing is trained, from below. Make it once a
    strategy has frozen them: a head on 15 frozen blocks is then trained in a second, however often
    it sees the texts. `known`: ids of a text -> (T, D), 4 D bytes a token; `known.clear()` forgets.
    Raises KitError where nothing is frozen, and for a body that is not a plain Transformer.
    """

    def __init__(self, body: Transformer) -> None:
        super().__init__()
        if type(body) is not Transformer or body.config.cross:
            raise KitError(f"{type(body).__name__}: only a Transformer without memory can be kept.")
        parts = [body.embed, *body.blocks]
        still = next((i for i, part in enumerate(parts) if _trained(part)), len(parts)) - 1
        if still < 1:
            raise KitError(
                "the lowest block is to be trained, so there is nothing to remember: choose a "
                'strategy that freezes it, "frozen" or "top_layers".'
            )
        self.config, self.width = body.config, body.width
        self.lower = _part(body, embed=body.embed, blocks=body.blocks[:still], norm=nn.Identity())
        self.upper = _part(body, embed=nn.Identity(), blocks=body.blocks[still:], norm=body.norm)
        self.known: dict[tuple[int, ...], Tensor] = {}

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
        rows = [tuple(row[real].tolist()) for row, real in zip(ids, mask, strict=True)]
        if any(row not in self.known for row in rows):
            with torch.no_grad():
                states = self.lower.eval()(ids, mask)  # without dropout: this is kept
            found = (s[real].clone() for s, real in zip(states, mask, strict=True))
            self.known |= zip(rows, found, strict=True)
        states = torch.cat([self.known[row] for row in rows])
        hidden = states.new_zeros(*ids.shape, self.width).masked_scatter(mask[..., None], states)
        return self.upper(ids, mask, states=hidden)

    @property
    def embedding(self) -> nn.Embedding:
        """The word table (V, D)."""
        return self.lower.embedding


def _trained(part: nn.Module) -> bool:
    return any(p.requires_grad for p in part.parameters())


def _part(body: Transformer, **modules: nn.Module) -> Transformer:
    """The same body with other modules; their values are shared, not copied."""
    made = copy.copy(body)
    made._modules = {name: modules.get(name, part) for name, part in body._modules.items()}
    return made
