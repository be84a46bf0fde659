"""What was recorded of headlines, as numbers and as a picture."""

from kit.display_names import display_name
from kit.results.summaries import PRETEXT, summary
from kit.tasks.summarization import WAYS
from kit.widgets.base.style import COLOUR, dress, heights

__all__ = ["SERIES", "figure"]


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


def name(way: str, first: str) -> str:
    """What a figure calls a series."""
    return (
        f"{display_name(way)}: {WAYS[way]}"
        if not first
        else f"{display_name(way)}, after pseudo-headlines"
    )


def figure(recorded: dict, kind: str = "rnn", value: str = "rouge1"):
    """The metric against the number of headlines to learn from, one line a way, with intervals over
    the seeds; dotted: what needs no network. As a plotly figure."""
    import plotly.graph_objects as go

    shown, found = go.Figure(), summary(recorded["rows"], value)
    budgets = sorted({n for k, _, _, n in found if k == kind})
    place = {n: i for i, n in enumerate(budgets)}
    for number, ((way, first), (colour, dash, symbol)) in enumerate(SERIES.items()):
        there = [(n, found[kind, way, first, n]) for n in budgets if (kind, way, first, n) in found]
        if not there:
            continue
        shown.add_scatter(
            x=[place[n] + (number - 2.5) * 0.05 for n, _ in there],
            **heights(cell for _, cell in there),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 12, "color": colour, "line": {"width": 2.5}},
            name=name(way, first),
            hovertemplate="%{y:.1f}<extra>" + name(way, first) + "</extra>",
        )
    for control, label in LINE.items():
        y = 100 * recorded["controls"][control][value]
        shown.add_hline(
            y=y,
            line={"color": "#1A1A1A", "dash": "dot", "width": 2},
            annotation={"text": f"{display_name(label)} {y:.1f}", "xanchor": "left", "x": 0},
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
