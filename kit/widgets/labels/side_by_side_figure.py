"""Two models on the same labels: their loss, their accuracy, and their scores on the test set."""

from dataclasses import dataclass, field

from kit.display_names import display_name
from kit.html import FONT, INK, escape
from kit.train import Run
from kit.widgets.base.style import COLOUR, DASH, NAME, dress, error_bars

__all__ = ["RIVALS", "Scene", "figure", "opinions", "smooth", "titles", "traces"]

RIVALS = ("full", "from_scratch")

FLOOR = 40
"""The lower end of the axes of accuracy, in percent."""


BARS = ("majority", "tfidf", "from_scratch", "full")

SHORT = {  # every second one a line lower, so that they do not touch
    "majority": display_name("majority"),
    "tfidf": "<br>TF-IDF",
    "from_scratch": display_name("scratch"),
    "full": f"<br>{display_name('source')}",
}


@dataclass
class Scene:
    """The data of the figure, as plain values."""

    labels: int
    """The number of labelled sentences that both are trained on."""
    recorded: dict[str, tuple[float, float]]
    """Name -> (mean, half-width of its 95 % interval) of the recorded runs with as many labels."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    tested: dict[str, float] = field(default_factory=dict)
    """Name -> accuracy on the test set after this training."""


def figure(scene: Scene):
    """Loss on the labels | accuracy on unseen sentences | test accuracy, as a plotly figure."""
    import plotly.graph_objects as go

    percent = {"range": [FLOOR, 100], "ticksuffix": " %"}
    layout = {
        "xaxis": {"domain": [0, 0.27], "title": "update", "rangemode": "tozero"},
        "xaxis2": {"domain": [0.37, 0.68], "title": "seconds of training", "rangemode": "tozero"},
        "xaxis3": {"domain": [0.77, 1], "tickangle": 0, "tickfont": {"size": 13}},
        "yaxis": {"range": [0, 0.85], "title": "mean loss, nats"},
        "yaxis2": {"anchor": "x2", **percent},
        "yaxis3": {"anchor": "x3", **percent},
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.135, 0.525, 0.885), titles(scene), strict=True)
        ],
    }
    return dress(go.Figure(traces(scene), layout), height=440)


def titles(scene: Scene) -> list[str]:
    """The titles of the panels."""
    return [
        f"<b>Loss</b> on the<br>{scene.labels:,} labels",
        "<b>Accuracy</b> on<br>unseen sentences",
        f"<b>In the end</b>: on test<br>sentences, {scene.labels:,} labels",
    ]


def traces(scene: Scene) -> list[dict]:
    """The traces of the figure, always the same ones in the same order, as `redraw` needs them."""
    end = max([10.0, *(run.seconds for run in scene.runs.values())])
    lines = []
    for name in RIVALS:
        run = scene.runs.get(name, Run())
        x, y = smooth(run.steps)
        curve = {"x": x, "y": y, "mode": "lines", "name": NAME[name], "legendgroup": name}
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 4}
        lines.append({"line": pen, **curve})
        curve["x"] = [e["seconds"] for e in run.evaluations]
        curve["y"] = [100 * e["score"] for e in run.evaluations]
        curve |= {"mode": "lines+markers", "marker": {"size": 9}, "showlegend": False}
        lines.append({"line": pen, **curve, "xaxis": "x2", "yaxis": "y2"})
    for name in ("tfidf", "majority"):
        known = scene.recorded.get(name, (float("nan"), 0.0))[0]  # TF-IDF needs labels
        height = 100 * scene.tested.get(name, known)
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 2.5}
        level = {"x": [0, end], "y": [height, height], "mode": "lines", "name": NAME[name]}
        lines.append({"line": pen, **level, "xaxis": "x2", "yaxis": "y2"})
    return lines + bars(scene)


def bars(scene: Scene) -> list[dict]:
    """The third panel: accuracy after this training, and the recorded accuracy."""
    x = [SHORT[name] for name in BARS]
    y = [100 * scene.tested[name] - FLOOR if name in scene.tested else None for name in BARS]
    recorded = [scene.recorded.get(name, (float("nan"), float("nan"))) for name in BARS]
    mean = [100 * mean for mean, _ in recorded]
    half = error_bars([half for _, half in recorded])
    now = {
        "type": "bar",
        "base": FLOOR,  # the number is then on the axis, apart from the diamond
        "text": ["" if v is None else f"<b>{v + FLOOR:.0f}</b>" for v in y],
        "hovertemplate": "%{text} %<extra></extra>",
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"size": 20, "color": "white"},
        "marker": {"color": [COLOUR[name] for name in BARS]},
        "showlegend": False,
    }
    mark = {"symbol": "diamond-open", "size": 12, "color": INK, "line": {"width": 2}}
    then = {
        "mode": "markers",
        "error_y": {"array": half, "thickness": 2},
        "marker": mark,
        "name": "recorded: mean and 95 % interval over seeds",
    }
    third = {"x": x, "xaxis": "x3", "yaxis": "y3"}
    return [{**now, **third, "y": y}, {**then, **third, "y": mean}]


def smooth(steps: list[dict], points: int = 40) -> tuple[list, list]:
    """The loss as means over neighbouring updates, at most `points` of them: (updates, losses)."""
    stride = max(1, -(-len(steps) // points))
    chunks = [steps[i : i + stride] for i in range(0, len(steps), stride)]
    return [c[-1]["step"] for c in chunks], [sum(s["loss"] for s in c) / len(c) for c in chunks]


def opinions(text: str, probabilities: dict[str, float]) -> str:
    """P(positive) of a sentence by each model, as HTML bars from negative to positive."""
    rows = "".join(
        f'<div style="display:flex;align-items:center;gap:.8em;margin:.35em 0">'
        f'<div style="width:8em;font-weight:600;color:{COLOUR[name]}">{NAME[name]}</div>'
        f'<div style="flex:1;height:1.5em;background:#E9E9E9;border-radius:.3em;position:relative">'
        f'<div style="position:absolute;inset:0 {100 - 100 * p:.1f}% 0 0;background:{COLOUR[name]};'
        f'border-radius:.3em"></div><div style="position:absolute;left:50%;top:-.2em;bottom:-.2em;'
        f'border-left:2px solid {INK}"></div></div>'
        f'<div style="width:9em"><b>{100 * p:.0f} %</b> positive</div></div>'
        for name, p in probabilities.items()
    )
    return (
        f'<div style="font:17px {FONT};color:{INK};background:white;padding:.6em 1em;'
        f'border-radius:.4em;max-width:60em">“{escape(text[:200])}”{rows}</div>'
    )
