"""Headlines by SmolLM2: prompts alone, LoRA, fresh values, beside the small models and controls."""

from kit import metrics, results
from kit.results import summaries as small
from kit.results.style import made_by, score_text, styled

__all__ = [
    "FEW",
    "FRESH",
    "LORA",
    "SMALL",
    "SMALL_FIRST",
    "ZERO",
    "by_seed",
    "gain",
    "over",
    "summary",
    "table",
]

LORA, FRESH = "SmolLM2, LoRA", "SmolLM2's shape, fresh values"
SMALL = "small Transformer, both sources"
SMALL_FIRST = "small Transformer, pseudo-headlines first"
ZERO = {
    "TL;DR": "SmolLM2, “TL;DR:” after the article",
    "headline": "SmolLM2, “Headline:” after the article",
    "chat": "SmolLM2, asked in a chat",
}
FEW = "SmolLM2, examples in the prompt"
OTHERS = {
    SMALL: "the small Transformer",
    SMALL_FIRST: "the same after pseudo-headlines",
    FRESH: "fresh values",
}
VALUES = ("rouge1", "rouge2", "rougeL", "invented")


def by_seed(value: str = "rouge1") -> dict[tuple[str, int], dict[int, float]]:
    """(who writes, headlines it has seen) -> seed -> value on the test articles."""
    scores: dict = {}
    names = {"few": FEW, "lora": LORA, "fresh": FRESH}
    for row in results.load("large_source_summaries")["rows"]:
        name = ZERO[row["prompt"]] if row["part"] == "zero" else names.get(row["part"])
        if name:
            seen = row.get("articles", row.get("examples", 0))
            scores.setdefault((name, seen), {})[row["seed"]] = row[value]
    for (kind, way, first, n), seeds in small.by_seed(
        results.load("summaries")["rows"], value
    ).items():
        if (kind, way) == ("transformer", "mixed"):
            scores[SMALL_FIRST if first else SMALL, n] = seeds
    return scores


def summary(value: str = "rouge1") -> dict[tuple[str, int], tuple[float, float]]:
    """The same keys -> mean over the seeds, half of its 95 % interval (one seed: nan)."""
    return results.intervals(by_seed(value))


def gain(one: tuple, other: tuple, value: str = "rouge1") -> tuple[float, float]:
    """What `one` has more than `other`, seed by seed: keys of `by_seed`. The same seed has the
    same headlines."""
    scores = by_seed(value)
    return metrics.gain(scores[one], scores[other])


def over(control: str, articles: int) -> dict[int, tuple[float, float, float]]:
    """What LoRA has more than a control in ROUGE-1: seed -> mean, low and high (95 %, over the test
    articles)."""
    return {
        row["seed"]: tuple(row["gains"][control])
        for row in results.load("large_source_summaries")["rows"]
        if row["part"] == "lora" and row["articles"] == articles
    }


def scores() -> list[tuple]:
    """(who writes, headlines, four scores), controls last: the rows of both tables."""
    found = {value: summary(value) for value in VALUES}
    seen = {key: len(seeds) for key, seeds in by_seed().items()}
    rows = []
    for key in found["rouge1"]:
        name, n = key
        cells = (found[value][key] for value in VALUES)
        rows.append((name, f"{n:,}", str(seen[key]), *cells))
    for name, control in results.load("summaries")["controls"].items():
        if name != "people":
            learnt = "1,640" if name == "chosen words" else "0"
            rows.append((name, learnt, "", *((control[value], 0.0) for value in VALUES)))
    return rows


def table():
    """ROUGE and invented names on the test articles, a row for each way to write a headline."""
    recorded = results.load("large_source_summaries")
    columns = ["who writes", "headlines seen", "seeds", "ROUGE-1, %", "ROUGE-2, %", "ROUGE-L, %"]
    columns.append("invented names in 100 headlines")
    caption = f"Test articles: mean ± half of its 95 % interval. {made_by(recorded)}"
    return styled(scores(), columns, keys=3, caption=caption)


def markdown() -> str:
    """The same as a table for docs/RESULTS.md, with what LoRA has more than the chosen words."""
    recorded = results.load("large_source_summaries")
    lines = [
        "| who writes | headlines seen | seeds | ROUGE-1 | ROUGE-2 | ROUGE-L | invented in 100 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for label, learnt, seeds, *values in scores():
        cells = " | ".join(map(score_text, values))
        lines.append(f"| {label} | {learnt} | {seeds} | {cells} |")
    found = by_seed()
    budgets = sorted(n for name, n in found if name == LORA)
    more = []
    for n in budgets:
        gains = over("chosen words", n).values()
        mean = 100 * sum(mean for mean, _, _ in gains) / len(gains)
        low, high = 100 * min(g[1] for g in gains), 100 * max(g[2] for g in gains)
        others = [
            f"{score_text(gain((LORA, n), (name, n)), sign=True)} over {what}"
            for name, what in OTHERS.items()
            if (name, n) in found
        ]
        more.append(
            f"with {n:,} headlines {mean:+.1f} over the chosen words (each seed's interval over "
            f"the test articles lies within {low:+.1f} to {high:+.1f}), {', '.join(others)}"
        )
    [leak] = [row for row in recorded["rows"] if row["part"] == "leak"]
    return "\n".join(lines) + (
        "\n\nIn %, on the test articles, mean over the seeds ± half of its 95 % interval. "
        f"ROUGE-1 that LoRA has more, seed by seed: {'; '.join(more)}. "
        f"SmolLM2 guesses the next five tokens of {leak['guessed']} of "
        f"{leak['texts']} test articles word for word. {made_by(recorded)}"
    )
