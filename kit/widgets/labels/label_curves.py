"""The label curves of lesson 00, with a button that trains any point of them again."""

from kit.html import note
from kit.migrate import migrate
from kit.results import by_budget
from kit.tasks import sentiment
from kit.train import Run, training_steps
from kit.widgets.base.job import Job, Working
from kit.widgets.base.style import NAME, live, redraw
from kit.widgets.labels.label_curves_figure import figure, traces

__all__ = ["LabelCurves"]


class LabelCurves(Working):
    """The widget: recorded curves, a choice of point, and a button that makes it again."""

    def __init__(self, source, data, results: dict) -> None:
        """source: a Source. data: `sentiment.load()`. results: `recorded("see_it_work")`."""
        import ipywidgets as w

        self.source, self.data, self.results, self.again = source, data, results, []
        self.job = Job(self._work, self._say, "Make it again", icon="refresh", bar="180px")
        budgets = [n for n in by_budget(results["rows"]) if 0 < n <= 1600]
        self.labels = w.Dropdown(
            options=[(f"{n:,} labels", n) for n in budgets],
            value=budgets[1],
            layout={"width": "140px"},
        )
        self.strategy = w.ToggleButtons(
            options=[(NAME[s], s) for s in ("full", "from_scratch")],
            style={"button_width": "120px"},
        )
        self.status = w.HTML()
        self.figure = live(figure(results))
        self._say(
            f"Recorded on {results['date']} ({results['machine']['processor']}, "
            f"{results['machine']['cores']} cores), not computed now. "
            "Choose a point and make it again, with a seed that was not among the recorded ones."
        )
        controls = [self.labels, self.strategy, *self.job.row]
        self.view = w.VBox([w.HBox(controls), self.status, self.figure])

    def make(self) -> "LabelCurves":
        """Train the chosen point live; a second click while it runs changes nothing."""
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        labels, strategy = self.labels.value, self.strategy.value
        seeds = {row["seed"] for row in self.results["rows"]}
        seed = max(seeds) + 1 + len(self.again)
        rows = sentiment.sample(self.data["train"], labels, seed)
        target = migrate(self.source, sentiment.head, strategy, seed=seed)
        if strategy == "full":
            texts = sentiment.unlabelled(self.data["train"])
            sentiment.from_words(target.model, self.source.tokenizer, texts)
        examples = sentiment.encode(rows, self.source.tokenizer)
        recipe, run = sentiment.recipe(labels, strategy, seed=seed), Run()
        what = f"{NAME[strategy]}, {labels:,} labels, seed {seed}"
        tuned = {"groups": target.groups, "penalty": target.penalty}
        for _ in training_steps(target.model, examples, recipe, run=run, **tuned):
            if stopping():
                self._say(f"Stopped: {what} was not finished, so it is not in the figure.")
                return
            self.job.bar.value = run.spent
            self._say(f"Training {what}: loss {run.steps[-1]['loss']:.2f}")
        self._say(f"Scoring {what} on {len(self.data['test']):,} test sentences …")
        score = sentiment.scorer(self.data["test"], self.source.tokenizer)(target.model)
        self.again.append({"labels": labels, "strategy": strategy, "accuracy": score})
        redraw(self.figure, traces(self.results, self.again))
        mean, half = by_budget(self.results["rows"])[labels][strategy]
        self._say(
            f"Just now, {what}: {100 * score:.1f} % in {run.seconds:.0f} s. "
            f"Recorded: {100 * mean:.1f} ± {100 * half:.1f} %."
        )

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
