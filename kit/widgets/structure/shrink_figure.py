"""What is lost when a model shrinks: accuracy against parameters, before and after fine-tuning."""

from kit.display_names import display_name
from kit.results.structure import points
from kit.widgets.base.style import COLOUR, dress, error_bars

__all__ = ["figure"]

LOOK = {
    "first layers": ("#0072B2", "circle", "solid"),
    "spread layers": ("#56B4E9", "diamond", "dashdot"),
    "narrow": ("#117733", "triangle-up", "dash"),
    "from_scratch": (COLOUR["from_scratch"], "square", "dot"),
}
"""Colour, marker and line of a way to get to a smaller shape."""

NAME = {"narrow": "narrower", "from_scratch": "the same shapes, fresh values"}
TITLES = ("before: no label", "after: 100 labels")


def figure(recorded: dict, source: str = "MiniLM", again: list[dict] = ()):
    """Test accuracy against parameters: without a label | with 100, a curve for each way.

    recorded: `results.load("structure")`. again: rows made just now, drawn as stars.
    """
    import plotly.graph_objects as go

    size = {"title": "millions of parameters", "rangemode": "tozero"}
    score = {"range": [45, 78], "ticksuffix": " %"}
    layout = {
        "xaxis": {"domain": [0, 0.47], **size},
        "xaxis2": {"domain": [0.53, 1], **size},
        "yaxis": {"title": "test accuracy", **score},
        "yaxis2": {"anchor": "x2", "showticklabels": False, **score},
        "annotations": [
            {"text": f"<b>{text}</b>", "x": x, "y": 1.02, "xref": "paper", "yref": "paper"}
            | {"xanchor": "center", "yanchor": "bottom", "showarrow": False}
            for text, x in zip(TITLES, (0.235, 0.765), strict=True)
        ],
    }
    shown = go.Figure(
        [
            *(_curve(recorded, source, s, n) for n in (0, 100) for s in LOOK),
            *(_stars(again, n) for n in (0, 100)),
        ],
        layout,
    )
    return dress(shown, height=470).update_layout(margin={"t": 40}, legend={"y": -0.18})


def _curve(recorded: dict, source: str, strategy: str, labels: int) -> dict:
    found = points(recorded, source, strategy, labels)
    if strategy != "from_scratch" and len(found) < 2:
        found = []  # the whole source alone is no curve
    colour, symbol, dash = LOOK[strategy]
    axis = "" if labels == 0 else "2"
    return {
        "x": [p[0] for p in found],
        "y": [100 * p[1] for p in found],
        "error_y": {"array": error_bars([p[2] for p in found]), "thickness": 2, "width": 5},
        "customdata": [p[3] for p in found],
        "mode": "markers" if strategy == "from_scratch" else "lines+markers",
        "line": {"color": colour, "dash": dash, "width": 3.5},
        "marker": {"symbol": symbol, "size": 12, "color": colour},
        "name": NAME.get(strategy, display_name(strategy)),
        "legendgroup": strategy,
        "showlegend": labels > 0 and bool(found),
        "hovertemplate": "%{customdata}: %{y:.1f} ± %{error_y.array:.1f} %<extra></extra>",
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
    }


def _stars(again: list[dict], labels: int) -> dict:
    rows = [row for row in again if row["labels"] == labels]
    axis = "" if labels == 0 else "2"
    mark = {"symbol": "star", "size": 20, "line": {"width": 1.5, "color": "#1A1A1A"}}
    mark["color"] = [LOOK[row["strategy"]][0] for row in rows]
    return {
        "x": [row["parameters"] / 1e6 for row in rows],
        "y": [100 * row["accuracy"] for row in rows],
        "mode": "markers",
        "marker": mark,
        "name": "made just now, one seed",
        "showlegend": labels > 0 and bool(again),
        "hoverinfo": "skip",
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
    }
