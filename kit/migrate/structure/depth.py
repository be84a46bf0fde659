"""Structure migration in depth: fewer layers, or more of them with the same output."""

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

    layers: which ones, or how many, evenly spread; None for half of them, as in DistilBERT
    (Sanh et al. 2019, arxiv.org/abs/1910.01108). Raises KitError where there is no half.
    """
    there, weight_map = body.config.layers, WeightMap(body, head)
    if layers is None and there == 1:
        raise KitError("the source has one layer, and half of that is none: narrow it instead.")
    layers = there // 2 if layers is None else layers
    kept = _spread(there, layers) if isinstance(layers, int) else list(layers)
    if not kept or not set(kept) <= set(range(there)):
        raise KitError(f"layers={layers}: the source has {there}, numbered 0 to {there - 1}.")
    chosen = type(body)(dataclasses.replace(body.config, layers=len(kept)))
    stack = "blocks" if isinstance(body, Transformer) else "layers"
    transfer(
        body, chosen, weight_map, names={f"{stack}.{i}": f"{stack}.{k}" for i, k in enumerate(kept)}
    )
    follow(head, body, chosen)
    return migration(chosen, head, weight_map, both(rate, head_rate, head, chosen))


def _spread(there: int, wanted: int) -> list[int]:
    """`wanted` of the numbers below `there`, evenly spread, the last among them."""
    return [(i + 1) * there // wanted - 1 for i in range(wanted)]


def deepen(
    body: nn.Module,
    head: nn.Module,
    *,
    layers: int | None = None,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A deeper target with the same output: new layers that pass on what they read.

    layers: how many there shall be; None for twice as many.
    A new block stands above the one that it copies, but the matrices with which it would add to
    the stream are zero, as in Net2Net (Chen et al. 2015, arxiv.org/abs/1511.05641) and Llama Pro
    (Wu et al. 2024, arxiv.org/abs/2401.02415). Where the norm comes after (BERT), a norm of a norm
    is the same again only without weight and bias: those move up to the last copy.
    An RNN's layer cannot pass its input on, since it ends in a tanh: a new one stands beside the
    stream, x + α ⊙ layer(x) with α = 0 (ReZero: Bachlechner et al. 2020, arxiv.org/abs/2003.04887).
    """
    there = body.config.layers
    layers = 2 * there if layers is None else layers
    if layers <= there:
        raise KitError(
            f"layers={layers} are no more than the {there} there are: give more, or take "
            '"choose_layers".'
        )
    deeper = _deeper_transformer if isinstance(body, Transformer) else _deeper_rnn
    rates = rate, head_rate
    return deeper(body, head, dataclasses.replace(body.config, layers=layers), rates)


def _deeper_transformer(body, head, config, rates: tuple[float, float]) -> Migration:
    weight_map, deep, notes = WeightMap(body, head), type(body)(config), {}
    from_ = [i * body.config.layers // config.layers for i in range(config.layers)]
    transfer(
        body, deep, weight_map, names={f"blocks.{i}": f"blocks.{k}" for i, k in enumerate(from_)}
    )
    for i, block in enumerate(deep.blocks):
        if i and from_[i] == from_[i - 1]:
            silent = [block.attention.output, block.feed_forward.down]
            notes |= _set(silent, 0.0, "zero: it adds nothing yet")
            if not config.norm_first:
                plain = [deep.blocks[i - 1].feed_forward_norm, block.attention_norm]
                # 1 + ε makes up for the ε in a norm of numbers whose variance is 1 already.
                notes |= _set(plain, (1 + config.norm_eps) ** 0.5, "neutral: its values moved up")
    for p in notes:
        weight_map.pop(p)
    follow(head, body, deep)
    return migration(deep, head, weight_map, both(*rates, head, deep), notes=notes)


@torch.no_grad()
def _set(parts: list[nn.Module], weight: float, note: str) -> dict[nn.Parameter, str]:
    """Fill the weights, empty the biases; what the report says of each."""
    for part in parts:
        part.weight.fill_(weight)
        if getattr(part, "bias", None) is not None:
            part.bias.zero_()
    return {p: note for part in parts for p in part.parameters()}


def _deeper_rnn(body, head, config, rates: tuple[float, float]) -> Migration:
    weight_map, new = WeightMap(body, head), config.layers - body.config.layers
    top = dataclasses.replace(config, layers=1)
    body.layers.extend(Beside(type(body)(top).layers[0], config.width) for _ in range(new))
    body.config = config
    notes = {layer.scale: "zero: it adds nothing yet" for layer in body.layers[-new:]}
    return migration(body, head, weight_map, both(*rates, head, body), notes=notes)


class Beside(nn.Module):
    """x + α ⊙ layer(x), α (D,) = 0 at the start: x (B, T, D) -> (B, T, D)."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.layer, self.scale = layer, nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, *rest) -> Tensor:
        return x + self.scale * self.layer(x, *rest)
