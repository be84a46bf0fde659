"""Learning curves with 95 % intervals, one panel a task."""

from collections.abc import Mapping, Sequence

from kit.audit.learning_curves import Curve
from kit.display_names import display_name
from kit.html import LIGHT_BLUE, bold, escape
from kit.widgets.base.style import COLOUR, DASH, SYMBOL, dress

__all__ = ["LOOKS", "curve_trace", "figure", "tick_places"]

LOOKS = {
    "full": ("with a source", COLOUR["full"]),
    "full_elsewhere": ("another source", LIGHT_BLUE),
    "frozen": ("a frozen source", COLOUR["frozen"]),
    "from_scratch": (display_name("from scratch"), COLOUR["from_scratch"]),
    "tfidf": ("no network", COLOUR["tfidf"]),
    "majority": ("fresh values, frozen", COLOUR["majority"]),
}
"""Kind of a curve -> its name where several tasks share a legend, and its colour."""


def figure(
    panels: Mapping[str, Sequence[tuple[str, Curve]]],
    scores: Mapping[str, str],
    units: Mapping[str, str],
    *,
    names: bool = False,
):
    """Score against labels, as a plotly figure.

    panels: title -> (kind, curve), kind being a key of `LOOKS`. scores, units: title -> the name of
    the score, and of what a label is. names: the curves' own names in the legend instead of kinds.
    """
    from plotly.subplots import make_subplots

    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)
    titles = [bold(display_name(title)) for title in panels] if len(panels) > 1 else None
    space = {"horizontal_spacing": 0.1, "vertical_spacing": 0.2 if rows > 1 else 0}
    shown = make_subplots(rows=rows, cols=columns, subplot_titles=titles, **space)
    seen: set[str] = set()
    for i, (title, curves) in enumerate(panels.items()):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        for kind, curve in curves:
            trace = curve_trace(curve, kind)
            legend = escape(display_name(curve.name)) if names else LOOKS[kind][0]
            trace |= {"name": legend, "legendgroup": legend, "showlegend": legend not in seen}
            shown.add_trace(trace, **place)
            seen.add(legend)
        budgets = sorted({n for _, curve in curves for n in curve.budgets})
        ticks = tick_places(budgets, apart=3.2 if columns > 1 else 1.9)
        axis = {"type": "log", "tickvals": ticks, "ticktext": [f"{n:,}" for n in ticks]}
        shown.update_xaxes(**axis, title={"text": units[title], "standoff": 4}, **place)
        shown.update_yaxes(title=f"{display_name(scores[title])}, %", **place)
    dress(shown, height=340 * rows + (110 if rows > 1 else 140))
    shown.update_layout(margin={"t": 40, "b": 90}, legend={"y": -0.16 if rows > 1 else -0.24})
    return shown


def tick_places(budgets: Sequence[int], apart: float = 1.6) -> list[int]:
    """The budgets that get a number on the axis: each at least `apart` times the one before, the
    largest among them."""
    chosen: list[int] = []
    for n in sorted(budgets, reverse=True):
        if not chosen or n * apart <= chosen[-1]:
            chosen.append(n)
    return chosen[::-1]


def curve_trace(curve: Curve, kind: str) -> dict:
    """A curve with its intervals as a plotly trace, in the look of its kind; budgets above 0."""
    real = {n: t for n, t in curve.intervals().items() if n}
    whole = {n: t if t[1] == t[1] else (t[0],) * 3 for n, t in real.items()}  # nan: one seed
    name = escape(display_name(curve.name))
    return {
        "type": "scatter",
        "x": [*whole],
        "y": [100 * mean for mean, _, _ in whole.values()],
        "error_y": {
            "array": [100 * (high - mean) for mean, _, high in whole.values()],
            "arrayminus": [100 * (mean - low) for mean, low, _ in whole.values()],
            "thickness": 2,
            "width": 5,
        },
        "mode": "lines+markers",
        "line": {"color": LOOKS[kind][1], "dash": DASH[kind], "width": 3.5},
        "marker": {"symbol": SYMBOL[kind], "size": 10, "color": LOOKS[kind][1]},
        "name": name,
        "hovertemplate": "%{x:,}: %{y:.1f} %<extra>" + name + "</extra>",
    }
