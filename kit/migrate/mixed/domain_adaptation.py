"""Domain adaptation first (ULMFiT): the source reads the task's texts, then it is migrated."""

from collections.abc import Callable

import torch
from torch import nn

from kit.migrate.migration import Migration

__all__ = ["domain_first"]


def domain_first(
    body: nn.Module,
    head: nn.Module,
    *,
    adapt: Callable[[nn.Module], object],
    then: Callable[..., Migration],
    **options,
) -> Migration:
    """Let the source read the task's own texts before it is migrated: ULMFiT's three stages
    (Howard & Ruder 2018, arxiv.org/abs/1801.06146), which are pretrain, `adapt`, `then`.

    adapt: your function, which trains the body in place on texts without labels:
        `lambda body: fit(Model(body, LanguageHead.tied(body)), lines, recipe)`.
    then: any strategy, by its name in `migrate`; the options are its own. ULMFiT's is "gradual"
        (the default) with decay=1 / 2.6.
    """
    with torch.random.fork_rng(devices=[]):  # fresh values are the seed's, whatever adapt draws
        adapt(body)
    return then(body.requires_grad_(True), head, **options)
