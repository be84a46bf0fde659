"""Ensemble: several encoder-decoders write one text together.

B batch, T tokens read, U tokens written, V vocabulary; member j has width Dⱼ.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.guards import guarded, models_of
from kit.models.heads import SequenceHead
from kit.models.model import Model

__all__ = ["ensemble"]


@guarded("ensemble([first, second])", members=models_of)
def ensemble(members: Sequence[nn.Module]) -> Model:
    """A model whose next token has the mean of the members' log-probabilities:

    log p(y | x) = (1/k) Σⱼ log pⱼ(y | x), up to a constant

    The geometric mean of the members (Sennrich et al. 2016, arxiv.org/abs/1606.02891). It is for
    `generate`, greedy or with beams, and costs k times as much as one member; it is not trained.
    Raises KitError for no members, for one that is no encoder-decoder, and for members of different
    vocabularies.
    """
    if not members:
        raise KitError("an ensemble of no models: give at least one.")
    sizes = set()
    for number, member in enumerate(members):
        if not isinstance(member.head, SequenceHead) or member.head.needs_ids:
            raise KitError(
                f"member {number} has a {type(member.head).__name__}: an ensemble is made of "
                "encoder-decoders, each with a SequenceHead."
            )
        sizes.add(len(member.head.output.weight))
    if len(sizes) > 1:
        raise KitError(
            f"the members write vocabularies of {sorted(sizes)} tokens: give models that share one."
        )
    return Model(_Bodies([m.body for m in members]), _Heads([m.head for m in members])).eval()


class _Bodies(nn.Module):
    """The members' hidden states, side by side: (B, T, ΣDⱼ)."""

    def __init__(self, bodies: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(bodies)
        self.width = sum(body.width for body in bodies)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        return torch.cat([body(ids, mask) for body in self.members], -1)


class _Heads(SequenceHead):
    """The members' bridges, decoders and outputs, each on its share of the numbers."""

    def __init__(self, heads: Sequence[SequenceHead]) -> None:
        nn.Module.__init__(self)
        self.bridge = _Bridges(heads)
        self.decoder = _Decoders(heads)
        self.output = _Outputs(heads)


class _Bridges(nn.Module):
    def __init__(self, heads: Sequence[SequenceHead]) -> None:
        super().__init__()
        self.members = nn.ModuleList(head.bridge for head in heads)
        self.sizes = [head.config["width"] for head in heads]

    def forward(self, hidden: Tensor) -> Tensor:
        parts = hidden.split(self.sizes, -1)
        return torch.cat([m(part) for m, part in zip(self.members, parts, strict=True)], -1)


class _Decoders(nn.Module):
    def __init__(self, heads: Sequence[SequenceHead]) -> None:
        super().__init__()
        self.members = nn.ModuleList(head.decoder for head in heads)
        self.sizes = [head.decoder.width for head in heads]
        self.width = sum(self.sizes)
        self.config = heads[0].decoder.config

    def cache(self, batch: int, length: int) -> "_Caches":
        return _Caches([decoder.cache(batch, length) for decoder in self.members])

    def forward(self, ids, mask=None, memory=None, memory_mask=None, cache=None) -> Tensor:
        """Hidden states of all members (B, U, ΣDⱼ)."""
        caches = cache.members if cache else [None] * len(self.members)
        parts = zip(self.members, memory.split(self.sizes, -1), caches, strict=True)
        return torch.cat([d(ids, mask, m, memory_mask, c) for d, m, c in parts], -1)


class _Caches:
    """One cache for each member."""

    def __init__(self, members: list) -> None:
        self.members = members

    @property
    def used(self) -> int:
        return self.members[0].used

    def reorder(self, rows: Tensor) -> None:
        for member in self.members:
            member.reorder(rows)


class _Outputs(nn.Module):
    def __init__(self, heads: Sequence[SequenceHead]) -> None:
        super().__init__()
        self.members = nn.ModuleList(head.output for head in heads)
        self.sizes = [head.decoder.width for head in heads]

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Mean log-probabilities (B, U, V)."""
        parts = zip(self.members, hidden.split(self.sizes, -1), strict=True)
        return torch.stack([m(part, mask).float().log_softmax(-1) for m, part in parts]).mean(0)
