"""The likeliest next tokens of a text, and the attention of its last token.

T tokens of the text, H heads.
"""

from dataclasses import dataclass

import numpy as np

from kit.html import BLUE, GREY, PAPER, escape
from kit.metrics import bits_per_byte
from kit.tasks.next_token import NeuralPredictor, NGramPredictor, entropy, sharpen, token_text
from kit.widgets.base.style import dress

__all__ = [
    "BARS",
    "COLOUR",
    "Scene",
    "axes",
    "figure",
    "heads",
    "pages",
    "scene",
    "titles",
    "traces",
    "verdict",
]

BARS = 12

SHOWN_CHARACTERS = 2000
"""The characters of the user's text that are shown, at most: the last ones."""
SHOWN = 20
"""The number of tokens that the attention map shows: the last ones of the text."""


TICKS = {20: 5, 50: 10, 100: 20}
"""Possible ends of the axis of probability, in percent -> the step between its ticks."""


COLOUR = BLUE

BLIND = {
    NGramPredictor: "trigrams see the last two tokens,<br>and nothing before them",
    NeuralPredictor: "an RNN does not look back:<br>all it knows is in its state",
}


@dataclass(frozen=True)
class Scene:
    """The data of the figure, as plain values."""

    names: list[str]
    """The most probable next pieces, the most probable one first."""
    p: list[float]
    """Their probabilities."""
    entropy: float
    """The entropy of the whole distribution, in bits."""
    bits: float
    """Bits per byte of the text so far; nan for an empty text."""
    words: list[str]
    """The pieces of the text."""
    attention: list[np.ndarray] | None
    """The attention of the last piece to each: one array (H, T) a layer; None without attention."""
    blind: str = ""
    """The reason why there is no attention."""


def scene(who: NeuralPredictor | NGramPredictor, text: str, temperature: float) -> Scene:
    """A model's prediction of the next token after a text."""
    ids = who.read(text)
    p = sharpen(who.next(ids), temperature)
    best = np.argsort(-p, kind="stable")[:BARS]
    size = len(who.tokenizer.decode(ids[1:]).encode())
    return Scene(
        names=[token_text(int(i), who.tokenizer) for i in best],
        p=p[best].tolist(),
        entropy=entropy(p),
        bits=bits_per_byte(who.cost(ids), size) if size else float("nan"),
        words=["‹begin›"] + [token_text(i, who.tokenizer) for i in ids[1:]],
        attention=who.attention(ids) if who.attends else None,
        blind="" if who.attends else BLIND[type(who)],
    )


def figure(now: Scene):
    """The most probable next tokens | the attention of each head of the last token, as a figure."""
    import plotly.graph_objects as go

    layout = {
        "xaxis": {"domain": [0, 0.36], "ticksuffix": " %", "title": "probability"},
        "yaxis": {"autorange": False, "range": [BARS - 0.4, -0.6], "showgrid": False},
        "xaxis2": {"domain": [0.5, 1], "tickangle": -50, "showgrid": False, "type": "linear"},
        "yaxis2": {"anchor": "x2", "showgrid": False},
        "annotations": [
            {"text": text, "x": x, "y": 1.02, "xref": "paper", "yref": "paper", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom"}
            for x, text in zip((0.18, 0.75), titles(now)[:2], strict=True)
        ],
    }
    shown_figure = dress(go.Figure(traces(now), layout | {"dragmode": False}), height=410)
    shown_figure.update_layout(margin={"l": 120, "b": 96, "t": 44}, bargap=0.25, **axes(now))
    middle = {"x": 0.75, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    shown_figure.add_annotation(text=now.blind, font={"size": 18, "color": GREY}, **middle)
    return shown_figure


def titles(now: Scene) -> list[str]:
    """The titles of the panels, and the text in the second one where it is empty."""
    return ["<b>What comes next</b>", "<b>Where the last token looks</b>", now.blind]


def traces(now: Scene) -> list[dict]:
    """The bars of the probabilities, then the attention map."""
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * p for p in now.p],
        "y": list(range(len(now.p))),
        "text": [f"{100 * p:.1f}" for p in now.p],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": COLOUR},
        "hoverinfo": "skip",
    }
    weights = heads(now)
    grid = {
        "type": "heatmap",
        "x": list(range(weights.shape[1])),
        "y": list(range(weights.shape[0])),
        "z": weights,
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "colorscale": [[0, PAPER], [0.3, "#9CC7E2"], [1, "#003A5C"]],
        "showscale": False,
        "hovertemplate": "%{y}, token %{x}: %{z:.0%}<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }
    return [bars, grid]


def heads(now: Scene) -> np.ndarray:
    """(all heads of all layers, shown tokens); zeros for a model without attention."""
    if now.attention is None:
        return np.zeros((1, min(len(now.words), SHOWN)))
    return np.concatenate(now.attention)[:, -SHOWN:]


def axes(now: Scene) -> dict:
    """The ticks and ranges of the axes, which change with the scene."""
    rows = len(heads(now))
    words = now.words[-SHOWN:]
    top = next(limit for limit in TICKS if limit >= 100 * max(now.p) - 1e-6)
    per = len(now.attention[0]) if now.attention else 1
    layers = range(0, rows, per) if now.attention else []
    fixed = {"tickmode": "array", "autorange": False}
    return {
        "xaxis": {"range": [0, 1.15 * top], "autorange": False, "dtick": TICKS[top]},
        "yaxis": fixed | {"tickvals": list(range(BARS)), "ticktext": [*map(escape, now.names)]},
        "xaxis2": fixed
        | {"tickvals": list(range(len(words))), "ticktext": [*map(escape, words)]}
        | {"range": [-0.5, len(words) - 0.5]},
        "yaxis2": fixed
        | {"tickvals": [i + (per - 1) / 2 for i in layers], "range": [rows - 0.5, -0.5]}
        | {"ticktext": [f"layer {i // per + 1}" for i in layers]},
    }


def verdict(now: Scene, temperature: float) -> str:
    """The entropy of the prediction, and the loss on the text so far, in words."""
    entropy = f"Entropy {now.entropy:.1f} bits at τ = {temperature:.1f}"
    like = f"like choosing among {2**now.entropy:,.0f} tokens"
    cost = "" if np.isnan(now.bits) else f" · your text cost {now.bits:.2f} bits per byte"
    return f"{entropy}, {like}{cost}"


def pages(text: str, written: str) -> str:
    """The end of the user's text in grey, and the generated text after it, as HTML."""
    text = text if len(text) <= SHOWN_CHARACTERS else f"… {text[-SHOWN_CHARACTERS:]}"
    written = escape(written).replace("\n", " ↵ ")
    return f'<span style="color:#6B6B6B">{escape(text)}</span>{written}'
