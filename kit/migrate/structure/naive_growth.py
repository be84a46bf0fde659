"""Growing a model in two ways: by `widen` and `deepen`, which keep what it computes, and naively,
as their control."""

import dataclasses

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate import migrate
from kit.models import LanguageHead, Model, Transformer
from kit.runtime import random_state
from kit.sources import Source

__all__ = ["grow_exactly", "grow_naively", "larger_config", "old_layers", "parameter_count"]

WIDTHS = ("width", "hidden", "heads", "kv_heads", "intermediate_size")
"""The fields of a config that grow with the width."""


def grow_exactly(source: Source, times: int = 1, more: int = 0) -> Model:
    """A model `times` as wide, then `more` layers deeper, with the source's own head: by `widen`
    and `deepen`, so that its logits are the source's."""
    if times > 1:
        model = migrate(source, None, "widen", times=times).model
        source = dataclasses.replace(source, body=model.body, head=model.head)
    if more:
        layers = source.body.config.layers + more
        model = migrate(source, None, "deepen", layers=layers).model
        source = dataclasses.replace(source, body=model.body, head=model.head)
    return Model(source.body, source.head).eval()


def larger_config(config, times: int = 1, more: int = 0):
    """The config of a body `times` as wide and `more` layers deeper.

    Raises KitError for times below 1 and more below 0.
    """
    if times < 1 or more < 0:
        raise KitError(f"times={times}, more={more} does not grow: give at least 1 and 0.")
    widths = {name: old * times for name in WIDTHS if (old := getattr(config, name, None))}
    return dataclasses.replace(config, layers=config.layers + more, **widths)


def parameter_count(source: Source, times: int = 1, more: int = 0) -> int:
    """The number of parameters of a naively grown model, computed without making it."""
    body, head = source.body, source.head
    config = larger_config(body.config, times, more)
    own = set(head.parameters()) - set(body.parameters())  # a tied matrix is the body's
    total = sum(p.numel() * (times if p.ndim > 1 else 1) for p in own)
    if not isinstance(body, Transformer):
        return total + times * body.embedding.weight.numel() + _rnn_parameter_count(config)
    for name, p in body.named_parameters():
        copies = 1 + more if name.startswith("blocks.0.") else 1
        grown_axes = 1 if name.startswith("embed.") else p.ndim  # of a table only the width grows
        total += copies * p.numel() * times**grown_axes
    return total


def _rnn_parameter_count(config) -> int:
    """The parameters of an RNN's layers: W, U and two biases for each gate and direction."""
    directions = 2 if config.bidirectional else 1
    gates = {"lstm": 4, "gru": 3}[config.cell]
    pairs = zip(config.sizes, config.sizes[1:], strict=False)
    return sum(gates * n * (m + n // directions + 2) for m, n in pairs)


@torch.no_grad()
def grow_naively(source: Source, times: int = 1, more: int = 0, *, seed: int = 0) -> Model:
    """A model of the same size as by `grow_exactly`: each old value keeps its index in its tensor,
    and all others (of the stream, heads, neurons, units, layers) are fresh."""
    old = source.body
    with random_state(seed):
        body = type(old)(larger_config(old.config, times, more))
        head = _fresh_head(source, body)
    twins = _twins(old, more)
    for name, p in body.named_parameters():
        if twin := _renamed(name, twins):
            _copy_corner(old.get_parameter(twin), p, _parts(old, twin))
    for name, p in head.named_parameters():
        if p is not body.embedding.weight:
            _copy_corner(source.head.get_parameter(name), p, (1, _directions(old)))
    return Model(body, head).eval()


def _fresh_head(source: Source, body: nn.Module) -> nn.Module:
    """A fresh head of the source's kind for this body, tied to it where the source's is."""
    options = source.head.config | {"width": body.width}
    tied = getattr(source.head, "weight", None) is source.body.embedding.weight
    if tied and isinstance(source.head, LanguageHead):
        options["tie"] = body.embedding.weight
    return type(source.head)(**options)


def _twins(old: nn.Module, more: int) -> dict[str, str | None]:
    """Layer of the larger body -> its layer in the old body, or None for a new one."""
    stack = "blocks" if isinstance(old, Transformer) else "layers"
    is_old = old_layers(old, more)
    twins: dict[str, str | None] = {}
    for i in range(len(is_old)):
        number = sum(is_old[:i])  # the old layers below
        twins[f"{stack}.{i}."] = f"{stack}.{number}." if is_old[i] else None
    return twins


def old_layers(body: nn.Module, more: int) -> tuple[bool, ...]:
    """For each layer of a body with `more` layers, from below: whether it is an old one.

    New layers stand where `deepen` puts them: each above the one that it copies, or in an RNN all
    on top.
    """
    layers = body.config.layers
    if not isinstance(body, Transformer):
        return (True,) * layers + (False,) * more
    copied = [i * layers // (layers + more) for i in range(layers + more)]
    return tuple(i == 0 or copied[i] != copied[i - 1] for i in range(len(copied)))


def _renamed(name: str, twins: dict[str, str | None]) -> str | None:
    """The name of a tensor's twin in the old body; None in a new layer."""
    layer = ".".join(name.split(".")[:2]) + "."
    if layer not in twins:
        return name
    twin = twins[layer]
    return None if twin is None else twin + name.removeprefix(layer)


def _parts(old: nn.Module, name: str) -> tuple[int, int]:
    """How many equal parts each axis of a tensor consists of: in an RNN the gates along the first
    one, and the two directions of the layer below along the second."""
    if isinstance(old, Transformer) or not name.startswith("layers."):
        return 1, 1
    gates = {"lstm": 4, "gru": 3}[old.config.cell]
    reads_layer = "weight_ih" in name and not name.startswith("layers.0.")
    return gates, _directions(old) if reads_layer else 1


def _directions(body: nn.Module) -> int:
    return 2 if getattr(body.config, "bidirectional", False) else 1


def _copy_corner(old: Tensor, new: Tensor, parts: tuple[int, int]) -> None:
    """Copy the old values into the first corner of each part of the new tensor."""
    for dim in reversed(range(new.ndim)):
        old = old.unflatten(dim, (parts[dim], -1))
        new = new.unflatten(dim, (parts[dim], -1))
    corner = tuple(slice(min(pair)) for pair in zip(old.shape, new.shape, strict=True))
    new[corner] = old[corner]
