"""Structure migration: the shape moves."""

from torch import nn

from kit.migrate.migration import Migration, migration

__all__ = ["from_scratch"]


def from_scratch(body: nn.Module, head: nn.Module, *, rate: float = 3e-4) -> Migration:
    """The source's architecture with fresh values, everything trained: the control.

    What a strategy reaches beyond it is what the source's values are worth.
    """
    fresh = type(body)(body.config)
    return migration(fresh, head, moved=set(), rates={fresh: rate, head: rate})
