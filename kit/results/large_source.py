"""Sentiment with a larger source: the lower half of SmolLM2, frozen, beside MiniLM."""

from kit import metrics, results
from kit.results.style import made_by, styled

__all__ = ["LARGER", "RANDOM", "SERIES", "gain", "layers", "summary", "table", "tuned"]

LARGER, RANDOM = "SmolLM2, 15 blocks, frozen", "the same with fresh values"
MINILM = {"full": "MiniLM, fine-tuned", "from_scratch": "MiniLM's shape, from scratch"}
SERIES = (LARGER, RANDOM, *MINILM.values())


def by_seed(large_rows: list[dict], minilm: list[dict]) -> dict[tuple[str, int], dict[int, float]]:
    """(what it is, labels) -> seed -> test accuracy. The same seed has the same labels."""
    scores: dict = {}
    for row in large_rows:
        name = {"frozen": LARGER, "random": RANDOM}.get(row["part"])
        if name:
            scores.setdefault((name, row["labels"]), {})[row["seed"]] = row["accuracy"]
            if row["part"] == "frozen":
                scores.setdefault((name, 0), {})[row["seed"]] = row["without a label"]
    for row in minilm:
        if name := MINILM.get(row["strategy"]):
            scores.setdefault((name, row["labels"]), {})[row["seed"]] = row["accuracy"]
    return scores


def summary(
    large_rows: list[dict], minilm: list[dict]
) -> dict[tuple[str, int], tuple[float, float]]:
    """(what it is, labels) -> mean over the seeds, half-width of its 95 % interval."""
    return results.intervals(by_seed(large_rows, minilm))


def gain(large_rows: list[dict], minilm: list[dict], labels: int) -> tuple[float, float]:
    """What SmolLM2's frozen blocks have more than MiniLM, fine-tuned, on the same labels."""
    found = by_seed(large_rows, minilm)
    return metrics.gain(found[LARGER, labels], found[MINILM["full"], labels])


def layers(large_rows: list[dict]) -> dict[int, tuple[float, float]]:
    """Blocks below the head -> mean validation accuracy over the seeds, half of its interval."""
    scores: dict = {}
    for row in large_rows:
        if row["part"] == "layers":
            scores.setdefault(row["layers"], {})[row["seed"]] = row["accuracy"]
    return results.intervals(scores)


def tuned(large_rows: list[dict]) -> dict[str, tuple[float, float]]:
    """All labels, the upper blocks tuned: one model, and the mean of three (one: no interval)."""
    found = {
        name: [r["accuracy"] for r in large_rows if r["part"] == name] for name in ("tuned", "soup")
    }
    return {name: metrics.interval(values) for name, values in found.items() if values}


def table():
    """Test accuracy by labels: half of SmolLM2, frozen, its controls, the gain over MiniLM."""
    recorded, minilm = results.load("large_source"), results.load("see_it_work")["rows"]
    scores = summary(recorded["rows"], minilm)
    worth = "gain over MiniLM"
    rows = [
        (
            f"{labels:,}",
            *(scores.get((name, labels)) for name in SERIES),
            gain(recorded["rows"], minilm, labels),
        )
        for labels in sorted({n for name, n in scores if name == LARGER})
    ]
    caption = (
        f"Test accuracy, %: mean over 5 seeds ± half of its 95 % interval. {made_by(recorded)}"
    )
    return styled(rows, ["labels", *SERIES, worth], gains=[worth], caption=caption)
