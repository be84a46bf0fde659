"""Model soup: the mean of the parameters of several models."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import nn

from kit.errors import KitError
from kit.guards import guarded, models_of

__all__ = ["soup"]


@guarded("soup([first, second])", members=models_of)
def soup(members: Sequence[nn.Module]) -> nn.Module:
    """The model whose every parameter is the mean of the members': θ = (1/k) Σⱼ θⱼ.

    Models that were fine-tuned from one source, with the same initial head, lie in one basin of
    L(θ): their mean often makes fewer errors than each of them, and predicts at the cost of one
    (Wortsman et al. 2022, arxiv.org/abs/2203.05482). Models from different random starts lie in
    different basins. Raises KitError for no members, and for members of different shapes.
    """
    if not members:
        raise KitError("a soup of no models: give at least one.")
    shapes = [{n: tuple(p.shape) for n, p in m.named_parameters()} for m in members]
    for number, shape in enumerate(shapes):
        if different := dict(shape.items() ^ shapes[0].items()):
            raise KitError(
                f"member {number} differs from the first in {min(different)}: a mean needs equal "
                "shapes. Fine-tune all of them from one source."
            )
    mean = deepcopy(members[0])
    with torch.no_grad():
        for p, *others in zip(*(m.parameters() for m in (mean, *members[1:])), strict=True):
            p.add_(sum(others, torch.zeros_like(p))).div_(len(members))
    return mean
