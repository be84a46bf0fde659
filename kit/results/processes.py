"""An update by one process and by two: as predicted, and as measured."""

from statistics import median

from kit import results
from kit.display_names import display_name
from kit.results.style import made_by, styled

__all__ = ["apart", "cells", "markdown", "memory", "summary", "table"]

COLUMNS = ("source", "strategy", "sent, MB", "one process, ms", "two, predicted", "two, measured")
COLUMNS += ("times as fast, predicted", "measured", "one with two threads", "two, sharded")
NUMBER, MEGA, MILLI = 4, 1e6, 1000


def summary() -> dict[tuple[str, str], dict]:
    """(source, strategy) -> the median over the repeats of each number, and of each ratio to one
    process: "predicted, times", "two, times" (also the lowest and the highest one), "one, two
    threads, times", "sharded, times"."""
    groups: dict = {}
    for row in results.load("processes")["rows"]:
        groups.setdefault((row["source"], row["strategy"]), []).append(row)
    found = {}
    for key, rows in groups.items():
        numbers = {
            name: median(row[name] for row in rows)
            for name, value in rows[0].items()
            if isinstance(value, int | float) and name != "repeat"
        }
        ways = ("predicted", "two", "one, two threads", "sharded")
        ratios = {f"{way}, times": median(row["one"] / row[way] for row in rows) for way in ways}
        measured = [row["one"] / row["two"] for row in rows]
        ratios |= {"two, lowest": min(measured), "two, highest": max(measured)}
        found[key] = numbers | ratios | {"repeats": len(rows)}
    return found


def apart() -> float:
    """The largest relative difference of a loss by two processes from that by one."""
    return max(row["losses differ"] for row in results.load("processes")["rows"])


def memory(source: str, strategy: str) -> tuple[float, float]:
    """Peak memory of a process in MB: it holds everything, and it holds its share."""
    row = summary()[source, strategy]
    return row["peak memory, MB"], row["peak memory, MB, sharded"]


def cells() -> list[tuple[str, ...]]:
    """A row for each source and strategy, as texts."""
    return [
        (
            source,
            display_name(strategy),
            f"{NUMBER * row['trained'] / MEGA:.3g}",
            *(f"{MILLI * row[way]:.0f}" for way in ("one", "predicted", "two")),
            f"{row['predicted, times']:.2f}",
            f"{row['two, times']:.2f} ({row['two, lowest']:.2f} to {row['two, highest']:.2f})",
            *(f"{row[f'{way}, times']:.2f}" for way in ("one, two threads", "sharded")),
        )
        for (source, strategy), row in summary().items()
    ]


def table():
    """Milliseconds of an update and ratios, by source and strategy."""
    recorded = results.load("processes")
    columns = [display_name(column) for column in COLUMNS]
    what = "An update of two processes on one machine, beside one process with one thread"
    return styled(cells(), columns, keys=2, caption=f"{what}. {made_by(recorded)}")


def markdown() -> str:
    """The same as a table for docs/RESULTS.md, and what the numbers are."""
    recorded, found = results.load("processes"), summary()
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- | --- " + "| ---: " * 8 + "|"]
    lines += ["| " + " | ".join(line) + " |" for line in cells()]
    first = next(iter(found.values()))
    held = ", ".join(
        f"{source} {held:,.0f} and {shared:,.0f} MB"
        for source in dict.fromkeys(source for source, _ in found)
        for held, shared in [memory(source, "full")]
    )
    return "\n".join(lines) + (
        f"\n\nMedians of {first['repeats']} repeats, float32, {first['batch']} film reviews of "
        "about 24 tokens an update, each process with one thread; the ratios are medians of ratios "
        "to one process in the same repeat. Predicted: what one process takes for half of the "
        "batch, and a line through the times of all-reduces of five sizes. Losses of two processes "
        f"differ from those of one by {apart():.0e} of their size at most. Peak memory of a "
        f"process that trains everything, held by each and sharded: {held}. {made_by(recorded)}"
    )
