"""QuantizedMatrix: a matrix that stays in the blocks of 4 to 8 bits in which a GGUF file has it.

O rows, I columns, N rows of inputs. A block is 32 numbers of a row, or 256, with their scales.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.models.exporting import is_exporting

__all__ = [
    "KINDS",
    "QuantizedMatrix",
    "QuantizedTable",
    "check_expanded",
    "dense",
    "expand_matrices",
    "matrices",
    "put_matrix",
    "quantize",
]


class Kind(NamedTuple):
    """How the numbers of a matrix are stored. number: `gguf.GGMLQuantizationType`'s."""

    number: int
    bits: int
    block: int
    """Numbers of a block."""
    size: int
    """Its bytes."""


KINDS = {
    "Q4_0": Kind(2, 4, 32, 18),
    "Q4_1": Kind(3, 4, 32, 20),
    "Q5_0": Kind(6, 5, 32, 22),
    "Q5_1": Kind(7, 5, 32, 24),
    "Q8_0": Kind(8, 8, 32, 34),
    "Q4_K": Kind(12, 4, 256, 144),
    "Q5_K": Kind(13, 5, 256, 176),
    "Q6_K": Kind(14, 6, 256, 210),
}
"""llama.cpp's name -> what is stored: github.com/ggml-org/ggml/blob/master/src/ggml-common.h."""

PLAIN = {"Q4_0": 1, "Q4_1": 2, "Q8_0": 1}
"""Kinds that are expanded by torch -> the numbers in 16 bits that begin a block: d, or d and m.
w = d (n - 8), d n + m, d n. The others are expanded by the `gguf` package."""

AT_ONCE = 1 << 22
"""Numbers that are expanded at a time: 17 MB of memory."""
FEW_ROWS = 4
"""Rows up to which a kernel that multiplies numbers of 4 bits is faster than to expand them."""


class QuantizedMatrix(nn.Module):
    """A matrix W (O, I) in blocks of a GGUF file, in the place of a parameter: it is not trained.

    `expand` gives W in float32, and `product` x Wᵀ, for which a few million numbers are expanded
    at a time, in the backward pass again: the gradient of x is exact, and W has none.
    Up to 4 rows without a gradient on a CPU are multiplied by torch's kernel for 4 bits in
    bfloat16: the product then differs by about 0.3 % of its norm.
    """

    def __init__(self, blocks: Tensor, kind: str) -> None:
        super().__init__()
        if kind not in KINDS:
            raise KitError(f"kind={kind!r} is unknown: give one of {', '.join(KINDS)}.")
        size, numbers = KINDS[kind].size, KINDS[kind].block
        if blocks.dtype != torch.uint8 or blocks.dim() != 2 or blocks.shape[1] % size:
            raise KitError(
                f"blocks of shape {tuple(blocks.shape)} ({blocks.dtype}) are no matrix in {kind}: "
                f"give bytes (O, {size} for each {numbers} numbers)."
            )
        self.kind = kind
        self.register_buffer("blocks", blocks)
        self.shape = torch.Size((len(blocks), blocks.shape[1] // size * numbers))
        self._packed: list[Packed] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __deepcopy__(self, memo: dict) -> "QuantizedMatrix":
        """A matrix that reads the same blocks, which nothing changes."""
        return memo.setdefault(id(self), QuantizedMatrix(self.blocks, self.kind))

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_packed": None}

    def extra_repr(self) -> str:
        return f"{self.shape[0]} × {self.shape[1]}, {self.kind}"

    def numel(self) -> int:
        return self.shape.numel()

    @property
    def bits(self) -> int:
        """Bits a number, without the scales."""
        return KINDS[self.kind].bits

    @property
    def device(self) -> torch.device:
        return self.blocks.device

    @property
    def dtype(self) -> torch.dtype:
        """That of the expanded numbers."""
        return torch.float32

    def expand(self, rows: Tensor | slice | None = None) -> Tensor:
        """W, or these rows of it (..., I), in float32: the numbers of the `gguf` package, to the
        bit."""
        blocks = self.blocks if rows is None else self.blocks[rows]
        shape = *blocks.shape[:-1], self.shape[1]
        blocks = blocks.reshape(-1, KINDS[self.kind].size)
        expanded = _plain(blocks, self.kind) if self.kind in PLAIN else _by_gguf(blocks, self.kind)
        return expanded.view(shape)

    def is_finite(self) -> bool:
        """Whether no scale is nan or inf."""
        if self.kind not in PLAIN:
            return all(bool(self.expand(rows).isfinite().all()) for rows in self.parts())
        blocks = self.blocks.view(len(self), -1, KINDS[self.kind].size)
        scales = blocks[..., : 2 * PLAIN[self.kind]].contiguous().view(torch.float16)
        return bool(scales.isfinite().all())

    def parts(self) -> Iterator[slice]:
        """The rows that are expanded at a time."""
        step = max(1, AT_ONCE // self.shape[1])
        for start in range(0, self.shape[0], step):
            yield slice(start, start + step)

    def product(self, x: Tensor) -> Tensor:
        """x (..., I) -> x Wᵀ (..., O)."""
        few = 0 < x.numel() <= FEW_ROWS * x.shape[-1] and x.device.type == "cpu"
        if few and not torch.is_grad_enabled() and not is_exporting() and self._packed_is_used():
            return self._by_packed(x)
        return _Product.apply(x, self)

    # The kernel for few rows.

    def _packed_is_used(self) -> bool:
        if self.kind not in PLAIN or self.shape[0] % 16 or self.shape[1] % 32:
            return False
        return packed_is_faster()

    def _by_packed(self, x: Tensor) -> Tensor:
        if self._packed is None:
            self._packed = pack(self)
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        first, *others = self._packed
        y = first.product(rows)
        for part in others:
            y = y + part.product(rows)
        return y.to(x.dtype).view(*x.shape[:-1], self.shape[0])


class _Product(torch.autograd.Function):
    """x Wᵀ, and its gradient by x, g W; W is expanded in each and kept in neither."""

    @staticmethod
    def forward(ctx, x: Tensor, matrix: QuantizedMatrix) -> Tensor:
        ctx.matrix, ctx.dtype = matrix, x.dtype
        parts = [F.linear(x, matrix.expand(rows)) for rows in matrix.parts()]
        return parts[0] if len(parts) == 1 else torch.cat(parts, -1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        parts = (
            gradient[..., rows] @ ctx.matrix.expand(rows).to(gradient.dtype)
            for rows in ctx.matrix.parts()
        )
        return sum(parts).to(ctx.dtype), None


class QuantizedTable(nn.Module):
    """ids (...) -> token embeddings (..., D), the rows of a `QuantizedMatrix` (V, D)."""

    def __init__(self, matrix: QuantizedMatrix) -> None:
        super().__init__()
        self.weight = matrix
        self.num_embeddings, self.embedding_dim = matrix.shape

    def forward(self, ids: Tensor) -> Tensor:
        return self.weight.expand(ids)


def put_matrix(module: nn.Module, name: str, matrix: QuantizedMatrix) -> None:
    """Put the matrix in the place of the parameter `name` ("blocks.0.attention.query.weight") of a
    linear layer or of an nn.Embedding."""
    owner, _, last = name.rpartition(".")
    if isinstance(module.get_submodule(owner), nn.Embedding):
        above, _, last = owner.rpartition(".")
        setattr(module.get_submodule(above), last, QuantizedTable(matrix))
    else:
        delattr(module.get_submodule(owner), last)
        setattr(module.get_submodule(owner), last, matrix)


def matrices(module: nn.Module) -> dict[str, QuantizedMatrix]:
    """The quantized matrices in a module, by the names that they would have as parameters."""
    named = module.named_modules()
    return {name: part for name, part in named if isinstance(part, QuantizedMatrix)}


def dense(weight: "Tensor | QuantizedMatrix") -> Tensor:
    """A matrix as a tensor: expanded where it is quantized."""
    return weight.expand() if isinstance(weight, QuantizedMatrix) else weight


def quantize(weight: Tensor, kind: str = "Q4_1") -> QuantizedMatrix:
    """The matrix (O, I) rounded to blocks of this kind: in Q4_1 each 32 numbers of a row to 16
    equal steps from the least to the largest.

    Raises KitError without the `gguf` package, and for a width that is no multiple of a block.
    """
    if not find_spec("gguf"):
        raise KitError('to quantize needs a package: pip install "gguf>=0.17".')
    if kind not in KINDS or weight.dim() != 2 or weight.shape[1] % KINDS[kind].block:
        raise KitError(
            f"a tensor of shape {tuple(weight.shape)} cannot be stored in {kind!r}: give a matrix "
            f"whose width is a multiple of the block, and one of {', '.join(KINDS)}."
        )
    from gguf import GGMLQuantizationType, quants

    number = GGMLQuantizationType(KINDS[kind].number)
    try:
        blocks = quants.quantize(weight.detach().cpu().float().contiguous().numpy(), number)
    except NotImplementedError as error:
        raise KitError(
            f"the gguf package does not round to {kind}: give Q4_0, Q4_1, Q5_0, Q5_1 or Q8_0."
        ) from error
    return QuantizedMatrix(torch.from_numpy(blocks).to(weight.device), kind)


def check_expanded(*modules: nn.Module | None) -> None:
    """Raise KitError where a module that is to be written has quantized matrices."""
    if any(matrices(module) for module in modules if module is not None):
        raise KitError(
            "this model's matrices are quantized, and are not written so: expand them in place, "
            "kit.models.quantized_matrix.expand_matrices(source.body, source.head), and then save."
        )


def expand_matrices(*modules: nn.Module | None) -> None:
    """Replace each quantized matrix in these modules by a parameter in float32, in place: they are
    as if they had been read in float32, so that everything can be trained and saved.

    Give a body and the head that is tied to it in one call.
    """
    expanded: dict[QuantizedMatrix, nn.Parameter] = {}
    for module in modules:
        if module is not None:
            _expand_in(module, expanded)


def _expand_in(module: nn.Module, expanded: dict[QuantizedMatrix, nn.Parameter]) -> None:
    for name, owner in list(module.named_modules()):
        matrix = owner._modules.get("weight")
        if not isinstance(matrix, QuantizedMatrix):
            continue
        if matrix not in expanded:  # a tied matrix has two owners
            expanded[matrix] = nn.Parameter(matrix.expand())
        if isinstance(owner, QuantizedTable):
            above, _, last = name.rpartition(".")
            table = nn.Embedding(*matrix.shape, _weight=expanded[matrix].data)
            table.weight = expanded[matrix]
            setattr(module.get_submodule(above), last, table)
        else:
            owner.weight = expanded[matrix]


# Expansion.


def _plain(blocks: Tensor, kind: str) -> Tensor:
    """blocks (N, bytes) -> (N, 32)."""
    count = PLAIN[kind]
    scales = blocks[:, : 2 * count].contiguous().view(torch.float16).float()  # (N, 1 or 2)
    numbers = blocks[:, 2 * count :].contiguous()
    if kind == "Q8_0":
        return numbers.view(torch.int8).float().mul_(scales)
    # Whole tensors at a time: to write half a block at a time takes half as long again.
    expanded = torch.cat([numbers & 15, numbers >> 4], 1).float()
    if kind == "Q4_0":
        return expanded.sub_(8).mul_(scales)
    return expanded.mul_(scales[:, :1]).add_(scales[:, 1:])


def _by_gguf(blocks: Tensor, kind: str) -> Tensor:
    from gguf import GGMLQuantizationType, quants

    number = GGMLQuantizationType(KINDS[kind].number)
    return torch.from_numpy(quants.dequantize(blocks.cpu().numpy(), number)).to(blocks.device)


# Numbers of 4 bits as torch's kernel wants them.


class Packed(NamedTuple):
    """Numbers of 4 bits, and for each 32 of a row a scale and an offset: w = s (q - 8) + o."""

    numbers: Tensor
    scales: Tensor
    """(I / 32, O, 2), in bfloat16."""

    def product(self, rows: Tensor) -> Tensor:
        """rows (N, I) in bfloat16 -> (N, O)."""
        return torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.numbers, 32, self.scales)


def pack(matrix: QuantizedMatrix) -> list[Packed]:
    """One part for numbers of 4 bits. Two for those of 8 bits: n = 16 h + l, where h is from -8 to
    7 and l from 0 to 15, so that d n = 16 d h + d l."""
    count = PLAIN[matrix.kind]
    blocks = matrix.blocks.view(len(matrix), matrix.shape[1] // 32, -1)
    scales = blocks[..., : 2 * count].contiguous().view(torch.float16).float()
    d, numbers = scales[..., 0], blocks[..., 2 * count :]
    if matrix.kind == "Q8_0":
        n = numbers.view(torch.int8).int() + 128  # 16 (h + 8) + l
        return [_pack(n >> 4, 16 * d, 0 * d), _pack(n & 15, d, 8 * d)]
    n = torch.cat([numbers & 15, numbers >> 4], -1).int()
    return [_pack(n, d, 8 * d + scales[..., 1] if count == 2 else 0 * d)]


def _pack(numbers: Tensor, scale: Tensor, offset: Tensor) -> Packed:
    packed = torch._convert_weight_to_int4pack_for_cpu(numbers.flatten(1).contiguous(), 1)
    return Packed(packed, torch.stack([scale.T, offset.T], -1).bfloat16().contiguous())


@cache
def packed_is_faster() -> bool:
    """Whether torch's kernel for 4 bits is here and faster than to expand: timed once a process,
    in some milliseconds."""
    import time

    if not hasattr(torch, "_convert_weight_to_int4pack_for_cpu"):
        return False
    generator = torch.Generator().manual_seed(0)
    scales = torch.ones(512, 16, 1, dtype=torch.float16).view(torch.uint8)
    numbers = torch.randint(256, (512, 16, 16), dtype=torch.uint8, generator=generator)
    matrix = QuantizedMatrix(torch.cat([scales, numbers], -1).flatten(1), "Q4_0")
    x = torch.randn(1, 512, generator=generator)
    ways = (lambda: _Product.apply(x, matrix), lambda: matrix._by_packed(x))
    best = []
    with torch.inference_mode():
        try:
            for way in ways:
                times = []
                for _ in range(6):
                    began = time.perf_counter()
                    way()
                    times.append(time.perf_counter() - began)
                best.append(min(times[1:]))
        except (RuntimeError, AttributeError):  # no such kernel for this processor
            return False
    return best[1] < best[0]
