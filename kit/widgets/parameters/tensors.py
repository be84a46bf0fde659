"""Parts of a figure of tensors: their layers, their positions, summaries of their values."""

from math import log2, prod

import torch
from torch import Tensor

from kit.display_names import display_name
from kit.models.layers import layer

__all__ = ["bars", "column", "summary", "thumbnail", "title"]

OPEN, ROW, GAP = 0.5, 0.036, 4.0
"""The open layer takes at most this share of a column, a row of it this; between two layers lie
as many units as a tensor of 2¹⁰ numbers is high."""

BLOCKS = "▁▂▃▄▅▆▇█"


def title(of: str) -> str:
    """The displayed name of a layer: "block 0" for body.blocks.0."""
    words = of.removeprefix("body.").replace("blocks.", "block ").replace("layers.", "layer ")
    words = {"embed": "embeddings", "embedding": "embeddings"}.get(words, words.replace(".", " "))
    return display_name(words)


def column(shapes: dict[str, tuple[int, ...]], opened: str) -> dict[str, tuple[float, float]]:
    """Tensor -> its position (top, bottom), from 0 down to 1, in the given order.

    Its height is log₂ of how many numbers it holds, less 6; in the layer `opened` all are rows
    of one height, high enough for their names, with a free row above them.
    """
    layers: dict[str, list[str]] = {}
    for name in shapes:
        layers.setdefault(layer(name), []).append(name)
    rows = len(layers.get(opened, ())) + 1
    share = min(OPEN, ROW * rows) if opened in layers else 0.0
    height = {n: max(log2(prod(shape)) - 6, 1) for n, shape in shapes.items()}
    closed = sum(h for n, h in height.items() if layer(n) != opened) + GAP * (len(layers) - 1)
    unit, y, places = (1 - share) / max(closed, 1), 0.0, {}
    for of, names in layers.items():
        y += share / rows if of == opened else 0.0
        for name in names:
            bottom = y + (share / rows if of == opened else unit * height[name])
            places[name], y = (y, bottom), bottom
        y += unit * GAP
    return places


def thumbnail(values: Tensor, most: int = 40) -> list[list[float]]:
    """At most `most` × `most` of the values, evenly spaced; averages would hide the spread."""
    matrix = values.detach().reshape(len(values) if values.ndim > 1 else 1, -1)
    rows, columns = (torch.linspace(0, n - 1, min(n, most)).long() for n in matrix.shape)
    return matrix[rows][:, columns].tolist()


def bars(values: Tensor, far: float, bins: int = 41) -> list[float]:
    """The share of the values in each of `bins` equal steps from -far to far, in percent."""
    flat = values.detach().flatten()
    few = flat[:: max(1, len(flat) // 20_000)]
    counts = torch.histc(few.float(), bins, -far, far)
    return (100 * counts / len(few)).tolist()


def summary(values: Tensor) -> str:
    """Mean, standard deviation and a small histogram of four of them each way, as text."""
    mean, deviation = float(values.detach().mean()), float(values.detach().std(correction=0))
    heights = bars(values.detach() - mean, 4 * deviation or 1.0, 15)
    drawn = "".join(BLOCKS[round(7 * h / max(heights))] for h in heights)
    return f"mean {round(mean, 3) + 0:.3f}, deviation {deviation:.3f} {drawn}".replace("-", "−")
