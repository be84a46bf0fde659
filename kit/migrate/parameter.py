"""Parameter migration: the values move."""

import dataclasses

from torch import nn

from kit.migrate.migration import Migration, migration

__all__ = ["frozen", "full"]


def full(body: nn.Module, head: nn.Module, *, rate: float = 1e-4) -> Migration:
    """Copy every value of the source and train all of them, with a fresh head."""
    moved = {name for name, _ in body.named_parameters()}
    return migration(body, head, moved=moved, rates={body: rate, head: rate})


def frozen(body: nn.Module, head: nn.Module, *, rate: float = 5e-3) -> Migration:
    """Copy every value and train the head alone: the source as a fixed map to features.

    Dropout inside the body is switched off: it would only blur features that cannot adapt.
    """
    still = type(body)(dataclasses.replace(body.config, dropout=0.0))
    still.load_state_dict(body.state_dict())
    moved = {name for name, _ in body.named_parameters()}
    return migration(still, head, moved=moved, rates={head: rate})
