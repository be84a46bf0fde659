"""Bits per byte of held-out text while language models are pretrained, as a figure and a table."""

from dataclasses import dataclass, field

import numpy as np

from kit.html import BLUE, FONT, GREEN, GREY, INK, LIGHT_GREY, WINE, escape
from kit.metrics import perplexity
from kit.train import Run
from kit.widgets.base.style import dress

__all__ = ["MODELS", "PROMPT", "Scene", "figure", "table", "traces"]

MODELS = ("RNN", "Transformer")
"""What is trained, in the order of the curves."""

COLOUR = {"RNN": WINE, "Transformer": BLUE, "unigrams": LIGHT_GREY, "trigrams": GREY}

DASH = {"RNN": "dash", "Transformer": "solid", "unigrams": "dot", "trigrams": "dashdot"}

OTHER = (GREEN, "longdash")
"""The colour and line style of any other name."""


RANGE = [1.35, 2.75]
"""The range of the axis of bits per byte."""


PERPLEXITIES = (100, 200, 500, 1000, 2000)

PROMPT = "The government"


@dataclass
class Scene:
    """The data of the figure, as plain values."""

    levels: dict[str, float]
    """Baseline -> its bits per byte."""
    size: float
    """Mean bytes per token of the held-out text: it converts bits per byte to perplexity."""
    updates: int
    """The training budget of each model."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Model -> its run so far; the score of an evaluation is minus its bits per byte."""
    texts: dict[str, str] = field(default_factory=dict)
    """Model -> a text that it generates now."""

    def perplexity(self, bits: float) -> float:
        """The perplexity per token for so many bits per byte."""
        return perplexity(bits * np.log(2) * self.size, 1)


def look(name: str) -> dict:
    """The line style of a model or a baseline."""
    colour, dash = COLOUR.get(name, OTHER[0]), DASH.get(name, OTHER[1])
    return {"color": colour, "dash": dash, "width": 4 if name in MODELS else 2.5}


def figure(scene: Scene):
    """Bits per byte of held-out text against updates; perplexity on the right axis."""
    import plotly.graph_objects as go

    ticks = {
        "tickvals": [np.log2(p) / scene.size for p in PERPLEXITIES],
        "ticktext": [f"{p:,}" for p in PERPLEXITIES],
    }
    layout = {
        "xaxis": {"title": "updates", "range": [0, scene.updates]},
        "yaxis": {"title": "bits per byte: lower is better", "range": RANGE, "tickformat": ".1f"},
        "yaxis2": {"overlaying": "y", "side": "right", "range": RANGE, "title": "perplexity"}
        | {"showgrid": False, **ticks},
    }
    shown = dress(go.Figure(traces(scene), layout | {"dragmode": False}), height=430)
    return shown.update_layout(margin={"r": 80, "t": 24})


def traces(scene: Scene) -> list[dict]:
    """A curve for each model and a level line for each baseline, always in the same order."""
    lines = []
    for name in MODELS:
        evaluations = scene.runs.get(name, Run()).evaluations
        curve = {"x": [e["step"] for e in evaluations], "y": [-e["score"] for e in evaluations]}
        curve |= {"mode": "lines+markers", "marker": {"size": 9}, "line": look(name)}
        hover = {"hovertemplate": name + ", %{x} updates: %{y:.2f} bits per byte<extra></extra>"}
        lines.append({**curve, **hover, "name": name})
    for name, bits in scene.levels.items():
        level = {"x": [0, 10000], "y": [bits, bits], "mode": "lines", "line": look(name)}
        hover = {"hovertemplate": f"{name}: {bits:.2f} bits per byte<extra></extra>"}
        lines.append({**level, **hover, "name": f"{name}: {bits:.2f}", "yaxis": "y2"})
    return lines


def table(scene: Scene) -> str:
    """The same as an HTML table: the loss in three units, the tokens read, and a generated text."""
    heads = ("", "bits/byte", "perplexity", "nats/token", "tokens read", "writes now")
    rows = "".join(
        f'<tr><td style="font-weight:600;color:{look(name)["color"]}">{escape(name)}</td>'
        + "".join(f'<td style="text-align:right">{value}</td>' for value in values(scene, run))
        + f'<td style="text-align:left;padding-left:1.2em">{_sample(scene, name)}</td></tr>'
        for name, run in scene.runs.items()
    )
    titles = "".join(
        f'<th style="white-space:nowrap;text-align:{"right" if 0 < i < 5 else "left"};'
        f'padding:0 {"0 0 1.2em" if i == 5 else ".6em"}">{text}</th>'
        for i, text in enumerate(heads)
    )
    return (
        f'<table style="font:16px {FONT};color:{INK};width:100%;border-spacing:.6em .2em">'
        f'<tr style="color:{GREY}">{titles}</tr>{rows}</table>'
    )


def values(scene: Scene, run: Run) -> list[str]:
    """Bits per byte, perplexity, nats per token, tokens read so far."""
    if not run.evaluations:
        return ["–"] * 4
    bits = -run.evaluations[-1]["score"]
    read = run.updates * run.settings.get("tokens in an update", 0)
    nats = np.log(scene.perplexity(bits))
    return [f"<b>{bits:.2f}</b>", f"{scene.perplexity(bits):,.0f}", f"{nats:.2f}", f"{read:,}"]


def _sample(scene: Scene, name: str) -> str:
    return f"{escape(PROMPT)}<b>{escape(scene.texts.get(name, ' …'))}</b>"
