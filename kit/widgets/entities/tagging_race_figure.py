"""F1 while two models learn to tag named entities, and a text that both have tagged."""

from dataclasses import dataclass, field

from kit.display_names import display_name
from kit.html import FONT, GREY, INK
from kit.train import Run
from kit.widgets.base.style import COLOUR, DASH, NAME, SYMBOL, dress
from kit.widgets.entities.entity_matrix_figure import (
    LOOKUP,
    MORE,
    legend,
)

__all__ = ["RIVALS", "Scene", "bars", "figure", "pair", "titles", "traces"]

RIVALS = ("full", "from_scratch")

LOOKUP_LINE = {"color": GREY, "dash": "dot", "width": 2.5}


@dataclass
class Scene:
    """The data of the figure, as plain values."""

    sentences: int
    """The number of tagged sentences that both are trained on."""
    seen: int
    """The number of validation sentences on which the curves are measured."""
    lookup: float
    """F1 of the most frequent tag of each word, on the test sentences."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    tested: dict[str, float] = field(default_factory=dict)
    """Strategy -> F1 on the test sentences, after training."""


def figure(scene: Scene):
    """F1 on validation sentences against seconds | F1 on test sentences after training."""
    import plotly.graph_objects as go

    percent = {"range": [0, 100], "ticksuffix": " %"}
    layout = {
        "xaxis": {"domain": [0, 0.6], "title": "seconds of training", "rangemode": "tozero"},
        "xaxis2": {"domain": [0.72, 1], "tickangle": 0},
        "yaxis": percent | {"title": "F1 of entities"},
        "yaxis2": {"anchor": "x2", **percent},
        "dragmode": False,
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.3, 0.86), titles(scene), strict=True)
        ],
    }
    return dress(go.Figure(traces(scene), layout), height=400)


def titles(scene: Scene) -> list[str]:
    """The titles of the panels."""
    return [
        f"<b>While learning</b> from {scene.sentences:,} sentences,<br>asked {scene.seen} others",
        "<b>In the end</b>,<br>on test sentences",
    ]


def traces(scene: Scene) -> list[dict]:
    """The traces of the figure, always the same ones in the same order, as `redraw` needs them."""
    end = max([10.0, *(run.seconds for run in scene.runs.values())])
    lines = []
    for name in RIVALS:
        run = scene.runs.get(name, Run())
        curve = {"x": [e["seconds"] for e in run.evaluations]}
        curve |= {"y": [100 * e["score"] for e in run.evaluations]}
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 4}
        mark = {"size": 10, "symbol": SYMBOL[name]}
        lines.append({**curve, "line": pen, "marker": mark, "name": NAME[name]})
        lines[-1] |= {"mode": "lines+markers"}
    level = {"x": [0, end], "y": [100 * scene.lookup] * 2, "mode": "lines", "line": LOOKUP_LINE}
    lines.append({**level, "name": MORE[LOOKUP][0]})
    return [*lines, bars(scene)]


def bars(scene: Scene) -> dict:
    """The second panel: F1 of the lookup and of both models after this training."""
    found = {"lookup": scene.lookup, **{name: scene.tested.get(name) for name in RIVALS[::-1]}}
    return {
        "type": "bar",
        "x": [display_name(name) for name in ("lookup", "scratch", "source")],
        "y": [None if v is None else 100 * v for v in found.values()],
        "text": ["" if v is None else f"<b>{100 * v:.0f}</b>" for v in found.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 20},
        "marker": {"color": [LOOKUP_LINE["color"], COLOUR["from_scratch"], COLOUR["full"]]},
        "showlegend": False,
        "hovertemplate": "%{x}: %{y:.1f} %<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }


def pair(pages: dict[str, str]) -> str:
    """Marked texts under the names of the models that marked them, as HTML."""
    boxes = "".join(
        f'<div style="flex:1;min-width:20em;border-top:5px {_dash(name)} {COLOUR[name]};'
        f'background:white"><b style="color:{COLOUR[name]};padding:.3em 1em;display:block">'
        f"{NAME[name]}</b>{page}</div>"
        for name, page in pages.items()
    )
    return (
        f'<div style="font:16px {FONT};color:{INK}">{legend()}'
        f'<div style="display:flex;flex-wrap:wrap;gap:1em;margin-top:.6em">{boxes}</div></div>'
    )


def _dash(name: str) -> str:
    return "dashed" if name == "from_scratch" else "solid"
