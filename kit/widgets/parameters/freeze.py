"""Choose the layers to train and to freeze, train them, and compare the choices."""

import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from kit.experiment import prepare
from kit.html import note
from kit.migrate import Migration, migrate
from kit.models.layers import layer_sizes
from kit.results import by_budget, see_it_work
from kit.tasks import sentiment
from kit.train import Run
from kit.widgets.base.race import Race
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.parameters.freeze_figure import WORDS, Choice, figure, traces

__all__ = ["Freeze", "chosen"]

RECORDED = {
    (): "frozen",
    (WORDS,): "embeddings",
    (0, 1, 2): "blocks 0-2",
    (3, 4, 5): "blocks 3-5",
    (WORDS, 0, 1, 2, 3, 4, 5): "full",
}
"""The parts that are trained -> their name in kit/results/data/freeze.json."""


def chosen(source, head, parts: tuple[int | str, ...], seed: int = 0) -> Migration:
    """The migration that trains these parts and the head: all parts by `full`, none by `frozen`,
    some by `unfrozen`, each strategy at its own rates.

    parts: numbers of layers, and "embeddings".
    """
    layers = [part for part in parts if part != WORDS]
    if not parts:
        return migrate(source, head, "frozen", seed=seed)
    if len(parts) == source.body.config.layers + 1:
        return migrate(source, head, "full", seed=seed)
    options = {"layers": layers, "embeddings": WORDS in parts}
    return migrate(source, head, "unfrozen", seed=seed, **options)


@dataclass
class Scene:
    """One training, as plain data."""

    parts: tuple[int | str, ...]
    """What is trained beside the head."""
    runs: dict[str, Run] = field(default_factory=dict)
    tested: dict[str, float] = field(default_factory=dict)
    """The fields of its `Choice`: trained parameters, seconds per update, accuracy."""


class Freeze(Race):
    """The widget: a stack of layers to click on, and a button that trains those not frozen."""

    TRAINING = "Training. "
    AGAIN = "Choose again."
    NAMES: ClassVar[dict[str, str]] = {"chosen": "so far"}

    def __init__(self, source, data, recorded: dict, *, labels: int = 100) -> None:
        """source: a Source. data: `sentiment.load()`. recorded: `results.load("freeze")`; its
        diamonds, and the controls of `see_it_work.summary()`, were measured with MiniLM. A live
        training has labels of a seed that was not recorded, the same for every choice."""
        self.source = source
        self.data = data
        self.labels = labels
        self.sizes = layer_sizes(source.body)
        self.done: list[Choice] = []
        self.head_size = sum(p.numel() for p in sentiment.head(source.body.width).parameters())
        self.references = see_it_work.summary()[labels]
        self.seed = 1 + max(row["seed"] for row in recorded["rows"])
        self.recorded = by_budget(recorded["rows"]).get(labels, {})
        self._stack()
        super().__init__(f"Click on layers to freeze them, then train on {labels} labels.", "Train")
        self.figure = live(figure([], self.references, {}, len(self.sizes) - 1))
        fit_page_width(self.figure)
        self._count()

    def _stack(self) -> None:
        import ipywidgets as w

        wide = {"width": "250px", "height": "34px", "margin": "2px"}
        self.toggles = {
            part: w.ToggleButton(value=True, layout=dict(wide)) for part in reversed(self.sizes)
        }
        self.top = w.Button(
            description=f"head · trained · {self.head_size:,}",
            button_style="primary",
            disabled=True,
            layout=dict(wide),
        )
        short = {"layout": {"width": "122px", "margin": "2px"}}
        self.all_button = w.Button(description="Train all", **short)
        self.none_button = w.Button(description="Freeze all", **short)
        self.count = w.HTML()
        for toggle in self.toggles.values():
            toggle.observe(lambda _: self._count(), "value")
        self.all_button.on_click(lambda _: self.choose(*self.sizes))
        self.none_button.on_click(lambda _: self.choose())

    @property
    def view(self):
        """The stack of layers, and beside it the controls and the figure."""
        import ipywidgets as w

        short = w.HBox([self.all_button, self.none_button])
        stack = w.VBox([short, self.top, *self.toggles.values()], layout={"width": "264px"})
        right = [self.count, self.controls, self.status, self.figure]
        return w.HBox([stack, w.VBox(right, layout={"flex": "1 1 0"})])

    @property
    def setting(self) -> str:
        """The name of this setting's recording."""
        parts = ", ".join(map(str, (*self.parts, "head")))
        return f"films, {self.source.name}, {self.labels} labels, trained: {parts}"

    @property
    def parts(self) -> tuple[int | str, ...]:
        """The parts to train beside the head, from below."""
        return tuple(part for part in self.sizes if self.toggles[part].value)

    @property
    def trained(self) -> int:
        """The number of parameters to train, those of the head included."""
        return self.head_size + sum(self.sizes[part] for part in self.parts)

    def choose(self, *parts: int | str) -> "Freeze":
        """Train these parts and freeze the others, as if they had been clicked on."""
        for part, toggle in self.toggles.items():
            toggle.value = part in parts
        return self

    def _count(self) -> None:
        for part, toggle in self.toggles.items():
            name = part if part == WORDS else f"block {part}"
            state = "trained" if toggle.value else "frozen"
            toggle.description = f"{name} · {state} · {self.sizes[part]:,}"
            toggle.button_style = "primary" if toggle.value else ""
        whole = self.head_size + sum(self.sizes.values())
        self.count.value = note(
            f"{self.trained:,} of {whole:,} parameters are to be trained: "
            f"{percent(self.trained / whole)} %"
        )
        if not self.job.running:
            self._announce()

    def _new_scene(self) -> Scene:
        return Scene(self.parts)

    def _start(self) -> dict:
        target = chosen(self.source, sentiment.head, self.scene.parts, self.seed)
        self.experiment = prepare(
            self.source,
            target.strategy,
            sentiment,
            sentiment.sample(self.data["train"], self.labels, self.seed),
            seed=self.seed,
            recipe=sentiment.recipe(self.labels, seed=self.seed),  # as many updates for any choice
            target=target,
        )
        self.models["chosen"] = self.experiment.model
        self.scene.runs["chosen"] = self.experiment.run
        return {"chosen": self.experiment.steps()}

    def _evaluate(self) -> None:
        self._say(f"Asking it about {len(self.data['test']):,} test sentences …")
        parameters = self.experiment.model.parameters()
        self.scene.tested = {
            "trained": sum(p.numel() for p in parameters if p.requires_grad),
            "seconds": seconds_per_update(self.experiment.run),
            "accuracy": self._score(self.experiment, self.data["test"])["accuracy"],
        }

    def _finish(self, prefix: str, replayed: bool = False) -> None:
        self.done.append(Choice(self.scene.parts, **self.scene.tested, replayed=replayed))
        super()._finish(prefix, replayed)

    def _conclusion(self) -> str:
        scores = self.scene.tested
        return f"{scores['accuracy']:.1%} right on the test, {scores['seconds']:.3f} s an update."

    def _draw(self) -> None:
        known = {i: self.recorded.get(RECORDED.get(c.parts)) for i, c in enumerate(self.done)}
        redraw(self.figure, traces(self.done, self.references, known, len(self.sizes) - 1))


def percent(share: float) -> str:
    """A share in percent, never in scientific notation: "100", "47.3", "0.0034"."""
    return f"{100 * share:.3g}" if share >= 0.1 else f"{100 * share:.2g}"


def seconds_per_update(run: Run) -> float:
    """The median seconds of an update; not the mean, because the first updates are slower."""
    ends = [0.0, *(step["seconds"] for step in run.steps)]
    return statistics.median(b - a for a, b in pairwise(ends))
