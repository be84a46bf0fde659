"""The report on a file of the user's own (`kit.audit.report`): made, shown and saved."""

import time
from pathlib import Path

from kit import audit
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
            made = audit.report(
                self.report.data(keep=self.keep.value, least=20),
                KINDS["classes"].task(self.report, self.language.value),
                title=f"Report on {Path(self.report.where).name}",
                watch=watch,
            )
        finally:
            self.job.bar.value = 0.0
        self.page_view.value = made._repr_html_()
        path = made.save(unused(Path(f"{Path(self.report.where).stem}-report.html")))
        self._say(f"{made.stopped} The page is saved as {path}: print it, or send it.".strip())
