"""Optimizer: AdamW with a learning rate for each group of parameters."""

import torch
from torch import nn

from kit.errors import KitError
from kit.train import distributed

__all__ = ["Optimizer"]

USUAL = 1e-4
"""A learning rate at which a pretrained model can be trained."""


class Optimizer:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) for one run.

    The norm of the gradient is clipped to `clip`. Weight decay `decay` applies to matrices, not to
    embeddings, biases and norms. Every trained parameter is updated at every step, on any device:
    so are the embedding rows of tokens that the batch does not have, by their moments.

    groups: [{"params": [...], "rate": r, "start": s}, ...], as in `kit.train.training_steps`.
    Raises KitError where no parameter is to be trained.
    """

    def __init__(self, model: nn.Module, groups: list[dict], decay: float, clip: float) -> None:
        self.clip = clip
        self.model = model
        self.updates = 0
        embeddings = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
        parts = []
        for group in groups:
            settings = {k: group.get(k, 0.0) for k in ("rate", "start")} | {"lr": group["rate"]}
            trained = [p for p in group["params"] if p.requires_grad]
            matrices = [p for p in trained if p.ndim > 1 and p not in embeddings]
            others = [p for p in trained if p.ndim < 2 or p in embeddings]
            parts.append({"params": matrices, "weight_decay": decay, **settings})
            parts.append({"params": others, "weight_decay": 0.0, **settings})
        parts = [part for part in parts if part["params"]]
        if not parts:
            raise KitError("no parameter is to be trained: unfreeze some, or give groups that do.")
        self.adamw = torch.optim.AdamW(parts, fused=True)
        self.clear()

    @property
    def groups(self) -> list[dict]:
        """AdamW's parameter groups: of each group given, its matrices and its other parameters."""
        return self.adamw.param_groups

    def step(self, spent: float, factor: float) -> None:
        """One update: sum the gradients over the processes, clip, update, set them to zero.

        factor: a factor on each group's learning rate. spent: the used share of the budget, 0 to
        1; a group with a later start does not change.
        """
        for group in self.groups:
            group["lr"] = factor * group["rate"] if spent >= group["start"] else 0.0
        distributed.sum_gradients(self._parameters())
        self._clip(spent)
        self.updates += 1
        self.adamw.step()
        self.clear()

    def clear(self) -> None:
        """Forget all gradients, those of an interrupted backward pass too."""
        self.adamw.zero_grad()

    def advice(self, spent: float) -> str:
        """What to do after a loss or a gradient that is not finite: the cause and the remedy.

        Before the first update no rate is the cause. Later it is: the highest that is in force at
        this share of the budget.
        """
        kept = "The parameters are as they were before this step"
        if not self.updates:
            bad = [n for n, p in self.model.named_parameters() if not p.isfinite().all()]
            holds = f"{bad[0]} holds values that are not finite" if bad else ""
            cause = holds or "its values overflow for these examples"
            return (
                f"no parameter has moved yet, so that it is not the rate, but the model: {cause}. "
                f"{kept}: take another source, or precision='fp32', or leave these examples out."
            )
        groups = [g for g in self.groups if spent >= g["start"]]
        rate = max(g["rate"] for g in groups or self.groups)
        return (
            f"the rate {rate:g}, the highest in force, is too high for this model. {kept}: begin "
            f"from a fresh target, with rates of {min(rate / 10, USUAL):g} at most."
        )

    def _parameters(self) -> list[nn.Parameter]:
        return [p for group in self.groups for p in group["params"]]

    def _clip(self, spent: float) -> None:
        gradients = [p.grad for p in self._parameters() if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if not torch.isfinite(norm):
            self.clear()
            raise KitError(f"the gradient is {float(norm)}: {self.advice(spent)}")
        if norm > self.clip:
            torch._foreach_mul_(gradients, self.clip / norm)

    def __enter__(self) -> "Optimizer":
        return self

    def __exit__(self, *_) -> None:
        """Leave no gradient behind."""
        self.clear()
