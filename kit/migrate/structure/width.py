"""Structure migration in width: the same function, wider; nearly the same, narrower."""

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kit.errors import KitError
from kit.migrate.migration import (
    HEAD_RATE,
    RATE,
    Migration,
    WeightMap,
    both,
    is_pretrained,
    migration,
)
from kit.migrate.structure.axes import Axis, Chosen, Copies, Turned, resized, top
from kit.models import LanguageHead, SequenceHead, Transformer

__all__ = ["narrow", "widen"]


def widen(
    body: nn.Module,
    head: nn.Module,
    *,
    times: int = 2,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A target `times` as wide with the same output: Net2Net (Chen et al. 2015,
    arxiv.org/abs/1511.05641), bert2BERT (Chen et al. 2021, arxiv.org/abs/2110.07143).

    Each number of the stream, each head, each neuron stands `times` times, and whoever reads it
    shares its weight out: w = w¹ + w². The stream as a whole is repeated, so that a norm, which
    takes mean and deviation over it, finds the same ones. The head reads the wider stream likewise.
    """
    if times < 2 or times != int(times):
        raise KitError(f"times={times}: give 2 or another whole number above it.")
    config = _times(body.config, times)
    if isinstance(body, Transformer):
        axes: dict[str, Axis] = {"stream": _repeated(body.width, times)}
        W = body.config.size_per_head
        for i in range(config.layers):
            axes[f"blocks.{i}.heads"] = _repeated(body.config.heads * W, times)
            axes[f"blocks.{i}.groups"] = _repeated(body.config.groups * W, times)
            axes[f"blocks.{i}.intermediate_size"] = _repeated(body.config.intermediate_size, times)
    else:
        axes = {"stream": _repeated(body.width, times)}
        for i, layer in enumerate(body.layers):
            units = [_repeated(rnn.hidden_size, times) for rnn in layer.rnns]
            axes |= _layer(i, units, layer, Copies)
    return _resize(body, head, config, axes, (rate, head_rate))


def _repeated(n: int, times: int) -> Copies:
    return Copies(torch.arange(n).repeat(times))


def _times(config, factor: float):
    """The config with every width `factor` times as large."""
    changed = {}
    for name in ("width", "hidden", "heads", "kv_heads", "intermediate_size"):
        if old := getattr(config, name, None):
            changed[name] = round(old * factor)
            if abs(old * factor - changed[name]) > 1e-6 or not changed[name]:
                raise KitError(
                    f"{name}={old} times {factor:.3g} is not a whole number: give a share "
                    "that divides the width, the heads and the inner width."
                )
    return dataclasses.replace(config, **changed)


def _layer(i: int, units: list[Chosen], layer: nn.Module, kind: type) -> dict[str, Axis]:
    """The axes of an RNN's layer: the units of each direction, and all that it says."""
    starts = [d * rnn.hidden_size for d, rnn in enumerate(layer.rnns)]
    whole = torch.cat([start + u.index for start, u in zip(starts, units, strict=True)])
    return {f"layers.{i}.{d}": u for d, u in enumerate(units)} | {f"layers.{i}": kind(whole)}


def narrow(
    body: nn.Module,
    head: nn.Module,
    *,
    share: float = 0.5,
    along: str = "components",
    examples: list[dict] | None = None,
    rate: float = RATE,
    head_rate: float = HEAD_RATE,
) -> Migration:
    """A target of `share` the width that comes as near to the source as it can.

    What is added up, a Transformer's stream and an RNN's word table, is kept along its principal
    components, x′ = Pᵀx (after SliceGPT: Ashkboos et al. 2024, arxiv.org/abs/2401.15024). What goes
    through a function number by number (neurons, units, heads) cannot be turned: the strongest
    are kept, those with the largest weights in and out. A LayerNorm's weight cannot be turned
    either, only its diagonal: along="places" keeps whole places of the stream, the largest.

    examples: texts as `fit` takes them; the components are those of the stream while it reads
        them. Without any they are those of the word table.
    """
    if not 0 < share < 1:
        raise KitError(f"share={share}: give a number between 0 and 1.")
    if along not in DIRECTIONS:
        raise KitError(f"along={along!r}: choose one of {list(DIRECTIONS)}.")
    config = _times(body.config, share)
    P = DIRECTIONS[along](_stream(body, examples), config.width)
    axes: dict[str, Axis] = {"stream": Turned(P)}
    if isinstance(body, Transformer):
        for i, block in enumerate(body.blocks):
            axes |= _strongest(f"blocks.{i}", block, body.config, config)
    else:
        for i, layer in enumerate(body.layers):
            size = config.sizes[i + 1] // len(layer.rnns)
            strength = [rnn.weight_hh_l0.norm(dim=0) for rnn in layer.rnns]
            axes |= _layer(i, [Chosen(_largest(s, size)) for s in strength], layer, Chosen)
    return _resize(body, head, config, axes, (rate, head_rate))


@torch.no_grad()
def _stream(body: nn.Module, examples: list[dict] | None) -> Tensor:
    """Σ x xᵀ (D, D) over what runs along the stream."""
    if examples is None or not isinstance(body, Transformer):
        x = body.embedding.weight
        return x.T @ x
    total, found = torch.zeros(body.width, body.width), []
    hooks = [
        part.register_forward_hook(lambda _, __, x: found.append(x))  # (B, T, D)
        for part in (body.embed, *body.blocks)
    ]
    texts = sorted((torch.tensor(example["ids"]) for example in examples), key=len)
    for start in range(0, len(texts), 32):
        some = texts[start : start + 32]
        mask = pad_sequence([torch.ones_like(ids, dtype=torch.bool) for ids in some], True)
        body.eval()(pad_sequence(some, True), mask)
        total += sum(x[mask].T @ x[mask] for x in found)
        found.clear()
    for hook in hooks:
        hook.remove()
    return total


def _components(second: Tensor, n: int) -> Tensor:
    """The n directions along which there is most, (D, n)."""
    return torch.linalg.eigh(second.double()).eigenvectors[:, -n:].float()


def _places(second: Tensor, n: int) -> Tensor:
    """The n places in which there is most, as directions (D, n)."""
    return torch.eye(len(second))[:, _largest(second.diagonal(), n)]


DIRECTIONS = {"components": _components, "places": _places}
"""Σ x xᵀ (D, D) and n -> P (D, n)."""


@torch.no_grad()
def _strongest(name: str, block: nn.Module, old, new) -> dict[str, Axis]:
    """The heads (whole groups of them) and neurons of a block to keep."""
    W, G = old.size_per_head, old.groups
    read, said = block.attention.value.weight, block.attention.output.weight
    strength = read.unflatten(0, (G, W)).norm(dim=(1, 2))
    strength = strength * said.unflatten(1, (G, -1)).norm(dim=(0, 2))
    groups = _largest(strength, new.groups)
    up, down = block.feed_forward.up.weight, block.feed_forward.down.weight
    intermediate_size = _largest(up.norm(dim=1) * down.norm(dim=0), new.intermediate_size)
    return {
        f"{name}.groups": Chosen(_runs(groups, W)),
        f"{name}.heads": Chosen(_runs(groups, W * old.heads // G)),
        f"{name}.intermediate_size": Chosen(intermediate_size),
    }


def _largest(strength: Tensor, n: int) -> Tensor:
    """Where the n largest stand, in their order."""
    return strength.topk(n).indices.sort().values


def _runs(index: Tensor, length: int) -> Tensor:
    """The numbers of whole runs: [1] with length 2 is [2, 3]."""
    return (index[:, None] * length + torch.arange(length)).flatten()


def _resize(body, head, config, axes: dict[str, Axis], rates: tuple[float, float]) -> Migration:
    weight_map = WeightMap(body, head)
    new, done = resized(body, config, axes)
    for name, p in new.named_parameters():
        weight_map.add(p, f"body.{name}", done[name])
    head = _reading(head, body, axes[top(body)], weight_map)
    return migration(new, head, weight_map, both(*rates, head, new))


@torch.no_grad()
def _reading(head: nn.Module, body: nn.Module, axis: Axis, weight_map: WeightMap) -> nn.Module:
    """The head, reading an axis that was changed. A tied one gets a table of its own: what reads
    a wider stream shares its weight out, what writes it does not."""
    new = type(head)(**head.config | {"width": axis.size})
    if isinstance(head, SequenceHead):
        old, new.bridge = head.bridge[0], head.bridge
        if isinstance(old, nn.Identity):
            old = nn.Linear(body.width, body.width)
            nn.init.eye_(old.weight)
            nn.init.zeros_(old.bias)
        new.bridge[0] = made = nn.Linear(axis.size, head.decoder.width)
    else:
        old, made = (head, new) if isinstance(head, LanguageHead) else (head.linear, new.linear)
    pairs = [(made.weight, old.weight, axis.into(old.weight, 1), axis.done)]
    pairs += [(made.bias, old.bias, old.bias, "copied")] if old.bias is not None else []
    for p, twin, values, done in pairs:
        p.copy_(values)
        if is_pretrained(head) and twin in weight_map:
            weight_map.add(p, weight_map[twin].name, done)
    new.pretrained = is_pretrained(head)
    return new
