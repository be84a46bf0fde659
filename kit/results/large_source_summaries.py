"""Headlines by SmolLM2: prompts alone, LoRA, fresh values, beside the small models and controls."""

from kit import metrics, results
from kit.errors import KitError
from kit.results import summaries as small
from kit.results.style import made_by, score_text, styled

__all__ = [
    "FEW",
    "FRESH",
    "LORA",
    "LORA_BEAMS",
    "SMALL",
    "SMALL_FIRST",
    "ZERO",
    "by_seed",
    "gain",
    "gains_table",
    "headlines",
    "over",
    "summary",
    "table",
]

LORA, LORA_BEAMS = "SmolLM2, LoRA", "SmolLM2, LoRA, 4 beams"
FRESH = "SmolLM2's shape, fresh values"
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
CONTROLS = ("lead", "eight words", "weighty words", "chosen words")
"""As the rows call what needs no network."""


def by_seed(value: str = "rouge1") -> dict[tuple[str, int], dict[int, float]]:
    """(who writes, headlines it has seen) -> seed -> value on the test articles."""
    scores: dict = {}
    names = {"few": FEW, "lora": LORA, "fresh": FRESH}
    for row in results.load("large_source_summaries")["rows"]:
        name = ZERO[row["prompt"]] if row["part"] == "zero" else names.get(row["part"])
        if row.get("beams", 1) > 1:
            name = LORA_BEAMS
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


def lora_rows(articles: int, beams: int) -> list[dict]:
    """The rows of LoRA with so many headlines, one a seed."""
    about = {"part": "lora", "articles": articles, "beams": beams}
    rows = results.load("large_source_summaries")["rows"]
    found = [row for row in rows if about.items() <= row.items()]
    if not found:
        raise KitError(f"LoRA with {articles} headlines and {beams} beams is not recorded.")
    return found


def headlines(articles: int, beams: int = 4, seed: int = 0) -> list[str]:
    """The headlines of the first test articles that were written after LoRA."""
    return next(row["first"] for row in lora_rows(articles, beams) if row["seed"] == seed)


def over(
    control: str, articles: int, beams: int = 4, value: str = "rouge1"
) -> tuple[float, float, float]:
    """What LoRA has more than a control: the mean over the seeds, and the lowest and the highest
    end of the seeds' 95 % intervals over the test articles."""
    gains = [row["gains"][control][value] for row in lora_rows(articles, beams)]
    means, lows, highs = zip(*gains, strict=True)
    return sum(means) / len(means), min(lows), max(highs)


def more_than(control: str, articles: int, beams: int, value: str = "rouge1") -> str:
    """`over`, as text, in points."""
    mean, low, high = (100 * x for x in over(control, articles, beams, value))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def gains_table(articles: int):
    """What LoRA has more than each control, in the three ROUGE."""
    lines = []
    for beams, how in ((1, "greedy"), (4, "4 beams")):
        for control in CONTROLS:
            cells = (more_than(control, articles, beams, value) for value in VALUES[:3])
            lines.append((how, control, *cells))
    columns = ["written", "more than", "ROUGE-1, points", "ROUGE-2, points", "ROUGE-L, points"]
    caption = (
        f"{LORA}, {articles} headlines. In parentheses: from the lowest to the highest end of the "
        f"seeds' 95 % intervals over the test articles. "
        f"{made_by(results.load('large_source_summaries'))}"
    )
    return styled(lines, columns, keys=2, caption=caption)


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
    budgets = sorted({n for name, n in found if name == LORA})
    more = []
    for n in budgets:
        for beams, name in ((1, LORA), (4, LORA_BEAMS)):
            if (name, n) not in found:
                continue
            controls = [f"{more_than(c, n, beams)} over the {c}" for c in ("lead", "chosen words")]
            others = [
                f"{score_text(gain((name, n), (other, n)), sign=True)} over {what}"
                for other, what in OTHERS.items()
                if (other, n) in found
            ]
            how = "greedy" if beams == 1 else f"{beams} beams"
            more.append(f"{n:,} headlines, {how}: {', '.join(controls + others)}")
    [leak] = [row for row in recorded["rows"] if row["part"] == "leak"]
    return "\n".join(lines) + (
        "\n\nIn %, on the test articles, mean over the seeds ± half of its 95 % interval. "
        "ROUGE-1 that LoRA has more, in parentheses from the lowest to the highest end of the "
        f"seeds' intervals over the test articles; {'; '.join(more)}. "
        f"SmolLM2 guesses the next five tokens of {leak['guessed']} of "
        f"{leak['texts']} test articles word for word. {made_by(recorded)}"
    )
