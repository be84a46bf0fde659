"""Data-parallel training: several processes compute one update, each from a share of the batch.

`torchrun --nproc-per-node 2 ...` or `accelerate launch ...` starts them, one per GPU. In a single
process every function here returns its argument or does nothing. Two engines of torch do the work:

Replicated   each process holds the whole model (DistributedDataParallel; Li et al. 2020,
             arxiv.org/abs/2006.15704). The default.
Sharded      each process holds a part of each parameter, of its gradient and of AdamW's moments
             (FSDP2, `fully_shard`; Zhao et al. 2023, arxiv.org/abs/2304.11277): Recipe(shard=True).

An update uses the sum of all gradients, so that two processes with batches of B do what one does
with batches of 2B (Goyal et al. 2017, arxiv.org/abs/1706.02677).
"""

import atexit
import copy
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, distributed, nn

from kit import runtime
from kit.errors import KitError
from kit.models.transformer import Block
from kit.train.recipe import Recipe

__all__ = [
    "Engine",
    "check_gradients",
    "check_shard",
    "count",
    "engine",
    "fill",
    "join",
    "local",
    "of_first",
    "rank",
    "same",
    "share",
    "total",
    "whole",
]


def join() -> None:
    """Join the process group, if a launcher such as torchrun started several processes."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        return
    if gpu := runtime.device().type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if gpu else "gloo", **_meeting())
    atexit.register(distributed.destroy_process_group)


def _meeting() -> dict:
    """Where the processes of one machine meet: a place of its own after each restart.

    torchrun keeps its store when it restarts workers, and they would find the addresses of the
    dead ones there (github.com/pytorch/pytorch/issues/135712). Machines count their restarts
    apart: there `TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1` is the remedy.
    """
    from torch.distributed.rendezvous import rendezvous

    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT")
    if restarts is None or os.environ.get("LOCAL_WORLD_SIZE") != os.environ["WORLD_SIZE"]:
        return {}
    store, number, processes = next(iter(rendezvous("env://")))
    store = distributed.PrefixStore(f"restart {restarts}", store)
    return {"store": store, "rank": number, "world_size": processes}


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
            values = tensor.detach().flatten().view(torch.uint8)  # gloo cannot send every type
            distributed.broadcast(values, 0)
            tensor.detach().copy_(values.view(tensor.dtype).view_as(tensor))


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor of which each process holds a part; all processes must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def local(tensor: Tensor) -> Tensor:
    """This process's part of a tensor; a view of it."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


@torch.no_grad()
def fill(tensor: Tensor, values: Tensor) -> Tensor:
    """Copy whole `values` into a tensor, of which this process may hold a part; return it."""
    if not hasattr(tensor, "to_local"):
        return tensor.copy_(values)
    from torch.distributed.tensor import distribute_tensor

    values = values.to(tensor.device)
    # None: each process cuts its part out of its own values, and none is sent.
    return tensor.copy_(
        distribute_tensor(values, tensor.device_mesh, tensor.placements, src_data_rank=None)
    )


def check_shard(recipe: Recipe, penalty: Callable | None) -> None:
    """Raise KitError for what cannot be trained with shard=True, in one process too."""
    remedy = ""
    if penalty is not None:
        remedy = "a penalty, which reads whole parameters: take a strategy without one"
    elif recipe.accumulation > 1:
        remedy = (
            f"accumulation={recipe.accumulation}, of which processes could have different numbers "
            "of parts: take a smaller batch_size, or activation_checkpointing=True"
        )
    elif recipe.compile:
        remedy = "compile=True, which compiles blocks with whole parameters: leave compile out"
    if recipe.shard and remedy:
        raise KitError(f"shard=True and {remedy}, or leave shard out.")


def check_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Raise KitError where sharded parameters have a gradient in some processes only."""
    if not any(hasattr(p, "to_local") for p in parameters):
        return
    has_gradient = torch.tensor([float(p.grad is not None) for p in parameters])
    counts = has_gradient.to(_as_tensor(0.0).device)
    distributed.all_reduce(counts)
    if ((counts > 0) & (counts < count())).any():
        raise KitError(
            "some parameters are used by the examples of one process and not by those of another, "
            "which shard=True cannot train: leave shard out."
        )


def engine(model: nn.Module, groups: list[dict], recipe: Recipe) -> "Engine":
    """The engine that trains this model in these processes."""
    if not _several():
        return Engine(model, groups)
    return Sharded(model, groups) if recipe.shard else Replicated(model, groups)


class Engine:
    """How a model is trained: here in one process, as it is.

    original: the model that was given. model, groups: what this process trains; its names are
    those of the original.
    """

    def __init__(self, model: nn.Module, groups: list[dict]) -> None:
        self.original = self.model = model
        self.groups = groups

    def __call__(self, objective: Callable, *inputs, last: bool = True) -> tuple[Tensor, Tensor]:
        """objective(*inputs), computed with whole parameters: (what has a gradient, the loss).

        last: whether this is the last part of a batch; then its backward pass sums the gradients
        over all processes.
        """
        return objective(*inputs)

    @contextmanager
    def evaluated(self) -> Iterator[nn.Module]:
        """Context with the original model, whole in the first process, in evaluation mode."""
        yield self.model.eval()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, kind: type | None, *_) -> None:
        """Nothing: the model was trained in place."""


class _Objective(nn.Module):
    """A model whose forward pass is the whole objective, so that an engine sees all of it: heads
    that are fused with the loss, and parameters that only a penalty uses."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, objective: Callable, *inputs) -> tuple[Tensor, Tensor]:
        return objective(*inputs)


class _Several(Engine):
    """What both engines of several processes have in common; `parallel` is torch's own.

    Each takes the mean of the processes' gradients; the factor n makes it their sum.
    """

    parallel: nn.Module

    def __init__(self, model: nn.Module, groups: list[dict]) -> None:
        super().__init__(model, groups)
        self.trained = [p.requires_grad for p in model.parameters()]

    def __call__(self, objective: Callable, *inputs, last: bool = True) -> tuple[Tensor, Tensor]:
        self._check_trained()
        total, loss = self.parallel(objective, *inputs)
        return total * count(), loss

    def _check_trained(self) -> None:
        """Raise KitError where `requires_grad` of a parameter has changed."""
        named = self.original.named_parameters()
        for (name, parameter), trained in zip(named, self.trained, strict=True):
            if parameter.requires_grad != trained:
                raise KitError(
                    f"requires_grad of {name} has changed in the training, which several "
                    "processes cannot follow: give its group a start= (gradual unfreezing), or "
                    "call fit once before and once after the change."
                )


class Replicated(_Several):
    """Each process holds the whole model; DistributedDataParallel sums the gradients while the
    backward pass goes on. A parameter that no process used has no gradient, as in one process."""

    def __init__(self, model: nn.Module, groups: list[dict]) -> None:
        super().__init__(model, groups)
        module = _Objective(model)
        # Where every parameter is used, torch warns that the search for unused ones was in vain.
        module.unused = nn.Parameter(next(model.parameters()).new_zeros(1))
        with warnings.catch_warnings():
            # Since torch 2.13; the argument in its place is not in earlier ones.
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated")
            self.parallel = nn.parallel.DistributedDataParallel(
                module,
                broadcast_buffers=False,
                init_sync=False,  # `same` has done it
                find_unused_parameters=True,
            )

    def __call__(self, objective: Callable, *inputs, last: bool = True) -> tuple[Tensor, Tensor]:
        with nullcontext() if last else self.parallel.no_sync():
            return super().__call__(objective, *inputs)


class Sharded(_Several):
    """Each process holds about 1/n of each parameter, of its gradient and of AdamW's moments.

    The parameters of a Transformer's block are whole only while it computes; all others, with
    tied embeddings, while the model does. What is trained is a sharded copy of the model, and the
    original is empty meanwhile: it is filled for a score, and at the end.
    """

    def __init__(self, model: nn.Module, groups: list[dict]) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        super().__init__(model, groups)
        device = next(model.parameters()).device.type
        mesh = init_device_mesh(device, (count(),))
        # The copy begins with the same parameters: `fully_shard` puts its own in their place.
        kept = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
        self.model = copy.deepcopy(model, kept)
        self.parallel = _Objective(self.model)
        for part in (*_blocks(self.model), self.parallel):
            fully_shard(part, mesh=mesh)
        names = {p: name for name, p in model.named_parameters()}
        sharded = dict(self.model.named_parameters())
        self.groups = [
            group | {"params": [sharded[names[p]] for p in group["params"]]} for group in groups
        ]
        self._empty()

    @contextmanager
    def evaluated(self) -> Iterator[nn.Module]:
        self._gather(keep=rank() == 0)
        self.model.eval()
        yield self.original.eval()
        self._empty()

    def __exit__(self, kind: type | None, *_) -> None:
        """Fill the original in every process. An exception of one process ends this: the others
        would be waited for forever."""
        if kind in (KeyboardInterrupt, GeneratorExit):
            raise KitError(
                "a training with shard=True was stopped before its end, so that no process has "
                "the whole model: give fit a folder=, and start the same command again to go on."
            )
        if kind is None:
            self._gather(keep=True)
            self.original.eval()

    def _gather(self, *, keep: bool) -> None:
        """Fill the original, one parameter after another; all processes take part."""
        for mine, sharded in zip(self.original.parameters(), self.model.parameters(), strict=True):
            values = whole(sharded.detach())
            if keep:
                mine.data = values

    def _empty(self) -> None:
        for parameter in self.original.parameters():
            parameter.data = parameter.data.new_empty(0)


def _blocks(model: nn.Module) -> list[Block]:
    """Blocks of Transformers whose parameters no other part of the model has."""
    uses = Counter(p for _, p in model.named_parameters(remove_duplicate=False))
    blocks = []
    for block in (part for part in model.modules() if isinstance(part, Block)):
        own = Counter(p for _, p in block.named_parameters(remove_duplicate=False))
        if own and all(uses[p] == n for p, n in own.items()):
            blocks.append(block)
    return blocks


def _several() -> bool:
    """Whether this process has joined others."""
    return distributed.is_available() and distributed.is_initialized()


def _as_tensor(value: float) -> Tensor:
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    return torch.tensor(value, dtype=torch.float64, device=device)
