"""What comes next? The likeliest tokens as one types, any model a click away, and who looks where.

T tokens of the text, H heads.
"""

import time
from dataclasses import dataclass
from html import escape

import numpy as np

from kit.html import FONT, note
from kit.metrics import bits_per_byte
from kit.models.ngram import NGram
from kit.sources import Source
from kit.tasks.next_token import NeuralPredictor, NGramPredictor, predictor, sharpen, token_text
from kit.tokenizer import Tokenizer
from kit.widgets.base.job import Job, Working
from kit.widgets.base.style import dress, live, redraw
from kit.widgets.loss.loss_curves import fill

__all__ = ["BARS", "NextToken", "Scene", "figure", "scene", "titles", "traces", "verdict"]

BARS = 12
SHOWN = 20
"""Tokens of the text that the map of attention has room for: the last ones."""
TICKS = {20: 5, 50: 10, 100: 20}
"""Where the axis of probability may end, in percent, and the steps on it."""
COLOUR = "#0072B2"
BLIND = {
    NGramPredictor: "trigrams see the last two tokens,<br>and nothing before them",
    NeuralPredictor: "an RNN does not look back:<br>all it knows is in its state",
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


def scene(who: NeuralPredictor | NGramPredictor, text: str, temperature: float) -> Scene:
    """Ask a model what comes after a text."""
    ids = who.read(text)
    p = sharpen(who.next(ids), temperature)
    best = np.argsort(-p, kind="stable")[:BARS]
    some = p[p > 0]
    size = len(who.tokenizer.decode(ids[1:]).encode())
    return Scene(
        names=[token_text(int(i), who.tokenizer) for i in best],
        p=p[best].tolist(),
        entropy=float(-(some * np.log2(some)).sum()),
        bits=bits_per_byte(who.cost(ids), size) if size else float("nan"),
        words=["‹begin›"] + [token_text(i, who.tokenizer) for i in ids[1:]],
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
    made.add_annotation(text=now.blind, font={"size": 18, "color": "#595959"}, **middle)
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
        "colorscale": [[0, "#F5F5F5"], [0.3, "#9CC7E2"], [1, "#003A5C"]],
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


class NextToken(Working):
    """The widget: type, choose who predicts, drag the temperature, let it write on."""

    def __init__(self, writers: dict[str, Source | NGram], tokenizer: Tokenizer, text: str) -> None:
        """writers: name -> a source with a language head, or counts; tokens: those of counts."""
        import ipywidgets as w

        self.voices = {name: predictor(writer, tokenizer) for name, writer in writers.items()}
        self.written: dict[str, str] = {}
        self.seed = 0
        self.job = Job(self._work, self._say, "Write on", icon="pencil")
        self.model = w.ToggleButtons(options=list(writers), style={"button_width": "150px"})
        self.text = w.Text(
            value=text,
            description="Your text:",
            style={"description_width": "initial"},
            layout={"width": "96%"},
        )
        self.temperature = w.FloatSlider(
            value=1.0,
            min=0.0,
            max=2.0,
            step=0.1,
            description="temperature τ",
            readout_format=".1f",
            style={"description_width": "110px"},
            layout={"width": "480px"},
        )
        self.status, self.pages = w.HTML(), w.HTML()
        self.figure = live(figure(self._scene()))
        fill(self.figure)
        for control in (self.model, self.text, self.temperature):
            control.observe(lambda _: self._draw(), "value")
        self._draw()
        last = w.HBox([self.temperature, self.job.button, self.job.stop_button])
        rows = [self.model, self.text, last, self.status, self.figure, self.pages]
        self.view = w.VBox(rows)

    def write(self) -> "NextToken":
        """Let the chosen model write on; a second click while it writes does nothing."""
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        name, who = self.model.value, self.voices[self.model.value]
        text, ids, self.seed = self.text.value, [], self.seed + 1
        self.written.pop(name, None)  # so that the newest stands last
        for piece in who.write(who.read(text), self.temperature.value, self.seed):
            if stopping():
                break
            ids.append(piece)
            self.written[name] = pages(text.rstrip(" "), who.tokenizer.decode(ids))
            self._page()
            time.sleep(0.02)  # so that one can read along

    def _scene(self) -> Scene:
        return scene(self.voices[self.model.value], self.text.value, self.temperature.value)

    def _draw(self) -> None:
        now = self._scene()
        with self.figure.batch_update():
            redraw(self.figure, traces(now), titles(now))
            self.figure.data[1].z = heads(now)
            self.figure.update_layout(axes(now))
        self._say(verdict(now, self.temperature.value))

    def _page(self) -> None:
        rows = "".join(
            f'<div style="margin:.4em 0"><b style="color:{COLOUR}">{escape(name)}</b><br>{page}'
            "</div>"
            for name, page in self.written.items()
        )
        self.pages.value = (
            f'<div style="font:17px/1.45 {FONT};color:#1A1A1A;max-width:62em">{rows}</div>'
        )

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)


def pages(text: str, written: str) -> str:
    """What was typed, grey, and what was written after it, as HTML."""
    written = escape(written).replace("\n", " ↵ ")
    return f'<span style="color:#6B6B6B">{escape(text)}</span>{written}'
