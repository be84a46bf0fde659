"""Growing a model in two ways: by the kit's `widen` and `deepen`, and naively, as the control."""

import dataclasses
from dataclasses import replace

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate import migrate
from kit.models import LanguageHead, Model, Transformer
from kit.sources import Source

__all__ = ["grown", "larger", "naive", "old_layers", "size"]

WIDTHS = ("width", "hidden", "heads", "kv_heads", "intermediate_size")
"""What of a config grows with the width."""


def grown(source: Source, times: int = 1, more: int = 0) -> Model:
    """`times` as wide, then `more` layers deeper, with the source's own head: by `widen` and
    `deepen`, so it answers what the source answers."""
    if times > 1:
        model = migrate(source, None, "widen", times=times).model
        source = replace(source, body=model.body, head=model.head)
    if more:
        layers = source.body.config.layers + more
        model = migrate(source, None, "deepen", layers=layers).model
        source = replace(source, body=model.body, head=model.head)
    return Model(source.body, source.head).eval()


def larger(config, times: int = 1, more: int = 0):
    """The config of a body `times` as wide with `more` layers on."""
    if times < 1 or more < 0:
        raise KitError(f"times={times}, more={more} does not grow: give at least 1 and 0.")
    wide = {name: old * times for name in WIDTHS if (old := getattr(config, name, None))}
    return dataclasses.replace(config, layers=config.layers + more, **wide)


def size(source: Source, times: int = 1, more: int = 0) -> int:
    """How many parameters a naively grown model has; none is made."""
    body, head = source.body, source.head
    own = set(body.parameters())
    total = sum(p.numel() * (times if p.ndim > 1 else 1) for p in set(head.parameters()) - own)
    config = larger(body.config, times, more)
    if not isinstance(body, Transformer):
        return total + times * body.embedding.weight.numel() + _rnn(config)
    for name, p in body.named_parameters():  # a table grows along one axis, a matrix along both
        layers = 1 + more * name.startswith("blocks.0.")
        total += layers * p.numel() * times ** (1 if name.startswith("embed.") else p.ndim)
    return total


def _rnn(config) -> int:
    """Numbers in the layers of an RNN: W, U and two biases for each gate and direction."""
    directions, gates = 1 + config.bidirectional, {"lstm": 4, "gru": 3}[config.cell]
    pairs = zip(config.sizes, config.sizes[1:], strict=False)
    return sum(gates * n * (m + n // directions + 2) for m, n in pairs)


@torch.no_grad()
def naive(source: Source, times: int = 1, more: int = 0, *, seed: int = 0) -> Model:
    """The same size by what comes to mind first: all old values stand where they stood, and what
    is new (numbers of the stream, heads, neurons, units, layers) begins with fresh values."""
    torch.manual_seed(seed)
    old = source.body
    body = type(old)(larger(old.config, times, more))
    head, twins = _head(source, body), _twins(old, more)
    for name, p in body.named_parameters():
        if twin := _renamed(name, twins):
            _put(old.get_parameter(twin), p, _parts(old, twin))
    for name, p in head.named_parameters():
        if p is not body.embedding.weight:
            _put(source.head.get_parameter(name), p, (1, _directions(old)))
    return Model(body, head).eval()


def _head(source: Source, body: nn.Module) -> nn.Module:
    """A fresh head of the source's kind that reads this body, tied to it where the source's is."""
    tied = getattr(source.head, "weight", None) is source.body.embedding.weight
    tie = {"tie": body.embedding.weight} if tied and isinstance(source.head, LanguageHead) else {}
    return type(source.head)(**source.head.config | {"width": body.width}, **tie)


def _twins(old: nn.Module, more: int) -> dict[str, str | None]:
    """Layer of the larger body -> the old one that it is, or None for one that is new."""
    stack, kept = "blocks" if isinstance(old, Transformer) else "layers", old_layers(old, more)
    below = [sum(kept[:i]) for i in range(len(kept))]
    return {f"{stack}.{i}.": f"{stack}.{below[i]}." if kept[i] else None for i in range(len(kept))}


def old_layers(body: nn.Module, more: int) -> tuple[bool, ...]:
    """For each layer of a body with `more` of them, from below: whether it is an old one. New ones
    stand where `deepen` puts them: above the one that they copy, or all on top of an RNN."""
    there = body.config.layers
    if not isinstance(body, Transformer):
        return (True,) * there + (False,) * more
    of = [i * there // (there + more) for i in range(there + more)]
    return tuple(i == 0 or of[i] != of[i - 1] for i in range(len(of)))


def _renamed(name: str, twins: dict[str, str | None]) -> str | None:
    part = ".".join(name.split(".")[:2]) + "."
    front = twins.get(part, part)
    return front and front + name.removeprefix(part) if part in twins else name


def _parts(old: nn.Module, name: str) -> tuple[int, int]:
    """Of how many equal parts each axis of a tensor consists: the gates of an RNN stand in one
    tensor, and so does what both of its directions say."""
    if isinstance(old, Transformer) or not name.startswith("layers."):
        return 1, 1
    above = "weight_ih" in name and not name.startswith("layers.0.")
    return {"lstm": 4, "gru": 3}[old.config.cell], _directions(old) if above else 1


def _directions(body: nn.Module) -> int:
    return 1 + getattr(body.config, "bidirectional", False)


def _put(old: Tensor, new: Tensor, parts: tuple[int, int]) -> None:
    """The old values into the first corner of each part of the new tensor, as far as they fit."""
    for dim in reversed(range(new.ndim)):
        old, new = (t.unflatten(dim, (parts[dim], -1)) for t in (old, new))
    corner = tuple(slice(min(pair)) for pair in zip(old.shape, new.shape, strict=True))
    new[corner] = old[corner]
