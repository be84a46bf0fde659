"""The header of a GGUF file, compared with the size of the file before it is read.

magic, version, number of tensors, number of fields
each field: its key, the kind of its value, the value
each tensor: its name, its shape, its kind, where its numbers begin
"""

import mmap
import struct
from pathlib import Path

__all__ = ["check_header"]

STRING, ARRAY = 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Kind of a number -> its bytes."""
VALUES = 4_000_000
"""The most values in all arrays; the largest vocabularies have a third of that. The `gguf` package
makes an object of each."""
DIMENSIONS = 4


def check_header(path: str | Path) -> None:
    """Raise ValueError for a header that claims more than the file holds."""
    with Path(path).open("rb") as file:
        if not (size := file.seek(0, 2)):
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
            _Header(content).check()


class _Header:
    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = 4  # after the magic
        # The version is small, so its upper bytes are zero in the file's own byte order.
        self.order = "<" if self._peek("<I") & 0xFFFF else ">"
        self.values = 0

    def check(self) -> None:
        self.at += 4
        tensors, fields = self.number("Q"), self.number("Q")
        for what, n, least in (("tensors", tensors, 32), ("fields", fields, 13)):
            if n * least > len(self.content):
                raise ValueError(f"it claims {n:,} {what}, for which it is too small")
        for _ in range(fields):
            self.string()
            self.value(self.number("I"))
        for _ in range(tensors):
            self.string()
            if (dimensions := self.number("I")) > DIMENSIONS:
                raise ValueError(f"it claims a tensor of {dimensions:,} dimensions")
            self.skip(8 * dimensions + 4 + 8)

    def value(self, kind: int) -> None:
        if kind == STRING:
            self.string()
        elif kind == ARRAY:
            self.array()
        else:
            self.skip(self._size(kind))

    def array(self) -> None:
        kind, n = self.number("I"), self.number("Q")
        self.values += n
        if self.values > VALUES:
            raise ValueError(f"it claims arrays of {self.values:,} values")
        if kind == STRING:
            for _ in range(n):
                self.string()
        else:  # an array of arrays is in no model
            self.skip(n * self._size(kind))

    def string(self) -> None:
        self.skip(self.number("Q"))

    def number(self, kind: str) -> int:
        number = self._peek(self.order + kind)
        self.at += struct.calcsize(kind)
        return number

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.content):
            raise ValueError("its header claims more than it holds")

    def _peek(self, kind: str) -> int:
        try:
            return struct.unpack_from(kind, self.content, self.at)[0]
        except struct.error:
            raise ValueError("its header is cut short") from None

    def _size(self, kind: int) -> int:
        if kind not in SIZES:
            raise ValueError(f"it has a value of the unknown kind {kind}")
        return SIZES[kind]
