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
    "top center": (0, -1),
    "bottom center": (0, 1),
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "top right": (1, -1),
    "top left": (-1, -1),
    "bottom right": (1, 1),
    "bottom left": (-1, 1),
}
"""Where a name may stand beside its point -> its direction in x and, downwards, in y; the first
that covers nothing is taken."""
PLOT, LETTER, LINE, MARK = (720, 320), 8.6, 18, 15
"""About so many pixels: the plot, a letter, a line of text and a point."""


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


def text_places(scene: Scene) -> dict[str, str]:
    """Source -> where its name stands, so that names cover neither points nor each other: one
    after the other, each where it covers least."""
    scale = axes(scene)
    (left, right), (low, high) = scale["xaxis"]["range"], scale["yaxis"]["range"]
    across, down = PLOT[0] / (right - left), PLOT[1] / (high - low)
    at, taken = {}, []
    for name in names(scene):
        x, half_x = metrics.interval([*scene.estimates[name]])
        y, half_y = metrics.interval([*scene.scores[name]])
        x, y = (x - left) * across, (high - 100 * y) * down
        half_x, half_y = _half(half_x) * across, 100 * _half(half_y) * down
        at[name] = x, y
        taken += [
            (x - MARK / 2, y - MARK / 2, x + MARK / 2, y + MARK / 2),
            (x - half_x, y - 2, x + half_x, y + 2),
            (x - 2, y - half_y, x + 2, y + half_y),
        ]
    chosen = {}
    for name in sorted(at, key=lambda name: at[name]):
        boxes = {place: _box(*at[name], name, *way) for place, way in PLACES.items()}
        cost = {place: _covered(box, taken) for place, box in boxes.items()}
        chosen[name] = min(cost, key=cost.__getitem__)
        taken.append(boxes[chosen[name]])
    return chosen


def _box(x: float, y: float, name: str, right: int, down: int) -> tuple[float, ...]:
    """The left, upper, right and lower end of a name beside its point."""
    wide = LETTER * len(display_name(name.removesuffix(FRESH)))
    x += right * (wide + MARK) / 2
    y += down * (LINE + (MARK if not right else 0)) / 2
    return x - wide / 2, y - LINE / 2, x + wide / 2, y + LINE / 2


def _covered(box: tuple, taken: list[tuple]) -> float:
    """What a name would cover of points and names, and how far it would leave the plot, in px²."""
    left, top, right, bottom = box
    outside = max(0, -left) + max(0, right - PLOT[0]) + max(0, -top) + max(0, bottom - PLOT[1])
    over = sum(
        max(0, min(right, r) - max(left, a)) * max(0, min(bottom, d) - max(top, u))
        for a, u, r, d in taken
    )
    return over + 20 * outside


def _points(scene: Scene, kind: str) -> dict:
    own = [name for name in names(scene) if name.endswith(FRESH) == (kind == "fresh values")]
    x = [metrics.interval([*scene.estimates[name]]) for name in own]
    y = [metrics.interval([*scene.scores[name]]) for name in own]
    colour, symbol = KINDS[kind]
    places = text_places(scene)
    return {
        "x": [mean for mean, _ in x],
        "y": [100 * mean for mean, _ in y],
        "error_x": {"array": [_half(half) for _, half in x], "thickness": 1.5},
        "error_y": {"array": [100 * _half(half) for _, half in y], "thickness": 1.5},
        "text": [name.removesuffix(FRESH) for name in own],
        "customdata": [scene.places[name] for name in own],
        "textposition": [places[name] for name in own],
        "textfont": {"color": colour},
        "mode": "markers+text",
        "marker": {"color": colour, "symbol": symbol, "size": 13},
        "name": display_name(kind),
        "hovertemplate": "%{text}, %{customdata}<br>estimate %{x:.3f}, score %{y:.1f} %",
    }


def _half(half: float) -> float:
    return half if half == half else 0.0
