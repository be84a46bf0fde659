"""Sentiment across domains: from film reviews to products, editorials and tweets."""

from kit import metrics, results
from kit.results.style import made_by, styled
from kit.tasks.sentiment import DOMAINS

__all__ = ["OTHERS", "constant", "gains", "summary", "table"]

OTHERS = tuple(domain for domain in DOMAINS if domain != "films")


def by_seed(rows: list[dict], value: str = "accuracy") -> dict[tuple, dict[int, float]]:
    """(source, start, loss, trained on, tested on) -> seed -> value.

    trained on: "films 400 + tweets 100"; nothing is "no label".
    """
    return results.by_seed(rows, _about, value)


def _about(row: dict) -> tuple:
    given = " + ".join(f"{domain} {n}" for domain, n in row["trained"].items() if n)
    return row["source"], row["start"], row.get("loss", ""), given or "no label", row["test"]


def summary(rows: list[dict], value: str = "accuracy") -> dict[tuple, tuple[float, float]]:
    """The same keys -> mean over the seeds, half-width of its 95 % interval."""
    return results.intervals(by_seed(rows, value))


def gains(rows: list[dict], one: tuple, other: tuple) -> tuple[float, float]:
    """Mean and half-width of what `one` has more than `other`, seed by seed: two keys."""
    found = by_seed(rows)
    return metrics.gain(found[one], found[other])


def constant(rows: list[dict]) -> dict[str, float]:
    """Domain -> accuracy of always giving the more frequent of its answers."""
    found = {row["test"]: row["accuracy"] for row in rows if row["start"] == "majority"}
    return {domain: max(found[domain], 1 - found[domain]) for domain in DOMAINS}


def table(source: str = "rnn_encoder", value: str = "accuracy"):
    """What 400 film labels are worth in each domain, beside the same shape from scratch, and what
    100 labels of the domain add. value: "accuracy", or "pearson" for ratings."""
    recorded = results.load("domains")
    scores = by_seed(recorded["rows"], value)
    loss = "squared_error" if value == "pearson" else "cross_entropy"
    films = "films 400"
    columns = ["trained on", *DOMAINS]
    lines = [("400 film labels", source, "full", lambda d: films)]
    lines.append(("400 film labels, from scratch", source, "from_scratch", lambda d: films))
    if value == "accuracy":
        lines.append(("400 film labels, TF-IDF", "counted", "tfidf", lambda d: films))
        lines.append(
            ("films, then 100 of the domain", source, "full", lambda d: f"{films} + {d} 100")
        )
        lines.append(("100 of the domain alone", source, "full", lambda d: f"{d} 100"))
    rows = []
    for name, who, start, trained in lines:
        of = "" if start == "tfidf" else loss
        cells = [scores.get((who, start, of, trained(d), d)) for d in DOMAINS]
        rows.append((name, *(c and metrics.interval(list(c.values())) for c in cells)))
    if value == "accuracy":
        always = constant(recorded["rows"])
        rows.append(("always the same answer", *((always[d], 0.0) for d in DOMAINS)))
    what = {"accuracy": "Test accuracy", "pearson": "Correlation with ratings (Pearson) × 100"}
    caption = f"{what[value]}, %, {source}; 3 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, columns, caption=caption)
