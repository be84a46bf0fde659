"""The user's rows as tables: classes by number, splits, duplicates."""

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

__all__ = ["Tables", "counted", "divided"]

SPLITS = ("train", "validation", "test")
NAMES = {"train": "train", "training": "train", "validation": "validation", "valid": "validation"}
NAMES |= {"val": "validation", "dev": "validation", "test": "test", "testing": "test"}


class Tables:
    """Good and bad rows, collected piece by piece as Arrow tables."""

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
        """The rows of one more piece."""
        import pyarrow as pa

        for part, rows, schema in zip(self.parts, (good, bad), self.schemas, strict=True):
            part.append(pa.Table.from_pylist(rows, schema))
        self.keys.append(keys(row[self.first] for row in good))

    def named(self) -> dict:
        """What is wanted, open classes and tags with the names that were found, in order."""
        found = {}
        for name, column in self.wants.items():
            if column.kind in ("class", "tags") and not column.names:
                there = {value.as_py() for value in _flat(self._good()[name]).unique()}
                column = replace(column, names=tuple(sorted(there)))
            found[name] = column
        return found

    def good(self) -> "Dataset":
        """The good rows, a class or tag by its number."""
        from datasets import ClassLabel, Dataset, Features, List, Value

        table, named = self._good(), self.named()
        one = {"text": Value("string"), "number": Value("float64"), "words": List(Value("string"))}
        kinds = {"id": Value("string"), "split": Value("string")}
        for name, column in named.items():
            if column.kind in ("class", "tags"):
                at = table.column_names.index(name)
                table = table.set_column(at, name, _numbers(table[name], column.names))
                label = ClassLabel(names=list(column.names))
                one |= {"class": label, "tags": List(label)}
            kinds[name] = one[column.kind]
        features = Features(kinds)
        return Dataset(table.cast(features.arrow_schema))

    def bad(self) -> "Dataset":
        """The bad rows."""
        import pyarrow as pa
        from datasets import Dataset

        return Dataset(pa.concat_tables([self.schemas[1].empty_table(), *self.parts[1]]))

    def notes(self) -> list[str]:
        """Texts that are there twice, with different classes, or in two splits; rare classes."""
        table, found = self._good(), []
        key = np.concatenate([np.zeros(0, np.uint64), *self.keys])
        again = len(key) - len(np.unique(key))
        if again:
            said = many(again, "row repeats", "rows repeat")
            found.append(f"{said} the text of another; equal texts share a split.")
        split = np.array([NAMES.get(name, name) for name in table["split"].to_pylist()])
        shared = np.isin(key[split == "test"], key[split == "train"]).sum()
        if shared:
            said = many(shared, "text of test is", "texts of test are")
            found.append(f"{said} in train too: the test flatters.")
        for name, column in self.named().items():
            if column.kind == "class":
                found += _of_classes(column, table[name].to_pylist(), key, split)
        return found

    def _good(self):
        import pyarrow as pa

        return pa.concat_tables([self.schemas[0].empty_table(), *self.parts[0]])


def _of_classes(column, labels: list[str], key: np.ndarray, split: np.ndarray) -> list[str]:
    """What is worth knowing of one column of classes."""
    count, pairs = Counter(labels), set(zip(key.tolist(), labels, strict=True))
    found = [f"no row is of class {name!r}." for name in column.names if not count[name]]
    rare = [name for name in column.names if count[name] == 1]
    found += [f"one row alone is of class {name!r}: too few to learn it." for name in rare[:5]]
    if len(rare) > 5:
        found.append(f"{len(rare)} classes have one row: is this the column of the classes?")
    if mixed := len(pairs) - len({k for k, _ in pairs}):
        said = many(mixed, "text has", "texts have")
        found.append(f"{said} different classes in different rows.")
    seen = {label for label, s in zip(labels, split, strict=True) if s == "train"}
    if seen and (never := sorted(set(labels) - seen)):
        found.append(f"never seen in train: {', '.join(never)[:100]}.")
    return found


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
    """A number and what there are so many of: "1 row", "1,000 rows"."""
    return f"{n:,} {one if n == 1 else more}"


def keys(texts) -> np.ndarray:
    """64 bits of each text, (N,): the same for the same words, in capitals or not."""
    plain = (" ".join((" ".join(t) if isinstance(t, list) else t).lower().split()) for t in texts)
    found = [blake2b(text.encode(), digest_size=8).digest() for text in plain]
    return np.frombuffer(b"".join(found), dtype=np.uint64)


def counted(good: "Dataset", name: str, column) -> dict[str, int]:
    """Class -> how many rows have it."""
    numbers = np.array(good[name][:], dtype=int)
    count = np.bincount(numbers, minlength=len(column.names))
    return dict(zip(column.names, count.tolist(), strict=True))


def divided(good: "Dataset", first: str) -> "DatasetDict":
    """train, validation and test: as given, and what is missing by the hash of the text."""
    from datasets import DatasetDict

    split = np.array([NAMES.get(name, "train") for name in good["split"][:]], object)
    missing = [name for name in SPLITS[1:] if not (split == name).any()]
    if not (split == "train").any():  # a test without anything to learn from
        split, missing = np.full(len(good), "train", object), list(SPLITS[1:])
    train = np.flatnonzero(split == "train")
    key = keys(good.select(train)[first][:])
    before = np.searchsorted(np.sort(key), key)  # how many texts have a smaller hash
    tenth, rest = 10 * before // len(key), 10 - len(missing)
    for i, name in enumerate(missing):
        split[train[tenth == rest + i]] = name
    rows = {name: np.flatnonzero(split == name) for name in SPLITS}
    return DatasetDict({k: good.select(at).remove_columns("split") for k, at in rows.items()})
