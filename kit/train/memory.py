"""The memory that a training needs, foreseen from the model, the groups and the longest examples.

B batch, T tokens, D width, H heads.
"""

from collections.abc import Callable, Sequence

from torch import nn

from kit.memory import check_memory
from kit.models.transformer_config import GATED
from kit.train import distributed
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
    holders = distributed.count() if recipe.shard else 1
    numbers = copies * sum(p.numel() for p in trained) // holders
    batch = -(-recipe.batch_size // recipe.accumulation)
    lengths = sorted((len(row["ids"]) for row in rows), reverse=True)[:batch]
    inputs_alone = recipe.activation_checkpointing
    return SPARE + NUMBER * (numbers + _activations(model, len(lengths), lengths[0], inputs_alone))


def _activations(model: nn.Module, batch: int, tokens: int, inputs_alone: bool) -> int:
    """The numbers that a forward pass keeps for the backward pass: of each layer, or, with
    inputs_alone, the inputs of each, and all of one; of a frozen body those of one at a time."""
    config = getattr(getattr(model, "body", None), "config", None)
    if config is None:
        return 0
    width = getattr(config, "intermediate_size", None) or config.width
    kept = 4 if getattr(config, "activation", "") in GATED else 2  # with the gate and the product
    layer = 8 * config.width + kept * width
    trained = any(p.requires_grad for p in model.body.parameters())
    if trained and inputs_alone:
        return batch * tokens * (config.layers * config.width + layer)
    return batch * tokens * (config.layers if trained else 1) * layer


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
        "take a smaller batch_size or a larger accumulation in the recipe, shorter texts (limit= "
        "of the task's encode), a strategy that trains fewer parameters (frozen, lora, bias_only), "
        "or a smaller source.",
    )
