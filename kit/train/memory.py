"""The memory that a training needs, foreseen from the model, the groups and the longest examples.

B batch, T tokens, D width, H heads.
"""

from collections.abc import Callable, Sequence

from torch import nn

from kit.memory import check_memory
from kit.train.recipe import Recipe

__all__ = ["check_training_memory", "training_memory"]

NUMBER = 4
"""Bytes of a number in float32."""
SPARE = 60_000_000
"""Bytes that the first update of any training takes besides: code that is loaded then."""


def training_memory(
    model: nn.Module, groups: Sequence[dict], recipe: Recipe, rows: Sequence[dict], score: object
) -> int:
    """Bytes that the training needs besides the model, in float32:

    3 numbers for each trained parameter (the gradient and AdamW's two moments), one more where
    the best parameters are kept; and the activations of a batch of the longest examples.
    """
    trained = {p for group in groups for p in group["params"] if p.requires_grad}
    copies = 4 if score is not None and recipe.keep_best else 3
    numbers = copies * sum(p.numel() for p in trained)
    lengths = sorted((len(row["ids"]) for row in rows), reverse=True)[: recipe.batch_size]
    return SPARE + NUMBER * (numbers + _activations(model, len(lengths), lengths[0]))


def _activations(model: nn.Module, batch: int, tokens: int) -> int:
    """The numbers that a forward pass keeps for the backward pass; of a frozen body it keeps
    those of one layer at a time."""
    config = getattr(getattr(model, "body", None), "config", None)
    if config is None:
        return 0
    width = getattr(config, "intermediate_size", None) or config.width
    trained = any(p.requires_grad for p in model.body.parameters())
    layers = config.layers if trained else 1
    gated = getattr(config, "activation", "") == "swiglu"
    kept = 4 if gated else 2  # the gate, its SiLU, the values, their product
    return batch * tokens * layers * (8 * config.width + kept * width)


def check_training_memory(
    model: nn.Module,
    groups: Sequence[dict],
    recipe: Recipe,
    rows: Sequence[dict],
    score: Callable | None,
) -> None:
    """Raise KitError for a training on the CPU that needs more memory than there is."""
    if next(model.parameters()).device.type != "cpu":
        return
    check_memory(
        training_memory(model, groups, recipe, rows, score),
        f"This training (batches of {recipe.batch_size})",
        "take a smaller batch_size, shorter texts (limit= of the task's encode), a strategy that "
        "trains fewer parameters (frozen, lora, bias_only), or a smaller source.",
    )
