"""What was recorded of headlines, as numbers and as a picture."""

from collections import defaultdict

from kit import record
from kit.tasks.summarization import WAYS
from kit.widgets.style import COLOUR, dress

__all__ = ["PRETEXT", "SERIES", "figure", "gains", "summary"]

PRETEXT = "unwritten headlines"
"""What comes first in some rows: headlines that nobody wrote."""

LINE = {"lead": "lead sentence", "weighty words": "weighty words", "chosen words": "chosen words"}
"""The controls that a figure shows as dotted lines."""

SERIES = {  # (way, what came first): colour, dash, symbol
    ("scratch", ""): (COLOUR["from_scratch"], "dash", "square"),
    ("parameter", ""): ("#009E73", "dashdot", "diamond"),
    ("structure", ""): ("#CC79A7", "dashdot", "triangle-up"),
    ("mixed", ""): (COLOUR["full"], "solid", "circle"),
    ("scratch", PRETEXT): ("#E69F00", "dash", "square-open"),
    ("mixed", PRETEXT): ("#56B4E9", "solid", "circle-open"),
}


def by_seed(rows: list[dict], value: str = "rouge1") -> dict[tuple, dict[int, float]]:
    """(kind, way, what came first, articles) -> seed -> value."""
    found: dict = defaultdict(dict)
    for row in rows:
        found[row["kind"], row["way"], row["first"], row["articles"]][row["seed"]] = row[value]
    return dict(found)


def summary(rows: list[dict], value: str = "rouge1") -> dict[tuple, tuple[float, float]]:
    """The same keys -> mean over the seeds, half-width of its 95 % interval."""
    return {k: record.interval(list(v.values())) for k, v in by_seed(rows, value).items()}


def gains(rows: list[dict], one: tuple, other: tuple, value: str = "rouge1") -> tuple:
    """Mean and half-width of what `one` has more than `other`, seed by seed: two keys."""
    found = by_seed(rows, value)
    pairs = [found[one][seed] - found[other][seed] for seed in found[one] if seed in found[other]]
    return record.interval(pairs)


def name(way: str, first: str) -> str:
    """What a figure calls a series."""
    return f"{way}: {WAYS[way]}" if not first else f"{way}, after unwritten headlines"


def figure(results: dict, kind: str = "rnn", value: str = "rouge1"):
    """The metric against the number of headlines to learn from, one line a way, with intervals over
    the seeds; dotted: what needs no network. As a plotly figure."""
    import plotly.graph_objects as go

    shown, found = go.Figure(), summary(results["rows"], value)
    budgets = sorted({n for k, _, _, n in found if k == kind})
    place = {n: i for i, n in enumerate(budgets)}
    for number, ((way, first), (colour, dash, symbol)) in enumerate(SERIES.items()):
        there = [(n, found[kind, way, first, n]) for n in budgets if (kind, way, first, n) in found]
        if not there:
            continue
        halves = [100 * half if half == half else 0.0 for _, (_, half) in there]
        shown.add_scatter(
            x=[place[n] + (number - 2.5) * 0.05 for n, _ in there],
            y=[100 * mean for _, (mean, _) in there],
            error_y={"array": halves, "thickness": 2},
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 12, "color": colour, "line": {"width": 2.5}},
            name=name(way, first),
            hovertemplate="%{y:.1f}<extra>" + name(way, first) + "</extra>",
        )
    for control, label in LINE.items():
        y = 100 * results["controls"][control][value]
        shown.add_hline(
            y=y,
            line={"color": "#1A1A1A", "dash": "dot", "width": 2},
            annotation={"text": f"{label} {y:.1f}", "xanchor": "left", "x": 0},
            annotation_position="bottom left" if control == "weighty words" else "top left",
        )
    shown.update_layout(
        xaxis={
            "tickvals": list(place.values()),
            "ticktext": [f"{n:,}" if n else "none" for n in budgets],
            "title": "articles with their headline to learn from",
            "range": [-0.35, len(budgets) - 0.65],
        },
        yaxis={"title": f"{value.upper().replace('E', 'E-')} on the test articles, %"},
        title={"text": f"<b>{kind}</b>, recorded", "font": {"size": 18}},
    )
    dress(shown, height=560)
    shown.update_annotations(font_size=15)
    shown.update_layout(margin={"b": 150}, legend={"y": -0.22})
    return shown
