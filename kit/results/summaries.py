"""Headlines: what an encoder and a decoder from elsewhere are worth, by articles."""

from operator import itemgetter

from kit import metrics, results
from kit.results.style import made_by, styled

__all__ = ["PRETEXT", "gains", "summary", "table"]

PRETEXT = "unwritten headlines"
"""What some rows were trained on first: pseudo-headlines (as the results file calls them)."""
BODIES = {"rnn": "LSTM", "transformer": "Transformer", "minilm": "MiniLM as encoder"}


def by_seed(rows: list[dict], value: str = "rouge1") -> dict[tuple, dict[int, float]]:
    """(kind, way, what came first, articles) -> seed -> value."""
    return results.by_seed(rows, itemgetter("kind", "way", "first", "articles"), value)


def summary(rows: list[dict], value: str = "rouge1") -> dict[tuple, tuple[float, float]]:
    """The same keys -> mean over the seeds, half-width of its 95 % interval."""
    return results.intervals(by_seed(rows, value))


def gains(rows: list[dict], one: tuple, other: tuple, value: str = "rouge1") -> tuple:
    """Mean and half-width of what `one` has more than `other`, seed by seed: two keys."""
    found = by_seed(rows, value)
    return metrics.gain(found[one], found[other])


def table(kind: str | None = None, value: str = "rouge1"):
    """ROUGE by articles to learn from: each body, each way to migrate, with and without
    pseudo-headlines first. kind: "rnn", "transformer" or "minilm" alone; default: all.
    value: also "invented", names in a headline that are not in the article, a headline."""
    recorded = results.load("summaries")
    scores = summary(recorded["rows"], value)
    budgets = sorted({key[3] for key in scores})
    rows = []
    for body, way, first in dict.fromkeys(key[:3] for key in scores):
        if kind in (None, body):
            cells = [scores.get((body, way, first, n)) for n in budgets]
            rows.append((BODIES[body], way, "yes" if first else "no", *cells))
    for name, control in recorded["controls"].items():
        if value in control:
            cell = (control[value], 0.0)
            rows.append(("control", name, "", *([cell] + [None] * (len(budgets) - 1))))
    columns = ["body", "what migrates", "pseudo-headlines first"]
    columns += [f"{n:,} headlines" if n else "no headline" for n in budgets]
    scale, decimals = (1, 2) if value == "invented" else (100, 1)
    what = {"invented": "Invented names a headline"}.get(value, f"{value}, %")
    caption = f"{what} on the test articles: 3 seeds, 95 % intervals. {made_by(recorded)}"
    return styled(rows, columns, keys=3, scale=scale, decimals=decimals, caption=caption)


def gains_table(value: str = "rouge1", kinds: tuple[str, ...] = ("rnn", "transformer")):
    """What each way gains over both halves fresh, on the same articles, seed by seed."""
    recorded = results.load("summaries")
    scores = by_seed(recorded["rows"], value)
    budgets = sorted({key[3] for key in scores if key[3]})
    rows = []
    for body, way, first in dict.fromkeys(key[:3] for key in scores):
        if body in kinds and (way, first) != ("scratch", ""):
            pairs = [((body, way, first, n), (body, "scratch", "", n)) for n in budgets]
            cells = [
                metrics.gain(scores[a], scores[b]) if a in scores and b in scores else None
                for a, b in pairs
            ]
            rows.append((BODIES[body], way, "yes" if first else "no", *cells))
    columns = [
        "body",
        "what migrates",
        "pseudo-headlines first",
        *(f"{n:,} headlines" for n in budgets),
    ]
    caption = f"Gain in {value}, points, over both halves fresh. {made_by(recorded)}"
    return styled(rows, columns, keys=3, gains=columns[3:], caption=caption)
