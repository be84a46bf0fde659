"""Several processes train one model: each has a copy of it and a share of every batch.

`torchrun --nproc-per-node 2 ...` or `accelerate launch ...` starts them, one a GPU; alone, every
function here does nothing. θ moves by the sum of all gradients, so that two processes with
batches of B do what one does with batches of 2B (Goyal et al. 2017, arxiv.org/abs/1706.02677).
"""

import atexit
import os
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, distributed, nn

__all__ = ["count", "join", "of_first", "rank", "same", "share", "sum_gradients", "total"]


def join() -> None:
    """Meet the others, if whoever started this process said that there are any."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        return
    if gpu := torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if gpu else "gloo")
    atexit.register(distributed.destroy_process_group)


def rank() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if _several() else 0


def count() -> int:
    """How many there are."""
    return distributed.get_world_size() if _several() else 1


def share(rows: Sequence) -> Sequence:
    """What this process takes of a batch: every n-th, so that all get as many long ones."""
    return rows[rank() :: count()]


def total(value: float) -> float:
    """The sum of what the processes say."""
    if not _several():
        return value
    distributed.all_reduce(there := _there(value))
    return there.item()


def of_first(value: float) -> float:
    """What the first says."""
    if not _several():
        return value
    distributed.broadcast(there := _there(value), 0)
    return there.item()


def same(model: nn.Module) -> None:
    """All begin from the first one's values."""
    if _several():
        for tensor in (*model.parameters(), *model.buffers()):
            distributed.broadcast(tensor.detach(), 0)


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Every gradient becomes the sum over the processes."""
    if not _several():
        return
    given = [p for p in parameters if p.grad is not None]
    for p in (p for p in given if p.grad.is_sparse):
        distributed.all_reduce(p.grad)
    dense = [p.grad for p in given if not p.grad.is_sparse]
    if dense:
        flat = torch.cat([g.flatten() for g in dense])
        distributed.all_reduce(flat)  # one message, not one for each tensor
        for g, part in zip(dense, flat.split([g.numel() for g in dense]), strict=True):
            g.copy_(part.view_as(g))


def _several() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _there(value: float) -> Tensor:
    on = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    return torch.tensor(value, dtype=torch.float64, device=on)
