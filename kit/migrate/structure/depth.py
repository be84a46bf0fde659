"""Structure migration in depth: fewer layers, or more layers with the same output."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    migration,
)
from kit.migrate.structure.architecture import follow
from kit.migrate.transfer import transfer
from kit.models import Transformer

__all__ = ["Beside", "choose_layers", "deepen"]


def choose_layers(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int | Sequence[int] | None = None,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A shallower target: some of the source's layers, in their order.

    layers: their indices, or their number, evenly spread; default: half of them, as in
        DistilBERT (Sanh et al. 2019, arxiv.org/abs/1910.01108).

    Raises KitError for an index that the source does not have, and for half of one layer.
    """
    weight_map = WeightMap(body, head)
    n = body.config.layers
    if layers is None and n == 1:
        raise KitError("the source has one layer, and half of that is none: narrow it instead.")
    if layers is None:
        layers = n // 2
    chosen = _evenly_spread(n, layers) if isinstance(layers, int) else list(layers)
    if not chosen or not set(chosen) <= set(range(n)):
        raise KitError(f"layers={layers}: the source has {n}, numbered 0 to {n - 1}.")
    target = type(body)(_config(body, chosen))
    stack = "blocks" if isinstance(body, Transformer) else "layers"
    names = {f"{stack}.{i}": f"{stack}.{k}" for i, k in enumerate(chosen)}
    transfer(body, target, weight_map, names=names)
    follow(head, body, target)
    return migration(target, head, weight_map, both(rate, head_rate, head, target))


def _config(body: nn.Module, copied: Sequence[int]):
    """The body's config for copies of these of its layers."""
    types = getattr(body.config, "attention_types", None)  # an RNN has none
    changes = {"attention_types": tuple(types[i] for i in copied)} if types else {}
    return dataclasses.replace(body.config, layers=len(copied), **changes)


def _evenly_spread(n: int, count: int) -> list[int]:
    """`count` of the indices 0 to n - 1, evenly spread, the last among them."""
    return [(i + 1) * n // count - 1 for i in range(count)]


def deepen(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int | None = None,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A deeper target with the same output: each new layer begins as the identity.

    layers: the number of layers of the target; default: twice the source's.
    A new block copies the block below it, but the matrices with which it would add to the residual
    stream are zero, as in Net2Net (Chen et al. 2015, arxiv.org/abs/1511.05641) and Llama Pro
    (Wu et al. 2024, arxiv.org/abs/2401.02415). With post-norm (BERT), a norm applied twice changes
    nothing only without weight and bias: those move up to the last copy.
    An RNN's layer cannot be the identity, since it ends in a tanh: a new one is a residual branch,
    x + α ⊙ layer(x) with α = 0 (ReZero: Bachlechner et al. 2020, arxiv.org/abs/2003.04887).

    Raises KitError for no more layers than the source has.
    """
    n = body.config.layers
    if layers is None:
        layers = 2 * n
    if layers <= n:
        raise KitError(
            f"layers={layers} are no more than the {n} of the source: give more, or take "
            '"choose_layers".'
        )
    deeper = _deeper_transformer if isinstance(body, Transformer) else _deeper_rnn
    return deeper(body, head, [i * n // layers for i in range(layers)], (rate, head_rate))


def _deeper_transformer(body, head, copied: list[int], rates: tuple[float, float]) -> Migration:
    weight_map = WeightMap(body, head)
    config = _config(body, copied)
    deep = type(body)(config)
    notes: dict[nn.Parameter, str] = {}
    names = {f"blocks.{i}": f"blocks.{k}" for i, k in enumerate(copied)}
    transfer(body, deep, weight_map, names=names)
    for i, block in enumerate(deep.blocks):
        if i and copied[i] == copied[i - 1]:
            outputs = [block.attention.output, block.feed_forward.down]
            if config.post_norm:
                outputs = [block.attention_post_norm, block.feed_forward_post_norm]
            notes |= _set(outputs, 0.0, "zero: it adds nothing yet")
            if not config.norm_first:
                norms = [deep.blocks[i - 1].feed_forward_norm, block.attention_norm]
                # √(1 + ε) cancels the ε in a norm of numbers that have variance 1 already.
                notes |= _set(norms, (1 + config.norm_eps) ** 0.5, "neutral: its values moved up")
    for p in notes:
        weight_map.pop(p)
    follow(head, body, deep)
    return migration(deep, head, weight_map, both(*rates, head, deep), notes=notes)


@torch.no_grad()
def _set(parts: list[nn.Module], weight: float, note: str) -> dict[nn.Parameter, str]:
    """Set all weights to a value and the biases to zero; returns the report's note of each."""
    for part in parts:
        part.weight.fill_(weight)
        if getattr(part, "bias", None) is not None:
            part.bias.zero_()
    return {p: note for part in parts for p in part.parameters()}


def _deeper_rnn(body, head, copied: list[int], rates: tuple[float, float]) -> Migration:
    weight_map = WeightMap(body, head)
    config = _config(body, copied)
    new = config.layers - body.config.layers
    one_layer = dataclasses.replace(config, layers=1)
    body.layers.extend(Beside(type(body)(one_layer).layers[0], config.width) for _ in range(new))
    body.config = config
    notes = {layer.scale: "zero: it adds nothing yet" for layer in body.layers[-new:]}
    return migration(body, head, weight_map, both(*rates, head, body), notes=notes)


class Beside(nn.Module):
    """A residual branch, x + α ⊙ layer(x), α (D,) = 0 at the start: x (B, T, D) -> (B, T, D)."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.layer, self.scale = layer, nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, *rest) -> Tensor:
        return x + self.scale * self.layer(x, *rest)
