"""The user's own data, looked at before a model sees it.

report = own.read("reviews.csv", sentiment.COLUMNS, columns={"text": "review"})
report                          # what was found
data = report.data(keep=True)   # the good rows, as train, validation and test
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from kit.errors import KitError
from kit.guards import a_function, columns_of, guarded, names_of
from kit.progress import progress

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from kit.data.own.checks import Checker
    from kit.data.own.tables import Tables

__all__ = ["Column", "Report", "read"]

CHUNK_ROWS = 20_000
"""Rows that exist as Python objects at a time; the others are tables."""


@dataclass(frozen=True)
class Column:
    """What one column of a task holds."""

    kind: str
    """"text", "words" (a list of them), "class", "tags" (a list, one a word), "number"."""
    names: tuple[str, ...] = ()
    """The classes or tags, in the order of their numbers; none: whatever is found."""
    optional: bool = False
    """Whether the data may lack it."""


@dataclass
class Report:
    """What was found in the user's data. Nothing is lost: a row is in `good` or in `bad`."""

    where: str
    """What was read."""
    wants: dict[str, Column]
    """What the task wants; where it left classes open, those that were found."""
    good: "Dataset"
    """The rows that can be used: id (where it stands), split ("" where none was given), and the
    columns wanted; a class by its number."""
    bad: "Dataset"
    """The others: id, problem (why), content (the row, as it was or as JSON)."""
    kinds: dict[str, int]
    """Kind of problem -> how many rows have it."""
    notes: list[str] = field(default_factory=list)
    """What is no mistake, and yet worth knowing."""
    division: list[str] = field(default_factory=list)
    """What `data()` found in the splits that it made."""

    def data(self, keep: bool = False, least: int = 10) -> "DatasetDict":
        """The good rows as train, validation and test.

        Splits that were given stay, and one that is missing is taken from train: a tenth of each
        class, equal and nearly equal texts together, in the order of their hashes, so that a row
        more moves few of the others. What is worth knowing of the splits is in `division`.
        Raises KitError where rows are bad, unless `keep`; and for fewer than `least` good ones.
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
        classes = [name for name, column in self.wants.items() if column.kind == "class"]
        data, self.division = divided(self.good, next(iter(self.wants)), *classes[:1])
        return data

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    def most(self) -> str:
        """The three most frequent kinds of problem."""
        few = sorted(self.kinds.items(), key=lambda kind: -kind[1])[:3]
        return "; ".join(f"{kind}: {n:,}" for kind, n in few)

    def counts(self) -> dict[str, int]:
        """Class -> how many good rows have it; empty for a task without classes."""
        from kit.data.own.tables import counted

        classes = {name: c for name, c in self.wants.items() if c.kind == "class"}
        return {k: n for name, c in classes.items() for k, n in counted(self.good, name, c).items()}

    def __repr__(self) -> str:
        lines = [f"{self.where}: {len(self):,} rows, {len(self.good):,} good"]
        lines += [f"  {n:,} not: {kind}" for kind, n in self.kinds.items()]
        lines += [f"  {n:,} of class {name}" for name, n in self.counts().items()]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines + [f"  divided: {note}" for note in self.division])

    def _repr_html_(self) -> str:
        from kit.data.own.report import page

        return page(self)


@guarded(
    "own.read('reviews.csv', task.COLUMNS)",
    wants=columns_of,
    columns=names_of,
    values=names_of,
    watch=a_function,
)
def read(
    where,
    wants: Mapping[str, Column],
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping | None = None,
    watch: Callable[[int], bool] | None = None,
    **options,
) -> Report:
    """Read and check the user's data: what is wrong with a row is said, and no row is lost.

    where: a CSV, JSON Lines or Parquet file; a `datasets.Dataset` or `DatasetDict`; a folder or a
        name on the hub, as `datasets.load_dataset` takes them (`options` go there); or dicts.
    wants: the `COLUMNS` of a task; for classes of one's own, with {"label": Column("class")}.
    columns: what the task calls a column -> what it is called there, where the names differ.
    values: a class or tag there -> its name in the task, {"pos": "positive"}.
    watch: called with the number of rows so far after each 20,000; True stops the reading.
    Any encoding, and several in one file. A text is taken as it is; a class by its name in any
    case, or by its number. A million rows pass through little memory, in half a minute or so,
    with a bar; Ctrl-C, or the notebook's stop button, ends it.
    Raises KitError for what cannot be read at all, for columns that are not there, for a file that
    needs more memory than there is, and where `watch` stops it.
    """
    from kit.data.own.checks import Checker
    from kit.data.own.readers import reader
    from kit.data.own.tables import Tables

    for name, given in (("columns", columns), ("values", values)):
        if given is not None and not isinstance(given, Mapping):
            raise KitError(f"{name}={given!r:.60}: give a dict, such as {{'text': 'review'}}.")
    source, wants = reader(where, **options), dict(wants)
    values = {_text_of(k): str(v) for k, v in (values or {}).items()}
    check = Checker(wants, dict(columns or {}), values)
    check.require(source.columns(), source.where)
    tables, rows = Tables(check.wants), source.rows()
    first = list(islice(rows, CHUNK_ROWS))
    check.look(first)
    rows_so_far = 0
    chunks = chain([first] if first else [], iter(lambda: list(islice(rows, CHUNK_ROWS)), []))
    for chunk in progress(chunks, f"reading {source.where}", unit=f"x {CHUNK_ROWS:,} rows"):
        tables.add(*check.sort(chunk))
        rows_so_far += len(chunk)
        if watch and watch(rows_so_far):
            raise KitError(
                f"the reading of {source.where} was stopped after {rows_so_far:,} rows, and "
                "nothing of it is kept: read it again, or a file with a part of its rows."
            )
    _one_word_a_row(check, tables, source.where)
    return Report(
        where=source.where,
        wants=tables.named(),
        good=tables.good(),
        bad=tables.bad(),
        kinds=dict(check.kinds.most_common()),
        notes=source.notes + check.notes() + tables.notes(),
    )


def _text_of(value) -> str:
    """A class as text: 1.0 and 1 are one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _one_word_a_row(check: "Checker", tables: "Tables", where: str) -> None:
    """Raise KitError for words that stand in a row each: the sentences must be put together."""
    kinds = {column.kind: check.columns[name] for name, column in check.wants.items()}
    if "words" in kinds and not check.several_words and tables.count() >= 10:
        raise KitError(
            f"each row of {where} holds one word (the long format): put sentences together first, "
            f"frame.groupby('sentence', sort=False)[[{kinds['words']!r}, "
            f"{kinds.get('tags', 'tags')!r}]].agg(list), with the column that numbers yours."
        )
