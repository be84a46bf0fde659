"""Migrate: from a source to a target, by one of the strategies in the table.

A strategy returns a `Migration` (a model, what to train in it, a report) and trains nothing. To
add one, write one function (source body, head) -> Migration and one line in `STRATEGIES`.
"""

import copy
from collections.abc import Callable

import torch
from torch import nn

from kit.errors import KitError
from kit.migrate.migration import Migration, Origin, migration
from kit.migrate.parameter import frozen, full
from kit.migrate.structure import from_scratch

__all__ = ["STRATEGIES", "Migration", "Origin", "migrate", "migration"]

STRATEGIES: dict[str, Callable[..., Migration]] = {
    "from_scratch": from_scratch,
    "full": full,
    "frozen": frozen,
}
"""Every strategy by name: (body of the source, head, **options) -> Migration."""


def migrate(
    source,
    head: Callable[[int], nn.Module],
    strategy: str = "full",
    *,
    seed: int = 0,
    **options,
) -> Migration:
    """A target for a new task, made from `source` by one of `STRATEGIES`.

    source: a `kit.checkpoint.Source`; it is copied, never changed.
    head: from the width D to the task's head, `lambda width: ClassHead(width, 2)`; it is fresh.
    seed: decides every fresh value, the head's first: the same head under any strategy.
    options: those of the strategy (`rate`, ...).
    """
    if strategy not in STRATEGIES:
        raise KitError(f"strategy {strategy!r} is unknown: choose one of {list(STRATEGIES)}.")
    torch.manual_seed(seed)
    fresh = head(source.body.width)
    result = STRATEGIES[strategy](copy.deepcopy(source.body), fresh, **options)
    result.strategy, result.source = strategy, source.name
    return result
