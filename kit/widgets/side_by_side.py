"""Two models on the same labels, one of them with a source: watch both learn, then ask both."""

import time
from dataclasses import dataclass, field
from html import escape

from kit.errors import KitError
from kit.migrate import migrate
from kit.record import Run
from kit.tasks import sentiment
from kit.train import training
from kit.widgets.job import Job
from kit.widgets.style import COLOUR, DASH, FONT, NAME, dress, error_bars, live, note, redraw

__all__ = ["Scene", "SideBySide", "figure", "opinions", "titles", "traces"]

RIVALS = ("full", "from_scratch")
FLOOR = 40
"""Where the axes of accuracy begin, in percent."""

BARS = ("majority", "tfidf", "from_scratch", "full")
SHORT = {  # every second one a line lower, so that they do not touch
    "majority": "majority",
    "tfidf": "<br>TF-IDF",
    "from_scratch": "scratch",
    "full": "<br>source",
}


@dataclass
class Scene:
    """All that the figure shows, as plain data."""

    labels: int
    """How many labelled sentences both learn from."""
    recorded: dict[str, tuple[float, float]]
    """Name -> (mean, half-width of its 95 % interval) of the recorded runs at this budget."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    tested: dict[str, float] = field(default_factory=dict)
    """Name -> accuracy on the test set, for what was trained just now."""


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
    """What stands above the panels."""
    return [
        f"<b>Loss</b> on the<br>{scene.labels:,} labels",
        "<b>Accuracy</b> on<br>unseen sentences",
        f"<b>In the end</b>: on the<br>test set, {scene.labels:,} labels",
    ]


def traces(scene: Scene) -> list[dict]:
    """The figure's traces, always the same ones in the same order, so that it can be redrawn."""
    end = max([10.0, *(run.seconds for run in scene.runs.values())])
    lines = []
    for name in RIVALS:
        run = scene.runs.get(name, Run())
        begun = bool(run.steps)
        x, y = smooth(run.steps)
        curve = {"x": x, "y": y, "mode": "lines", "name": NAME[name], "legendgroup": name}
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 4}
        lines.append({"line": pen, **curve})
        curve |= {"x": [0.0] * begun + [e["seconds"] for e in run.evaluations]}
        curve |= {"y": [50.0] * begun + [100 * e["score"] for e in run.evaluations]}
        curve |= {"mode": "lines+markers", "marker": {"size": 9}, "showlegend": False}
        lines.append({"line": pen, **curve, "xaxis": "x2", "yaxis": "y2"})
    for name in ("tfidf", "majority"):
        known = scene.recorded.get(name, (float("nan"), 0.0))[0]  # no words counted in no labels
        height = 100 * scene.tested.get(name, known)
        pen = {"color": COLOUR[name], "dash": DASH[name], "width": 2.5}
        level = {"x": [0, end], "y": [height, height], "mode": "lines", "name": NAME[name]}
        lines.append({"line": pen, **level, "xaxis": "x2", "yaxis": "y2"})
    return lines + bars(scene)


def bars(scene: Scene) -> list[dict]:
    """The third panel: what was reached just now, and beside it what was recorded."""
    x = [SHORT[name] for name in BARS]
    y = [100 * scene.tested[name] - FLOOR if name in scene.tested else None for name in BARS]
    recorded = [scene.recorded.get(name, (float("nan"), float("nan"))) for name in BARS]
    mean = [100 * mean for mean, _ in recorded]
    half = error_bars([half for _, half in recorded])
    now = {
        "type": "bar",
        "base": FLOOR,  # so that the number stands on the axis, clear of the diamond
        "text": ["" if v is None else f"<b>{v + FLOOR:.0f}</b>" for v in y],
        "hovertemplate": "%{text} %<extra></extra>",
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"size": 20, "color": "white"},
        "marker": {"color": [COLOUR[name] for name in BARS]},
        "showlegend": False,
    }
    mark = {"symbol": "diamond-open", "size": 12, "color": "#1A1A1A", "line": {"width": 2}}
    then = {
        "mode": "markers",
        "error_y": {"array": half, "thickness": 2},
        "marker": mark,
        "name": "recorded: mean and 95 % interval over seeds",
    }
    third = {"x": x, "xaxis": "x3", "yaxis": "y3"}
    return [{**now, **third, "y": y}, {**then, **third, "y": mean}]


def smooth(steps: list[dict], points: int = 40) -> tuple[list, list]:
    """The loss as at most `points` means of neighbouring updates: (update, loss)."""
    stride = max(1, -(-len(steps) // points))
    chunks = [steps[i : i + stride] for i in range(0, len(steps), stride)]
    return [c[-1]["step"] for c in chunks], [sum(s["loss"] for s in c) / len(c) for c in chunks]


def opinions(text: str, found: dict[str, float]) -> str:
    """Both models' P(positive) for a sentence, as HTML bars from negative to positive."""
    rows = "".join(
        f'<div style="display:flex;align-items:center;gap:.8em;margin:.35em 0">'
        f'<div style="width:8em;font-weight:600;color:{COLOUR[name]}">{NAME[name]}</div>'
        f'<div style="flex:1;height:1.5em;background:#E9E9E9;border-radius:.3em;position:relative">'
        f'<div style="position:absolute;inset:0 {100 - 100 * p:.1f}% 0 0;background:{COLOUR[name]};'
        f'border-radius:.3em"></div><div style="position:absolute;left:50%;top:-.2em;bottom:-.2em;'
        f'border-left:2px solid #1A1A1A"></div></div>'
        f'<div style="width:9em"><b>{100 * p:.0f} %</b> positive</div></div>'
        for name, p in found.items()
    )
    return (
        f'<div style="font:17px {FONT};color:#1A1A1A;background:white;padding:.6em 1em;'
        f'border-radius:.4em;max-width:60em">“{escape(text[:200])}”{rows}</div>'
    )


class SideBySide:
    """The widget: choose how many labels, train both, then type a sentence of your own."""

    def __init__(self, source, data, recorded: dict[int, dict], *, labels: int = 400) -> None:
        """source: a Source. data: `sentiment.load()`. recorded: `sentiment.recorded()`."""
        import ipywidgets as w

        self.source, self.data, self.recorded = source, data, recorded
        self.models, self.seed = {}, 0
        self.scene = Scene(labels, recorded[labels])
        self.job = Job(failed=lambda message: self._say(message, "error"))
        wide = {"description_width": "initial"}
        self.slider = w.SelectionSlider(
            options=[(f"{n:,}", n) for n in recorded],
            value=labels,
            description="labels",
            style=wide,
            layout={"width": "420px"},
        )
        self.train_button = w.Button(description="Train both", icon="play", button_style="primary")
        self.stop_button = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": "220px"})
        self.status = w.HTML(note("Choose how many labels, then press “Train both”."))
        self.text = w.Text(
            value="I laughed, I cried, and I would gladly see it again.",
            description="Your own sentence:",
            style=wide,
            layout={"width": "820px"},
        )
        self.answer = w.HTML(note("Train both first: then they answer as you type."))
        self.figure = live(figure(self.scene))
        self.slider.observe(self._choose, "value")
        self.text.observe(lambda _: self._ask(), "value")
        self.train_button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self.job.stop())
        controls = w.HBox([self.slider, self.train_button, self.stop_button, self.bar])
        self.view = w.VBox([controls, self.status, self.figure, self.text, self.answer])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.view)

    def train(self) -> "SideBySide":
        """Train both from the start on the labels chosen; a second click changes nothing."""
        if self.job.start(self._work):
            self.train_button.disabled = self.slider.disabled = True
            self.stop_button.disabled = False
        return self

    def wait(self) -> "SideBySide":
        """Block until training has ended, as “run all cells” needs it."""
        self.job.wait()
        return self

    def _choose(self, change) -> None:
        self.scene = Scene(change["new"], self.recorded[change["new"]])
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _work(self, stopping) -> None:
        try:
            self._race(stopping)
        finally:
            self.train_button.disabled = self.slider.disabled = False
            self.stop_button.disabled = True

    def _race(self, stopping) -> None:
        labels = self.scene.labels
        rows = sentiment.sample(self.data["train"], labels, self.seed) if labels else []
        self.scene = Scene(labels, self.recorded[labels])
        self.scene.tested |= sentiment.baselines(rows, self.data["test"])
        targets = {name: self._target(name) for name in RIVALS}
        loops = {name: self._loop(name, made, rows) for name, made in targets.items() if labels}
        drawn = 0.0
        while loops and not stopping():
            for name in list(loops):
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self._show_progress()
        for loop in loops.values():
            loop.close()
        self._finish(bool(loops))

    def _target(self, name: str):
        target = migrate(self.source, sentiment.head, name, seed=self.seed)
        if name == "full":
            texts = sentiment.unlabelled(self.data["train"])
            sentiment.from_words(target.model, self.source.tokens, texts)
        self.models[name] = target.model
        return target

    def _loop(self, name: str, target, rows):
        self.scene.runs[name] = Run(name=name)
        return training(
            target.model,
            sentiment.encode(rows, self.source.tokens),
            sentiment.recipe(len(rows), name, seed=self.seed),
            run=self.scene.runs[name],
            groups=target.groups,
            penalty=target.penalty,
            score=sentiment.scorer(self.data["validation"], self.source.tokens, limit=150),
        )

    def _show_progress(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))
        self.bar.value = min(run.spent for run in self.scene.runs.values())
        said = [
            f"{NAME[name]}: {len(run.steps)} updates in {run.seconds:.0f} s"
            for name, run in self.scene.runs.items()
        ]
        self._say("Training, one update each in turn. " + " · ".join(said))

    def _finish(self, stopped: bool) -> None:
        self._say("Now both answer the test sentences, which neither has seen …")
        for name in RIVALS:
            test = sentiment.scorer(self.data["test"], self.source.tokens)
            self.scene.tested[name] = test(self.models[name])
        self.seed += 1
        redraw(self.figure, traces(self.scene), titles(self.scene))
        self.bar.value = 1.0
        gain = 100 * (self.scene.tested["full"] - self.scene.tested["from_scratch"])
        labels = (
            f"with the same {self.scene.labels:,} labels. Press again: other labels, another seed."
        )
        none = "before either was trained at all: it knows what words mean."
        self._say(
            f"{'Stopped early. ' if stopped else ''}On {len(self.data['test']):,} test sentences "
            f"the source was worth {gain:+.0f} points {labels if self.scene.labels else none}"
        )
        self._ask()

    def _ask(self) -> None:
        if not self.models or (self.job.running and not self.scene.tested.get("full")):
            return
        try:
            text = self.text.value
            found = {n: sentiment.opinion(self.models[n], self.source.tokens, text) for n in RIVALS}
            self.answer.value = opinions(text, found)
        except KitError as error:
            self.answer.value = note(str(error), "error")

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
