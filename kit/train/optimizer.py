"""Optimizer: AdamW with a learning rate per group; sparse for large embeddings on a CPU."""

import mmap

import torch
from torch import nn

from kit.errors import KitError
from kit.train import distributed

__all__ = ["LAZY_ROWS", "Optimizer"]

USUAL = 1e-4
"""A learning rate at which a pretrained model can be trained."""

LAZY_ROWS = 1024
"""Rows from which an embedding gets sparse updates; below, dense updates are as fast."""


class Optimizer:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) for one run.

    The norm of the gradient is clipped to `clip`. Weight decay `decay` applies to matrices, not to
    embeddings, biases and norms. lazy=True, on a CPU: embedding rows of tokens that a batch does
    not have are not updated, nor are their moments. Half of MiniLM's 22.7 million parameters are
    embeddings, and a batch has one token in a hundred of the vocabulary.

    groups: [{"params": [...], "rate": r, "start": s}, ...], as in `kit.train.training_steps`.
    Raises KitError where no parameter is to be trained.
    """

    def __init__(
        self, model: nn.Module, groups: list[dict], decay: float, clip: float, lazy: bool = True
    ) -> None:
        self.clip = clip
        self.model = model
        self.updates = 0
        self.lazy = _lazy_embeddings(model) if lazy else []
        lazy_weights = {m.weight for m in self.lazy}
        embeddings = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
        dense, sparse = [], []
        for group in groups:
            settings = {k: group.get(k, 0.0) for k in ("rate", "start")} | {"lr": group["rate"]}
            trained = [p for p in group["params"] if p.requires_grad]
            matrices = [p for p in trained if p.ndim > 1 and p not in embeddings]
            others = [p for p in trained if p.ndim < 2 or p in embeddings]
            others = [p for p in others if p not in lazy_weights]
            dense.append({"params": matrices, "weight_decay": decay, **settings})
            dense.append({"params": others, "weight_decay": 0.0, **settings})
            sparse.append({"params": [p for p in trained if p in lazy_weights], **settings})
        dense = [group for group in dense if group["params"]]
        sparse = [group for group in sparse if group["params"]]
        if not dense + sparse:
            raise KitError("no parameter is to be trained: unfreeze some, or give groups that do.")
        self.parts: list[torch.optim.Optimizer] = []
        if dense:
            self.parts.append(torch.optim.AdamW(dense, fused=True))
        if sparse:
            self.parts.append(_sparse_adam(sparse))
        for embedding in self.lazy:
            embedding.sparse = True
        self.clear()

    def step(self, spent: float, factor: float) -> None:
        """One update: sum the gradients over the processes, clip, update, set them to zero.

        factor: a factor on each group's learning rate. spent: the used share of the budget, 0 to
        1; a group with a later start does not change.
        """
        for group in (g for part in self.parts for g in part.param_groups):
            group["lr"] = factor * group["rate"] if spent >= group["start"] else 0.0
        distributed.sum_gradients(self._parameters())
        self._clip(spent)
        self.updates += 1
        for part in self.parts:
            part.step()
            part.zero_grad()

    def clear(self) -> None:
        """Forget all gradients, those of an interrupted backward pass too."""
        for part in self.parts:
            part.zero_grad()

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
        groups = [g for part in self.parts for g in part.param_groups if spent >= g["start"]]
        rate = max(g["rate"] for g in groups or self.parts[0].param_groups)
        return (
            f"the rate {rate:g}, the highest in force, is too high for this model. {kept}: begin "
            f"from a fresh target, with rates of {min(rate / 10, USUAL):g} at most."
        )

    def _parameters(self) -> list[nn.Parameter]:
        return [p for part in self.parts for g in part.param_groups for p in g["params"]]

    def _clip(self, spent: float) -> None:
        values = []
        for p in self._parameters():
            if p.grad is not None:
                p.grad = p.grad.coalesce() if p.grad.is_sparse else p.grad
                values.append(p.grad.values() if p.grad.is_sparse else p.grad)
        norm = nn.utils.get_total_norm(values)
        if not torch.isfinite(norm):
            self.clear()
            raise KitError(f"the gradient is {float(norm)}: {self.advice(spent)}")
        if norm > self.clip:
            torch._foreach_mul_(values, self.clip / norm)

    def __enter__(self) -> "Optimizer":
        return self

    def __exit__(self, *_) -> None:
        """Leave no gradient behind; give the embeddings dense gradients again."""
        self.clear()
        for embedding in self.lazy:
            embedding.sparse = False


def _lazy_embeddings(model: nn.Module) -> list[nn.Embedding]:
    """The embeddings whose gradient may be sparse: large, trained, on a CPU, and not tied."""
    uses = [p for _, p in model.named_parameters(remove_duplicate=False)]
    return [
        m
        for m in model.modules()
        if isinstance(m, nn.Embedding)
        and m.num_embeddings >= LAZY_ROWS
        and m.weight.requires_grad
        and m.weight.device.type == "cpu"
        and sum(p is m.weight for p in uses) == 1
    ]


def _sparse_adam(groups: list[dict]) -> torch.optim.SparseAdam:
    """SparseAdam whose moments need memory only for rows that have been updated."""
    optimizer = torch.optim.SparseAdam(groups)
    for p in (p for g in groups for p in g["params"]):
        optimizer.state[p] = {"step": 0, "exp_avg": _zeros(p), "exp_avg_sq": _zeros(p)}
    return optimizer


def _zeros(p: nn.Parameter) -> torch.Tensor:
    """Zeros like p. The system allocates a page at its first write; torch.zeros writes all now."""
    memory = mmap.mmap(-1, p.numel() * p.element_size())
    return torch.frombuffer(memory, dtype=p.dtype).view(p.shape)
