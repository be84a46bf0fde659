"""The layers of a model, by the names of its tensors."""

import re

from torch import nn

__all__ = ["EMBEDDINGS", "layer", "layer_sizes"]

EMBEDDINGS = "embeddings"
"""What stands for the words: the word table, positions."""


def layer(name: str) -> str:
    """The layer of a tensor: that of body.blocks.0.attention.query.weight is body.blocks.0."""
    if numbered := re.match(r".*?\.\d+(?=\.)", name):
        return numbered[0]
    first, second, *_ = [*name.split("."), ""]
    return first if first == "head" and second != "decoder" else f"{first}.{second}"


def layer_sizes(body: nn.Module) -> dict[int | str, int]:
    """The number of parameters of each part of a body: "embeddings", then the layers from below.

    A norm above the last layer counts as part of that layer, because it is trained with it.
    """
    last = body.config.layers - 1
    counts: dict[int | str, int] = {EMBEDDINGS: 0} | dict.fromkeys(range(body.config.layers), 0)
    for name, parameter in body.named_parameters():
        words = layer(f"body.{name}").split(".")
        if words[-1].isdigit():
            part = int(words[-1])
        else:
            part = EMBEDDINGS if words[1].startswith("embed") else last
        counts[part] += parameter.numel()
    return counts
