"""The user's rows as tables: classes by number, splits, duplicates."""

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from kit.data.duplicates import groups
from kit.errors import KitError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

__all__ = ["Tables", "counted", "divided", "split_of"]

SPLITS = ("train", "validation", "test")
SYNONYMS = {
    "train": ("train", "training", "trn", "learn"),
    "validation": (
        "validation",
        "valid",
        "val",
        "dev",
        "devel",
        "development",
        "eval",
        "evaluation",
    ),
    "test": ("test", "testing", "tst", "holdout", "heldout", "held"),
}
"""Split -> what others call it; "test_matched" and "dev-clean" are read by their first word."""
NAMES = {name: split for split, names in SYNONYMS.items() for name in names}

NEAR_ROWS = 20_000
"""Rows up to which near-duplicates are looked for: each is compared with all others."""
NEAR_SHARE = (4, 5)
"""Two texts with this share of word pairs in common are near-duplicates."""
TEMPLATE = 0.2
"""A group of near-duplicates with more of the rows than this is a template, and is not kept
together."""

ASCII_SIGNS = bytes(code if re.match(r"\w", chr(code)) else 32 for code in range(256))
"""A table for `bytes.translate`: a space for each character of ASCII that belongs to no word."""


def split_of(name: str) -> str:
    """train, validation or test, from what the user's data calls it; "" where none is given.

    Raises KitError for an unknown name: no row of a test set is ever learnt from by accident.
    """
    if not name:
        return ""
    plain = name.strip().casefold()
    first = re.split(r"[^a-z]+", plain)[0]
    if split := NAMES.get(plain) or NAMES.get(first):
        return split
    raise KitError(
        f"the split {name!r} is unknown, so nobody can say whether it is there to learn from: name "
        "it train, validation or test, like {'train': data['" + name + "']}."
    )


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

        for name in {row["split"] for row in good}:
            split_of(name)  # an unknown one is refused at once
        for part, rows, schema in zip(self.parts, (good, bad), self.schemas, strict=True):
            part.append(pa.Table.from_pylist(rows, schema))
        self.keys.append(keys(row[self.first] for row in good))

    def count(self) -> int:
        """How many good rows there are so far."""
        return sum(len(part) for part in self.parts[0])

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
        table, said = self._good(), []
        key = np.concatenate([np.zeros(0, np.uint64), *self.keys])
        split = np.array([split_of(name) for name in table["split"].to_pylist()])
        given = [name for name in SPLITS if (split == name).any()]
        again = len(key) - len(np.unique(key))
        if again and not given:
            rows = many(again, "row repeats", "rows repeat")
            said.append(f"{rows} the text of another; equal texts will share a split.")
        elif again:
            within = sum(len(key[split == s]) - len(np.unique(key[split == s])) for s in given)
            if within:
                rows = many(within, "row repeats", "rows repeat")
                said.append(f"{rows} the text of another in the same split.")
        for one, other in (("test", "train"), ("validation", "train"), ("test", "validation")):
            shared = np.isin(key[split == one], key[split == other]).sum()
            if shared:
                texts = many(shared, f"text of {one} is", f"texts of {one} are")
                said.append(f"{texts} in {other} too: the {one} score flatters.")
        said += _renamed(table["split"].to_pylist())
        for name, column in self.named().items():
            if column.kind == "class":
                said += _of_classes(column, table[name].to_pylist(), key, split)
        return said

    def _good(self):
        import pyarrow as pa

        return pa.concat_tables([self.schemas[0].empty_table(), *self.parts[0]])


def _renamed(names: list[str]) -> list[str]:
    """Splits that the data calls otherwise."""
    others = sorted({n for n in set(names) if n and split_of(n) != n})
    return [f"the split {name!r} is read as {split_of(name)}." for name in others]


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
    """64 bits of each text, (N,): the same for the same words, whatever their capitals, their
    Unicode form (é as one character or two) and the signs between and after them."""
    digests = [blake2b(_words(text).encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def _words(text: str | list[str]) -> str:
    """The words of a text in small letters; the text itself where it has none."""
    text = " ".join(text) if isinstance(text, list) else str(text)
    if text.isascii():  # the same, several times faster
        words = text.lower().encode().translate(ASCII_SIGNS).split()
        return b" ".join(words).decode() or " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain)) or " ".join(plain.split())


def counted(good: "Dataset", name: str, column) -> dict[str, int]:
    """Class -> how many rows have it."""
    numbers = np.array(good[name][:], dtype=int)
    count = np.bincount(numbers, minlength=len(column.names))
    return dict(zip(column.names, count.tolist(), strict=True))


def divided(
    good: "Dataset", first: str, classes: str | None = None
) -> tuple["DatasetDict", list[str]]:
    """train, validation and test, and what is worth knowing of them.

    Splits that were given stay; a missing one is taken from train. Rows of equal or nearly equal
    texts stay together. Each class (column `classes`) is divided on its own, 80 : 10 : 10, its
    groups in the order of their hashes: a row more moves few of the others, and a class of three
    groups or more is in every split.
    """
    from datasets import DatasetDict

    split = np.array([split_of(name) or "train" for name in good["split"][:]], object)
    missing = [name for name in SPLITS[1:] if not (split == name).any()]
    if not (split == "train").any():  # a test without anything to learn from
        split, missing = np.full(len(good), "train", object), list(SPLITS[1:])
    train = np.flatnonzero(split == "train")
    part = good.select(train)
    label = np.array(part[classes][:]) if classes else np.zeros(len(train), int)
    texts = part[first][:]
    key, notes = keys(texts), []
    if missing:
        together, notes = _groups(texts, key)
        for value in np.unique(label):
            _deal(split, train, missing, np.flatnonzero(label == value), together, key)
        _join(split, train, together)
    rows = {name: np.flatnonzero(split == name) for name in SPLITS}
    data = DatasetDict({k: good.select(at).remove_columns("split") for k, at in rows.items()})
    return data, notes + _after(data, first, classes)


def _groups(texts: list, key: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """For each text the number of its group of equal or nearly equal ones, and what to tell."""
    _, equal = np.unique(key, return_inverse=True)
    if len(texts) > NEAR_ROWS:
        return equal, [
            f"near-duplicates were not looked for among {len(texts):,} texts; equal ones are "
            "kept together."
        ]
    plain = [" ".join(text) if isinstance(text, list) else text for text in texts]
    near = np.array(groups(plain, share=NEAR_SHARE, together=equal.tolist()))
    sizes = np.bincount(near)
    if sizes.max() > max(2, TEMPLATE * len(texts)) and sizes.max() > np.bincount(equal).max():
        return equal, [
            f"{sizes.max():,} texts are nearly the same (a template?): near-duplicates could not "
            "be kept together, so the test score may flatter."
        ]
    return near, []


def _deal(
    split: np.ndarray,
    train: np.ndarray,
    missing: list[str],
    rows: np.ndarray,
    together: np.ndarray,
    key: np.ndarray,
) -> None:
    """Give each missing split a tenth of these rows of train, whole groups in hash order."""
    _, group = np.unique(together[rows], return_inverse=True)
    sizes = np.bincount(group)
    smallest = np.full(len(sizes), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, group, key[rows])
    order = np.argsort(smallest, kind="stable")
    if len(order) <= len(missing):
        return  # too few groups to be in every split: all are for learning
    wanted, at = max(1, round(len(rows) / 10)), 0
    names = np.full(len(sizes), "train", object)
    for name in missing:
        taken = 0
        while taken < wanted and at < len(order) - 1:
            names[order[at]] = name
            taken, at = taken + sizes[order[at]], at + 1
    split[train[rows]] = names[group]


def _join(split: np.ndarray, train: np.ndarray, together: np.ndarray) -> None:
    """A group with rows of several classes has one split: that of its first row."""
    _, first, group = np.unique(together, return_index=True, return_inverse=True)
    split[train] = split[train[first]][group]


def _after(data: "DatasetDict", first: str, classes: str | None) -> list[str]:
    """What is true of the splits as they are: texts in two of them, classes that lack in one."""
    key = {name: keys(part[first][:]) for name, part in data.items()}
    said = []
    for one, other in (("test", "train"), ("validation", "train"), ("test", "validation")):
        if shared := np.isin(key[one], key[other]).sum():
            said.append(f"{many(shared, 'text', 'texts')} of {one} stand in {other} too.")
    if classes:
        names = data["train"].features[classes].names
        counts = {k: np.bincount(p[classes][:], minlength=len(names)) for k, p in data.items()}
        for i, name in enumerate(names):
            lacking = [k for k in SPLITS if not counts[k][i]]
            if lacking and sum(counts[k][i] for k in SPLITS):
                said.append(f"class {name!r} has no row in {', '.join(lacking)}.")
    return said
