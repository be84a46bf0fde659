"""The audit of leaks: how many planted leaks it finds, and what it says of clean data."""

from collections import defaultdict

from kit import results
from kit.display_names import display_name
from kit.metrics import interval
from kit.results.style import made_by, styled

__all__ = ["clean", "recall", "splits", "table"]


def splits() -> dict[str, dict[str, tuple[float, float]]]:
    """Data -> what a split by text has more than one by document, and more than one by documents
    drawn by lot, the control: mean over seeds and half of its 95 % interval."""
    found: dict = defaultdict(lambda: defaultdict(list))
    for row in results.load("leakage")["rows"]:
        if row["part"] == "splits":
            for other in ("by document", "by lot"):
                found[row["data"]][other].append(row["by text"] - row[other])
    return {data: {k: interval(v) for k, v in own.items()} for data, own in found.items()}


def recall() -> dict[tuple[str, float], tuple[float, float]]:
    """(kind, share planted) -> mean share that was found over data and seeds, and its interval."""
    found: dict = defaultdict(dict)
    for row in results.load("leakage")["rows"]:
        if row["part"] == "planted":
            found[row["kind"], row["share"]][row["data"], row["seed"]] = row["recall"]
    return results.intervals(found)


def clean() -> dict[str, dict[str, str]]:
    """Data set -> kind -> what was found in it without a planted leak."""
    rows = results.load("leakage")["rows"]
    return {row["data"]: row["found"] for row in rows if row["part"] == "clean"}


def table():
    """Recall of each kind by the share that was planted, and the wrong findings beside it."""
    recorded, shares = results.load("leakage"), recall()
    wrong: dict[str, int] = defaultdict(int)
    runs: dict[str, int] = defaultdict(int)
    for row in recorded["rows"]:
        if row["part"] == "planted":
            wrong[row["kind"]] += len(row["wrong"])
            runs[row["kind"]] += 1
    columns = sorted({share for _, share in shares})
    rows = [
        (kind, *(shares.get((kind, share)) for share in columns), f"{wrong[kind]} in {runs[kind]}")
        for kind in wrong
    ]
    names = [f"{share:.0%} planted" for share in columns]
    data = sorted({row["data"] for row in recorded["rows"] if row["part"] == "planted"})
    caption = (
        "The share that was found, in %, and wrong findings by runs; "
        f"{display_name(', '.join(data))}, "
        f"several seeds, 95 % intervals. {made_by(recorded)}"
    )
    return styled(rows, ["leak", *names, "wrong findings"], caption=caption)
