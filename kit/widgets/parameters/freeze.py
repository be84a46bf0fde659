"""What to train and what to freeze: click on layers, train, and compare."""

import statistics
from dataclasses import dataclass, field
from itertools import pairwise

from torch import nn

from kit.html import note
from kit.migrate import Migration, migrate
from kit.results import by_budget, see_it_work
from kit.tasks import sentiment
from kit.train import Run, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.parameters.freeze_figure import WORDS, Choice, figure, traces
from kit.widgets.parameters.tensors import layer

__all__ = ["Freeze", "chosen", "sizes"]

RECORDED = {
    (): "frozen",
    (WORDS,): "embeddings",
    (0, 1, 2): "blocks 0-2",
    (3, 4, 5): "blocks 3-5",
    (WORDS, 0, 1, 2, 3, 4, 5): "full",
}
"""What was trained -> its name in kit/results/data/freeze.json."""


def chosen(source, head, parts: tuple[int | str, ...], seed: int = 0) -> Migration:
    """The migration in which these parts and the head are trained: all of them by `full`, none by
    `frozen`, some by `unfrozen`, each at its own rates.

    parts: numbers of layers, and "embeddings".
    """
    layers = [part for part in parts if part != WORDS]
    if not parts:
        return migrate(source, head, "frozen", seed=seed)
    if len(parts) == source.body.config.layers + 1:
        return migrate(source, head, "full", seed=seed)
    options = {"layers": layers, "embeddings": WORDS in parts}
    return migrate(source, head, "unfrozen", seed=seed, **options)


def sizes(body: nn.Module) -> dict[int | str, int]:
    """How many parameters each part of a body has: "embeddings", then its layers from below.

    A norm above the last layer counts with that layer, as it is trained with it.
    """
    found: dict[int | str, int] = {WORDS: 0} | dict.fromkeys(range(body.config.layers), 0)
    for name, p in body.named_parameters():
        of = layer(f"body.{name}").split(".")
        part = int(of[-1]) if of[-1].isdigit() else WORDS if of[1].startswith("embed") else None
        found[body.config.layers - 1 if part is None else part] += p.numel()
    return found


@dataclass
class Scene:
    """One training, as plain data."""

    parts: tuple[int | str, ...]
    runs: dict[str, Run] = field(default_factory=dict)
    tested: dict[str, float] = field(default_factory=dict)
    """What a `Choice` is made of: parameters trained, seconds an update, accuracy."""


class Freeze(Race):
    """The widget: a stack of layers to click on, and a button that trains what is not frozen."""

    DOING, WHOLE, NAMES = "Training. ", True, {"chosen": "so far"}

    def __init__(self, source, data, recorded: dict, *, labels: int = 100) -> None:
        """source: a Source. data: `sentiment.load()`. recorded: `recorded("freeze")`; its
        diamonds, and the controls of `see_it_work.summary()`, were made with MiniLM. Trained
        live are the labels of a seed that is not among them, the same for every choice."""
        self.source, self.data, self.labels = source, data, labels
        self.sizes, self.done = sizes(source.body), []
        self.head = sum(p.numel() for p in sentiment.head(source.body.width).parameters())
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
            description=f"head · trained · {self.head:,}",
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
        """The stack, and beside it what was trained."""
        import ipywidgets as w

        short = w.HBox([self.all_button, self.none_button])
        stack = w.VBox([short, self.top, *self.toggles.values()], layout={"width": "264px"})
        said = [self.count, self.controls, self.status, self.figure]
        return w.HBox([stack, w.VBox(said, layout={"flex": "1 1 0"})])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        parts = ", ".join(map(str, (*self.parts, "head")))
        return f"films, {self.source.name}, {self.labels} labels, trained: {parts}"

    @property
    def parts(self) -> tuple[int | str, ...]:
        """What is to be trained beside the head, from below."""
        return tuple(part for part in self.sizes if self.toggles[part].value)

    @property
    def trained(self) -> int:
        """How many parameters that is, the head's among them."""
        return self.head + sum(self.sizes[part] for part in self.parts)

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
        whole = self.head + sum(self.sizes.values())
        self.count.value = note(
            f"{self.trained:,} of {whole:,} parameters are to be trained: "
            f"{100 * self.trained / whole:.2g} %"
        )
        if not self.job.running:
            self._offer()

    def _scene(self) -> Scene:
        return Scene(self.parts)

    def _begin(self) -> dict:
        target = chosen(self.source, sentiment.head, self.scene.parts, self.seed)
        self.models["chosen"], self.scene.runs["chosen"] = target.model, Run()
        rows = sentiment.sample(self.data["train"], self.labels, self.seed)
        examples = sentiment.encode(rows, self.source.tokenizer)
        recipe, run = sentiment.recipe(self.labels, seed=self.seed), self.scene.runs["chosen"]
        return {
            "chosen": training_steps(target.model, examples, recipe, run=run, groups=target.groups)
        }

    def _judge(self) -> None:
        self._say(f"Asking it about {len(self.data['test']):,} test sentences …")
        model, run = self.models["chosen"], self.scene.runs["chosen"]
        self.scene.tested = {
            "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "seconds": pace_of(run),
            "accuracy": sentiment.scorer(self.data["test"], self.source.tokenizer)(model),
        }

    def _end(self, about: str, replayed: bool = False) -> None:
        self.done.append(Choice(self.scene.parts, **self.scene.tested, replayed=replayed))
        super()._end(about, replayed)

    def _verdict(self) -> str:
        found = self.scene.tested
        return (
            f"{found['accuracy']:.1%} right on the test, {found['seconds']:.3f} s an update. "
            "Choose again."
        )

    def _draw(self) -> None:
        known = {i: self.recorded.get(RECORDED.get(c.parts)) for i, c in enumerate(self.done)}
        redraw(self.figure, traces(self.done, self.references, known, len(self.sizes) - 1))


def pace_of(run: Run) -> float:
    """Seconds an update, the median: the first ones are slower."""
    ends = [0.0, *(step["seconds"] for step in run.steps)]
    return statistics.median(b - a for a, b in pairwise(ends))
