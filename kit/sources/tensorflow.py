"""TensorFlow checkpoints, read and written without TensorFlow.

A checkpoint with the prefix P is a table, P.index, and files of numbers, P.data-00000-of-00001 and
so on. The table is sorted by the tensors' names (LevelDB's table format); each of its values is a
protocol buffer that says where a tensor lies: its type, shape, file, first byte and checksum. The
variables of a SavedModel are the same: their prefix is variables/variables.

Sources: tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/lib/io/table_format.txt.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy

from kit.errors import KitError, saving
from kit.files import whole
from kit.guards import a_path, guarded, names_of

__all__ = ["Entry", "entries", "read", "write"]

DTYPES = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "|u1", 5: "<i2", 6: "|i1", 9: "<i8", 10: "|b1",
    17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8",
}  # fmt: skip
"""TensorFlow's number of a type -> NumPy's name of it."""
BFLOAT16, STRING = 14, 7
MAGIC = 0xDB4775248B80FB57
FOOTER = 48
"""Bytes at the end of a table: the places of its two index blocks, and the magic number."""
LARGEST_TABLE = 100_000_000


@dataclass(frozen=True)
class Entry:
    """Where a tensor of a checkpoint lies, and what it is."""

    dtype: int
    """TensorFlow's number of the type."""
    shape: tuple[int, ...]
    shard: int
    """The number of the file of numbers."""
    offset: int
    size: int
    """The first byte in that file, and how many there are."""
    checksum: int
    """The masked CRC-32C of these bytes."""


def read(path: str | Path, names: list[str] | None = None) -> dict[str, numpy.ndarray]:
    """Name -> tensor, for all tensors of numbers in a TensorFlow checkpoint.

    path: the checkpoint's prefix, its .index file, a folder with one checkpoint, or a SavedModel.
    names: read only these. Tensors of strings are no weights and are left out unless they are
    named. bfloat16 is returned as float32, which holds it exactly.
    Raises KitError for no or several checkpoints, an unknown name, a damaged or incomplete file
    (every checksum is compared), a partitioned variable, and types without a counterpart in NumPy.
    """
    prefix = _prefix(Path(path))
    shards, table = _table(prefix)
    if names is None:
        names = [name for name, entry in table.items() if entry.dtype != STRING]
    for name in names:
        if name not in table:
            raise KitError(
                f"{prefix}.index has no tensor {name!r}: it has {', '.join(table) or 'none'}."
            )
    return {name: _tensor(prefix, shards, name, table[name]) for name in names}


def entries(path: str | Path) -> dict[str, Entry]:
    """Name -> what and where, for every tensor of the checkpoint; no number is read."""
    return _table(_prefix(Path(path)))[1]


@guarded("tensorflow.write('model.ckpt', {'weight': array})", path=a_path, tensors=names_of)
def write(path: str | Path, tensors: Mapping[str, numpy.ndarray]) -> None:
    """Write tensors as a checkpoint that TensorFlow reads; path: its prefix.

    `tf.train.load_checkpoint(path)` reads it. Existing files are replaced once the new ones are
    whole. Raises KitError for an empty name or mapping, and for types that TensorFlow lacks.
    """
    numbers = {numpy.dtype(name): number for number, name in DTYPES.items()}
    if not tensors or "" in tensors:
        raise KitError("a checkpoint needs at least one tensor, and each tensor a name.")
    prefix, data, rows = Path(path), bytearray(), {"": _field(1, 1) + _field(3, _field(1, 1))}
    for name in sorted(tensors, key=str.encode):
        values = numpy.asarray(tensors[name])
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        if little.dtype not in numbers:
            raise KitError(f"{name}: TensorFlow has no type for {values.dtype}: convert it.")
        content = little.tobytes()
        shape = b"".join(_field(2, _field(1, size)) for size in values.shape)
        rows[name] = (
            _field(1, numbers[little.dtype])
            + _field(2, shape)
            + (_field(4, len(data)) if data else b"")
            + _field(5, len(content))
            + _varint(6 << 3 | 5)
            + struct.pack("<I", mask(crc32c(content)))
        )
        data += content
    for place, content in (
        (_shard(prefix, 0, 1), bytes(data)),
        (Path(f"{prefix}.index"), _write_table(rows)),
    ):
        with saving("the checkpoint", place), whole(place) as part:
            part.write_bytes(content)


def _prefix(path: Path) -> Path:
    """The prefix of the one checkpoint that the path names."""
    if path.suffix == ".index" and path.is_file():
        return path.with_suffix("")
    if Path(f"{path}.index").is_file():
        return path
    if not path.is_dir():
        raise KitError(
            f"{path} is no TensorFlow checkpoint: give the name that its .index file has before "
            "that ending, or the folder that holds it."
        )
    found = sorted([*path.glob("*.index"), *path.glob("variables/*.index")])
    if len(found) != 1:
        names = ", ".join(str(file.relative_to(path)) for file in found) or "none"
        raise KitError(
            f"{path} must hold one .index file, and holds {names}: "
            + ("name one of them." if found else "this is no folder of TensorFlow's.")
        )
    return found[0].with_suffix("")


def _table(prefix: Path) -> tuple[int, dict[str, Entry]]:
    """The number of files of numbers, and the entry of each tensor."""
    path = Path(f"{prefix}.index")
    if path.stat().st_size > LARGEST_TABLE:
        raise KitError(f"{path} has {path.stat().st_size:,} bytes: no table of tensors is so long.")
    content = path.read_bytes()
    try:
        rows = dict(_rows(content))
        header = _message(rows.pop(b""))
        if header.get(2):
            raise KitError(f"{path} is big-endian: the kit reads little-endian checkpoints.")
        table = {name.decode(): _entry(path, name, value) for name, value in rows.items()}
    except KitError:  # it is a ValueError, and says more
        raise
    except (ValueError, KeyError, IndexError, struct.error, TypeError) as error:
        raise KitError(f"{path} is damaged or no TensorFlow table: fetch it again.") from error
    return header.get(1, 1), table


def _entry(path: Path, name: bytes, value: bytes) -> Entry:
    fields = _message(value)
    if 7 in fields:
        raise KitError(
            f"{path}: {name.decode()} is a partitioned variable, which the kit does not read: save "
            "the checkpoint without a partitioner."
        )
    sizes = tuple(_message(size).get(1, 0) for size in _repeated(fields.get(2, b""), 2))
    get = fields.get
    return Entry(get(1, 0), sizes, get(3, 0), get(4, 0), get(5, 0), get(6, 0))


def _tensor(prefix: Path, shards: int, name: str, entry: Entry) -> numpy.ndarray:
    if entry.dtype not in DTYPES and entry.dtype != BFLOAT16:
        raise KitError(f"{name} has TensorFlow's type {entry.dtype}: the kit reads numbers only.")
    dtype = numpy.dtype(DTYPES.get(entry.dtype, "<u2"))
    count = 1
    for size in entry.shape:
        count *= size
    path = _shard(prefix, entry.shard, shards)
    if not path.is_file():
        raise KitError(f"{path} is missing: {prefix}.index says that {name} lies in it.")
    if count * dtype.itemsize != entry.size or entry.offset + entry.size > path.stat().st_size:
        raise KitError(f"{path} is too short for {name}: the checkpoint is incomplete.")
    with path.open("rb") as file:
        file.seek(entry.offset)
        content = file.read(entry.size)
    if mask(crc32c(content)) != entry.checksum:
        raise KitError(f"{path}: the checksum of {name} is wrong: fetch the checkpoint again.")
    values = numpy.frombuffer(content, dtype).reshape(entry.shape)
    if entry.dtype == BFLOAT16:  # the upper half of a float32
        return (values.astype("<u4") << 16).view("<f4")
    return values.copy()


def _shard(prefix: Path, number: int, count: int) -> Path:
    return Path(f"{prefix}.data-{number:05}-of-{count:05}")


def _rows(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each row of a table, in its order."""
    if len(content) < FOOTER or struct.unpack("<Q", content[-8:])[0] != MAGIC:
        raise ValueError("no table")
    _, place = _handle(content, len(content) - FOOTER)
    (start, size), _ = _handle(content, place)
    for _, handle in _block(content, start, size):
        (start, size), _ = _handle(handle, 0)
        yield from _block(content, start, size)


def _block(content: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The rows of one block. A key repeats the beginning of the key before it."""
    kind, checksum = struct.unpack("<BI", content[start + size : start + size + 5])
    if kind:
        raise KitError("the table is compressed, which TensorFlow's checkpoints are not.")
    if checksum != mask(crc32c(content[start : start + size + 1])):
        raise ValueError("wrong checksum")
    block = content[start : start + size]
    end = size - 4 - 4 * struct.unpack("<I", block[-4:])[0]
    place, key = 0, b""
    while place < end:
        shared, place = _read_varint(block, place)
        own, place = _read_varint(block, place)
        length, place = _read_varint(block, place)
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + length]
        place += length


def _write_table(rows: Mapping[str, bytes]) -> bytes:
    """A table of one block of rows: that block, an empty one of metadata, the index, the footer."""
    keys = [name.encode() for name in rows]
    content, first = _append(b"", zip(keys, rows.values(), strict=True))
    content, metadata = _append(content, ())
    content, index = _append(content, [(keys[-1], first)])
    footer = (metadata + index).ljust(FOOTER - 8, b"\0")
    return content + footer + struct.pack("<Q", MAGIC)


def _append(content: bytes, rows: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """The content with one more block of rows, and the handle of that block."""
    body, starts = b"", []
    for key, value in rows:
        starts.append(len(body))
        body += _varint(0) + _varint(len(key)) + _varint(len(value)) + key + value
    starts = starts or [0]
    body += struct.pack(f"<{len(starts) + 1}I", *starts, len(starts))
    handle = _varint(len(content)) + _varint(len(body))
    return content + body + b"\0" + struct.pack("<I", mask(crc32c(body + b"\0"))), handle


def _handle(content: bytes, place: int) -> tuple[tuple[int, int], int]:
    """The place and the size of a block, and where the handle ends."""
    start, place = _read_varint(content, place)
    size, place = _read_varint(content, place)
    return (start, size), place


def _message(content: bytes) -> dict[int, int | bytes]:
    """Number of the field -> its last value, of a protocol buffer."""
    return dict(_fields(content))


def _repeated(content: bytes, number: int) -> list[bytes]:
    """All values of a repeated field."""
    return [value for field, value in _fields(content) if field == number]


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(content):
        key, place = _read_varint(content, place)
        match key & 7:
            case 0:
                value, place = _read_varint(content, place)
            case 1:
                value, place = content[place : place + 8], place + 8
            case 2:
                length, place = _read_varint(content, place)
                value, place = content[place : place + length], place + length
            case 5:
                [value] = struct.unpack("<I", content[place : place + 4])
                place += 4
            case kind:
                raise ValueError(f"no protocol buffer: a field of kind {kind}")
        yield key >> 3, value


def _field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer: a whole number, or bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _read_varint(content: bytes, place: int) -> tuple[int, int]:
    """A whole number, seven bits a byte, the lowest first; and the place after it."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def mask(checksum: int) -> int:
    """A checksum as TensorFlow stores it: rotated right by 15 bits, plus a constant."""
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli) of the content.

    Long contents are cut into lanes of equal length, whose checksums NumPy computes side by side;
    they are then joined: crc(a + b) = shift(crc(a), len(b)) ^ crc(b).
    """
    lanes = min(4096, len(content) // 64)
    if lanes < 2:
        return _one_by_one(content)
    length = len(content) // lanes
    bytes_of = numpy.frombuffer(content, numpy.uint8, lanes * length).reshape(lanes, length)
    table = numpy.array(_crc_table(), numpy.uint32)
    states = numpy.full(lanes, 0xFFFFFFFF, numpy.uint32)
    for column in numpy.ascontiguousarray(bytes_of.T):
        states = table[(states ^ column) & 255] ^ states >> 8
    shift = _shift_tables(length)
    total = 0
    for checksum in (~states).tolist():
        total = _shifted(shift, total) ^ checksum
    rest = content[lanes * length :]
    return _shifted(_shift_tables(len(rest)), total) ^ _one_by_one(rest)


def _one_by_one(content: bytes) -> int:
    state, table = 0xFFFFFFFF, _crc_table()
    for byte in content:
        state = table[(state ^ byte) & 255] ^ state >> 8
    return state ^ 0xFFFFFFFF


@cache
def _crc_table() -> tuple[int, ...]:
    """The state after each byte, from a state of 0."""
    out = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        out.append(value)
    return tuple(out)


@cache
def _shift_tables(length: int) -> tuple[tuple[int, ...], ...]:
    """For each byte of a checksum, what it becomes after `length` bytes of 0; the whole is their
    exclusive or, since the operation is linear."""
    table = _crc_table()
    step = [table[bit & 255] ^ bit >> 8 for bit in (1 << i for i in range(32))]
    columns = [1 << i for i in range(32)]
    while length:  # by squaring: the operator of 2n bytes is that of n bytes twice
        if length & 1:
            columns = [_times(step, column) for column in columns]
        step = [_times(step, column) for column in step]
        length >>= 1
    return tuple(
        tuple(_times(columns, value << 8 * byte) for value in range(256)) for byte in range(4)
    )


def _times(matrix: list[int], vector: int) -> int:
    """A 32 × 32 matrix of bits, given by its columns, times a vector of bits."""
    out = 0
    for column in matrix:
        if vector & 1:
            out ^= column
        vector >>= 1
    return out


def _shifted(tables: tuple[tuple[int, ...], ...], checksum: int) -> int:
    return (
        tables[0][checksum & 255]
        ^ tables[1][checksum >> 8 & 255]
        ^ tables[2][checksum >> 16 & 255]
        ^ tables[3][checksum >> 24]
    )
