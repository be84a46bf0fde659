"""Named entities with a larger source: SmolLM2 with and without its causal mask, beside MiniLM."""

from kit import metrics, results
from kit.results.style import made_by, styled

__all__ = ["BACK", "BOTH", "FRESH", "MINILM", "OLD", "all_sentences", "by_seed", "gains", "table"]

BOTH, BACK = "SmolLM2, looks both ways", "SmolLM2, looks back only"
FRESH, MINILM = "SmolLM2's shape, from scratch", "MiniLM"
OLD = "MiniLM's shape, from scratch"
PARTS = {"both": BOTH, "causal": BACK, "random": FRESH}


def by_seed(large_rows: list[dict], small: list[dict]) -> dict[str, dict[int, float]]:
    """What it is -> seed -> test F1 with 1,000 sentences. The same seed has the same sentences.

    larger: the rows of "larger_entities", small: those of "entities".
    """
    scores: dict = {}
    for row in large_rows:
        if row["part"] in PARTS:
            scores.setdefault(PARTS[row["part"]], {})[row["seed"]] = row["f1"]
    names = {"full": MINILM, "from_scratch": OLD}
    for row in small:
        if (row["source"], row["sentences"]) == ("minilm", 1000) and row["strategy"] in names:
            scores.setdefault(names[row["strategy"]], {})[row["seed"]] = row["f1"]
    return scores


def all_sentences(large_rows: list[dict]) -> dict[str, tuple[float, float]]:
    """All sentences, all of the test: "all", the mean of the seeds and half of its interval, and
    "soup", the mean of their models (one model: no interval)."""
    found = {p: [r["f1"] for r in large_rows if r["part"] == p] for p in ("all", "soup")}
    return {part: metrics.interval(values) for part, values in found.items() if values}


def gains() -> dict[str, tuple[float, float]]:
    """What SmolLM2 without its mask has more than each other model, seed by seed."""
    scores = by_seed(
        results.load("large_source_entities")["rows"], results.load("entities")["rows"]
    )
    return {name: metrics.gain(scores[BOTH], scores[name]) for name in scores if name != BOTH}


def table():
    """F1 with 1,000 sentences, what the bidirectional model gains, and F1 with all sentences."""
    recorded, small = results.load("large_source_entities"), results.load("entities")
    scores = results.intervals(by_seed(recorded["rows"], small["rows"]))
    every, gained, minilm = all_sentences(recorded["rows"]), gains(), small["all sentences"]["f1"]
    whole = {BOTH: every["all"], MINILM: (minilm, float("nan"))}
    rows = [(name, scores[name], gained.get(name), whole.get(name)) for name in scores]
    rows.append((f"{BOTH}, mean of three models", None, None, every["soup"]))
    worth = f"{BOTH} gains over it"
    columns = ["model", "1,000 sentences", worth, "all 14,041 sentences"]
    caption = f"Span F1, %: 3 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, columns, gains=[worth], caption=caption)
