"""The user's own data: read, checked row by row, and split for training.

report = own.read("reviews.csv", sentiment.COLUMNS, columns={"text": "review"})
report                          # good and bad rows, problems, classes
data = report.data(keep=True)   # the good rows, as train, validation and test
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kit.errors import KitError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

__all__ = ["Column", "Report", "read"]

CHUNK_ROWS = 20_000
"""Rows that are Python objects at a time; all others are in Arrow tables, which are smaller."""


@dataclass(frozen=True)
class Column:
    """The type of a task's column."""

    kind: str
    """"text", "words" (a list of them), "class", "tags" (a list, one a word), "number"."""
    names: tuple[str, ...] = ()
    """The classes or tags in the order of their numbers; empty for those that the data has."""


@dataclass
class Report:
    """The checked data of the user. Every row is either in `good` or in `bad`."""

    where: str
    """The name of the file, data set or rows that were read."""
    wants: dict[str, Column]
    """The columns of the task; where it names no classes, with those of the data."""
    good: "Dataset"
    """The rows that can be used: id (its place, such as "line 7"), split ("" where the data has
    none), and the columns of the task; a class is its number."""
    bad: "Dataset"
    """The other rows: id, problem (its kind and details), content (the row, as it was or JSON)."""
    kinds: dict[str, int]
    """Kind of problem -> number of rows."""
    notes: list[str] = field(default_factory=list)
    """Remarks on the data that are no problem of a row: duplicates, rare classes."""

    def data(self, keep: bool = False, least: int = 10) -> "DatasetDict":
        """The good rows as train, validation and test.

        Splits of the data stay; a missing one gets 10 % of train. The rows of a new split are
        chosen in the order of the hashes of their texts, so that equal texts are in one split,
        and an additional row changes the split of few others.
        keep: use the good rows although there are bad ones. Raises KitError for bad rows unless
        `keep`, and for fewer than `least` good rows.
        """
        from kit.data.own.tables import divided

        if len(self.bad) and not keep:
            raise KitError(
                f"{len(self.bad):,} of {len(self):,} rows of {self.where} cannot be used "
                f"({self.most()}): put them right, or give keep=True for the {len(self.good):,} "
                "good ones. report.bad has all others."
            )
        if len(self.good) < least:
            raise KitError(
                f"{len(self.good)} good rows in {self.where} are too few: give at least {least}."
            )
        return divided(self.good, next(iter(self.wants)))

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    def most(self) -> str:
        """The three most frequent kinds of problem."""
        few = sorted(self.kinds.items(), key=lambda kind: -kind[1])[:3]
        return "; ".join(f"{kind}: {n:,}" for kind, n in few)

    def counts(self) -> dict[str, int]:
        """Class -> number of good rows; empty for a task without classes."""
        from kit.data.own.tables import counted

        classes = {name: c for name, c in self.wants.items() if c.kind == "class"}
        return {k: n for name, c in classes.items() for k, n in counted(self.good, name, c).items()}

    def __repr__(self) -> str:
        lines = [f"{self.where}: {len(self):,} rows, {len(self.good):,} good"]
        lines += [f"  {n:,} not: {kind}" for kind, n in self.kinds.items()]
        lines += [f"  {n:,} of class {name}" for name, n in self.counts().items()]
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    def _repr_html_(self) -> str:
        from kit.data.own.report import page

        return page(self)


def read(
    where,
    wants: Mapping[str, Column],
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping | None = None,
    **options,
) -> Report:
    """Read and check the user's data; the report has every row, and the problem of each bad one.

    where: a CSV, JSON Lines or Parquet file; a `datasets.Dataset` or `DatasetDict`; a folder or a
        name on the hub, as `datasets.load_dataset` takes them (`options` go there); or dicts.
    wants: the `COLUMNS` of a task; for classes of one's own, with {"label": Column("class")}.
    columns: column of the task -> column of the data, where the names differ.
    values: class or tag in the data -> its name in the task, {"pos": "positive"}.
    A file may have any encoding, or several. Texts are not changed. A class is given by its name,
    in upper or lower case, or by its number. A million rows take about half a minute.
    Raises KitError for what cannot be read at all, and for columns that the data lacks.
    """
    from kit.data.own.checks import Checker
    from kit.data.own.readers import reader
    from kit.data.own.tables import Tables

    source, wants = reader(where, **options), dict(wants)
    values = {str(k): str(v) for k, v in (values or {}).items()}
    check, tables = Checker(wants, dict(columns or {}), values), Tables(wants)
    check.require(source.columns(), source.where)
    rows = source.rows()
    while chunk := list(islice(rows, CHUNK_ROWS)):
        tables.add(*check.sort(chunk))
    return Report(
        where=source.where,
        wants=tables.named(),
        good=tables.good(),
        bad=tables.bad(),
        kinds=dict(check.kinds.most_common()),
        notes=source.notes + tables.notes(),
    )
