"""Two children on the same few pairs, one of them with the parent: watch both learn, then score."""

from dataclasses import dataclass, field, replace

from kit.metrics import interval
from kit.tasks import translation
from kit.tasks.translation.memory import Memory
from kit.train import Run, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import COLOUR, DASH, dress, error_bars, live, redraw
from kit.widgets.labels.side_by_side import smooth
from kit.widgets.loss.loss_curves import fill

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


class TranslationRace(Race):
    """The widget: train both children on the same pairs, one update each in turn."""

    END, NAMES = "bleu", RIVALS

    def __init__(self, source, results: dict, language: str = "it", *, pairs: int = 300) -> None:
        """source: a parent. results: `recorded("translation")`. Trained live is a seed that is
        not among the recorded ones, with a third of their updates, scored on the first 150 of the
        same test messages."""
        import ipywidgets as w

        self.source, self.language, self.pairs = source, language, pairs
        self.seed = 1 + max((row["seed"] for row in results["rows"]), default=-1)
        self.recorded = recorded(results, language, pairs)
        data = translation.load(language)
        self.train_rows, self.test = data["train"], translation.sample(data["test"], 150, 0)
        super().__init__(f"{pairs} pairs of {translation.LANGUAGES[language]}.")
        self.figure = live(figure(self.scene))
        fill(self.figure)
        self.view = w.VBox([self.controls, self.status, self.figure])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"{translation.LANGUAGES[self.language]}, {self.source.name}, {self.pairs} pairs"

    def _scene(self) -> Scene:
        return Scene(self.recorded)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene))

    def _begin(self) -> dict:
        self.rows = translation.sample(self.train_rows, self.pairs, self.seed)
        return {name: self._loop(name) for name in RIVALS}

    def _loop(self, name: str):
        made = translation.target(self.source, name, seed=self.seed)
        self.models[name], self.scene.runs[name] = made.model, Run(name=name)
        examples = translation.encode(self.rows, self.source.tokenizer)
        whole = translation.recipe(self.pairs, seed=self.seed)  # the same for both
        recipe = replace(whole, steps=whole.steps // 3)  # what a lecture has time for
        return training_steps(
            made.model, examples, recipe, run=self.scene.runs[name], groups=made.groups
        )

    def _judge(self) -> None:
        self._say("Now both translate test messages, whose English no one has seen …")
        texts, tokenizer = self.test["english"][:], self.source.tokenizer
        answers = {"memory": Memory(self.rows).translate(texts)}
        for name, model in self.models.items():
            answers[name] = translation.predict(model, tokenizer, texts, self.language)
        self.scene.bleu = {n: translation.score(a, self.test)["bleu"] for n, a in answers.items()}
        self.seed += 1

    def _verdict(self) -> str:
        gain = self.scene.bleu["full"] - self.scene.bleu["from_scratch"]
        return (
            f"One seed, {len(self.test)} messages, a third of the recorded updates: the parent was "
            f"worth {gain:+.1f} BLEU. Press again: other pairs, another seed."
        )
