"""One model out of several: the mean of their parameters."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import nn

from kit.errors import KitError

__all__ = ["soup"]


def soup(members: Sequence[nn.Module]) -> nn.Module:
    """The model whose every parameter is the mean of the members': θ = (1/k) Σⱼ θⱼ.

    Models that were fine-tuned from one source, heads begun alike, lie in one valley of L(θ): the
    mean often errs less than they do, and costs no more than one of them to ask (Wortsman et al.
    2022, arxiv.org/abs/2203.05482). Models of different random starts lie in different valleys.
    Raises KitError for no members, and for members of different shapes.
    """
    if not members:
        raise KitError("a soup of no models: give at least one.")
    shapes = [{n: tuple(p.shape) for n, p in m.named_parameters()} for m in members]
    for number, found in enumerate(shapes):
        if strange := dict(found.items() ^ shapes[0].items()):
            raise KitError(
                f"member {number} differs from the first in {min(strange)}: a mean needs the same "
                "tensors everywhere. Fine-tune all of them from one source."
            )
    made = deepcopy(members[0])
    with torch.no_grad():
        for p, *others in zip(*(m.parameters() for m in (made, *members[1:])), strict=True):
            p.add_(sum(others, torch.zeros_like(p))).div_(len(members))
    return made
