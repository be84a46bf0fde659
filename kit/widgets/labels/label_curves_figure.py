"""Accuracy against the number of labels: the recorded curves, and stars for new runs."""

from collections.abc import Iterable

from kit.html import INK
from kit.results import by_budget
from kit.widgets.base.style import COLOUR, DASH, NAME, SYMBOL, dress, error_bars

__all__ = ["figure", "place", "traces"]

CURVES = ("full", "full_elsewhere", "tfidf", "tfidf_elsewhere", "from_scratch", "majority")

NONE = 20
"""The place of zero labels on the logarithmic axis."""


def figure(results: dict, again: list[dict] = ()):
    """Mean accuracy and its 95 % interval over seeds against labels, as a plotly figure.

    results: `results.load("see_it_work")`. again: rows of live trainings, shown as stars.
    """
    import plotly.graph_objects as go

    budgets = by_budget(results["rows"])
    ticks = {"tickvals": place(budgets), "ticktext": [f"{n:,}" for n in budgets]}
    layout = {
        "xaxis": {"title": "labelled sentences (logarithmic)", "type": "log", **ticks},
        "yaxis": {"title": "accuracy on the test set", "range": [45, 92], "ticksuffix": " %"},
    }
    shown = go.Figure(traces(results, again), layout)
    worth(shown, budgets)
    return dress(shown, height=520).update_layout(legend={"y": -0.16, "yanchor": "top"})


def place(budgets: Iterable[int]) -> list[int]:
    """The places of numbers of labels on the axis; zero is a little left of the others."""
    return [n or NONE for n in budgets]


def traces(results: dict, again: list[dict] = ()) -> list[dict]:
    """The traces of the figure: a curve for each strategy or baseline, then the stars."""
    budgets = by_budget(results["rows"])
    curves = []
    for name in CURVES:
        points = [(n, *scores[name]) for n, scores in budgets.items() if name in scores]
        curve = {
            "x": place(n for n, _, _ in points),
            "y": [100 * mean for _, mean, _ in points],
            "error_y": {"array": error_bars([p[2] for p in points]), "thickness": 2, "width": 6},
            "mode": "lines+markers",
            "line": {"color": COLOUR[name], "dash": DASH[name], "width": 3.5},
            "marker": {"symbol": SYMBOL[name], "size": 11},
            "name": NAME[name],
            "customdata": [n for n, _, _ in points],
            "hovertemplate": "%{customdata:,} labels: "
            "%{y:.1f} ± %{error_y.array:.1f} %<extra></extra>",
        }
        curves.append(curve)
    star = {"symbol": "star", "size": 20, "line": {"width": 1.5, "color": INK}}
    star["color"] = [COLOUR[row["strategy"]] for row in again]
    x, y = place(row["labels"] for row in again), [100 * row["accuracy"] for row in again]
    now = {"x": x, "y": y, "mode": "markers", "marker": star, "name": "made again just now"}
    return [*curves, now]


def worth(shown, budgets: dict) -> None:
    """Mark the accuracy from scratch with all labels, to compare the source with."""
    height = 100 * budgets[max(budgets)]["from_scratch"][0]
    shown.add_hline(y=height, line={"color": COLOUR["from_scratch"], "width": 1.5, "dash": "dot"})
    shown.add_annotation(
        x=0.91,
        xref="paper",
        y=height,
        yanchor="bottom",
        xanchor="right",
        showarrow=False,
        text=f"scratch, all: {height:.0f} %",
        font={"color": COLOUR["from_scratch"], "size": 15},
    )
