"""Structure migration to any architecture: with fresh values (the control), or copied by name."""

import copy

from torch import nn

from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    group,
    is_moved,
    migration,
)
from kit.migrate.transfer import transfer

__all__ = ["anew", "follow", "from_scratch", "into"]


def from_scratch(body: nn.Module, head: nn.Module, *, rate: float = 3e-4) -> Migration:
    """The source's architecture with fresh values, all trained: the control.

    The difference in score between a strategy and this one is the effect of the source's values.
    """
    weight_map = WeightMap(body, head)
    fresh = type(body)(body.config)
    if is_moved(head):
        tie = {"tie": fresh.embedding.weight} if _tied(head, body) else {}
        head = anew(head, **tie)
    return migration(fresh, head, weight_map, [group(rate, fresh, head)])


def anew(head: nn.Module, **changes) -> nn.Module:
    """A head of the same config with fresh values, those of its decoder too.

    changes: values of the config that replace the head's own.
    """
    config = {
        name: type(value)(value.config) if isinstance(value, nn.Module) else value
        for name, value in head.config.items()
    }
    return type(head)(**config | changes)


def _tied(head: nn.Module, body: nn.Module) -> bool:
    return getattr(head, "weight", None) is body.embedding.weight


def follow(head: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Tie a head that is tied to the old body's token embeddings to the new body's."""
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
    """Copy the source's values into a body of your own, by name, and train all parameters.

    target: the body; it is copied.
    names, fresh: as in `kit.migrate.transfer`. Without them the source must have a tensor of the
        name and shape of each of the target's; a KitError names those that it lacks.
    """
    weight_map = WeightMap(body, head)
    target = copy.deepcopy(target)
    transfer(body, target, weight_map, names=names, fresh=fresh)
    if target.width != body.width:
        head = type(head)(**head.config | {"width": target.width})
    return migration(target, head, weight_map, both(rate, head_rate, head, target))
