"""The report on a file of the user's own (`kit.audit.report`): made, shown and saved."""

import time
from collections.abc import Callable
from pathlib import Path

from kit import audit
from kit.data import own
from kit.errors import KitError
from kit.tasks.own_data import KINDS
from kit.widgets.own_data.controls import Controls, unused

__all__ = ["BUSY", "ReportPage"]

AUDIT_SECONDS = 120
"""About how long a report takes: of the bar alone."""
BUSY = "a training or a reading is running: press Stop, or wait until it has ended."


class ReportPage(Controls):
    """The base of `OwnData` that makes the report; a subclass reads the file into `report`."""

    report = None
    ready = False

    def make_report(self) -> "ReportPage":
        """Audit the rows without errors (`kit.audit.report`): the page is shown, and saved beside
        the notebook."""
        self._try(self._start_audit)
        return self

    def _start_audit(self) -> None:
        if self.kind.value != "classes":
            raise KitError("a report is made for classes: audit.leakage checks any other data.")
        if not self.ready:
            raise KitError("there is nothing to report on: open a file, and choose its columns.")
        if not self.job.start(self._audit):
            raise KitError(BUSY)

    def _audit(self, stopping) -> None:
        """Make the page of the report, as far as it comes, show it and save it."""
        began = time.monotonic()

        def watch(what: str) -> bool:
            self._say(f"Report: {what} … {time.monotonic() - began:.0f} s")
            self.job.bar.value = min(0.95, (time.monotonic() - began) / AUDIT_SECONDS)
            return stopping()

        try:
            report, compare = self._with_groups(stopping), self.compare.value
            made = audit.report(
                report.data(keep=self.keep.value, least=20),
                KINDS["classes"].task(report, self.language.value),
                compare=compare and column_of_groups(compare),
                title=f"Report on {Path(report.where).name}",
                watch=watch,
            )
        finally:
            self.job.bar.value = 0.0
        self.page_view.value = made._repr_html_()
        path = made.save(unused(Path(f"{Path(report.where).stem}-report.html")))
        left = len(self.report.good) - len(report.good)
        without = f"Left out, with nothing in {compare!r}: {left:,} rows." if left else ""
        said = f"The page is saved as {path}: print it, or send it."
        self._say(" ".join(filter(None, (made.stopped, without, said))))

    def _with_groups(self, stopping: Callable[[], bool]) -> own.Report:
        """The report of the rows, with the column of groups where one is chosen: the file is read
        again, so that a row without a group is left out here and not in a training."""
        if not (compare := self.compare.value):
            return self.report
        name = column_of_groups(compare)
        wants = KINDS["classes"].columns | {name: own.Column("class")}
        columns = self._chosen() | {name: compare}
        return own.read(self.path, wants, columns=columns, watch=lambda _: stopping())


def column_of_groups(name: str) -> str:
    """What the rows call the column of groups: its name in the file, unless the rows use it."""
    return f"{name} of the file" if name in ("id", "split", *KINDS["classes"].columns) else name
