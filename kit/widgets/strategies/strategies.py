"""All strategies side by side: accuracy against cost; choose one, see its report, train it."""

from functools import cached_property

from kit import sources
from kit.data import corpora
from kit.errors import KitError
from kit.experiment import Experiment, prepare, strategy_options
from kit.migrate import migrate
from kit.results import see_it_work
from kit.tasks import sentiment
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.static import show
from kit.widgets.base.stoppable import Stopped, score_rows
from kit.widgets.base.style import hide_buttons, live, redraw
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

__all__ = ["Strategies"]

LABELS = 100
"""Labelled sentences of a live training."""
SLOW = ("domain_first",)
"""Strategies that first train for minutes on unlabelled texts: recorded, never trained live."""
READ_TEXTS = ("move_vocabulary", "narrow", "distil")
"""Strategies that read unlabelled texts when they make the target."""
REPORT_TEXTS = 30
"""Texts that `narrow` reads for a report, where its choice of neurons need not be the best."""


class Strategies(JobWidget):
    """The widget: choose source, labels and cost; click on a point; train its strategy."""

    def __init__(self, data, recorded: dict, *, source: str = "rnn_encoder") -> None:
        """data: `sentiment.load()`. recorded: `results.load("strategies")`. source: the first that
        is shown."""
        self.data = data
        self.rows = recorded["rows"]
        self.done: list[dict] = []
        self.seed = 1 + max(row["seed"] for row in self.rows)  # a seed that was not recorded
        self.controls = see_it_work.summary()
        self.loaded: dict = {}
        self.displayed = False
        label = f"Train it now, {LABELS} labels"
        self.job = Job(self._work, self._say, label, width="240px", bar="160px")
        self._controls(source)
        self._build()
        self._say("Click on a point, or choose a strategy, to see what moved and what is trained.")

    def _controls(self, source: str) -> None:
        import ipywidgets as w

        names = list(dict.fromkeys(row["source"] for row in self.rows))
        wide = {"style": {"description_width": "initial"}, "layout": {"width": "240px"}}
        self.source = w.Dropdown(options=names, value=source, description="source", **wide)
        self.budget = w.Dropdown(options=self._budgets(), description="labels", **wide)
        self.axis = w.ToggleButtons(
            options=[(text, name) for name, text in AXES.items()],
            style={"button_width": "270px"},
        )
        self.strategy = w.Dropdown(options=self._strategies(), description="strategy", **wide)
        self.status = w.HTML()
        self.report = w.HTML()
        self.source.observe(self._change_source, "value")
        for control in (self.budget, self.axis):
            control.observe(lambda _: self._draw(), "value")
        self.strategy.observe(lambda _: self._show_report(), "value")

    def _build(self) -> None:
        """Make a new figure: changes before it is displayed would reach the browser in part."""
        self.figure = live(figure(*self._figure_data()))
        hide_buttons(self.figure)
        for trace in self.figure.data[1:5]:
            trace.on_click(self._click)

    def _ipython_display_(self) -> None:
        import ipywidgets as w

        self.displayed = True
        choices = w.HBox([self.source, self.budget])
        training = w.HBox([self.strategy, *self.job.row])
        show(w.VBox([choices, self.axis, self.figure, training, self.status, self.report]))

    def choose(self, source: str, budget: int | None = None, axis: str = "trained") -> "Strategies":
        """Choose the source, the number of labels and the axis, as a user would."""
        self.source.value = source
        self.axis.value = axis
        self.budget.value = budget or self.budget.value
        return self

    def pick(self, strategy: str) -> "Strategies":
        """Choose a strategy: it gets a ring around its point, and its migration report is made."""
        if self.strategy.value == strategy:
            self._show_report()
        self.strategy.value = strategy
        return self

    def train(self, strategy: str | None = None) -> "Strategies":
        """Train the chosen strategy once; a star in the figure shows its result."""
        if not self.job.running and strategy:
            self.strategy.value = strategy
        self.job.start()
        return self

    def source_named(self, name: str):
        """The source of this name. Only the last one is kept, to save memory."""
        if name not in self.loaded:
            self.loaded = {name: sources.load(name)}
        return self.loaded[name]

    @cached_property
    def texts(self) -> list[str]:
        """The film reviews of the corpus, without labels."""
        return corpora.pinned("train", "films")["text"][:]

    def _budgets(self) -> list[int]:
        return sorted({row["labels"] for row in self.rows if row["source"] == self.source.value})

    def _strategies(self) -> list[str]:
        rows = [row for row in self.rows if row["source"] == self.source.value]
        return list(dict.fromkeys(row["strategy"] for row in rows if "accuracy" in row))

    def _change_source(self, _) -> None:
        budget = self.budget.value
        strategy = self.strategy.value
        self.report.value = ""  # it belongs to the source before
        with self.budget.hold_trait_notifications(), self.strategy.hold_trait_notifications():
            self.budget.options = self._budgets()
            self.strategy.options = self._strategies()
            self.budget.value = budget if budget in self.budget.options else self._budgets()[0]
            has_strategy = strategy in self.strategy.options
            self.strategy.value = strategy if has_strategy else self._strategies()[0]
        self._draw()
        if has_strategy:  # otherwise the change of its menu has shown the report
            self._show_report()

    def _figure_data(self) -> tuple:
        """The arguments of `figure`."""
        name = self.source.value
        budget = self.budget.value
        axis = self.axis.value
        recorded = points(self.rows, name, budget, axis)
        just_trained = stars(self.done, name, budget, axis)
        return recorded, just_trained, axis, self.controls[budget], self.strategy.value

    def _draw(self) -> None:
        if not self.displayed:
            self._build()
            return
        recorded, just_trained, axis, controls, chosen = self._figure_data()
        keys = ("x", "y", "error_y", "customdata")
        with self.figure.batch_update():
            redraw(self.figure, traces(recorded, just_trained, axis, controls, chosen), keys=keys)
            self.figure.layout.xaxis.update(axes(recorded + just_trained, axis))
            self.figure.layout.annotations = labels(recorded, just_trained, axis)

    def _click(self, trace, points, state) -> None:
        if points.point_inds:
            self.pick(trace.customdata[points.point_inds[0]][0])

    def _options(self, source, strategy: str, texts: int | None = None) -> dict:
        """The options that a strategy needs. texts: how many `narrow` reads; default: all."""
        if strategy == "domain_first":
            # The report is the same without the training on unlabelled texts.
            return {"adapt": lambda body: None}
        if strategy not in READ_TEXTS:
            return {}
        chosen = self.texts if strategy == "move_vocabulary" else self.texts[:texts]
        return strategy_options(source, strategy, chosen, head=sentiment.head)

    def _show_report(self) -> None:
        self._draw()
        if self.job.running:
            return
        name = self.source.value
        strategy = self.strategy.value
        self._say(f"{name}: migrating, {strategy} …")
        try:
            source = self.source_named(name)
            options = self._options(source, strategy, REPORT_TEXTS)
            target = migrate(source, sentiment.head, strategy, **options)
        except KitError as error:
            self._say(str(error), "error")
            return
        self.report.value = target._repr_html_()
        self._say(self._recorded_result())

    def _recorded_result(self) -> str:
        """The recorded numbers of the chosen strategy in one sentence."""
        by_axis = {axis: self._point(axis) for axis in AXES}
        point = by_axis["trained"]
        if point is None:
            return f"{self.strategy.value}: not recorded with {self.budget.value:,} labels."
        interval = f" ± {100 * point.half:.1f}" if point.seeds > 1 else ""
        return (
            f"{point.strategy}, recorded: {100 * point.score:.1f}{interval} % over {point.seeds} "
            f"seeds, {point.cost:,.0f} trained, {by_axis['seconds'].cost:.0f} s, "
            f"{by_axis['memory'].cost:.0f} MB"
        )

    def _point(self, axis: str) -> Point | None:
        recorded = points(self.rows, self.source.value, self.budget.value, axis)
        return next((p for p in recorded if p.strategy == self.strategy.value), None)

    def _experiment(self, name: str, strategy: str) -> Experiment:
        source = self.source_named(name)
        return prepare(
            source,
            strategy,
            sentiment,
            sentiment.sample(self.data["train"], LABELS, self.seed),
            seed=self.seed,
            texts=sentiment.unlabelled(self.data["train"]),
            **self._options(source, strategy),
        )

    def _work(self, stopping) -> None:
        name = self.source.value
        strategy = self.strategy.value
        if strategy in SLOW:
            self._say(f"{strategy} reads for minutes before its first label: recorded only.")
            return
        self._say(f"{strategy}: preparing …")
        experiment = self._experiment(name, strategy)
        for run in experiment.steps():
            if stopping():
                self._say("Stopped: nothing joins the figure.")
                return
            self.job.bar.value = run.spent
            self._say(f"{strategy}, update {len(run.steps)}: loss {run.steps[-1]['loss']:.2f}")
        self._say(f"Asking it about {len(self.data['test']):,} test sentences …")
        try:
            accuracy = score_rows(experiment, self.data["test"], stopping)["accuracy"]
        except Stopped:
            self._say("Stopped: nothing joins the figure.")
            return
        self._add_star(name, experiment, accuracy)

    def _add_star(self, name: str, experiment: Experiment, accuracy: float) -> None:
        strategy = experiment.target.strategy
        trained = experiment.target.totals["trained"]
        seconds = experiment.run.seconds
        self.done.append(
            {
                "source": name,
                "labels": LABELS,
                "strategy": strategy,
                "accuracy": accuracy,
                "trained": trained,
                "seconds": seconds,
            }
        )
        self.budget.value = LABELS
        self._draw()
        self._say(
            f"{strategy}, made now: {100 * accuracy:.1f} %, {trained:,} trained, {seconds:.1f} s "
            "of training. One seed: the star is no mean."
        )
