"""Data-parallel training: several processes each hold a copy of the model and a share of a batch.

`torchrun --nproc-per-node 2 ...` or `accelerate launch ...` starts them, one per GPU. In a single
process every function here returns its argument or does nothing. An update uses the sum of all
gradients, so that two processes with batches of B do what one does with batches of 2B (Goyal et
al. 2017, arxiv.org/abs/1706.02677).
"""

import atexit
import os
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, distributed, nn

__all__ = ["count", "join", "of_first", "rank", "same", "share", "sum_gradients", "total"]


def join() -> None:
    """Join the process group, if a launcher such as torchrun started several processes."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        return
    if gpu := torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if gpu else "gloo")
    atexit.register(distributed.destroy_process_group)


def rank() -> int:
    """The number of this process, from 0."""
    return distributed.get_rank() if _several() else 0


def count() -> int:
    """The number of processes."""
    return distributed.get_world_size() if _several() else 1


def share(rows: Sequence) -> Sequence:
    """This process's rows of a batch: every n-th, so that long texts are spread evenly."""
    return rows[rank() :: count()]


def total(value: float) -> float:
    """The sum of the processes' values."""
    if not _several():
        return value
    tensor = _as_tensor(value)
    distributed.all_reduce(tensor)
    return tensor.item()


def of_first(value: float) -> float:
    """The first process's value."""
    if not _several():
        return value
    tensor = _as_tensor(value)
    distributed.broadcast(tensor, 0)
    return tensor.item()


def same(model: nn.Module) -> None:
    """Copy the first process's parameters and buffers to all processes."""
    if _several():
        for tensor in (*model.parameters(), *model.buffers()):
            distributed.broadcast(tensor.detach(), 0)


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its sum over the processes."""
    if not _several():
        return
    grads = [p.grad for p in parameters if p.grad is not None]
    if grads:
        flat = torch.cat([grad.flatten() for grad in grads])
        distributed.all_reduce(flat)  # one message, not one for each tensor
        parts = flat.split([grad.numel() for grad in grads])
        for grad, part in zip(grads, parts, strict=True):
            grad.copy_(part.view_as(grad))


def _several() -> bool:
    """Whether this process has joined others."""
    return distributed.is_available() and distributed.is_initialized()


def _as_tensor(value: float) -> Tensor:
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    return torch.tensor(value, dtype=torch.float64, device=device)
