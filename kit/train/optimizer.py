"""The update: AdamW, in groups with rates of their own, lazy where that is faster."""

import mmap

import torch
from torch import nn

from kit.errors import KitError
from kit.train import distributed

__all__ = ["LAZY_ROWS", "Optimizer"]

LAZY_ROWS = 1024
"""An embedding of fewer rows is updated whole: that is as fast."""


class Optimizer:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) for one run.

    The gradient's norm is clipped to `clip`; matrices decay by `decay`, word tables never. Where
    `lazy`, on a CPU, the rows of a word table that a batch does not touch are left alone, moments
    included: of MiniLM's 22.7 M parameters half are in its table, and a batch touches one row in
    a hundred.

    groups: [{"params": [...], "rate": r, "start": s}, ...], as in `kit.train.training_steps`.
    """

    def __init__(
        self, model: nn.Module, groups: list[dict], decay: float, clip: float, lazy: bool = True
    ) -> None:
        self.clip, self.lazy = clip, _lazy_tables(model) if lazy else []
        tables = {t.weight for t in self.lazy}
        every = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
        dense, sparse = [], []
        for group in groups:
            settings = {k: group.get(k, 0.0) for k in ("rate", "start")} | {"lr": group["rate"]}
            trained = [p for p in group["params"] if p.requires_grad]
            matrix = [p for p in trained if p.ndim > 1 and p not in every]
            rest = [p for p in trained if p not in tables and (p.ndim < 2 or p in every)]
            dense.append({"params": matrix, "weight_decay": decay, **settings})
            dense.append({"params": rest, "weight_decay": 0.0, **settings})
            sparse.append({"params": [p for p in trained if p in tables], **settings})
        dense, sparse = ([g for g in part if g["params"]] for part in (dense, sparse))
        if not dense + sparse:
            raise KitError("no parameter is to be trained: unfreeze some, or give groups that do.")
        self.parts = [torch.optim.AdamW(dense, fused=True)] if dense else []
        self.parts += [_sparse(sparse)] if sparse else []
        for table in self.lazy:
            table.sparse = True
        self.clear()

    def step(self, spent: float, factor: float) -> None:
        """Sum over the processes, clip, update at `factor` times each group's rate, clear.

        spent: the share of the budget that is used up; a group that starts later stays.
        """
        for group in (g for part in self.parts for g in part.param_groups):
            group["lr"] = factor * group["rate"] if spent >= group["start"] else 0.0
        distributed.sum_gradients(self._parameters())
        self._clip()
        for part in self.parts:
            part.step()
            part.zero_grad()

    def clear(self) -> None:
        """Forget all gradients, those of an interrupted backward pass too."""
        for part in self.parts:
            part.zero_grad()

    def highest_rate(self) -> float:
        """The highest learning rate of any group."""
        return max(g["rate"] for part in self.parts for g in part.param_groups)

    def _parameters(self) -> list[nn.Parameter]:
        return [p for part in self.parts for g in part.param_groups for p in g["params"]]

    def _clip(self) -> None:
        values = []
        for p in self._parameters():
            if p.grad is not None:
                p.grad = p.grad.coalesce() if p.grad.is_sparse else p.grad
                values.append(p.grad.values() if p.grad.is_sparse else p.grad)
        norm = nn.utils.get_total_norm(values)
        if not torch.isfinite(norm):
            self.clear()
            raise KitError(
                f"the gradient is {float(norm)}: the rate {self.highest_rate():g}, the highest in "
                "force, is too high for this model. The parameters are as they were before this "
                "step: begin from a fresh target, with a tenth of the rate."
            )
        if norm > self.clip:
            torch._foreach_mul_(values, self.clip / norm)

    def __enter__(self) -> "Optimizer":
        return self

    def __exit__(self, *_) -> None:
        """No gradient is left behind; the embeddings get their ordinary ones back."""
        self.clear()
        for table in self.lazy:
            table.sparse = False


def _lazy_tables(model: nn.Module) -> list[nn.Embedding]:
    """The embeddings whose gradient may be sparse: large, on a CPU, and tied to nothing else."""
    names = [p for _, p in model.named_parameters(remove_duplicate=False)]
    return [
        m
        for m in model.modules()
        if isinstance(m, nn.Embedding)
        and m.num_embeddings >= LAZY_ROWS
        and m.weight.requires_grad
        and m.weight.device.type == "cpu"
        and sum(p is m.weight for p in names) == 1
    ]


def _sparse(groups: list[dict]) -> torch.optim.SparseAdam:
    """Its moments take memory only where a row is touched."""
    made = torch.optim.SparseAdam(groups)
    for p in (p for g in groups for p in g["params"]):
        made.state[p] = {"step": 0, "exp_avg": _zeros(p), "exp_avg_sq": _zeros(p)}
    return made


def _zeros(p: nn.Parameter) -> torch.Tensor:
    """Zeros that the system lends when they are written to; torch.zeros writes all at once."""
    memory = mmap.mmap(-1, p.numel() * p.element_size())
    return torch.frombuffer(memory, dtype=p.dtype).view(p.shape)
