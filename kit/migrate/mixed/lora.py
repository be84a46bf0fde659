"""LoRA: the change of a matrix is the product of two low-rank ones, which can be merged into it.

Hu et al. 2021, arxiv.org/abs/2106.09685; on a base of 4 bits (QLoRA): Dettmers et al. 2023,
arxiv.org/abs/2305.14314. r rank, α alpha.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.guards import a_model, guarded
from kit.migrate.migration import Migration, WeightMap, group, is_moved, migration
from kit.models import Transformer
from kit.models.quantized_matrix import (
    KINDS,
    QuantizedMatrix,
    dense,
    matrices,
    put_matrix,
    quantize,
)

__all__ = ["LoRALinear", "LoRARecurrent", "lora", "merge", "quantized_lora", "replace"]

TARGETS = {"transformer": ("query", "value"), "rnn": ("weight_ih_l0", "weight_hh_l0")}
"""Default targets: those of the paper; in an RNN, W and U of each layer."""
LINEAR = ("query", "key", "value", "output", "up", "gate", "down")
"""All linear layers of a Transformer's block: the targets of QLoRA."""


def lora(
    body: nn.Module,
    head: nn.Module,
    *,
    rank: int = 8,
    alpha: float = 16.0,
    targets: tuple[str, ...] | None = None,
    layers: int | None = None,
    rate: float = 1e-3,
    train_head: bool | None = None,
) -> Migration:
    """Copy every value and train A and B of W′ = W + α/r · B A, and a fresh head.

    B is zero at first, so that the target begins as the source. `merge` replaces W by W′.
    rank, alpha: r and α.
    train_head: whether the head is trained; None: a fresh one is, the source's own is not (that of
        a language model has as many numbers as its word table). The decoder in the source's own
        head is then adapted as the body is.
    targets: names of linear layers ("query", "key", "value", "output", "up", "gate", "down") or,
        for an RNN, of its matrices ("weight_ih_l0" for W, "weight_hh_l0" for U).
    layers: only the uppermost blocks of a Transformer, so many; None: all. The backward pass ends
        at the lowest of them, and `kit.models.FeatureCache` computes those below once.
    """
    weight_map = WeightMap(body, head)
    return _with_lora(body, head, weight_map, targets, rank, alpha, layers, rate, train_head)


def _with_lora(
    body: nn.Module,
    head: nn.Module,
    weight_map: WeightMap,
    targets: tuple[str, ...] | None,
    rank: int,
    alpha: float,
    layers: int | None,
    rate: float,
    train_head: bool | None,
) -> Migration:
    """The migration by LoRA of a body whose map was made."""
    if rank < 1:
        raise KitError(f"rank={rank}: give 1 or more.")
    if train_head is None:
        train_head = not is_moved(head)
    kind = "transformer" if isinstance(body, Transformer) else "rnn"
    targets = targets or TARGETS[kind]
    add_lora = _linear if kind == "transformer" else _recurrent
    within = body if layers is None else _uppermost(body, layers)
    replaced = add_lora(within, targets, rank, alpha / rank)
    adapted = nn.ModuleList([body])
    decoder = getattr(head, "decoder", None)
    if is_moved(head) and not train_head and isinstance(decoder, Transformer):
        _linear(decoder, targets, rank, alpha / rank)
        adapted.append(decoder)
    if missing := set(targets) - replaced:
        raise KitError(
            f"targets {sorted(missing)}: this source has no such matrix. Give names such as "
            f"{', '.join(TARGETS[kind])}."
        )
    added = [p for name, p in adapted.named_parameters() if "lora_" in name]
    notes = {p: "zero: it adds nothing yet" for n, p in adapted.named_parameters() if "lora_B" in n}
    trained = [*added, head] if train_head else added
    return migration(body, head, weight_map, [group(rate, *trained)], notes=notes)


def quantized_lora(
    body: nn.Module,
    head: nn.Module,
    *,
    kind: str = "Q4_1",
    rank: int = 16,
    alpha: float = 32.0,
    layers: int | None = None,
    rate: float = 1e-3,
    train_head: bool | None = None,
) -> Migration:
    """Keep every matrix of the blocks in 4 bits, and train A and B of W′ = W + α/r · B A in all
    linear layers, and a fresh head (QLoRA).

    A matrix that is quantized already stays as it is; one in float32 is rounded (`quantize`), in
    blocks of 32 equal steps and not in the paper's NormalFloat. A product expands W and keeps
    nothing of it, so that a training needs memory for A and B alone.
    kind: how matrices in float32 are stored, a name in `kit.models.quantized_matrix.KINDS`.
    rank, alpha, layers, train_head: as in `lora`.
    Raises KitError for a body that is no Transformer.
    """
    if not isinstance(body, Transformer):
        raise KitError(
            f"quantized_lora rounds the linear layers of a Transformer, and this source is a "
            f"{type(body).__name__}: take 'lora'."
        )
    present = {n.rpartition(".")[2] for n, p in body.blocks.named_modules() if _is_linear(n, p)}
    rounded = _round_blocks(body, kind)
    weight_map = WeightMap(body, head)
    for name in rounded:
        matrix = body.get_submodule(name)
        weight_map.add(matrix, f"body.{name}", "rounded")
    targets = tuple(name for name in LINEAR if name in present)
    made = _with_lora(body, head, weight_map, targets, rank, alpha, layers, rate, train_head)
    if rounded:
        made.warnings.append(f"{len(rounded)} matrices of the source were rounded to {kind}.")
    return made


def _round_blocks(body: Transformer, kind: str) -> list[str]:
    """Store the blocks' matrices that are in float32 in few bits, in place; their names."""
    names = [f"blocks.{n}.weight" for n, p in body.blocks.named_modules() if _is_linear(n, p)]
    weights = {name: body.get_parameter(name) for name in names if name not in matrices(body)}
    block = KINDS[kind].block if kind in KINDS else 1
    if odd := next((name for name, w in weights.items() if w.shape[1] % block), None):
        raise KitError(
            f"{odd} has {weights[odd].shape[1]} columns, and {kind} stores {block} numbers at a "
            "time: take 'lora', which rounds nothing."
        )
    for name, weight in weights.items():
        put_matrix(body, name, quantize(weight, kind))
    return list(weights)


def _uppermost(body: nn.Module, layers: int) -> nn.Module:
    """The uppermost blocks of a Transformer, as one module."""
    if not isinstance(body, Transformer):
        raise KitError(
            f"layers={layers!r} counts the blocks of a Transformer, and this source is a "
            f"{type(body).__name__}: leave layers out."
        )
    blocks = list(body.blocks)
    if not isinstance(layers, int) or not 1 <= layers <= len(blocks):
        raise KitError(f"layers={layers!r}: give a whole number, 1 to {len(blocks)}.")
    return nn.ModuleList(blocks[-layers:])


def _is_linear(name: str, part: nn.Module) -> bool:
    return isinstance(part, nn.Linear) and name.rpartition(".")[2] in LINEAR


def _linear(body: nn.Module, targets, rank: int, scale: float) -> set[str]:
    def wanted(name: str, part: nn.Module) -> bool:
        return isinstance(part, nn.Linear) and name.rpartition(".")[2] in targets

    names = replace(body, wanted, lambda part: LoRALinear(part, rank, scale))
    return {name.rpartition(".")[2] for name in names}


def _recurrent(body: nn.Module, targets, rank: int, scale: float) -> set[str]:
    matrices = {n.rpartition(".")[2] for n, p in body.layers.named_parameters() if p.ndim == 2}
    # In the order of the targets: a set has another order, and other fresh values, in each process.
    chosen = tuple(name for name in targets if name in matrices)
    if chosen:
        replace(
            body,
            lambda _, part: isinstance(part, nn.RNNBase),
            lambda part: LoRARecurrent(part, rank, scale, chosen),
        )
    return set(chosen)


def replace(
    module: nn.Module,
    wanted: Callable[[str, nn.Module], bool],
    make: Callable[[nn.Module], nn.Module],
) -> list[str]:
    """Replace each wanted submodule by `make(submodule)`. Returns their names.

    wanted: from a submodule's name and itself to whether it is replaced.
    """
    names = [name for name, part in module.named_modules() if wanted(name, part)]
    for name in names:
        owner, _, last = name.rpartition(".")
        setattr(module.get_submodule(owner), last, make(module.get_submodule(name)))
    return names


@guarded("merge(m.model)", model=a_model)
def merge(model: nn.Module) -> nn.Module:
    """W ← W + α/r · B A wherever LoRA was added, in place and returned: the same function in the
    source's own architecture, which can be saved and migrated from again.

    Raises KitError for a model without LoRA.
    """
    names = replace(
        model, lambda _, p: isinstance(p, LoRALinear | LoRARecurrent), lambda p: p.merged()
    )
    if not names:
        raise KitError("this model has no LoRA: only what `lora` added can be merged.")
    return model


def _low_rank(W: Tensor | QuantizedMatrix, rank: int) -> tuple[nn.Parameter, nn.Parameter]:
    """A (r, D), initialised as a linear layer, and B (D′, r), zero."""
    like = {"dtype": W.dtype, "device": W.device}
    A = nn.Parameter(torch.empty(rank, W.shape[1], **like))
    nn.init.kaiming_uniform_(A, a=5**0.5)
    return A, nn.Parameter(torch.zeros(W.shape[0], rank, **like))


class LoRALinear(nn.Module):
    """x (..., D) -> W x + b + α/r · B A x (..., D′)."""

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        self.lora_A, self.lora_B = _low_rank(base.weight, rank)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + x @ self.lora_A.T @ self.lora_B.T * self.scale

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One linear layer with W′; a quantized W is expanded for it."""
        change = self.scale * self.lora_B @ self.lora_A
        if isinstance(self.base.weight, QuantizedMatrix):
            self.base.weight = nn.Parameter(dense(self.base.weight) + change)
        else:
            self.base.weight += change
        return self.base


class LoRARecurrent(nn.Module):
    """An LSTM or GRU with W′ = W + α/r · B A for some of its matrices."""

    def __init__(
        self, base: nn.LSTM | nn.GRU, rank: int, scale: float, targets: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        self.mode, self.hidden_size = base.mode, base.hidden_size
        pairs = {name: _low_rank(base.get_parameter(name), rank) for name in targets}
        self.lora_A = nn.ParameterDict({name: A for name, (A, _) in pairs.items()})
        self.lora_B = nn.ParameterDict({name: B for name, (_, B) in pairs.items()})

    def weights(self) -> dict[str, Tensor]:
        """Each W′ by its name."""
        return {
            name: self.base.get_parameter(name) + self.scale * self.lora_B[name] @ A
            for name, A in self.lora_A.items()
        }

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """As an LSTM's own, with W′."""
        own = dict(self.base.named_parameters()) | self.weights()
        return [[own[name] for name in self.base._flat_weights_names]]

    def forward(self, *args):
        return torch.func.functional_call(self.base, self.weights(), args)

    @torch.no_grad()
    def merged(self) -> nn.LSTM | nn.GRU:
        """The base with W′."""
        for name, W in self.weights().items():
            self.base.get_parameter(name).copy_(W)
        return self.base
