"""Seconds of an update: by one process, by several as predicted, and by several as timed."""

from dataclasses import dataclass

from kit.html import BLUE, GREEN, LIGHT_BLUE, ORANGE
from kit.widgets.base.style import dress

__all__ = ["Scene", "figure", "message", "traces"]

MILLI = 1000


@dataclass(frozen=True)
class Scene:
    """What is known so far, in seconds; None: not yet."""

    processes: int
    guess: float
    """How many times as fast the reader says it will be."""
    one: float | None = None
    """An update by one process."""
    share: float | None = None
    """What each of the processes computes: its part of the batch."""
    sums: float | None = None
    """The all-reduce of the gradient, as predicted."""
    measured: float | None = None
    """An update by all processes."""
    apart: float | None = None
    """The largest relative difference of the losses."""

    @property
    def predicted(self) -> float | None:
        """Seconds of an update by all processes, as predicted."""
        return None if self.share is None or self.sums is None else self.share + self.sums


def figure(scene: Scene):
    """Three bars; the second is cut into computing and summing."""
    import plotly.graph_objects as go

    layout = {
        "barmode": "stack",
        "bargap": 0.35,
        "xaxis": {
            "title": "milliseconds of an update",
            "rangemode": "tozero",
            "fixedrange": True,
        },
        "yaxis": {"autorange": "reversed", "fixedrange": True},
        "dragmode": False,
    }
    shown = dress(go.Figure(traces(scene), layout), height=340)
    return shown.update_layout(margin={"l": 210, "t": 16, "b": 110}, legend={"y": -0.4})


def traces(scene: Scene) -> list[dict]:
    """The bars; 0 where nothing is known yet."""
    several = f"{scene.processes} processes"
    names = ["one process", f"{several}, predicted", f"{several}, measured"]
    parts = (
        ("computing all", BLUE, (scene.one, None, None)),
        ("computing its share", LIGHT_BLUE, (None, scene.share, None)),
        ("summing the gradients", ORANGE, (None, scene.sums, None)),
        ("measured", GREEN, (None, None, scene.measured)),
    )
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": [MILLI * (value or 0) for value in values],
            "text": [f"{MILLI * value:.0f} ms" if value else "" for value in values],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "marker": {"color": colour},
            "hovertemplate": "%{x:.1f} ms<extra>" + name + "</extra>",
        }
        for name, colour, values in parts
    ]


def message(scene: Scene) -> str:
    """What came out, in a sentence; empty where nothing is measured yet."""
    if scene.one is None or scene.predicted is None:
        return ""
    told = f"Predicted: <b>{scene.one / scene.predicted:.2f} times</b> as fast as one process. "
    if scene.measured is None:
        return told
    told += f"Measured: <b>{scene.one / scene.measured:.2f} times</b>. You said {scene.guess:.2f}. "
    return told + f"The losses of both trainings differ by {scene.apart:.0e} of their size at most."
