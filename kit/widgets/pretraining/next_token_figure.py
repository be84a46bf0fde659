"""The likeliest next tokens of a text, and the attention of its last token.

T tokens of the text, H heads.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

from kit.html import BLUE, GREY, PAPER
from kit.metrics import bits_per_byte
from kit.tasks.next_token import Counts, Network, sharpen, shown
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

SHOWN = 20
"""Tokens of the text that the map of attention has room for: the last ones."""


TICKS = {20: 5, 50: 10, 100: 20}
"""Where the axis of probability may end, in percent, and the steps on it."""


COLOUR = BLUE

BLIND = {
    Counts: "trigrams see the last two tokens,<br>and nothing before them",
    Network: "an RNN does not look back:<br>all it knows is in its state",
}


@dataclass(frozen=True)
class Scene:
    """All that the figure shows, as plain data."""

    names: list[str]
    """The likeliest pieces, likeliest first."""
    p: list[float]
    """Their probabilities."""
    entropy: float
    """Of the whole distribution, in bits."""
    bits: float
    """Of the text so far, per byte; nan for an empty one."""
    words: list[str]
    """The pieces of the text."""
    attention: list[np.ndarray] | None
    """How much the last piece looks at each: one array (H, T) a layer; None where none does."""
    blind: str = ""
    """Why there is no attention."""


def scene(who: Network | Counts, text: str, temperature: float) -> Scene:
    """Ask a model what comes after a text."""
    ids = who.read(text)
    p = sharpen(who.next(ids), temperature)
    best = np.argsort(-p, kind="stable")[:BARS]
    some = p[p > 0]
    size = len(who.tokenizer.decode(ids[1:]).encode())
    return Scene(
        names=[shown(int(i), who.tokenizer) for i in best],
        p=p[best].tolist(),
        entropy=float(-(some * np.log2(some)).sum()),
        bits=bits_per_byte(who.cost(ids), size) if size else float("nan"),
        words=["‹begin›"] + [shown(i, who.tokenizer) for i in ids[1:]],
        attention=who.attention(ids) if who.attends else None,
        blind="" if who.attends else BLIND[type(who)],
    )


def figure(now: Scene):
    """The likeliest next tokens | what each head of the last token looks at, as a figure."""
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
    made = dress(go.Figure(traces(now), layout | {"dragmode": False}), height=410)
    made.update_layout(margin={"l": 120, "b": 96, "t": 44}, bargap=0.25, **axes(now))
    middle = {"x": 0.75, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    made.add_annotation(text=now.blind, font={"size": 18, "color": GREY}, **middle)
    return made


def titles(now: Scene) -> list[str]:
    """What stands above the panels, and in the middle of the second where it is empty."""
    return ["<b>What comes next</b>", "<b>Where the last token looks</b>", now.blind]


def traces(now: Scene) -> list[dict]:
    """The bars, then the map."""
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
    looks = heads(now)
    grid = {
        "type": "heatmap",
        "x": list(range(looks.shape[1])),
        "y": list(range(looks.shape[0])),
        "z": looks,
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
    """(all heads of all layers, tokens that are shown); zeros where none looks."""
    if now.attention is None:
        return np.zeros((1, min(len(now.words), SHOWN)))
    return np.concatenate(now.attention)[:, -SHOWN:]


def axes(now: Scene) -> dict:
    """Ticks and ranges that change with the scene."""
    looks, words = heads(now), now.words[-SHOWN:]
    top = next(limit for limit in TICKS if limit >= 100 * max(now.p) - 1e-6)
    per = len(now.attention[0]) if now.attention else 1
    layers = range(0, len(looks), per) if now.attention else []
    fixed = {"tickmode": "array", "autorange": False}
    return {
        "xaxis": {"range": [0, 1.15 * top], "autorange": False, "dtick": TICKS[top]},
        "yaxis": fixed | {"tickvals": list(range(BARS)), "ticktext": now.names},
        "xaxis2": fixed
        | {"tickvals": list(range(len(words))), "ticktext": words}
        | {"range": [-0.5, len(words) - 0.5]},
        "yaxis2": fixed
        | {"tickvals": [i + (per - 1) / 2 for i in layers], "range": [len(looks) - 0.5, -0.5]}
        | {"ticktext": [f"layer {i // per + 1}" for i in layers]},
    }


def verdict(now: Scene, temperature: float) -> str:
    """In words: how unsure, and what the text has cost so far."""
    unsure = f"Entropy {now.entropy:.1f} bits at τ = {temperature:.1f}"
    like = f"like choosing among {2**now.entropy:,.0f} tokens"
    cost = "" if np.isnan(now.bits) else f" · your text cost {now.bits:.2f} bits per byte"
    return f"{unsure}, {like}{cost}"


def pages(text: str, written: str) -> str:
    """What was typed, grey, and what was written after it, as HTML."""
    written = escape(written).replace("\n", " ↵ ")
    return f'<span style="color:#6B6B6B">{escape(text)}</span>{written}'
