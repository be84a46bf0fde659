"""Language models learn side by side: their surprise at held-out text, against counting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from torch import nn

from kit.html import FONT
from kit.metrics import bits_per_byte, perplexity
from kit.models import Model
from kit.models.generate import generate
from kit.objectives import next_token
from kit.sources import Source
from kit.tokenizer import Tokenizer
from kit.train import Recipe, Run, total_loss, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import dress, live, redraw

__all__ = ["COLOUR", "HeldOut", "Pretraining", "Scene", "figure", "recipe", "table", "traces"]

COLOUR = {"RNN": "#882255", "Transformer": "#0072B2", "unigrams": "#8C8C8C", "trigrams": "#595959"}
DASH = {"RNN": "dash", "Transformer": "solid", "unigrams": "dot", "trigrams": "dashdot"}
OTHER = ("#009E73", "longdash")
"""Colour and dash of whatever else is named."""

RANGE = [1.35, 2.75]
"""Of bits per byte in the figure."""
PERPLEXITIES = (100, 200, 500, 1000, 2000)
RATES = {"RNN": 1e-2, "Transformer": 5e-3}
BATCH = 16
"""Windows in an update."""
PROMPT = "The government"


class HeldOut:
    """Text that no model has learnt from, as windows, and how surprised each is by it."""

    def __init__(self, windows: Sequence, tokenizer: Tokenizer) -> None:
        """windows (N, T + 1): T tokens to read, and T to predict."""
        self.examples = next_token(windows)
        self.bytes = sum(len(tokenizer.decode(row[1:]).encode()) for row in windows)
        self.tokens = len(windows) * (len(windows[0]) - 1)

    def bits(self, model: nn.Module) -> float:
        """Bits per byte of the text after its first token in each window."""
        return bits_per_byte(total_loss(model, self.examples)[0], self.bytes)


@dataclass
class Scene:
    """All that the figure shows, as plain data."""

    levels: dict[str, float]
    """What needs no training: name -> bits per byte."""
    size: float
    """Bytes of a token of the held-out text, on average: it turns bits into perplexity."""
    seconds: float
    """Budget of each model."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Name -> its run so far; the score of an evaluation is minus the bits per byte."""
    texts: dict[str, str] = field(default_factory=dict)
    """Name -> what it writes at the moment."""

    def perplexity(self, bits: float) -> float:
        """Of a token, from bits per byte."""
        return perplexity(bits * np.log(2) * self.size, 1)


def look(name: str) -> dict:
    """The line of a model or of a level."""
    colour, dash = COLOUR.get(name, OTHER[0]), DASH.get(name, OTHER[1])
    return {"color": colour, "dash": dash, "width": 4 if name in RATES else 2.5}


def figure(scene: Scene):
    """Bits per byte of held-out text against seconds; perplexity on the right axis."""
    import plotly.graph_objects as go

    ticks = {
        "tickvals": [np.log2(p) / scene.size for p in PERPLEXITIES],
        "ticktext": [f"{p:,}" for p in PERPLEXITIES],
    }
    layout = {
        "xaxis": {"title": "seconds of training", "range": [0, scene.seconds]},
        "yaxis": {"title": "bits per byte: lower is better", "range": RANGE, "tickformat": ".1f"},
        "yaxis2": {"overlaying": "y", "side": "right", "range": RANGE, "title": "perplexity"}
        | {"showgrid": False, **ticks},
    }
    shown = dress(go.Figure(traces(scene), layout | {"dragmode": False}), height=430)
    return shown.update_layout(margin={"r": 80, "t": 24})


def traces(scene: Scene) -> list[dict]:
    """A curve for each model, a level line for each that counts; always in the same order."""
    lines = []
    for name in RATES:
        found = scene.runs.get(name, Run()).evaluations
        curve = {"x": [e["seconds"] for e in found], "y": [-e["score"] for e in found]}
        curve |= {"mode": "lines+markers", "marker": {"size": 9}, "line": look(name)}
        hover = {"hovertemplate": name + ", %{x:.0f} s: %{y:.2f} bits per byte<extra></extra>"}
        lines.append({**curve, **hover, "name": name})
    for name, bits in scene.levels.items():
        level = {"x": [0, 1000], "y": [bits, bits], "mode": "lines", "line": look(name)}
        hover = {"hovertemplate": f"{name}: {bits:.2f} bits per byte<extra></extra>"}
        lines.append({**level, **hover, "name": f"{name}: {bits:.2f}", "yaxis": "y2"})
    return lines


def table(scene: Scene) -> str:
    """The same as numbers, as HTML: three ways to say the loss, the speed, and a sample."""
    heads = ("", "bits/byte", "perplexity", "nats/token", "tokens read", "writes now")
    rows = "".join(
        f'<tr><td style="font-weight:600;color:{look(name)["color"]}">{name}</td>'
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
        f'<table style="font:16px {FONT};color:#1A1A1A;width:100%;border-spacing:.6em .2em">'
        f'<tr style="color:#595959">{titles}</tr>{rows}</table>'
    )


def values(scene: Scene, run: Run) -> list[str]:
    """Bits per byte, perplexity, nats, tokens read so far."""
    if not run.evaluations:
        return ["–"] * 4
    bits = -run.evaluations[-1]["score"]
    read = run.updates * run.settings.get("tokens in an update", 0)
    nats = np.log(scene.perplexity(bits))
    return [f"<b>{bits:.2f}</b>", f"{scene.perplexity(bits):,.0f}", f"{nats:.2f}", f"{read:,}"]


def _sample(scene: Scene, name: str) -> str:
    return f"{escape(PROMPT)}<b>{escape(scene.texts.get(name, ' …'))}</b>"


def recipe(name: str, seconds: float, seed: int = 0) -> Recipe:
    """How a writer is trained: chosen on held-out news of the validation split."""
    return Recipe(
        seconds=seconds,
        rate=RATES[name],
        batch_size=BATCH,
        evaluations=8,
        keep_best=False,
        seed=seed,
    )


class Pretraining(Race):
    """The widget: how many seconds, Train, Stop; both learn the next token, an update in turn."""

    END, NAMES = "texts", {name: name for name in RATES}

    def __init__(
        self,
        makers: dict[str, Callable[[], Model]],
        windows: Sequence,
        held_out: Sequence,
        tokenizer: Tokenizer,
        levels: dict[str, float],
        *,
        seconds: int = 10,
    ) -> None:
        """makers: "RNN" and "Transformer" -> a function that makes a fresh model. windows (N,
        T + 1): to learn from; held_out: to be judged by. levels: name -> bits per byte of what
        needs no training."""
        import ipywidgets as w

        self.makers, self.tokenizer, self.held_out = makers, tokenizer, HeldOut(held_out, tokenizer)
        self.windows, self.examples, self.levels = windows, next_token(windows), levels
        self.seconds = w.Dropdown(
            options=[(f"{s} s each", s) for s in sorted({seconds, 10, 30, 60, 300})],
            value=seconds,
            layout={"width": "120px"},
        )
        super().__init__(
            "Press “Train both”: each starts where counting single tokens ends.",
            locks=(self.seconds,),
        )
        self.table = w.HTML(table(self.scene))
        self.figure = live(figure(self.scene))
        self.seconds.observe(lambda _: self._offer(), "value")
        self.view = w.VBox([self.controls, self.status, self.figure, self.table])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"next token, {len(self.windows)} windows, {self.seconds.value} s"

    def bits(self) -> dict[str, float]:
        """Bits per byte on the held-out text, of each model as it is."""
        return {name: self.held_out.bits(model) for name, model in self.models.items()}

    def source(self, name: str) -> Source:
        """What was just trained, as a source."""
        model = self.models[name]
        return Source(f"{name}, just trained", model.body, self.tokenizer, model.head)

    def _scene(self) -> Scene:
        return Scene(self.levels, self.held_out.bytes / self.held_out.tokens, self.seconds.value)

    def _begin(self) -> dict:
        self.models |= {name: make() for name, make in self.makers.items()}
        return {name: self._loop(name) for name in self.models}

    def _loop(self, name: str):
        run, score = Run(name=name), self._score(name)
        self.scene.runs[name] = run
        self._at(name)
        how = recipe(name, self.seconds.value)
        return training_steps(self.models[name], self.examples, how, run=run, score=score)

    def _at(self, name: str) -> None:
        """The model as it is, at the beginning and at the end: its score, as `training_steps` has it."""
        run, score = self.scene.runs[name], self._score(name)(self.models[name].eval())
        row = {"step": len(run.steps), "seconds": run.seconds, "score": score}
        run.evaluations = [e for e in run.evaluations if e["step"] < row["step"]] + [row]

    def _score(self, name: str) -> Callable[[nn.Module], float]:
        prompt = [self.tokenizer.eos, *self.tokenizer.encode(PROMPT, special=False)]

        def score(model: nn.Module) -> float:
            [ids] = generate(model, [prompt], 12, temperature=0.7, seed=0)
            self.scene.texts[name] = self.tokenizer.decode(ids)
            return -self.held_out.bits(model)

        return score

    def _judge(self) -> None:
        for name, model in self.models.items():
            self._at(name)
            model.cpu()

    def _draw(self) -> None:
        for run in self.scene.runs.values():
            run.settings["tokens in an update"] = BATCH * (len(self.windows[0]) - 1)
        with self.figure.batch_update():
            self.figure.layout.xaxis.range = [0, self.scene.seconds]
            redraw(self.figure, traces(self.scene))
        self.table.value = table(self.scene)

    def _verdict(self) -> str:
        said = (
            f"{n}: {r.updates} updates in {r.seconds:.0f} s" for n, r in self.scene.runs.items()
        )
        return "Done. " + " · ".join(said)
