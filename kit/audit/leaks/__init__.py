"""Leaks between splits: what makes a test score higher than the score on new data will be.

report = audit.leakage(data, task, group="document")
report                     # what was found, and what it is worth in points
report.without(data)       # the data without the training rows that leak
"""

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from kit import guards
from kit.audit.leaks import groups, overlap, seen, shortcuts, surprise
from kit.audit.leaks.report import Finding, LeakReport, Worth
from kit.audit.leaks.rows import Rows
from kit.audit.leaks.worth import measured
from kit.errors import KitError

if TYPE_CHECKING:
    from kit.tasks import Task

__all__ = ["Finding", "LeakReport", "Worth", "leakage"]


def _splits(data: object) -> str:
    if not isinstance(data, Mapping):
        return f"{guards.described(data)}, and not splits: give {{'train': rows, 'test': rows}}"
    missing = {"train", "test"} - set(data)
    return f"without {' and '.join(sorted(missing))}" if missing else ""


@guards.guarded("audit.leakage(data, task)", data=_splits, task=guards.a_task)
def leakage(
    data: Mapping, task: "Task", *, group: str | None = None, worth: bool = True
) -> LeakReport:
    """What of the test is already in the training data, and what gives a label away.

    data: split -> rows, with at least "train" and "test", such as a DatasetDict.
    task: its `COLUMNS` say what is read and what is answered.
    group: a column whose equal values belong together (a document, an author, a date); default:
        none, and that check is left out.
    worth: whether to measure what each leak is worth (for classes; some seconds).

    For every task: texts that are equal, equal but for case, spaces and Unicode, nearly equal
    (`kit.data.duplicates`), or that share eight words in a row, in two splits; groups in two
    splits; and test rows that are easier than they should be. For classes also: names of classes in
    texts, shortcuts, surface form. Raises KitError for missing splits, columns and rows.
    """
    begin = monotonic()
    splits = {name: Rows(name, rows, task, group) for name, rows in data.items() if len(rows)}
    if missing := {"train", "test"} - set(splits):
        raise KitError(f"{missing.pop()} has no row: give at least one.")
    found, notes = overlap.findings(splits)
    for more, said in (
        groups.findings(splits, group),
        seen.findings(splits),
        shortcuts.findings(splits),
        surprise.findings(splits, found),
    ):
        found += more
        notes += said
    if worth:
        found, said = measured(found, splits)
        notes += said
    sizes = {name: len(rows) for name, rows in splits.items()}
    return LeakReport(tuple(found), tuple(notes), sizes, round(monotonic() - begin, 1))
