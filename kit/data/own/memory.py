"""Rows that are in memory already: DataFrames, data sets, dicts of columns or of splits, lists."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from kit.data.own.rows import Reader, Row, no_dict
from kit.errors import KitError

__all__ = ["dataset_rows", "memory_reader"]


def memory_reader(where) -> Reader:
    """A reader of what is in memory already."""
    kind = type(where).__name__
    if isinstance(where, Mapping) and not hasattr(where, "column_names"):
        return _mapping(where)
    if hasattr(where, "to_dict") and hasattr(where, "columns"):
        return Reader(f"the {kind}", _frame(where), map(str, where.columns))
    if hasattr(where, "column_names"):
        return Reader(f"the {kind}", dataset_rows(where))
    rows = (Row(f"row {i}", "", row, no_dict(row)) for i, row in enumerate(where, start=1))
    return Reader("the rows", rows)


def _mapping(where: Mapping) -> Reader:
    """A reader of {split: rows}, or of {column: values}."""
    parts = {str(name): value for name, value in where.items()}
    if not parts:
        raise KitError("the dict is empty: give {split: rows} or {column: values}.")
    if all(map(_is_rows, parts.values())):
        rows = chain.from_iterable(_part(name, part) for name, part in parts.items())
        return Reader(f"the {type(where).__name__}", rows)
    columns = {name: _values(value) for name, value in parts.items()}
    sizes = {name: -1 if values is None else len(values) for name, values in columns.items()}
    if len(set(sizes.values())) != 1 or -1 in sizes.values():
        raise KitError(
            f"a dict with {', '.join(f'{k} ({v})' for k, v in list(sizes.items())[:5])} is neither "
            "{split: rows} nor {column: values}, all equally many: give a list of dicts."
        )
    together = zip(*columns.values(), strict=True)
    rows = (
        Row(f"row {i}", "", dict(zip(columns, v, strict=True))) for i, v in enumerate(together, 1)
    )
    return Reader("the columns", rows, columns)


def _is_rows(value) -> bool:
    """Whether a value holds rows: a frame, a data set, a list of dicts."""
    if hasattr(value, "column_names") or (hasattr(value, "to_dict") and hasattr(value, "columns")):
        return True
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def _part(split: str, rows) -> Iterator[Row]:
    """The rows of one split, their places and their split named."""
    for row in memory_reader(rows).rows():
        yield row._replace(place=f"{split}/{row.place}", split=split)


def _values(value) -> list | None:
    """The values of a column; None for what is none."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return None
    return value.tolist() if hasattr(value, "tolist") else list(value)


def _frame(frame) -> Iterator[Row]:
    """The rows of a DataFrame; what pandas calls missing is None."""
    names = [str(name) for name in frame.columns]
    missing = frame.isna()
    pairs = zip(frame.itertuples(index=False), missing.itertuples(index=False), strict=True)
    for number, (values, gaps) in enumerate(pairs, start=1):
        kept = [None if gap is True or gap else v for v, gap in zip(values, gaps, strict=True)]
        yield Row(f"row {number}", "", dict(zip(names, kept, strict=True)))


def dataset_rows(given) -> Iterator[Row]:
    """The rows of a Dataset, or of a dict of them; classes by their names."""
    parts = given if isinstance(given, Mapping) else {"": given}
    for split, part in parts.items():
        rows = part.with_format(None) if hasattr(part, "with_format") else part
        names = {k: f for k, f in (rows.features or {}).items() if _classes(f)}
        before = f"{split}/" if split else ""
        for number, row in enumerate(rows, start=1):
            named = {k: _named(f, row[k]) for k, f in names.items()}
            yield Row(f"{before}row {number}", str(split), row | named)


def _classes(feature):
    """The ClassLabel that a feature is, or that it is a list of."""
    inner = getattr(feature, "feature", feature)
    return inner if hasattr(inner, "int2str") else None


def _named(feature, value):
    one = _classes(feature)
    if isinstance(value, list):
        return [_named(one, v) for v in value]
    return one.int2str(value) if value is not None and 0 <= value < one.num_classes else None
