"""Reports on data with planted faults: how often each is found, and what is found without one."""

from collections import defaultdict

from kit import results
from kit.display_names import display_name
from kit.results.style import made_by, styled

__all__ = ["found", "table"]


def found() -> dict[str, dict[str, tuple[float, int]]]:
    """Fault -> what a report says -> the share of the reports that say it, and their number.

    "leak": rows of train that meet the test. "wrong labels": at least 10 more labels in doubt than
    in the same data without a fault, with which it compares, so that "none" has no such share.
    "shortcut": a word that gives a class away. "group": a group that is
    served worse or better. In the row "none" all of these are false alarms.
    """
    rows = results.load("report")["rows"]
    usual = {(r["data"], r["seed"]): r["labels in doubt"] for r in rows if r["fault"] == "none"}
    said: dict = defaultdict(lambda: defaultdict(list))
    for row in rows:
        say = said[row["fault"]]
        leaks = bool({"near-duplicate", "duplicate", "variant"} & set(row["kinds of leaks"]))
        say["leak"].append(leaks)
        say["shortcut"].append("shortcut" in row["kinds of leaks"])
        if row["fault"] != "none":
            more = row["labels in doubt"] - usual[row["data"], row["seed"]]
            say["wrong labels"].append(more >= 10)
        say["group"].append(bool(row["groups found"]))
    return {
        fault: {name: (sum(values) / len(values), len(values)) for name, values in says.items()}
        for fault, says in said.items()
    }


def rows_found() -> dict[str, tuple[int, int, int]]:
    """Fault -> rows that were spoilt, rows of them that were found, and rows found besides."""
    totals: dict[str, list[int]] = {}
    for row in results.load("report")["rows"]:
        if row["fault"] == "leak":
            now = (row["planted"], row["leaked rows found"], row["other test rows called leaked"])
        elif row["fault"] == "wrong labels":
            right = row["wrong labels found"]
            now = (row["planted"], right, row["labels in doubt"] - right)
        else:
            continue
        before = totals.get(row["fault"], [0, 0, 0])
        totals[row["fault"]] = [a + b for a, b in zip(before, now, strict=True)]
    return {fault: tuple(numbers) for fault, numbers in totals.items()}


def table():
    """Of reports with each fault, the share that says each of four things, in %."""
    recorded, shares = results.load("report"), found()
    says = ("leak", "wrong labels", "shortcut", "group")
    lines = [
        (
            fault,
            *(f"{100 * shares[fault][n][0]:.0f}" if n in shares[fault] else "–" for n in says),
            str(shares[fault]["leak"][1]),
        )
        for fault in shares
    ]
    names = [f"says {display_name(name)}" for name in says]
    data = sorted({row["data"] for row in recorded["rows"]})
    caption = (
        f"Reports that say it, in %; {display_name(', '.join(data))}, several seeds. Wrong labels: "
        "at least 10 more in doubt than in the same data without the fault. In the row “none” the "
        f"others are false alarms. {made_by(recorded)}"
    )
    return styled(lines, ["planted fault", *names, "reports"], caption=caption)
