"""Torture: lessons under faults. How many came, what raised, does the lesson run afterwards?"""

from collections import Counter

from kit import results
from kit.results.style import made_by, styled

__all__ = ["summary", "table"]


def summary() -> dict[str, dict[str, int]]:
    """Fault -> how many came ("tries"); "cells" -> under faults ("tries") and those that raised
    an error without a remedy ("raw"); "lessons" -> "tries", and those that ran afterwards
    ("survived") without anything left over."""
    rows = results.load("torture")["rows"]
    faults = sum((Counter(row["faults"]) for row in rows), Counter())
    sound = [row for row in rows if row["runs"] and not row["left over"]]
    found = {name: {"tries": tries} for name, tries in faults.items()}
    cells = {"tries": sum(row["cells"] for row in rows)}
    cells["raw"] = sum(len(row["raw"]) for row in rows)
    lessons = {"tries": len(rows), "survived": len(sound)}
    return found | {"cells": cells, "lessons": lessons}


def table():
    """A row for each lesson and seed."""
    recorded = results.load("torture")
    rows = [
        (
            row["lesson"],
            f"{row['seed']}",
            f"{sum(row['faults'].values())}",
            f"{len(row['raw'])}",
            "yes" if row["runs"] else "no",
            f"{len(row['left over'])}",
        )
        for row in recorded["rows"]
    ]
    columns = ["lesson", "seed", "faults", "errors without a remedy", "runs afterwards"]
    caption = f"Lessons under faults. {made_by(recorded)}"
    return styled(rows, [*columns, "files left over"], keys=2, caption=caption)


def torture_counts() -> str:
    """The counts as Markdown, for docs/FAULTS.md."""
    found, recorded = summary(), results.load("torture")
    cells, lessons = found.pop("cells"), found.pop("lessons")
    lines = ["| fault while lesson cells run | times |", "| --- | ---: |"]
    lines += [f"| {name} | {counts['tries']:,} |" for name, counts in found.items()]
    total = sum(counts["tries"] for counts in found.values())
    outcomes = sum((Counter(row["outcomes"]) for row in recorded["rows"]), Counter())
    names = ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))
    return "\n".join(lines) + (
        f"\n\n{total:,} faults in {cells['tries']:,} cells of {lessons['tries']} lessons. The "
        f"cells ended so: {names}. **{cells['raw']}** ended in an error without a remedy. "
        f"Afterwards **{lessons['survived']} of {lessons['tries']}** lessons ran from top to "
        "bottom with what was left of the cache, and nothing unfinished remained. "
        f"{made_by(recorded)}"
    )
