"""All strategies side by side: score against cost; pick one, see its report, train it now."""

from kit import sources
from kit.data import corpora
from kit.errors import KitError
from kit.html import note
from kit.migrate import Migration, migrate
from kit.results import see_it_work
from kit.tasks import sentiment
from kit.tokenizer import Tokenizer
from kit.train import Run, training_steps
from kit.widgets.base.job import Job, Working
from kit.widgets.base.static import show
from kit.widgets.base.style import live, redraw
from kit.widgets.strategies.strategies_figure import (
    AXES,
    Point,
    axes,
    figure,
    labels,
    points,
    stars,
    traces,
)

__all__ = ["Strategies", "made"]

LABELS = 100
"""Labels of a live run."""
SLOW = ("domain_first",)
"""Strategies with a stage of minutes before the first label: recorded, never live."""


def made(source, strategy: str, data, seed: int = 0, **given) -> tuple[Migration, Tokenizer]:
    """The migration of the comparison, ready for `fit`, and the tokens that it reads.

    data: `sentiment.load()`; from its training texts, without their labels, the head begins.
    given: the strategy's options, in place of what is chosen here.
    Raises KitError where the strategy has no meaning for the source.
    """
    given = _options(source, strategy) | given
    tokenizer = given.get("new", source.tokenizer)
    target = migrate(source, sentiment.head, strategy, seed=seed, **given)
    sentiment.from_words(target.model, tokenizer, sentiment.unlabelled(data["train"]))
    return target, tokenizer


def films() -> list[str]:
    """The film reviews to read without their labels."""
    return corpora.pinned("train", "films")["text"][:]


def _options(source, strategy: str, texts: int = 300) -> dict:
    """What a strategy cannot guess: another vocabulary, texts to look at, a student."""
    if strategy == "move_vocabulary":
        return {"old": source.tokenizer, "new": Tokenizer.train(films(), 4096)}
    if strategy == "narrow":
        ids = source.tokenizer.encode_many(films()[:texts], 64)
        return {"examples": [{"ids": i, "y": 0} for i in ids]}
    if strategy == "distil" and source.body.config.layers == 1:  # there is no half of one layer
        half = migrate(source, sentiment.head, "narrow", **_options(source, "narrow"))
        return {"student": half.model.body}
    if strategy in SLOW:
        return {"adapt": lambda body: None}  # the report is the same; it is not trained here
    return {}


class Strategies(Working):
    """The widget: choose source, labels and what a strategy costs; click on a point; train it."""

    def __init__(self, data, recorded: dict, *, source: str = "rnn_encoder") -> None:
        """data: `sentiment.load()`. recorded: `recorded("strategies")`. source: shown first."""
        self.data, self.rows, self.done = data, recorded["rows"], []
        self.seed = 1 + max(row["seed"] for row in self.rows)  # not among the recorded
        self.controls, self.loaded, self.displayed = see_it_work.summary(), {}, False
        label = f"Train it now, {LABELS} labels"
        self.job = Job(self._work, self._say, label, width="240px", bar="160px")
        self._controls(source)
        self._build()
        self._say("Click on a point, or choose a strategy, to see what moved and what is trained.")

    def _controls(self, source: str) -> None:
        import ipywidgets as w

        there = list(dict.fromkeys(row["source"] for row in self.rows))
        wide = {"style": {"description_width": "initial"}, "layout": {"width": "240px"}}
        self.source = w.Dropdown(options=there, value=source, description="source", **wide)
        self.budget = w.Dropdown(options=self._budgets(), description="labels", **wide)
        self.axis = w.ToggleButtons(
            options=[(text, name) for name, text in AXES.items()],
            style={"button_width": "270px"},
        )
        self.strategy = w.Dropdown(options=self._strategies(), description="strategy", **wide)
        self.status, self.report = w.HTML(), w.HTML()
        self.source.observe(self._switch, "value")
        for control in (self.budget, self.axis):
            control.observe(lambda _: self._draw(), "value")
        self.strategy.observe(lambda _: self._chosen(), "value")

    def _build(self) -> None:
        """A new figure: one that is changed before it is displayed would be drawn by halves."""
        self.figure = live(figure(*self._shown()))
        if hasattr(self.figure, "_config"):
            self.figure._config = {**self.figure._config, "displayModeBar": False}
        for trace in self.figure.data[1:5]:
            trace.on_click(self._click)

    def _ipython_display_(self) -> None:
        import ipywidgets as w

        self.displayed = True
        chosen = w.HBox([self.source, self.budget])
        run = w.HBox([self.strategy, *self.job.row])
        show(w.VBox([chosen, self.axis, self.figure, run, self.status, self.report]))

    def choose(self, source: str, budget: int | None = None, axis: str = "trained") -> "Strategies":
        """Choose the source, the labels and the axis, as if by hand."""
        self.source.value, self.axis.value = source, axis
        self.budget.value = budget or self.budget.value
        return self

    def pick(self, strategy: str) -> "Strategies":
        """Choose a strategy: a ring around its point, and its migration report, made now."""
        if self.strategy.value == strategy:
            self._chosen()
        self.strategy.value = strategy
        return self

    def train(self, strategy: str | None = None) -> "Strategies":
        """Train the chosen strategy once; its star joins the figure."""
        if not self.job.running and strategy:
            self.strategy.value = strategy
        self.job.start()
        return self

    def of(self, name: str):
        """A source by its name, loaded once."""
        if name not in self.loaded:
            self.loaded = {name: sources.load(name)}  # one at a time: memory
        return self.loaded[name]

    def _budgets(self) -> list[int]:
        return sorted({row["labels"] for row in self.rows if row["source"] == self.source.value})

    def _strategies(self) -> list[str]:
        of = [row for row in self.rows if row["source"] == self.source.value]
        return list(dict.fromkeys(row["strategy"] for row in of if "accuracy" in row))

    def _switch(self, _) -> None:
        budget, strategy = self.budget.value, self.strategy.value
        self.report.value = ""  # of another source
        with self.budget.hold_trait_notifications(), self.strategy.hold_trait_notifications():
            self.budget.options, self.strategy.options = self._budgets(), self._strategies()
            self.budget.value = budget if budget in self.budget.options else self._budgets()[0]
            kept = strategy in self.strategy.options
            self.strategy.value = strategy if kept else self._strategies()[0]
        self._draw()
        if kept:  # if not, its menu has said that another is chosen
            self._chosen()

    def _shown(self) -> tuple:
        """What the figure is made of."""
        name, budget, axis = self.source.value, self.budget.value, self.axis.value
        found = points(self.rows, name, budget, axis)
        live_ones = stars(self.done, name, budget, axis)
        return found, live_ones, axis, self.controls[budget], self.strategy.value

    def _draw(self) -> None:
        if not self.displayed:
            self._build()
            return
        found, now, axis, controls, chosen = self._shown()
        keys = ("x", "y", "error_y", "customdata")
        with self.figure.batch_update():
            redraw(self.figure, traces(found, now, axis, controls, chosen), keys=keys)
            self.figure.layout.xaxis.update(axes(found + now, axis))
            self.figure.layout.annotations = labels(found, now, axis)

    def _click(self, trace, points, state) -> None:
        if points.point_inds:
            self.pick(trace.customdata[points.point_inds[0]][0])

    def _chosen(self) -> None:
        self._draw()
        if self.job.running:
            return
        name, strategy = self.source.value, self.strategy.value
        self._say(f"{name}: migrating, {strategy} …")
        try:
            source = self.of(name)
            given = _options(source, strategy, texts=30)  # for a report they are enough
            target = migrate(source, sentiment.head, strategy, **given)
        except KitError as error:
            self._say(str(error), "error")
            return
        self.report.value = target._repr_html_()
        self._say(self._told())

    def _told(self) -> str:
        """The recorded numbers of the chosen strategy in one sentence."""
        of = {axis: self._point(axis) for axis in AXES}
        p = of["trained"]
        if p is None:
            return f"{self.strategy.value}: not recorded with {self.budget.value:,} labels."
        about = f" ± {100 * p.half:.1f}" if p.seeds > 1 else ""
        return (
            f"{p.strategy}, recorded: {100 * p.score:.1f}{about} % over {p.seeds} seeds, "
            f"{p.cost:,.0f} trained, {of['seconds'].cost:.0f} s, {of['memory'].cost:.0f} MB"
        )

    def _point(self, axis: str) -> Point | None:
        found = points(self.rows, self.source.value, self.budget.value, axis)
        return next((p for p in found if p.strategy == self.strategy.value), None)

    def _work(self, stopping) -> None:
        name, strategy = self.source.value, self.strategy.value
        if strategy in SLOW:
            self._say(f"{strategy} reads for minutes before its first label: recorded only.")
            return
        target, tokenizer = made(self.of(name), strategy, self.data, self.seed)
        rows = sentiment.sample(self.data["train"], LABELS, self.seed)
        examples, run = sentiment.encode(rows, tokenizer), Run()
        recipe = sentiment.recipe(LABELS, strategy, seed=self.seed)
        extras = {"groups": target.groups, "penalty": target.penalty}
        for _ in training_steps(target.model, examples, recipe, run=run, **extras):
            if stopping():
                self._say("Stopped: nothing joins the figure.")
                return
            self.job.bar.value = run.spent
            self._say(f"{strategy}, update {len(run.steps)}: loss {run.steps[-1]['loss']:.2f}")
        self._say(f"Asking it about {len(self.data['test']):,} test sentences …")
        score = sentiment.scorer(self.data["test"], tokenizer)(target.model)
        self._star(name, strategy, target.totals["trained"], run.seconds, score)

    def _star(self, name: str, strategy: str, trained: int, seconds: float, score: float) -> None:
        row = {"source": name, "labels": LABELS, "strategy": strategy, "accuracy": score}
        self.done.append(row | {"trained": trained, "seconds": seconds})
        self.budget.value = LABELS
        self._draw()
        self._say(
            f"{strategy}, made now: {100 * score:.1f} %, {trained:,} trained, {seconds:.1f} s of "
            "training. One seed: the star is no mean."
        )

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
