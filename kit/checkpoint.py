"""A source on disk: weights, vocabulary, and what made them."""

from dataclasses import dataclass, field

from torch import nn

from kit.tokens import Tokens

__all__ = ["Source"]


@dataclass
class Source:
    """A pretrained model: what there is to migrate from."""

    name: str
    body: nn.Module
    tokens: Tokens
    head: nn.Module | None = None
    """Its language head, if it has one."""
    card: dict = field(default_factory=dict)
    """What made it: data, licence, recipe, seed, scores."""
