"""Two learning curves, and the horizontal way from a number of labels on one to the other."""

import math
from dataclasses import dataclass

from kit.audit.learning_curves import Curve, Worth
from kit.display_names import display_name
from kit.html import FONT, INK, escape
from kit.widgets.base.style import COLOUR, DASH, SYMBOL, dress
from kit.widgets.labels.learning_curves_figure import tick_places

__all__ = ["Scene", "axes", "figure", "headline", "traces"]

ONE, OTHER = COLOUR["full"], COLOUR["from_scratch"]
ROOM = 1.9
"""How far the axis goes beyond the largest budget, as a factor: there stands what is beyond."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the figure shows, as plain data."""

    one: Curve
    """The curve whose labels are exchanged."""
    other: Curve
    """The curve in whose labels they are measured."""
    worth: Worth
    """The exchange at the slider's place."""
    score: str
    """The name of the score: "accuracy"."""
    unit: str
    """What a label is: "labelled sentences"."""


def figure(scene: Scene):
    """Both curves with 95 % intervals, and the exchange, as a plotly figure."""
    import plotly.graph_objects as go

    shown = dress(go.Figure(traces(scene)), height=500)
    shown.update_layout(margin={"t": 16, "b": 96}, legend={"y": -0.22, "yanchor": "top"})
    return shown.update_layout(axes(scene))


def axes(scene: Scene) -> dict:
    """The axes of the two curves; a budget of 0 stands left of the others."""
    budgets = sorted({*scene.one.scores, *scene.other.scores})
    ticks = tick_places(budgets)
    left, right = _ends(scene)
    ends = [end for c in (scene.one, scene.other) for t in c.intervals().values() for end in t]
    real = [100 * end for end in ends if end == end]
    low, high = min(real), max(real)
    room = 0.08 * (high - low)
    return {
        "xaxis": {
            "type": "log",
            "range": [math.log10(left), math.log10(right)],
            "tickvals": [_place(scene, n) for n in ticks],
            "ticktext": [f"{n:,}" for n in ticks],
            "title": f"{scene.unit} (logarithmic)",
        },
        "yaxis": {
            "range": [max(0, low - room), min(100, high + room)],
            "title": f"{display_name(scene.score)} on the test set, %",
        },
    }


def traces(scene: Scene) -> list[dict]:
    """The traces, always the same ones in the same order, as `redraw` needs them."""
    worth, height = scene.worth, 100 * scene.worth.score
    left, right = _ends(scene)
    start = _place(scene, worth.labels)
    end, low, high = (
        min(max(_place(scene, n), left), right) if n < math.inf else right / 1.12
        for n in (worth.equal, worth.low, worth.high)
    )
    floor = axes(scene)["yaxis"]["range"][0]
    beyond = worth.equal in (0, math.inf)
    grey = {"color": INK, "width": 2.5, "dash": "dot"}
    spread = {"color": OTHER, "width": 16}
    return [
        _curve(scene, scene.one, "full", ONE),
        _curve(scene, scene.other, "from_scratch", OTHER),
        {
            "x": [low, high],
            "y": [height, height],
            "mode": "lines",
            "line": spread,
            "opacity": 0.3,
            "name": "95 % interval of the exchange",
            "hoverinfo": "skip",
        },
        {
            "x": [start, start, end, end],
            "y": [floor, height, height, floor if not beyond else height],
            "mode": "lines",
            "line": grey,
            "showlegend": False,
            "hoverinfo": "skip",
        },
        {
            "x": [start, end],
            "y": [height, height],
            "mode": "markers+text",
            "text": [f"<b>{worth.labels:,}</b>", f"<b>{worth.text(worth.equal)}</b>"],
            "textposition": _text_places(start, end, right, beyond),
            "textfont": {"size": 22, "color": [ONE, OTHER]},
            "marker": {
                "size": 24,
                "color": [ONE, OTHER],
                "symbol": ["circle", "triangle-right" if worth.equal == math.inf else "square"],
                "line": {"color": "white", "width": 3},
            },
            "showlegend": False,
            "hoverinfo": "skip",
            "cliponaxis": False,
        },
    ]


def _text_places(start: float, end: float, right: float, beyond: bool) -> list[str]:
    """Where the two numbers stand beside their dots, so that neither covers the other."""
    if beyond:
        return ["top center", "bottom left" if start > right / 12 else "top left"]
    return ["top center", "bottom right"] if end > start else ["bottom right", "top left"]


def headline(scene: Scene) -> str:
    """The exchange as a sentence in large type, as HTML."""
    worth = scene.worth
    drawn = "seeds and test sentences" if worth.over_rows else "seeds"
    large = "font-size:1.6em;font-weight:700"
    times = ""
    if worth.labels and 0 < worth.equal < math.inf:
        digits = 0 if worth.ratio >= 10 else 1
        times = f' &nbsp;<span style="{large}">{worth.ratio:,.{digits}f} ×</span>'
    return (
        f'<div role="status" style="font:17px/1.5 {FONT};color:{INK};min-height:88px;'
        f'background:white;padding:.2em .6em;border-radius:.4em">'
        f'<span style="color:{ONE}"><span style="{large}">{worth.labels:,}</span> labels · '
        f"{escape(display_name(scene.one.name))}</span> = "
        f'<span style="color:{OTHER}"><span style="{large}">'
        f"{escape(worth.text(worth.equal))}</span> labels · "
        f"{escape(display_name(scene.other.name))}</span>"
        f"{times}<br>"
        f'<span style="font-size:.9em">{_reached(scene)} '
        f"95 % interval over {display_name(drawn)}: {escape(worth.interval)}.</span></div>"
    )


def _reached(scene: Scene) -> str:
    """What both reach, or what the other has where it was measured last, or first."""
    worth, name = scene.worth, escape(display_name(scene.score))
    reached = f"{100 * worth.score:.1f} % {name}"
    if 0 < worth.equal < math.inf:
        return f"Both reach {reached}."
    labels = worth.largest if worth.equal else worth.smallest
    measured = f"{100 * scene.other.means[labels]:.1f} %"
    return f"{reached}, {measured} with {labels:,}: beyond what was measured."


def _curve(scene: Scene, curve: Curve, look: str, colour: str) -> dict:
    intervals = curve.intervals()
    real = {n: t if t[1] == t[1] else (t[0], t[0], t[0]) for n, t in intervals.items()}
    return {
        "x": [_place(scene, n) for n in real],
        "y": [100 * mean for mean, _, _ in real.values()],
        "error_y": {
            "array": [100 * (high - mean) for mean, _, high in real.values()],
            "arrayminus": [100 * (mean - low) for mean, low, _ in real.values()],
            "thickness": 2,
            "width": 6,
        },
        "mode": "lines+markers",
        "line": {"color": colour, "dash": DASH[look], "width": 4},
        "marker": {"symbol": SYMBOL[look], "size": 11, "color": colour},
        "name": escape(display_name(curve.name)),
        "customdata": [*real],
        "hovertemplate": "%{customdata:,}: %{y:.1f} %<extra>"
        + escape(display_name(curve.name))
        + "</extra>",
    }


def _smallest(scene: Scene) -> int:
    return min(scene.one.smallest, scene.other.smallest)


def _place(scene: Scene, labels: float) -> float:
    """The place of a number of labels on the axis; 0 stands left of the smallest budget."""
    return labels or _smallest(scene) / 2.2


def _ends(scene: Scene) -> tuple[float, float]:
    zero = 0 in scene.one.scores or 0 in scene.other.scores
    left = _smallest(scene) / (3 if zero else 1.5)
    return left, ROOM * max(scene.one.largest, scene.other.largest)
