"""The answers to one sentence with many words, and the difference that words dealt by lot make."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kit.html import BLUE, INK, LIGHT_GREY, ORANGE
from kit.widgets.base.style import dress

__all__ = ["STATISTICS", "Scene", "deals", "figure", "titles", "traces"]

DEALS = 2000
BINS = 25


def _means(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one.mean(-1) - other.mean(-1)


def _ranges(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.ptp(one, axis=-1) - np.ptp(other, axis=-1)


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _means,
    "range": _ranges,
}
"""What of two groups is compared -> a function of their scores (..., A) and (..., B)."""


@dataclass(frozen=True)
class Scene:
    """The data of the figure, as plain values."""

    groups: tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]
    """Two names, each with its words."""
    scores: tuple[tuple[float, ...], tuple[float, ...]]
    """P(positive) in percent, of each word."""
    statistic: str
    """One of `STATISTICS`."""

    @property
    def difference(self) -> float:
        """The statistic of the first group minus that of the second, in points."""
        return float(STATISTICS[self.statistic](*map(np.array, self.scores)))


def deals(scene: Scene) -> np.ndarray:
    """The differences when all words are dealt to the two groups by lot, in points.

    Ranges are compared around each group's mean: which group is higher is another question.
    """
    one, other = (np.array(own) for own in scene.scores)
    if scene.statistic == "range":
        one, other = one - one.mean(), other - other.mean()
    every = np.tile(np.concatenate([one, other]), (DEALS, 1))
    dealt = np.random.default_rng(0).permuted(every, axis=1)
    return STATISTICS[scene.statistic](dealt[:, : len(one)], dealt[:, len(one) :])


def figure(scene: Scene):
    """Each word's answer | the difference, and what is dealt by lot, as a plotly figure."""
    import plotly.graph_objects as go

    places = zip((0.26, 0.83), titles(scene), strict=True)
    layout = {
        "xaxis": {"domain": [0, 0.56], "title": "P(positive)", "ticksuffix": " %"},
        "yaxis": {"showticklabels": False, "range": [-0.6, 1.6]},
        "xaxis2": {"domain": [0.66, 1], "title": "difference, points"},
        "yaxis2": {"anchor": "x2", "title": "deals by lot", "rangemode": "tozero"},
        "bargap": 0,
        "annotations": [
            {"text": text, "x": x, "y": 1.03, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in places
        ],
    }
    return dress(go.Figure(traces(scene), layout), height=400)


def titles(scene: Scene) -> list[str]:
    """The titles of the panels."""
    return [
        "<b>The same sentence</b>,<br>one dot a word",
        f"<b>Difference</b> of the {scene.statistic}s,<br>and what chance makes",
    ]


def traces(scene: Scene) -> list[dict]:
    """Always the same traces in the same order, as `redraw` needs them."""
    marks = []
    height = np.random.default_rng(1).uniform(-0.3, 0.3, 200)  # so that dots do not hide each other
    for place, ((name, words), scores, colour) in enumerate(
        zip(scene.groups, scene.scores, (BLUE, ORANGE), strict=True)
    ):
        marks.append(
            {
                "x": list(scores),
                "y": (1 - place + height[: len(scores)]).tolist(),
                "text": list(words),
                "hovertemplate": "%{text}: %{x:.1f} %<extra></extra>",
                "mode": "markers",
                "name": name,
                "marker": {"color": colour, "size": 10, "opacity": 0.7}
                | {"symbol": "circle" if place == 0 else "square"},
            }
        )
    means = [float(np.mean(own)) for own in scene.scores]
    marks.append(
        {
            "x": means,
            "y": [1, 0],
            "mode": "markers",
            "name": "mean",
            "marker": {"symbol": "line-ns", "size": 46, "line": {"width": 3, "color": INK}},
        }
    )
    counts, edges = np.histogram(deals(scene), BINS)
    marks.append(
        {
            "type": "bar",
            "x": ((edges[1:] + edges[:-1]) / 2).tolist(),
            "y": counts.tolist(),
            "width": np.diff(edges).tolist(),
            "marker": {"color": LIGHT_GREY},
            "name": "dealt by lot",
            "xaxis": "x2",
            "yaxis": "y2",
        }
    )
    marks.append(
        {
            "x": [scene.difference] * 2,
            "y": [0, int(counts.max())],
            "mode": "lines",
            "line": {"color": INK, "width": 4},
            "name": "this difference",
            "xaxis": "x2",
            "yaxis": "y2",
        }
    )
    return marks
