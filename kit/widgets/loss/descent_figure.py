"""A loss surface with the path of each optimizer, and the height of each above the minimum."""

import copy

import numpy as np

from kit.html import INK, WINE
from kit.train.loss_surface import Surface, Walker
from kit.widgets.base.style import dress

__all__ = ["COLOUR", "NAME", "RANGE", "UPDATES", "Land", "figure", "ground", "titles", "traces"]

COLOUR = {"SGD": WINE, "AdamW": "#E69F00"}
DASH = {"SGD": "solid", "AdamW": "dash"}
SYMBOL = {"SGD": "circle", "AdamW": "diamond"}
NAME = {
    "cross_entropy": "cross-entropy of the class",
    "squared_error": "squared error of the rating",
}
UNIT = {"cross_entropy": "nats", "squared_error": "squared points"}
RANGE = {"cross_entropy": [-5, 0.5], "squared_error": [-4, 3]}
"""The range of the heights, as powers of ten."""
TICKS = ["0.00001", "0.0001", "0.001", "0.01", "0.1", "1", "10", "100", "1,000"]
UPDATES = 100
"""The number of updates that the second panel shows at first."""
LEAST = 1e-6
"""Nats: in float32 a smaller height above the minimum cannot be told from zero."""


class Land:
    """The heights of a surface above its minimum, on a grid, computed once."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.theta, curvature = surface.minimum()
        self.least = float(surface.mean(self.theta))
        self.limit = 2 / float(curvature.max())
        side = (
            -1 if self.theta[1] > 0 else 1
        )  # the start and the minimum are on opposite sides of 0
        self.start = (1.5, 1.0 * side)
        self.across = np.linspace(-2.5, 2.5, 33)
        self.up = np.sort(side * np.linspace(-3.5, 1.5, 33))
        self.height = self.above(surface.grid(self.across, self.up))

    def above(self, means) -> np.ndarray:
        """Mean losses as heights above the lowest one, in the units of the loss."""
        return np.maximum(np.asarray(means) - self.least, LEAST)


def figure(land: Land, walkers: dict[str, Walker]):
    """The surface with each walker's path | heights above the minimum, as a plotly figure."""
    import plotly.graph_objects as go

    first, second = land.surface.words
    across, up = ([values.min(), values.max()] for values in (land.across, land.up))
    level = {"type": "log", "tickvals": [10.0**n for n in range(-5, 4)], "ticktext": TICKS}
    layout = {
        "xaxis": {"domain": [0, 0.52], "title": f"θ₁, the weight of “{first}”", "range": across},
        "yaxis": {"title": f"θ₂, the weight of “{second}”", "range": up},
        "xaxis2": {"domain": [0.67, 1], "title": "update", "range": [0, UPDATES]},
        "yaxis2": {"anchor": "x2", "range": RANGE[land.surface.loss], **level},
        "annotations": [
            {"text": text, "x": x, "y": 1.01, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.26, 0.82), titles(land), strict=True)
        ],
    }
    # Both axes have one scale: else the gradient would not be at right angles to the contour lines.
    layout["xaxis"] |= {"constrain": "domain", "dtick": 1}
    layout["yaxis"] |= {"constrain": "domain", "scaleanchor": "x"}
    return dress(go.Figure(traces(land, walkers), layout | {"dragmode": False}), height=560)


def titles(land: Land) -> list[str]:
    """The titles of the panels."""
    unit = UNIT[land.surface.loss]
    return [
        "<b>L(θ)/N</b> on real sentences: darker is lower,<br>each line doubles the height",
        f"<b>Height</b> above the<br>minimum, {unit}",
    ]


def traces(land: Land, walkers: dict[str, Walker]) -> list[dict]:
    """The surface, its minimum, then the path, next update, place and heights of each walker."""
    edge = {"color": "white", "width": 1}
    star = {"symbol": "star", "size": 17, "color": INK, "line": edge}
    low = {"x": [float(land.theta[0])], "y": [float(land.theta[1])], "mode": "markers"}
    low |= {"marker": star, "name": "minimum", "hoverinfo": "skip"}
    return [ground(land), low] + [t for n, w in walkers.items() for t in _walk(land, n, w)]


def ground(land: Land) -> dict:
    """The surface as a trace: log₂ of its height, so that each line doubles it."""
    shade = [[0, "#7FB2D6"], [0.5, "#C9E0F0"], [1, "#FBFDFE"]]
    return {
        "type": "contour",
        "x": land.across,
        "y": land.up,
        "z": np.log2(land.height),
        "contours": {"start": -10, "end": 4, "size": 1},
        "line": {"color": "white", "width": 1.2},
        "colorscale": shade,
        "zmin": -9,
        "zmax": 0 if land.surface.loss == "cross_entropy" else 3,
        "showscale": False,
        "customdata": land.height + land.least,
        "hovertemplate": "θ = (%{x:.2f}, %{y:.2f})<br>mean loss %{customdata:.4f}<extra></extra>",
    }


def _walk(land: Land, name: str, walker: Walker) -> list[dict]:
    x, y = zip(*walker.path, strict=True)
    ahead = copy.deepcopy(walker).step().path[-1]
    colour = COLOUR[name]
    quiet = {"legendgroup": name, "hoverinfo": "skip", "showlegend": False}
    edge = {"color": INK, "width": 1.5}
    path = {"mode": "lines+markers", "line": {"color": colour, "width": 3}}
    path |= {"x": x, "y": y, "marker": {"size": 6, "color": colour}}
    arrow = {"symbol": "arrow", "angleref": "previous", "size": [0, 15], "color": INK}
    step = {"mode": "lines+markers", "line": {"color": INK, "width": 2, "dash": "dot"}}
    step |= {"x": [x[-1], ahead[0]], "y": [y[-1], ahead[1]], "marker": arrow}
    dot = {"symbol": SYMBOL[name], "size": 17, "color": colour, "line": edge}
    place = {"x": x[-1:], "y": y[-1:], "mode": "markers", "marker": dot}
    curve = {"mode": "lines", "line": {"color": colour, "width": 4, "dash": DASH[name]}}
    curve |= {"x": list(range(len(x))), "y": land.above(walker.means), "name": name}
    curve |= {"hovertemplate": "update %{x}: %{y:.2g} above<extra></extra>"}
    right = {"legendgroup": name, "xaxis": "x2", "yaxis": "y2"}
    return [path | quiet, step | quiet, place | quiet, curve | right]
