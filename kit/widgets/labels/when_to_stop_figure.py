"""The curve so far, what as many labels again would bring, and what came."""

import math
from dataclasses import dataclass

from kit.audit.learning_curves import Advice, Curve, Forecast
from kit.display_names import display_name
from kit.html import FONT, GREEN, GREY, INK, LIGHT_GREY, ORANGE, escape
from kit.widgets.base.style import COLOUR, dress

__all__ = ["Scene", "axes", "figure", "traces", "verdict"]

BLUE = COLOUR["full"]
DECISIONS = {
    "label": ("Label more", GREEN, "even the lower end of the forecast pays"),
    "stop": ("Stop", ORANGE, "not even its upper end pays"),
    "uncertain": ("Uncertain", GREY, "the forecast is not sure enough: label a few, ask again"),
}
"""Decision -> what is said, its colour, and why."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the figure shows, as plain data."""

    curve: Curve
    """All that was measured, also what came later."""
    now: int
    """Labels so far: what is larger is not used."""
    ahead: Forecast
    """With as many labels again."""
    advice: Advice
    """Whether they pay."""
    score: str = "accuracy"
    """The name of the score."""


def figure(scene: Scene):
    """The curve, the forecast with its margin, and what came, as a plotly figure."""
    import plotly.graph_objects as go

    shown = dress(go.Figure(traces(scene)), height=440)
    shown.update_layout(margin={"t": 16, "b": 96}, legend={"y": -0.24, "yanchor": "top"})
    return shown.update_layout(axes(scene))


def axes(scene: Scene) -> dict:
    """The axes: those of the whole curve, whatever is known of it."""
    budgets = scene.curve.budgets
    ends = [100 * end for t in scene.curve.intervals().values() for end in t if end == end]
    span = (math.log10(0.8 * budgets[0]), math.log10(2.6 * budgets[-1]))
    return {
        "xaxis": {
            "type": "log",
            "range": span,
            "tickvals": budgets,
            "ticktext": [f"{n:,}" if i + 2 != len(budgets) else "" for i, n in enumerate(budgets)],
            "title": "labelled sentences (logarithmic)",
        },
        "yaxis": {
            "range": [min(ends) - 2, max(ends) + 5],
            "title": f"{display_name(scene.score)} on the test set, %",
        },
    }


def traces(scene: Scene) -> list[dict]:
    """The traces, always the same ones in the same order, as `redraw` needs them."""
    measured = scene.curve.intervals()
    before = {n: t for n, t in measured.items() if 0 < n <= scene.now}
    after = {n: t for n, t in measured.items() if n > scene.now}
    have, ahead = before[scene.now][0], scene.ahead
    ends = [scene.now, ahead.labels]
    wedge = [have, ahead.high, ahead.low]
    return [
        {
            "x": [scene.now, ahead.labels, ahead.labels, scene.now],
            "y": [100 * y for y in (*wedge, have)],
            "fill": "toself",
            "fillcolor": "rgba(0, 114, 178, 0.18)",
            "line": {"width": 0},
            "mode": "lines",
            "name": "nine of ten forecasts were within",
            "hoverinfo": "skip",
        },
        _points(before, "labels so far", BLUE, "circle", "solid"),
        _points(after, "what came later", LIGHT_GREY, "circle-open", "dot"),
        {
            "x": ends,
            "y": [100 * have, 100 * ahead.score],
            "mode": "lines+markers",
            "line": {"color": BLUE, "dash": "dash", "width": 3.5},
            "marker": {"symbol": "star", "size": [0, 20], "color": BLUE},
            "name": "forecast",
            "hovertemplate": "%{x:,}: %{y:.1f} %<extra>forecast</extra>",
        },
    ]


def verdict(scene: Scene) -> str:
    """The decision in large type, with its money, as HTML."""
    advice = scene.advice
    says, colour, why = DECISIONS[advice.decision]
    worth = [points * advice.point_value for points in (advice.gain, advice.low, advice.high)]
    came = ""
    later = [n for n in scene.curve.budgets if n > scene.now]
    if later and later[0] <= 1.3 * scene.ahead.labels:
        points = 100 * (scene.curve.means[later[0]] - scene.curve.means[scene.now])
        came = f" What came with {later[0]:,}: {points:+.1f} points."
    return (
        f'<div role="status" style="font:18px/1.5 {FONT};color:{INK};background:white;'
        f'padding:.2em .6em;border-radius:.4em"><b style="font-size:1.6em;color:{colour}">{says}'
        f"</b>: {escape(why)}.<br>{advice.more:,} more labels cost {advice.cost:,.0f}. Forecast: "
        f"{advice.gain:.1f} points ({advice.low:.1f} to {advice.high:.1f}), worth {worth[0]:,.0f} "
        f"({worth[1]:,.0f} to {worth[2]:,.0f}).{came}</div>"
    )


def _points(intervals: dict, name: str, colour: str, symbol: str, dash: str) -> dict:
    return {
        "x": [*intervals],
        "y": [100 * mean for mean, _, _ in intervals.values()],
        "error_y": {
            "array": [100 * (high - mean) for mean, _, high in intervals.values()],
            "arrayminus": [100 * (mean - low) for mean, low, _ in intervals.values()],
            "thickness": 2,
        },
        "mode": "lines+markers",
        "line": {"color": colour, "dash": dash, "width": 3},
        "marker": {"symbol": symbol, "size": 11, "color": colour},
        "name": name,
        "hovertemplate": "%{x:,}: %{y:.1f} %<extra>" + name + "</extra>",
    }
