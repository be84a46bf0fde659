"""A report on a task of one's own, on one page: what is in the data, what leaks, which sources are
worth trying, which labels are in doubt, what more labels would bring, whom the model serves worse,
what to do next.

report = audit.report(data, task, compare="region")
report                        # the page
report.save("report.html")    # to print, or to send
report.parts["sources"].facts # its numbers
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from kit import guards
from kit.audit.reports.parts import PARTS, SOURCES, Part
from kit.audit.reports.reading import Reading
from kit.errors import KitError, saving
from kit.html import note
from kit.progress import progress

if TYPE_CHECKING:
    from kit.tasks import Task

__all__ = ["SOURCES", "Part", "Report", "report"]


@dataclass
class Report:
    """The parts of a report, in the order in which they were made."""

    title: str
    parts: dict[str, Part] = field(default_factory=dict)
    """Name -> part."""
    stopped: str = ""
    """What is missing, and why; empty for a whole report."""
    seconds: float = 0.0

    def __repr__(self) -> str:
        lines = [f"{self.title} ({self.seconds:.0f} s)"]
        for name, part in self.parts.items():
            lines += [f"{name}: {part.message}", *(f"  {line}" for line in part.details)]
        return "\n".join([*lines, *([self.stopped] if self.stopped else [])])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<h3>{html.escape(name.capitalize())}</h3>{note(part.message)}{part.html}"
            + "".join(f"<p>{html.escape(line)}</p>" for line in part.details)
            for name, part in self.parts.items()
        )
        missing = note(self.stopped, "error") if self.stopped else ""
        return f"<h2>{html.escape(self.title)}</h2>{missing}{body}"

    def save(self, path: str | Path) -> Path:
        """Write the page as one file that needs nothing else; KitError if it is there already."""
        path = Path(path)
        if path.exists():
            raise KitError(f"{path} is there already: give another name.")
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f"<title>{html.escape(self.title)}</title><style>body{{max-width:60em;margin:2em auto;"
            "padding:0 1em;font:16px/1.5 system-ui,sans-serif;color:#1A1A1A}h3{margin-top:2em}"
            "pre{background:#F5F5F5;padding:1em;overflow-x:auto}@media print{h3{break-after:avoid}}"
            f"</style></head><body>{self._repr_html_()}</body></html>"
        )
        with saving("the report", path):
            path.write_text(page, encoding="utf-8")
        return path


@guards.guarded("audit.report(data, task)", task=guards.a_task)
def report(
    data: Mapping[str, Sequence[dict]],
    task: "Task",
    *,
    group: str | None = None,
    compare: str | None = None,
    sources: Sequence[str] = SOURCES,
    rows: int = 1000,
    title: str = "Report",
    watch: Callable[[str], bool] | None = None,
) -> Report:
    """The report on a classification task: some minutes on two cores.

    data: split -> rows, at least "train" and "test". group: a column whose equal values belong
    together (a document, an author), for leaks. compare: a column whose groups should be served
    equally well. sources: names that `kit.sources.load` knows. rows: of a larger split so many are
    drawn by lot, and the page says so; leaks are looked for in all rows.

    watch: it is told what comes next, and ends the report where it returns True. So does Ctrl-C.
    The parts that are done are returned, and the page says what is missing. Raises KitError for a
    task that is no classification, for columns that are not there, and for a source that is
    unknown.
    """
    began = monotonic()
    names = sources if isinstance(sources, str) else tuple(sources)
    reading = Reading(data, task, group, compare, names, rows, watch)
    made = Report(title)
    steps = progress(PARTS.items(), title, total=len(PARTS))
    name = next(iter(PARTS))
    try:
        for name, part in steps:
            reading.go_on(name)
            made.parts[name] = part(reading)
    except KeyboardInterrupt:
        left = list(PARTS)[list(PARTS).index(name) :]
        made.stopped = f"Stopped before it was whole: {', '.join(left)} are missing."
    made.seconds = monotonic() - began
    return made
