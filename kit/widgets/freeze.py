"""What to train and what to freeze: click on layers, train, and compare."""

import statistics
from itertools import pairwise

from torch import nn

from kit.migrate import Migration, migrate
from kit.record import Run, by_budget
from kit.tasks import sentiment
from kit.train import training
from kit.widgets.freeze_picture import WORDS, Choice, figure, traces
from kit.widgets.job import Job
from kit.widgets.loss_curves import fill
from kit.widgets.style import live, note, redraw
from kit.widgets.tensors import layer

__all__ = ["Freeze", "chosen", "sizes"]

RECORDED = {
    (): "frozen",
    (WORDS,): "embeddings",
    (0, 1, 2): "blocks 0-2",
    (3, 4, 5): "blocks 3-5",
    (WORDS, 0, 1, 2, 3, 4, 5): "full",
}
"""What was trained -> its name in kit/recorded/freeze.json."""


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


class Freeze:
    """The widget: a stack of layers to click on, and a button that trains what is not frozen."""

    def __init__(self, source, data, recorded: dict, *, labels: int = 100) -> None:
        """source: a Source. data: `sentiment.load()`. recorded: `recorded("freeze")`; its
        diamonds, and the controls of `sentiment.recorded()`, were made with MiniLM. Trained
        live are the labels of a seed that is not among them, the same for every choice."""
        self.source, self.data, self.labels = source, data, labels
        self.sizes, self.done = sizes(source.body), []
        self.head = sum(p.numel() for p in sentiment.head(source.body.width).parameters())
        self.controls = sentiment.recorded()[labels]
        self.seed = 1 + max(row["seed"] for row in recorded["rows"])
        self.recorded = by_budget(recorded["rows"]).get(labels, {})
        self.job = Job(failed=lambda message: self._say(message, "error"))
        self._controls()
        self.figure = live(figure([], self.controls, {}, len(self.sizes) - 1))
        fill(self.figure)
        self._count()

    def _controls(self) -> None:
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
        self.button = w.Button(description="Train", icon="play", button_style="success")
        self.stop_button = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": "200px"})
        self.count, self.status = w.HTML(), w.HTML()
        for toggle in self.toggles.values():
            toggle.observe(lambda _: self._count(), "value")
        self.all_button.on_click(lambda _: self.choose(*self.sizes))
        self.none_button.on_click(lambda _: self.choose())
        self.button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self.job.stop())

    def _ipython_display_(self) -> None:
        import ipywidgets as w
        from IPython.display import display

        short = w.HBox([self.all_button, self.none_button])
        stack = w.VBox([short, self.top, *self.toggles.values()], layout={"width": "264px"})
        controls = w.HBox([self.button, self.stop_button, self.bar])
        said = [self.count, controls, self.status]
        side = w.VBox([*said, self.figure], layout={"flex": "1 1 0"})
        display(w.HBox([stack, side]))

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

    def train(self) -> "Freeze":
        """Train what is chosen, from the source's values; a second click changes nothing."""
        if self.job.start(self._work):
            self.button.disabled, self.stop_button.disabled = True, False
        return self

    def wait(self) -> "Freeze":
        """Block until training has ended."""
        self.job.wait()
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
            self._say(f"Click on layers to freeze them, then train on {self.labels} labels.")

    def _work(self, stopping) -> None:
        try:
            self._fine_tune(self.parts, stopping)
        finally:
            self.button.disabled, self.stop_button.disabled = False, True

    def _fine_tune(self, parts: tuple[int | str, ...], stopping) -> None:
        target = chosen(self.source, sentiment.head, parts, self.seed)
        rows = sentiment.sample(self.data["train"], self.labels, self.seed)
        examples = sentiment.encode(rows, self.source.tokens)
        recipe, run = sentiment.recipe(self.labels, seed=self.seed), Run()
        for _ in training(target.model, examples, recipe, run=run, groups=target.groups):
            if stopping():
                self._say("Stopped: this choice is not in the figure.")
                return
            self.bar.value = run.spent
            self._say(f"Update {len(run.steps)}: loss {run.steps[-1]['loss']:.2f}")
        self._say(f"Asking it about {len(self.data['test']):,} test sentences …")
        score = sentiment.scorer(self.data["test"], self.source.tokens)(target.model)
        pace = pace_of(run)
        self.done.append(Choice(parts, target.totals["trained"], pace, score))
        self._show()
        self._say(f"{score:.1%} right on the test, {pace:.3f} s an update. Choose again.")

    def _show(self) -> None:
        found = {i: self.recorded.get(RECORDED.get(c.parts)) for i, c in enumerate(self.done)}
        redraw(self.figure, traces(self.done, self.controls, found, len(self.sizes) - 1))

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)


def pace_of(run: Run) -> float:
    """Seconds an update, the median: the first ones are slower."""
    ends = [0.0, *(step["seconds"] for step in run.steps)]
    return statistics.median(b - a for a, b in pairwise(ends))
