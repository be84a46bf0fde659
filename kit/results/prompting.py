"""Prompts: film sentences answered by SmolLM2 from a prompt alone, beside a head on 50 labels."""

from kit import results
from kit.display_names import display_name
from kit.metrics import interval
from kit.results.style import made_by, styled

__all__ = ["agreement", "head", "orders", "parts", "table"]

LABELS = 50
"""Of the head beside."""


def parts(rows: list[dict]) -> dict[tuple[str, int], list[dict]]:
    """(part, number of examples) -> its rows. "zero" has a row for the text and one for the
    chat."""
    found: dict = {}
    for row in rows:
        found.setdefault((row["part"], row["examples"]), []).append(row)
    return found


def orders(rows: list[dict], every: bool = False) -> list[dict]:
    """The rows of five orders of the same four examples, as drawn first; every: of all 24, on the
    first 40 sentences."""
    if every:
        return [row for row in rows if row["part"] == "widget"]
    first = [r for r in rows if (r["part"], r["examples"], r["seed"]) == ("few", 4, 0)]
    return first + [row for row in rows if row["part"] == "orders"]


def head(labels: int = LABELS) -> tuple[float, float]:
    """Test accuracy of a head on the lower half of SmolLM2, frozen: mean, half its interval."""
    rows = results.load("large_source")["rows"]
    chosen = [r["accuracy"] for r in rows if (r["part"], r["labels"]) == ("frozen", labels)]
    return interval(chosen)


def agreement(rows: list[dict]) -> tuple[float, float]:
    """Of llama.cpp with 4 bits and the kit with float32 on the same prompts: the share of equal
    answers, and the largest difference of a margin, in nats."""
    [served] = [row for row in rows if row["part"] == "server"]
    [ours] = [r for r in rows if (r["part"], r["order"]) == ("widget", served["order"])]
    one, other = ([float(x) for x in row["margins"].split()] for row in (served, ours))
    pairs = list(zip(one, other, strict=True))
    equal = sum((a > 0) == (b > 0) for a, b in pairs) / len(pairs)
    return equal, max(abs(a - b) for a, b in pairs)


def table():
    """Accuracy, the share said "positive", AUC and tokens, prompt by prompt."""
    recorded = results.load("prompting")
    rows, own = recorded["rows"], parts(recorded["rows"])
    lines = [_one(f"no example, as a {display_name(row['order'])}", row) for row in own["zero", 0]]
    lines.append(_several("4 examples", own["few", 4]))
    lines.append(_range("the same four, five orders", orders(rows)))
    lines.append(_several("4 examples, labels by lot (control)", own["random", 4]))
    lines.append(_several("16 examples", own["few", 16]))
    lines.append(_several("16 examples, labels by lot (control)", own["random", 16]))
    beside = head()
    lines.append((f"a head on {LABELS} labels, no prompt", beside, "", "", "", "", ""))
    columns = ["prompt", "accuracy, %", "said “positive”, %", "calibrated accuracy, %"]
    columns += ["AUC, %", "label mass, %", "tokens a question"]
    caption = (
        "The first 300 test sentences. No example: 95 % interval over sentences; "
        "three draws: mean ± half of the interval over draws; five orders: lowest to highest. "
        f"The head: all 995 test sentences, 5 seeds. {made_by(recorded)}"
    )
    return styled(lines, columns, caption=caption)


VALUES = ("accuracy", "said positive", "calibrated accuracy", "AUC", "label mass")


def _one(name: str, row: dict) -> tuple:
    def ends(kind: str) -> str:
        low, high = row[f"{kind}low"], row[f"{kind}high"]
        return f"{100 * row[f'{kind}accuracy']:.1f} ({100 * low:.1f} to {100 * high:.1f})"

    plain = [f"{100 * row[value]:.1f}" for value in ("said positive", "AUC", "label mass")]
    tokens = f"{row['tokens']:.0f}"
    return name, ends(""), plain[0], ends("calibrated "), *plain[1:], tokens


def _several(name: str, rows: list[dict]) -> tuple:
    cells = [interval([row[value] for row in rows]) for value in VALUES]
    tokens = sum(row["tokens"] for row in rows) / len(rows)
    return f"{name}, {len(rows)} draws", *cells, f"{tokens:.0f}"


def _range(name: str, rows: list[dict]) -> tuple:
    cells = []
    for value in VALUES:
        values = [100 * row[value] for row in rows]
        cells.append(f"{min(values):.1f} to {max(values):.1f}")
    return name, *cells, f"{rows[0]['tokens']:.0f}"
