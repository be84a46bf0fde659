"""The label curves of lesson 00, with a button that trains any point of them again."""

from kit.experiment import prepare
from kit.results import by_budget
from kit.tasks import sentiment
from kit.widgets.base.job import Job, JobWidget
from kit.widgets.base.stoppable import Stopped, score_rows
from kit.widgets.base.style import NAME, live, redraw
from kit.widgets.labels.label_curves_figure import figure, traces

__all__ = ["LabelCurves"]

MOST_LABELS = 1600
"""The largest number of labels that can be trained live: more take minutes."""


class LabelCurves(JobWidget):
    """The widget: the recorded curves, a choice of point, and a button that trains it again."""

    def __init__(self, source, data, results: dict) -> None:
        """source: a Source. data: `sentiment.load()`. results: `results.load("see_it_work")`."""
        import ipywidgets as w

        self.source = source
        self.data = data
        self.results = results
        self.again: list[dict] = []
        self.job = Job(self._work, self._say, "Make it again", icon="refresh", bar="180px")
        budgets = [n for n in by_budget(results["rows"]) if 0 < n <= MOST_LABELS]
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
        """Train the chosen point; during a training it does nothing."""
        self.job.start()
        return self

    def _work(self, stopping) -> None:
        labels = self.labels.value
        strategy = self.strategy.value
        self._say("Preparing …")
        seed = max(row["seed"] for row in self.results["rows"]) + 1 + len(self.again)
        experiment = prepare(
            self.source,
            strategy,
            sentiment,
            sentiment.sample(self.data["train"], labels, seed),
            seed=seed,
            texts=sentiment.unlabelled(self.data["train"]) if strategy == "full" else (),
        )
        point = f"{NAME[strategy]}, {labels:,} labels, seed {seed}"
        stopped = f"Stopped: {point} was not finished, so it is not in the figure."
        for run in experiment.steps():
            if stopping():
                self._say(stopped)
                return
            self.job.bar.value = run.spent
            self._say(f"Training {point}: loss {run.steps[-1]['loss']:.2f}")
        self._say(f"Scoring {point} on {len(self.data['test']):,} test sentences …")
        try:
            accuracy = score_rows(experiment, self.data["test"], stopping)["accuracy"]
        except Stopped:
            self._say(stopped)
            return
        self.again.append({"labels": labels, "strategy": strategy, "accuracy": accuracy})
        redraw(self.figure, traces(self.results, self.again))
        mean, half = by_budget(self.results["rows"])[labels][strategy]
        self._say(
            f"Just now, {point}: {100 * accuracy:.1f} % in {experiment.run.seconds:.0f} s. "
            f"Recorded: {100 * mean:.1f} ± {100 * half:.1f} %."
        )
