"""Optimizer: AdamW with a learning rate for each group of parameters."""

import math

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.train import distributed
from kit.train.touched_rows import TouchedRows

__all__ = ["Optimizer"]

USUAL = 1e-4
"""A learning rate at which a pretrained model can be trained."""
CPU = torch.device("cpu")
VECTOR = 16
"""Numbers that a CPU updates at once. It rounds those left over at a tensor's end otherwise."""


class Optimizer:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) for one run.

    The norm of the gradient is clipped to `clip`. Weight decay `decay` applies to matrices, not to
    embeddings, biases and norms. Every trained parameter is updated at every step, on any device:
    so are the embedding rows of tokens that the batch does not have, by their moments.

    groups: [{"params": [...], "rate": r, "start": s}, ...], as in `kit.train.training_steps`.
    device: where the model is. touched_rows: keep moments of embedding rows from their first
    gradient on, which saves memory and changes no bit; on a CPU, in a single process.
    Raises KitError where no parameter is to be trained.
    """

    def __init__(
        self,
        model: nn.Module,
        groups: list[dict],
        decay: float,
        clip: float,
        device: torch.device = CPU,
        *,
        touched_rows: bool = False,
    ) -> None:
        self.clip = clip
        self.deferred = device.type == "cuda" and distributed.count() == 1
        self.pending = torch.zeros(2)
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
        self.parameters = [p for part in parts for p in part["params"]]
        tables = [p for p in self.parameters if p in embeddings and p.shape[1] % VECTOR == 0]
        self.tables = [TouchedRows(table, self.adamw) for table in tables if touched_rows]
        self.sharded = any(hasattr(p, "to_local") for p in self.parameters)
        self.clear()

    @property
    def groups(self) -> list[dict]:
        """AdamW's parameter groups: of each group given, its matrices and its other parameters."""
        return self.adamw.param_groups

    def step(self, loss: Tensor, spent: float, factor: float) -> None:
        """One update: clip the gradients, update, set them to zero.

        loss: this process's part of the mean loss, whose gradients are there. factor: a factor on
        each group's learning rate. spent: the used share of the budget, 0 to 1; a group with a
        later start does not change.
        Nothing changes where the loss or the gradient is not finite: KitError, here, or, of one
        process on a GPU, in `loss`, which must be called next.
        """
        for group in self.groups:
            group["lr"] = factor * group["rate"] if spent >= group["start"] else 0.0
        if self.deferred:
            self._step_on_device(loss)
        else:
            value = distributed.total(float(loss))
            self._check_loss(value, spent)
            distributed.check_gradients(self.parameters)
            norm = self._clip(spent)
            self.updates += 1
            for table in self.tables:
                table.gather()
            self.adamw.step()
            for table in self.tables:
                table.scatter()
            self.pending = torch.tensor([value, norm], dtype=torch.float64)
        self.clear()

    def loss(self, spent: float) -> float:
        """The mean loss of the last step, over all processes; it waits for the GPU."""
        loss, norm = self.pending.tolist()
        if self.deferred:
            self._check_loss(loss, spent)
            self._check_norm(norm, spent)
            self.updates += 1
        return loss

    def _step_on_device(self, loss: Tensor) -> None:
        """Clip and update without a wait for the GPU: it finds there whether both are finite, and
        does nothing where they are not."""
        norm = nn.utils.get_total_norm(self._gradients())
        self.pending = torch.stack([loss.float(), norm.float()])
        self.adamw.grad_scale = (norm / self.clip).clamp(min=1)  # AdamW divides gradients by it
        self.adamw.found_inf = (~self.pending.isfinite().all()).float()
        self.adamw.step()

    def clear(self) -> None:
        """Forget all gradients, those of an interrupted backward pass too."""
        self.adamw.zero_grad()
        for table in self.tables:
            table.table.grad = None

    def advice(self, spent: float) -> str:
        """What to do after a loss or a gradient that is not finite: the cause and the remedy.

        Before the first update no rate is the cause. Later it is: the highest that is in force at
        this share of the budget.
        """
        kept = "The parameters are as they were before this step"
        if not self.updates:
            named = [(name, distributed.local(p)) for name, p in self.model.named_parameters()]
            bad = [name for name, p in named if not p.isfinite().all()]
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

    def _gradients(self) -> list[Tensor]:
        return [p.grad for p in self.parameters if p.grad is not None]

    def _clip(self, spent: float) -> float:
        gradients = [distributed.local(grad) for grad in self._gradients()]
        norm = nn.utils.get_total_norm(gradients)
        if self.sharded:
            norm = torch.tensor(distributed.total(float(norm) ** 2) ** 0.5)
        self._check_norm(float(norm), spent)
        if norm > self.clip:
            torch._foreach_mul_(gradients, self.clip / norm)
        return float(norm)

    def _check_loss(self, loss: float, spent: float) -> None:
        if not math.isfinite(loss):
            self.clear()
            raise KitError(f"the loss is {loss} at step {self.updates + 1}: {self.advice(spent)}")

    def _check_norm(self, norm: float, spent: float) -> None:
        if not math.isfinite(norm):
            self.clear()
            raise KitError(f"the gradient is {norm}: {self.advice(spent)}")

    def __enter__(self) -> "Optimizer":
        return self

    def __exit__(self, *_) -> None:
        """Leave no gradient behind."""
        self.clear()
