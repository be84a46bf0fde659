"""Structure migration in width: wider with the same output, narrower with nearly the same."""

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
    is_moved,
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

    Each element of the residual stream, each head and each neuron is repeated `times` times, and
    the weight that reads it is divided among the copies: w = w¹ + w². The stream is repeated as a
    whole, so that a norm computes the same mean and deviation over it. The head reads it likewise.
    Raises KitError where `times` is no whole number from 2 on.
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
                    "that divides the width, the heads and the intermediate size."
                )
    return dataclasses.replace(config, **changed)


def _layer(i: int, units: list[Chosen], layer: nn.Module, kind: type) -> dict[str, Axis]:
    """The axes of an RNN's layer: the units of each direction, and its output."""
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
    """A target of `share` times the width that approximates the source.

    A Transformer's residual stream and an RNN's token embeddings are projected onto their principal
    components, x′ = Pᵀx (after SliceGPT: Ashkboos et al. 2024, arxiv.org/abs/2401.15024). Neurons,
    units and heads pass an elementwise function, so that they cannot be projected: those with
    the largest weights in and out are kept. A LayerNorm's weight is only approximately projected,
    by its diagonal: along="places" avoids this, it keeps the largest elements of the stream.

    share: between 0 and 1; it must leave whole numbers of elements and heads.
    along: "components" or "places".
    examples: texts as `fit` takes them, whose residual stream gives the components; default: the
        components of the token embeddings.
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
    """Σ x xᵀ (D, D) over the residual stream of the examples, or over the token embeddings."""
    if examples is None or not isinstance(body, Transformer):
        x = body.embedding.weight
        if isinstance(body, Transformer):
            x = body.embed.project(x)
        return x.T @ x
    total = torch.zeros(body.width, body.width)
    streams: list[Tensor] = []
    hooks = [
        part.register_forward_hook(lambda _, __, x: streams.append(x))  # (B, T, D)
        for part in (body.embed, *body.blocks)
    ]
    texts = sorted((torch.tensor(example["ids"]) for example in examples), key=len)
    for start in range(0, len(texts), 32):
        batch = texts[start : start + 32]
        mask = pad_sequence([torch.ones_like(ids, dtype=torch.bool) for ids in batch], True)
        body.eval()(pad_sequence(batch, True), mask)
        total += sum(x[mask].T @ x[mask] for x in streams)
        streams.clear()
    for hook in hooks:
        hook.remove()
    return total


def _components(second: Tensor, n: int) -> Tensor:
    """The n eigenvectors of Σ x xᵀ with the largest eigenvalues, (D, n)."""
    return torch.linalg.eigh(second.double()).eigenvectors[:, -n:].float()


def _places(second: Tensor, n: int) -> Tensor:
    """The unit vectors of the n elements with the largest Σ x², (D, n)."""
    return torch.eye(len(second))[:, _largest(second.diagonal(), n)]


DIRECTIONS = {"components": _components, "places": _places}
"""Σ x xᵀ (D, D) and n -> P (D, n)."""


@torch.no_grad()
def _strongest(name: str, block: nn.Module, old, new) -> dict[str, Axis]:
    """The heads (whole groups of them) and neurons of a block to keep."""
    W, G = old.size_per_head, old.groups
    value, output = block.attention.value.weight, block.attention.output.weight
    strength = value.unflatten(0, (G, W)).norm(dim=(1, 2))
    strength = strength * output.unflatten(1, (G, -1)).norm(dim=(0, 2))
    groups = _largest(strength, new.groups)
    up, down = block.feed_forward.up.weight, block.feed_forward.down.weight
    neurons = _largest(up.norm(dim=1) * down.norm(dim=0), new.intermediate_size)
    return {
        f"{name}.groups": Chosen(_runs(groups, W)),
        f"{name}.heads": Chosen(_runs(groups, W * old.heads // G)),
        f"{name}.intermediate_size": Chosen(neurons),
    }


def _largest(strength: Tensor, n: int) -> Tensor:
    """The indices of the n largest, in ascending order."""
    return strength.topk(n).indices.sort().values


def _runs(index: Tensor, length: int) -> Tensor:
    """The indices in whole runs: [1] with length 2 gives [2, 3]."""
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
    """The head for a body whose output axis is resized. A tied head gets a matrix of its own: a
    tensor that reads a wider axis divides its weights, one that writes it does not."""
    new = type(head)(**head.config | {"width": axis.size})
    if isinstance(head, SequenceHead):
        old = head.bridge[0]
        new.bridge = head.bridge
        if isinstance(old, nn.Identity):
            old = nn.Linear(body.width, body.width)
            nn.init.eye_(old.weight)
            nn.init.zeros_(old.bias)
        resized_layer = nn.Linear(axis.size, head.decoder.width)
        new.bridge[0] = resized_layer
    elif isinstance(head, LanguageHead):
        old, resized_layer = head, new
    else:
        old, resized_layer = head.linear, new.linear
    pairs = [(resized_layer.weight, old.weight, axis.into(old.weight, 1), axis.done)]
    if old.bias is not None:
        pairs.append((resized_layer.bias, old.bias, old.bias, "copied"))
    for p, twin, values, done in pairs:
        p.copy_(values)
        if is_moved(head) and twin in weight_map:
            weight_map.add(p, weight_map[twin].name, done)
    new.moved = is_moved(head)
    return new
