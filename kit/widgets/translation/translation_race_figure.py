"""Two translators on the same sentence pairs: their loss, and their BLEU on test messages."""

from dataclasses import dataclass, field

from kit.display_names import display_name
from kit.html import GREY, INK
from kit.metrics import interval
from kit.train import Run
from kit.widgets.base.style import COLOUR, DASH, dress, error_bars
from kit.widgets.labels.side_by_side_figure import smooth

__all__ = ["RIVALS", "Scene", "figure", "recorded", "traces"]

RIVALS = {"from_scratch": display_name("from scratch"), "full": "with the parent"}

NAMES = RIVALS | {"memory": "translation memory"}

PAINT = COLOUR | {"memory": GREY}


@dataclass
class Scene:
    """The data of the figure, as plain values."""

    recorded: dict[str, tuple[float, float]]
    """Name -> (mean BLEU, half of its 95 % interval) of the recorded children of this budget."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    bleu: dict[str, float] = field(default_factory=dict)
    """Name -> BLEU after this training."""


def recorded(results: dict, language: str, pairs: int) -> dict[str, tuple[float, float]]:
    """Name -> (mean BLEU, half of its interval) in kit/results/data/translation.json."""
    found: dict[str, list[float]] = {}
    for row in results["rows"]:
        if (row["part"], row["language"], row["pairs"]) == ("budgets", language, pairs):
            found.setdefault(row["strategy"], []).append(row["bleu"])
    return {name: interval(values) for name, values in found.items()}


def figure(scene: Scene):
    """Loss on the pairs | BLEU on unseen messages, as a plotly figure."""
    import plotly.graph_objects as go

    titles = ("<b>Loss</b> on the pairs", "<b>BLEU</b> on unseen messages")
    layout = {
        "xaxis": {"domain": [0, 0.46], "title": "update", "rangemode": "tozero"},
        "xaxis2": {"domain": [0.68, 1], "title": "BLEU, 0 to 100", "rangemode": "tozero"},
        "yaxis": {"title": "mean loss, nats a piece", "rangemode": "tozero"},
        "yaxis2": {"anchor": "x2", "showgrid": False},
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.23, 0.84), titles, strict=True)
        ],
    }
    return dress(go.Figure(traces(scene), layout | {"dragmode": False}), height=400)


def traces(scene: Scene) -> list[dict]:
    """The traces of the figure, always the same ones in the same order."""
    lines = []
    for name, text in RIVALS.items():
        x, y = smooth(scene.runs.get(name, Run()).steps)
        pen = {"color": PAINT[name], "dash": DASH[name], "width": 4}
        lines.append({"x": x, "y": y, "mode": "lines", "name": text, "line": pen})
    there = {"xaxis": "x2", "yaxis": "y2", "y": list(NAMES.values())}
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [scene.bleu.get(name) for name in NAMES],
        "text": [f"<b>{scene.bleu[n]:.0f}</b>" if n in scene.bleu else "" for n in NAMES],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textfont": {"size": 20, "color": "white"},
        "marker": {"color": [PAINT[name] for name in NAMES]},
        "showlegend": False,
        "hovertemplate": "%{y}: %{x:.1f}<extra></extra>",
    }
    known = [scene.recorded.get(name, (None, 0.0)) for name in NAMES]
    diamonds = {
        "mode": "markers",
        "x": [mean for mean, _ in known],
        "error_x": {"array": error_bars([h for _, h in known], 1), "thickness": 2},
        "marker": {"symbol": "diamond-open", "size": 12, "color": INK, "line": {"width": 2}},
        "name": "recorded: mean, 95 % interval over seeds",
    }
    return [*lines, bars | there, diamonds | there]
