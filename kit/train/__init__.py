"""Training: `fit` moves a model's parameters against the gradient of its loss."""

from kit.train.batches import Batch, Stream, collate, epoch_batches
from kit.train.evaluate import predict, total_loss
from kit.train.loop import fit, training_steps
from kit.train.recipe import Recipe
from kit.train.run import Run

__all__ = [
    "Batch",
    "Recipe",
    "Run",
    "Stream",
    "collate",
    "epoch_batches",
    "fit",
    "predict",
    "total_loss",
    "training_steps",
]
