"""Structure migration to any architecture: fresh values (the control), or values by name."""

import copy

from torch import nn

from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    is_pretrained,
    group,
    migration,
)
from kit.migrate.transfer import transfer

__all__ = ["anew", "follow", "from_scratch", "into"]


def from_scratch(body: nn.Module, head: nn.Module, *, rate: float = 3e-4) -> Migration:
    """The source's architecture with fresh values, everything trained: the control.

    What a strategy reaches beyond it is what the source's values are worth.
    """
    weight_map, fresh = WeightMap(body, head), type(body)(body.config)
    if is_pretrained(head):
        head = anew(head, **{"tie": fresh.embedding.weight} if _tied(head, body) else {})
    return migration(fresh, head, weight_map, [group(rate, fresh, head)])


def anew(head: nn.Module, **changes) -> nn.Module:
    """The same head with fresh values, those of a decoder in it too."""
    config = {
        name: type(value)(value.config) if isinstance(value, nn.Module) else value
        for name, value in head.config.items()
    }
    return type(head)(**config | changes)


def _tied(head: nn.Module, body: nn.Module) -> bool:
    return getattr(head, "weight", None) is body.embedding.weight


def follow(head: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """A head that is tied to the old body's word table is tied to the new one's."""
    if _tied(head, old):
        head.weight = new.embedding.weight


def into(
    body: nn.Module,
    head: nn.Module,
    *,
    target: nn.Module,
    names: dict[str, str] | None = None,
    fresh: tuple[str, ...] = (),
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """Copy the source's values into a body of your own, by name, and train all.

    names, fresh: as in `kit.migrate.transfer`; without them every tensor of the target must have
    a twin of its shape, and a KitError names those that have none.
    """
    weight_map, target = WeightMap(body, head), copy.deepcopy(target)
    transfer(body, target, weight_map, names=names, fresh=fresh)
    if target.width != body.width:
        head = type(head)(**head.config | {"width": target.width})
    return migration(target, head, weight_map, both(rate, head_rate, head, target))
