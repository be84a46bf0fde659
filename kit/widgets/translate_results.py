"""What was recorded of the children: BLEU against the number of pairs, and at 300 in each
language."""

from kit.record import interval
from kit.tasks.translation import CHILDREN, LANGUAGES
from kit.widgets.style import COLOUR, DASH, SYMBOL, dress

__all__ = ["figure", "means"]

NAME = {"full": "with the parent", "from_scratch": "from scratch", "memory": "translation memory"}
SAME = {"full": "full", "from_scratch": "from_scratch", "memory": "tfidf"}
PAIRS = 300
METRIC = {"bleu": "BLEU", "chrf": "chrF", "bleu_far": "BLEU, far messages"}


def means(rows: list[dict], metric: str = "bleu") -> dict[tuple, tuple[float, float]]:
    """(language, pairs, strategy) -> (mean, half of its 95 % interval) over the seeds."""
    found: dict[tuple, list[float]] = {}
    for row in rows:
        key = row["language"], row["pairs"], row["strategy"]
        found.setdefault(key, []).append(row[metric])
    return {key: interval(values) for key, values in found.items()}


def figure(results: dict, metric: str = "bleu"):
    """Italian at each number of pairs | every child at 300 pairs: BLEU, "chrf" or "bleu_far"."""
    import plotly.graph_objects as go

    found = means([row for row in results["rows"] if row["part"] == "budgets"], metric)
    budgets = sorted({pairs for _, pairs, _ in found})
    ticks = {"type": "log", "tickvals": budgets, "ticktext": [f"{n:,}" for n in budgets]}
    titles = ("<b>Italian</b>, by the number of pairs", f"<b>{PAIRS} pairs</b>, by language")
    layout = {
        "xaxis": {"domain": [0, 0.44], "title": "pairs", **ticks},
        "xaxis2": {"domain": [0.54, 1]},
        "yaxis": {"title": f"{METRIC[metric]}, 0 to 100", "rangemode": "tozero"},
        "yaxis2": {"anchor": "x2", "matches": "y"},
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.22, 0.77), titles, strict=True)
        ],
    }
    lines = [curve(found, strategy, budgets) for strategy in NAME]
    bars = [group(found, strategy) for strategy in NAME]
    return dress(go.Figure([*lines, *bars], layout), height=420)


def curve(found: dict, strategy: str, budgets: list[int]) -> dict:
    """Italian: one line with its intervals."""
    values = [found["it", n, strategy] for n in budgets]
    look = SAME[strategy]
    return {
        "type": "scatter",
        "x": budgets,
        **bounds(values),
        "mode": "lines+markers",
        "name": NAME[strategy],
        "line": {"color": COLOUR[look], "dash": DASH[look], "width": 3.5},
        "marker": {"symbol": SYMBOL[look], "size": 11, "color": COLOUR[look]},
        "hovertemplate": "%{x} pairs: %{y:.1f}<extra>" + NAME[strategy] + "</extra>",
    }


def group(found: dict, strategy: str) -> dict:
    """Each language: one bar with its interval."""
    values = [found[language, PAIRS, strategy] for language in CHILDREN]
    return {
        "type": "bar",
        "x": [LANGUAGES[language] for language in CHILDREN],
        **bounds(values),
        "text": [f"{mean:.0f}" for mean, _ in values],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"size": 16, "color": "white"},
        "marker": {"color": COLOUR[SAME[strategy]]},
        "showlegend": False,
        "xaxis": "x2",
        "yaxis": "y2",
        "hovertemplate": "%{x}: %{y:.1f}<extra>" + NAME[strategy] + "</extra>",
    }


def bounds(values: list[tuple[float, float]]) -> dict:
    """Means and intervals as plotly wants them; one seed has no interval."""
    halves = [half if half == half else 0.0 for _, half in values]
    return {"y": [mean for mean, _ in values], "error_y": {"array": halves, "thickness": 2}}
