"""A GGUF file: its fields, and its tensors in the blocks in which they are stored.

magic, version, number of tensors, number of fields
each field: its key, the kind of its value, the value
each tensor: its name, its shape, its kind, where its numbers begin
the numbers, aligned

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Whatever the header claims is
compared with the size of the file before it is read. The `gguf` package's own reader makes an
array of each token, and takes twelve times as long.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["GGUFTensor", "read"]

MAGIC, VERSIONS = b"GGUF", (2, 3)
STRING, ARRAY = 8, 9
NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
"""Kind of a number -> its letter in `struct`."""
VALUES = 4_000_000
"""The most values in all arrays; the largest vocabularies have a third of that."""
DIMENSIONS = 4
ALIGNMENT = 32
"""Bytes to whose multiples each tensor is moved, unless the file says another number."""


@dataclass(frozen=True)
class GGUFTensor:
    """A tensor as it is stored. kind: its type, as `gguf.GGMLQuantizationType` numbers it.

    shape: of the numbers. data: bytes (..., bytes of a row), which stay on the disk until they are
    read.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    data: np.ndarray


def read(path: str | Path) -> tuple[dict, list[GGUFTensor]]:
    """The fields by their keys, and the tensors.

    Raises ValueError for a file that is no GGUF file of version 2 or 3 in little-endian order, and
    for a header that claims more than the file holds.
    """
    path = Path(path)
    if path.stat().st_size < 24:
        raise ValueError("it has no header")
    data = np.asarray(np.memmap(path, np.uint8, "r"))  # a plain array of it is faster to slice
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        header = _Header(content)
        fields, tensors = header.read()
        end = header.at
    alignment = fields.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise ValueError(f"it claims an alignment of {alignment!r} bytes")
    start = end + -end % alignment
    return fields, [_tensor(data, start, *tensor) for tensor in tensors]


def _tensor(
    data: np.ndarray, start: int, name: str, shape: tuple[int, ...], kind: int, offset: int
) -> GGUFTensor:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import quant_shape_to_byte_shape

    if kind not in GGML_QUANT_SIZES:
        raise ValueError(f"{name} has the unknown type {kind}")
    stored = quant_shape_to_byte_shape(shape or (1,), GGMLQuantizationType(kind))
    size = 1
    for length in stored:
        size *= length
    if start + offset + size > len(data):
        raise ValueError(f"{name} claims {size:,} bytes, more than the file holds")
    return GGUFTensor(
        name, kind, shape, data[start + offset : start + offset + size].reshape(stored)
    )


class _Header:
    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = 0
        self.values = 0

    def read(self) -> tuple[dict, list[tuple]]:
        if self.content[:4] != MAGIC:
            raise ValueError("it does not begin with GGUF")
        self.skip(4)
        version = self.number("I")
        if not version & 0xFFFF:
            raise ValueError("its numbers are big-endian, and only little-endian files are read")
        if version not in VERSIONS:
            raise ValueError(f"its version is {version}, and 2 and 3 are read")
        tensors, fields = self.number("Q"), self.number("Q")
        for what, n, least in (("tensors", tensors, 32), ("fields", fields, 13)):
            if n * least > len(self.content):
                raise ValueError(f"it claims {n:,} {what}, for which it is too small")
        return self.fields(fields), self.tensors(tensors)

    def fields(self, count: int) -> dict:
        fields = {}
        for _ in range(count):
            key = self.string()
            if key in fields:
                raise ValueError(f"it has the field {key!r} twice")
            fields[key] = self.value(self.number("I"))
        return fields

    def tensors(self, count: int) -> list[tuple]:
        tensors = {}
        for _ in range(count):
            name = self.string()
            if (dimensions := self.number("I")) > DIMENSIONS:
                raise ValueError(f"it claims a tensor of {dimensions:,} dimensions")
            if name in tensors:
                raise ValueError(f"it has the tensor {name!r} twice")
            shape = tuple(self.number("Q") for _ in range(dimensions))[::-1]
            tensors[name] = (name, shape, self.number("I"), self.number("Q"))
        return list(tensors.values())

    def value(self, kind: int) -> object:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            return self.array()
        if kind not in NUMBERS:
            raise ValueError(f"it has a value of the unknown kind {kind}")
        return self.number(NUMBERS[kind])

    def array(self) -> list:
        kind, n = self.number("I"), self.number("Q")
        self.values += n
        if self.values > VALUES:
            raise ValueError(f"it claims arrays of {self.values:,} values")
        if kind == STRING:
            return self.strings(n)
        if kind not in NUMBERS:  # an array of arrays is in no model
            raise ValueError(f"it has an array of the unknown kind {kind}")
        letters = f"<{n}{NUMBERS[kind]}"
        at = self.skip(struct.calcsize(letters))
        return list(struct.unpack_from(letters, self.content, at))

    def strings(self, count: int) -> list[str]:
        """A hundred thousand of them: hence no call of `string` for each."""
        found, size_at, content, at = [], struct.Struct("<Q").unpack_from, self.content, self.at
        for _ in range(count):
            start = at + 8
            if start > len(content) or (at := start + size_at(content, at)[0]) > len(content):
                raise ValueError("its header claims more than it holds")
            found.append(content[start:at].decode("utf-8"))
        self.at = at
        return found

    def string(self) -> str:
        size = self.number("Q")
        at = self.skip(size)
        return self.content[at : at + size].decode("utf-8")

    def number(self, letter: str) -> int | float | bool:
        letters = "<" + letter
        return struct.unpack_from(letters, self.content, self.skip(struct.calcsize(letters)))[0]

    def skip(self, size: int) -> int:
        """Go on by so many bytes; return where they begin."""
        at, self.at = self.at, self.at + size
        if self.at > len(self.content):
            raise ValueError("its header claims more than it holds")
        return at
