"""Accuracy against the number of labels, as recorded, and any point of it made again live."""

from collections.abc import Iterable

from kit.html import note
from kit.migrate import migrate
from kit.results import by_budget
from kit.tasks import sentiment
from kit.train import Run, training_steps
from kit.widgets.base.job import Job, Working
from kit.widgets.base.style import COLOUR, DASH, NAME, SYMBOL, dress, error_bars, live, redraw

__all__ = ["LabelCurves", "figure", "traces"]

CURVES = ("full", "full_elsewhere", "tfidf", "tfidf_elsewhere", "from_scratch", "majority")
NONE = 20
"""Where no labels at all stand on the axis."""


def figure(results: dict, again: list[dict] = ()):
    """Mean accuracy and its 95 % interval over seeds against labels, as a plotly figure.

    results: a results file (`kit.train.run.recorded`). again: rows that were made just now, stars.
    """
    import plotly.graph_objects as go

    budgets = by_budget(results["rows"])
    ticks = {"tickvals": place(budgets), "ticktext": [f"{n:,}" for n in budgets]}
    layout = {
        "xaxis": {"title": "labelled sentences (logarithmic)", "type": "log", **ticks},
        "yaxis": {"title": "accuracy on the test set", "range": [45, 92], "ticksuffix": " %"},
    }
    shown = go.Figure(traces(results, again), layout)
    worth(shown, budgets)
    return dress(shown, height=520).update_layout(legend={"y": -0.16, "yanchor": "top"})


def place(budgets: Iterable[int]) -> list[int]:
    """Where a budget stands on the logarithmic axis: none at all a little left of the others."""
    return [n or NONE for n in budgets]


def traces(results: dict, again: list[dict] = ()) -> list[dict]:
    """The figure's traces: one curve a strategy or baseline, then the stars."""
    budgets, curves = by_budget(results["rows"]), []
    for name in CURVES:
        points = [(n, *found[name]) for n, found in budgets.items() if name in found]
        curve = {
            "x": place(n for n, _, _ in points),
            "y": [100 * mean for _, mean, _ in points],
            "error_y": {"array": error_bars([p[2] for p in points]), "thickness": 2, "width": 6},
            "mode": "lines+markers",
            "line": {"color": COLOUR[name], "dash": DASH[name], "width": 3.5},
            "marker": {"symbol": SYMBOL[name], "size": 11},
            "name": NAME[name],
            "customdata": [n for n, _, _ in points],
            "hovertemplate": "%{customdata:,} labels: "
            "%{y:.1f} ± %{error_y.array:.1f} %<extra></extra>",
        }
        curves.append(curve)
    star = {"symbol": "star", "size": 20, "line": {"width": 1.5, "color": "#1A1A1A"}}
    star["color"] = [COLOUR[row["strategy"]] for row in again]
    x, y = place(row["labels"] for row in again), [100 * row["accuracy"] for row in again]
    now = {"x": x, "y": y, "mode": "markers", "marker": star, "name": "made again just now"}
    return [*curves, now]


def worth(shown, budgets: dict) -> None:
    """Say in the figure what all labels bring from scratch: the height that a source starts at."""
    most = max(budgets)
    height = 100 * budgets[most]["from_scratch"][0]
    shown.add_hline(y=height, line={"color": COLOUR["from_scratch"], "width": 1.5, "dash": "dot"})
    shown.add_annotation(
        x=0.91,
        xref="paper",
        y=height,
        yanchor="bottom",
        xanchor="right",
        showarrow=False,
        text=f"scratch, all: {height:.0f} %",
        font={"color": COLOUR["from_scratch"], "size": 15},
    )


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
