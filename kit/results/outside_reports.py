"""Reports on real data that the kit was not made with: what they said, and what is true."""

from kit import results
from kit.results.style import made_by, styled

__all__ = ["leaks", "reports", "table"]


def reports() -> dict[str, dict]:
    """Data -> what a report on it said and what is true, as the experiment's rows have it."""
    rows = results.load("outside_reports")["rows"]
    return {row["data"]: row for row in rows if "part" not in row}


def leaks() -> dict[str, tuple[int, int, int, int]]:
    """Data -> over all draws: test rows that were called leaked, those of them that really share
    much with a training row, near-copies that were missed, and rows that were called easy."""
    kinds = ("test rows called leaked", "of them overlap", "missed", "easy rows")
    totals: dict[str, tuple] = {}
    for row in results.load("outside_reports")["rows"]:
        if row.get("part") == "leaks":
            before = totals.get(row["data"], (0, 0, 0, 0))
            totals[row["data"]] = tuple(a + row[k] for a, k in zip(before, kinds, strict=True))
    return totals


def table():
    """By data set: leaks, the order of the sources and their heads on the test, the forecast."""
    recorded, found = results.load("outside_reports"), reports()
    rows = []
    for name, (called, right, missed, _) in leaks().items():
        cells = [name, f"{right:,} of {called:,}", f"{missed:,}", *["–"] * 4]
        if row := found.get(name):
            heads = ", ".join(f"{100 * score:.1f}" for score in row["heads"])
            cells[3] = f"{', '.join(row['sources, in order'])}: {heads}"
            if "came" in row:
                cells[4:6] = row["forecast"].partition(" %")[0], f"{row['came']:.1f}"
            cells[6] = f"{row['CPU seconds']:.0f}"
        rows.append(tuple(cells))
    columns = ["data", "leaks that overlap", "missed", "sources as the report has them: heads in %"]
    columns += ["forecast, %", "came, %", "CPU seconds"]
    caption = (
        "Leaks: test rows of three draws; those that share much with a training row, of all that "
        "were called so. Heads: on the test, 300 labels. The forecast is of twice the labels. "
        f"{made_by(recorded)}"
    )
    return styled(rows, columns, keys=len(columns), caption=caption)
