"""Domain adaptation (ULMFiT): train the source on texts of the task, then migrate it."""

from collections.abc import Callable

from torch import nn

from kit.migrate.migration import Migration
from kit.runtime import random_state

__all__ = ["domain_first"]


def domain_first(
    body: nn.Module,
    head: nn.Module,
    *,
    adapt: Callable[[nn.Module], object],
    then: Callable[..., Migration],
    **options,
) -> Migration:
    """Train the source on the task's texts before it is migrated: ULMFiT's three stages
    (Howard & Ruder 2018, arxiv.org/abs/1801.06146), which are pretraining, `adapt`, `then`.

    adapt: your function, which trains the body in place on texts without labels:
        `lambda body: fit(Model(body, LanguageHead.tied(body)), lines, recipe)`.
    then: the second strategy, in `migrate` by its name; default: "gradual". ULMFiT's own has
        decay=1 / 2.6.
    options: those of the second strategy.
    """
    # The seed decides the fresh values, however many random numbers adapt draws.
    with random_state():
        adapt(body)
    return then(body.requires_grad_(True), head, **options)
