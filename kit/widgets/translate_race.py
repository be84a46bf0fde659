"""Two children on the same few pairs, one of them with the parent: watch both learn, then score."""

import time
from dataclasses import dataclass, field

from kit.record import Run, interval
from kit.tasks import translation
from kit.tasks.translation_memory import Memory
from kit.train import training
from kit.widgets.job import Job
from kit.widgets.loss_curves import fill
from kit.widgets.side_by_side import smooth
from kit.widgets.style import COLOUR, DASH, dress, error_bars, live, note, redraw

__all__ = ["Race", "Scene", "figure", "traces"]

RIVALS = {"from_scratch": "from scratch", "full": "with the parent"}
NAMES = RIVALS | {"memory": "translation memory"}
PAINT = COLOUR | {"memory": "#595959"}


@dataclass
class Scene:
    """All that the figure shows, as plain data."""

    recorded: dict[str, tuple[float, float]]
    """Name -> (mean BLEU, half of its 95 % interval) of the recorded children of this budget."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Strategy -> its run so far."""
    bleu: dict[str, float] = field(default_factory=dict)
    """Name -> BLEU of what was made just now."""


def recorded(results: dict, language: str, pairs: int) -> dict[str, tuple[float, float]]:
    """Name -> (mean BLEU, half of its interval) in kit/recorded/translation.json."""
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
    """The figure's traces, always the same ones in the same order."""
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
        "marker": {"symbol": "diamond-open", "size": 12, "color": "#1A1A1A", "line": {"width": 2}},
        "name": "recorded: mean, 95 % interval over seeds",
    }
    return [*lines, bars | there, diamonds | there]


class Race:
    """The widget: train both children on the same pairs, one update each in turn."""

    def __init__(self, source, results: dict, language: str = "it", *, pairs: int = 300) -> None:
        """source: a parent. results: `recorded("translation")`. Trained live is a seed that is
        not among the recorded ones, scored on the first 150 of the same test messages."""
        import ipywidgets as w

        self.source, self.language, self.pairs = source, language, pairs
        self.seed = 1 + max((row["seed"] for row in results["rows"]), default=-1)
        self.scene, self.models = Scene(recorded(results, language, pairs)), {}
        self.job = Job(failed=lambda message: self._say(message, "error"))
        self.button = w.Button(description="Train both", icon="play", button_style="primary")
        self.stop_button = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": "260px"})
        self.status = w.HTML(note(f"{pairs} pairs of {translation.LANGUAGES[language]}."))
        self.figure = live(figure(self.scene))
        fill(self.figure)
        self.button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self.job.stop())
        controls = w.HBox([self.button, self.stop_button, self.bar])
        self.view = w.VBox([controls, self.status, self.figure])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.view)

    def train(self) -> "Race":
        """Train both anew; a second click changes nothing."""
        if self.job.start(self._work):
            self.button.disabled, self.stop_button.disabled = True, False
        return self

    def wait(self) -> "Race":
        """Block until it has ended."""
        self.job.wait()
        return self

    def _work(self, stopping) -> None:
        try:
            self._run(stopping)
        finally:
            self.button.disabled, self.stop_button.disabled = False, True

    def _run(self, stopping) -> None:
        data = translation.load(self.language)
        rows = translation.sample(data["train"], self.pairs, self.seed)
        self.scene = Scene(self.scene.recorded)
        loops, drawn = {name: self._loop(name, rows) for name in RIVALS}, 0.0
        while loops and not stopping():
            for name in list(loops):
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self._draw()
        for loop in loops.values():
            loop.close()
        self._score(rows, translation.sample(data["test"], 150, 0), early=bool(loops))

    def _loop(self, name: str, rows):
        made = translation.child(self.source, name, seed=self.seed)
        self.models[name], self.scene.runs[name] = made.model, Run(name=name)
        examples = translation.encode(rows, self.source.tokens)
        recipe = translation.recipe(len(rows), seed=self.seed)  # as many updates for both
        return training(made.model, examples, recipe, run=self.scene.runs[name], groups=made.groups)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene))
        self.bar.value = min(run.spent for run in self.scene.runs.values())
        said = (f"{RIVALS[n]}: {len(r.steps)} updates" for n, r in self.scene.runs.items())
        self._say("Training, one update each in turn. " + " · ".join(said))

    def _score(self, rows, test, early: bool) -> None:
        self._say("Now both translate test messages, whose English no one has seen …")
        texts, tokens = test["english"][:], self.source.tokens
        answers = {"memory": Memory(rows).translate(texts)}
        for name, model in self.models.items():
            answers[name] = translation.predict(model, tokens, texts, self.language)
        self.scene.bleu = {n: translation.score(a, test)["bleu"] for n, a in answers.items()}
        self._draw()
        self.bar.value = 1.0
        gain = self.scene.bleu["full"] - self.scene.bleu["from_scratch"]
        self._say(
            f"{'Stopped early. ' if early else ''}One seed, {len(test)} messages: the parent was "
            f"worth {gain:+.1f} BLEU. Press again: other pairs, another seed."
        )
        self.seed += 1

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
