"""Estimates of sources against their scores after fine-tuning: a scatter, with Kendall's tau."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit import metrics
from kit.display_names import display_name
from kit.html import BLUE, FONT, GREY, INK, ORANGE, escape
from kit.widgets.base.style import dress

__all__ = ["Scene", "axes", "figure", "headline", "traces"]

FRESH = ", fresh"
"""How the name of an architecture with fresh values ends."""
KINDS = {"trained": (BLUE, "circle"), "fresh values": (ORANGE, "square")}
"""Kind of source -> colour and marker."""
PLACES = {
    "trained": ("top center", "bottom center"),
    "fresh values": ("top right", "top left", "bottom center"),
}
"""Where names stand, in turn: of trained sources from left to right, of fresh ones from the top."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the figure shows, as plain data."""

    estimates: Mapping[str, Sequence[float]]
    """Source -> one value for each draw of labels."""
    scores: Mapping[str, Sequence[float]]
    """Source -> one score for each seed of fine-tuning, 0 to 1."""
    places: Mapping[str, str]
    """Source -> the layer that was read, in words."""
    agreement: metrics.Agreement
    estimator: str
    score: str
    """The name of the score."""


def figure(scene: Scene):
    """Two groups of points, as a plotly figure."""
    import plotly.graph_objects as go

    shown = dress(go.Figure(traces(scene)), height=460)
    shown.update_layout(margin={"t": 16, "b": 92}, legend={"y": -0.2, "yanchor": "top"})
    return shown.update_layout(axes(scene))


def axes(scene: Scene) -> dict:
    """The axes: both with room for the names."""
    x = [value for name in names(scene) for value in scene.estimates[name]]
    y = [100 * value for name in names(scene) for value in scene.scores[name]]
    room = 0.2 * (max(x) - min(x)) or 0.1
    return {
        "xaxis": {
            "range": [min(x) - room, max(x) + room],
            "title": f"{display_name(scene.estimator)}, without fine-tuning",
        },
        "yaxis": {
            "range": [min(y) - 6, max(y) + 8],
            "title": f"{display_name(scene.score)} after fine-tuning, %",
        },
    }


def traces(scene: Scene) -> list[dict]:
    """One trace for each kind of source, always the same two, as `redraw` needs them."""
    return [_points(scene, kind) for kind in KINDS]


def names(scene: Scene) -> list[str]:
    """The sources that have both numbers."""
    return [name for name in scene.estimates if name in scene.scores]


def headline(scene: Scene) -> str:
    """Tau in large type, with its interval and what a coin does, as HTML."""
    found = scene.agreement
    sure = found.low > 0
    colour = BLUE if sure else GREY
    says = (
        "the interval is above 0: better than a coin"
        if sure
        else "the interval holds 0: a coin may order these sources as well"
    )
    if found.high < 0:
        says = "the interval is below 0: the estimate orders the sources the wrong way round"
    return (
        f'<div role="status" style="font:18px/1.5 {FONT};color:{INK};background:white;'
        f'padding:.2em .6em;border-radius:.4em"><b style="font-size:1.6em;color:{colour}">'
        f"tau = {found.tau:+.2f}</b>, 95 % interval {found.low:+.2f} to {found.high:+.2f}, "
        f"{found.sources} sources: {escape(says)}.</div>"
    )


def _points(scene: Scene, kind: str) -> dict:
    own = [name for name in names(scene) if name.endswith(FRESH) == (kind == "fresh values")]
    x = [metrics.interval([*scene.estimates[name]]) for name in own]
    y = [metrics.interval([*scene.scores[name]]) for name in own]
    colour, symbol = KINDS[kind]
    along = [-mean for mean, _ in y] if kind == "fresh values" else [mean for mean, _ in x]
    turn = sorted(range(len(own)), key=along.__getitem__)
    own, x, y = ([values[i] for i in turn] for values in (own, x, y))
    places = [PLACES[kind][i % len(PLACES[kind])] for i in range(len(own))]
    if kind == "trained" and own:
        # Below the lowest point there is room, above it often a point with fresh values.
        places[min(range(len(own)), key=lambda i: y[i][0])] = "bottom center"
    return {
        "x": [mean for mean, _ in x],
        "y": [100 * mean for mean, _ in y],
        "error_x": {"array": [_half(half) for _, half in x], "thickness": 1.5},
        "error_y": {"array": [100 * _half(half) for _, half in y], "thickness": 1.5},
        "text": [name.removesuffix(FRESH) for name in own],
        "customdata": [scene.places[name] for name in own],
        "textposition": places,
        "textfont": {"color": colour},
        "mode": "markers+text",
        "marker": {"color": colour, "symbol": symbol, "size": 13},
        "name": display_name(kind),
        "hovertemplate": "%{text}, %{customdata}<br>estimate %{x:.3f}, score %{y:.1f} %",
    }


def _half(half: float) -> float:
    return half if half == half else 0.0
