"""Tables of the user's rows: classes as numbers, notes on duplicates, and splits."""

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

__all__ = ["Tables", "counted", "divided"]

SPLITS = ("train", "validation", "test")
NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""Name of a split in the user's data -> its name in the kit."""


class Tables:
    """Good and bad rows, collected chunk by chunk as Arrow tables."""

    def __init__(self, wants: dict) -> None:
        import pyarrow as pa

        text, many = pa.string(), pa.list_(pa.string())
        kinds = {"text": text, "class": text, "number": pa.float64(), "words": many, "tags": many}
        fields = {"id": text, "split": text} | {k: kinds[c.kind] for k, c in wants.items()}
        self.wants, self.first = wants, next(iter(wants))
        self.schemas = (
            pa.schema(fields),
            pa.schema(dict.fromkeys(("id", "problem", "content"), text)),
        )
        self.parts, self.keys = ([], []), []

    def add(self, good: list[dict], bad: list[dict]) -> None:
        """Add the rows of one chunk."""
        import pyarrow as pa

        for part, rows, schema in zip(self.parts, (good, bad), self.schemas, strict=True):
            part.append(pa.Table.from_pylist(rows, schema))
        self.keys.append(keys(row[self.first] for row in good))

    def named(self) -> dict:
        """The columns of the task; without classes or tags of its own, with those of the rows."""
        columns = {}
        for name, column in self.wants.items():
            if column.kind in ("class", "tags") and not column.names:
                names = {value.as_py() for value in _flat(self._good()[name]).unique()}
                column = replace(column, names=tuple(sorted(names)))
            columns[name] = column
        return columns

    def good(self) -> "Dataset":
        """The good rows, classes and tags as numbers."""
        from datasets import ClassLabel, Dataset, Features, List, Value

        table, named = self._good(), self.named()
        types = {
            "text": Value("string"),
            "number": Value("float64"),
            "words": List(Value("string")),
        }
        features = {"id": Value("string"), "split": Value("string")}
        for name, column in named.items():
            if column.kind in ("class", "tags"):
                position = table.column_names.index(name)
                table = table.set_column(position, name, _numbers(table[name], column.names))
                label = ClassLabel(names=list(column.names))
                types |= {"class": label, "tags": List(label)}
            features[name] = types[column.kind]
        return Dataset(table.cast(Features(features).arrow_schema))

    def bad(self) -> "Dataset":
        """The bad rows."""
        import pyarrow as pa
        from datasets import Dataset

        return Dataset(pa.concat_tables([self.schemas[1].empty_table(), *self.parts[1]]))

    def notes(self) -> list[str]:
        """Remarks: repeated texts, texts with two classes or in two splits, and rare classes."""
        table = self._good()
        notes = []
        key = np.concatenate([np.zeros(0, np.uint64), *self.keys])
        repeated = len(key) - len(np.unique(key))
        if repeated:
            rows = many(repeated, "row repeats", "rows repeat")
            notes.append(f"{rows} the text of another; equal texts share a split.")
        split = np.array([NAMES.get(name, name) for name in table["split"].to_pylist()])
        shared = np.isin(key[split == "test"], key[split == "train"]).sum()
        if shared:
            texts = many(shared, "text of test is", "texts of test are")
            notes.append(f"{texts} in train too: test scores are too high.")
        for name, column in self.named().items():
            if column.kind == "class":
                notes += _class_notes(column, table[name].to_pylist(), key, split)
        return notes

    def _good(self):
        import pyarrow as pa

        return pa.concat_tables([self.schemas[0].empty_table(), *self.parts[0]])


def _class_notes(column, labels: list[str], key: np.ndarray, split: np.ndarray) -> list[str]:
    """Remarks on one column of classes."""
    count = Counter(labels)
    pairs = set(zip(key.tolist(), labels, strict=True))
    notes = [f"no row is of class {name!r}." for name in column.names if not count[name]]
    rare = [name for name in column.names if count[name] == 1]
    notes += [f"one row alone is of class {name!r}: too few to learn it." for name in rare[:5]]
    if len(rare) > 5:
        notes.append(f"{len(rare)} classes have one row: is this the column of the classes?")
    if mixed := len(pairs) - len({k for k, _ in pairs}):
        texts = many(mixed, "text has", "texts have")
        notes.append(f"{texts} different classes in different rows.")
    seen = {label for label, s in zip(labels, split, strict=True) if s == "train"}
    if seen and (never := sorted(set(labels) - seen)):
        notes.append(f"never seen in train: {', '.join(never)[:100]}.")
    return notes


def _flat(column):
    """The values of a column of classes, or of lists of tags."""
    import pyarrow as pa

    whole = column.combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return whole.flatten() if pa.types.is_list(whole.type) else whole


def _numbers(column, names: tuple[str, ...]):
    """Names of classes or tags as their numbers."""
    import pyarrow as pa
    from pyarrow import compute

    flat = _flat(column)
    numbers = compute.index_in(flat, pa.array(names, pa.string())).cast(pa.int64())
    if not pa.types.is_list(column.type):
        return numbers
    sizes = column.combine_chunks().value_lengths().to_numpy()
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, numbers)


def many(n: int, one: str, more: str) -> str:
    """A number with its noun: "1 row", "1,000 rows"."""
    return f"{n:,} {one if n == 1 else more}"


def keys(texts) -> np.ndarray:
    """A 64-bit hash of each text, (N,), in lower case and with single spaces."""
    plain = (" ".join((" ".join(t) if isinstance(t, list) else t).lower().split()) for t in texts)
    digests = [blake2b(text.encode(), digest_size=8).digest() for text in plain]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def counted(good: "Dataset", name: str, column) -> dict[str, int]:
    """Class -> number of rows."""
    numbers = np.array(good[name][:], dtype=int)
    count = np.bincount(numbers, minlength=len(column.names))
    return dict(zip(column.names, count.tolist(), strict=True))


def divided(good: "Dataset", first: str) -> "DatasetDict":
    """train, validation and test: those of the data; a missing one is made by hashes of texts."""
    from datasets import DatasetDict

    split = np.array([NAMES.get(name, "train") for name in good["split"][:]], object)
    missing = [name for name in SPLITS[1:] if not (split == name).any()]
    if not (split == "train").any():  # a test alone cannot be trained on
        split, missing = np.full(len(good), "train", object), list(SPLITS[1:])
    train = np.flatnonzero(split == "train")
    key = keys(good.select(train)[first][:])
    rank = np.searchsorted(np.sort(key), key)  # number of texts with a smaller hash
    tenth = 10 * rank // len(key)
    for i, name in enumerate(missing):
        split[train[tenth == 10 - len(missing) + i]] = name
    rows = {name: np.flatnonzero(split == name) for name in SPLITS}
    return DatasetDict({k: good.select(at).remove_columns("split") for k, at in rows.items()})
