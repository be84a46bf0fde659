"""The axes of a body's tensors, and three ways to resize an axis.

An axis is written by some tensors ("out") and read by others ("into"): the residual stream (the D
numbers that each layer reads and adds to), the heads of an attention, the neurons or units of a
layer. To change the width of a body, each axis is resized alike in all tensors that have it.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from kit.models import Transformer

__all__ = ["Axis", "Chosen", "Copies", "Turned", "resized", "top"]

LINEAR = {
    "query": ("heads", "stream"),
    "key": ("groups", "stream"),
    "value": ("groups", "stream"),
    "output": ("stream", "heads"),
    "up": ("intermediate_size", "stream"),
    "gate": ("intermediate_size", "stream"),
    "down": ("stream", "intermediate_size"),
}
"""Linear layer of a Transformer -> the axis that it writes, and the axis that it reads."""


class Chosen:
    """Select some elements of the old axis: index (n′,), x′ⱼ = x[indexⱼ]."""

    done = "sliced"

    def __init__(self, index: Tensor) -> None:
        self.index, self.size = index, len(index)

    def out(self, t: Tensor, dim: int) -> Tensor:
        return t.index_select(dim, self.index)

    into = scale = out


class Copies(Chosen):
    """Repeat elements of the old axis. A tensor that reads x′ divides the weight of x among the
    copies, at random, so that they become different in training (Net2WiderNet)."""

    done = "widened"

    def into(self, t: Tensor, dim: int) -> Tensor:
        share = 0.5 + torch.rand_like(self.out(t, dim))
        whole = torch.zeros_like(t).index_add(dim, self.index, share)
        return self.out(t, dim) * share / self.out(whole, dim)


class Turned:
    """Project the axis onto some directions: P (n, n′) with orthonormal columns, x′ = Pᵀx."""

    done = "projected"

    def __init__(self, P: Tensor) -> None:
        self.P, self.size = P, P.shape[1]

    def out(self, t: Tensor, dim: int) -> Tensor:
        return torch.tensordot(t, self.P, dims=([dim], [0])).movedim(-1, dim)

    into = out

    def scale(self, t: Tensor, dim: int) -> Tensor:
        """A norm's weight w: the diagonal of Pᵀ diag(w) P, since a norm has only a diagonal,
        times √(n / n′), since a normalised vector of n′ numbers has the length √n′."""
        return t @ self.P.square() * (len(self.P) / self.size) ** 0.5


Axis = Chosen | Turned


def top(body: nn.Module) -> str:
    """The name of the axis that a head reads."""
    return "stream" if isinstance(body, Transformer) else f"layers.{body.config.layers - 1}"


def resized(body: nn.Module, config, axes: dict[str, Axis]):
    """A body of this config, each of its tensors resized along its axes.

    axes: name of an axis -> how it is resized. Returns the body, and for each of its parameters
    what was done: "copied", "sliced", "widened" or "projected".
    """
    new = type(body)(config)
    steps = plan(body)
    done = {}
    with torch.no_grad():
        for name, p in new.named_parameters():
            t = body.get_parameter(name)
            for dim, axis, how in steps[name]:
                t = _changed(t, axes[axis], dim, how)
            p.copy_(t)
            done[name] = next((axes[a].done for _, a, _ in steps[name]), "copied")
    return new, done


def _changed(t: Tensor, axis: Axis, dim: int, how: str) -> Tensor:
    if not how.startswith("gates"):
        return getattr(axis, how)(t, dim)
    # The gates of an RNN, four of an LSTM, are stacked in one tensor.
    gates = t.unflatten(0, (int(how.removeprefix("gates")), -1))
    return axis.out(gates, 1).flatten(0, 1)


Steps = list[tuple[int, str, str]]
"""For each dimension of a tensor that is resized: (dimension, name of its axis, use)."""


def plan(body: nn.Module) -> dict[str, Steps]:
    """Name of each tensor of a body -> the axes of its dimensions."""
    return dict(_transformer(body) if isinstance(body, Transformer) else _rnn(body))


def _transformer(body: nn.Module) -> Iterator[tuple[str, Steps]]:
    for name, p in body.named_parameters():
        *path, layer, kind = name.split(".")
        if layer in LINEAR:
            block = ".".join(path[:2])
            out, into = (a if a == "stream" else f"{block}.{a}" for a in LINEAR[layer])
            yield name, [(0, out, "out"), (1, into, "into")][: p.ndim]
        elif layer == "project":  # embeddings to the stream
            yield name, [(0, "stream", "out")]
        elif layer in ("query_norm", "key_norm") or (
            name.startswith("embed.") and body.config.embedding_size
        ):
            yield name, []  # heads and separate embeddings keep their width
        else:  # embeddings (V, D), or a norm's weight or bias (D,)
            is_norm_weight = p.ndim == 1 and kind == "weight"
            yield name, [(p.ndim - 1, "stream", "scale" if is_norm_weight else "out")]


def _rnn(body: nn.Module) -> Iterator[tuple[str, Steps]]:
    yield "embedding.weight", [(1, "stream", "out")]
    gates = {"lstm": "gates4", "gru": "gates3"}[body.config.cell]
    for i, layer in enumerate(body.layers):
        below = f"layers.{i - 1}" if i else "stream"
        for d, rnn in enumerate(layer.rnns):
            own = f"layers.{i}.{d}"
            for kind, p in rnn.named_parameters():
                into = below if kind.startswith("weight_ih") else own
                yield f"layers.{i}.rnns.{d}.{kind}", [(0, own, gates), (1, into, "into")][: p.ndim]
