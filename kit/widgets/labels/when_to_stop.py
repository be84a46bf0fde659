"""What a label costs, what a point is worth: label more, or stop? And what came?"""

from collections.abc import Mapping

from kit.audit.learning_curves import Curve, advise, backtest, forecast
from kit.display_names import name_options
from kit.errors import KitError
from kit.html import note
from kit.widgets.base.static import Widget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.labels.when_to_stop_figure import Scene, axes, figure, traces, verdict

__all__ = ["WhenToStop"]

FIRST = 2
"""Budgets that a forecast needs at least."""
TWICE = 2.0
"""The forecasts are tried as far as they are used: with twice the labels."""


class WhenToStop(Widget):
    """The widget: a curve, the labels so far, the reader's money, and the decision."""

    def __init__(
        self,
        curves: Mapping[str, Curve],
        *,
        label_cost: float = 0.1,
        point_value: float = 50,
        labels: int = 400,
    ) -> None:
        """curves: name -> curve of at least three budgets; each is forecast by the law, and with
        the margin, that the *other* curves' trials chose. label_cost, point_value, labels: where
        the controls begin."""
        import ipywidgets as w

        self.curves = dict(curves)
        wide = {"description_width": "initial"}
        self.trials = backtest(self.curves.values(), ahead=TWICE)
        self.curve = w.Dropdown(options=name_options(curves), description="curve", style=wide)
        self.labels = w.SelectionSlider(
            options=[("0", 0)], description="labels so far", style=wide, layout={"width": "440px"}
        )
        money = {"style": wide, "layout": {"width": "220px"}}
        self.cost = w.FloatText(value=label_cost, description="a label costs", step=0.05, **money)
        self.value = w.FloatText(value=point_value, description="a point is worth", step=5, **money)
        self.verdict = w.HTML()
        self._busy = True
        self._choose(labels)
        self.figure = live(figure(self.scene()))
        fit_page_width(self.figure)
        self._busy = False
        self.curve.observe(lambda _: self._choose(), "value")
        for control in (self.labels, self.cost, self.value):
            control.observe(lambda _: self._draw(), "value")
        self._draw()
        rows = [w.HBox([self.curve, self.labels]), w.HBox([self.cost, self.value])]
        self.view = w.VBox([*rows, self.verdict, self.figure])

    def scene(self) -> Scene:
        """What is shown now. Raises KitError for amounts that are not above 0."""
        curve, now = self.curves[self.curve.value], self.labels.value
        others = [trial for trial in self.trials if trial.curve != curve.name]
        known = curve.up_to(now)
        money = {"label_cost": self.cost.value, "point_value": self.value.value}
        return Scene(
            curve=curve,
            now=now,
            ahead=forecast(known, 2 * now, others),
            advice=advise(known, others, **money),
        )

    def _choose(self, labels: int | None = None) -> None:
        busy, self._busy = self._busy, True
        places = self.curves[self.curve.value].budgets[FIRST - 1 :]
        wanted = self.labels.value if labels is None else labels
        self.labels.options = [(f"{n:,}", n) for n in places]
        self.labels.value = min(places, key=lambda n: abs(n - wanted))
        self._busy = busy
        self._draw()

    def _draw(self) -> None:
        if self._busy:
            return
        try:
            now = self.scene()
        except KitError as error:
            self.verdict.value = note(str(error), "error")
            return
        with self.figure.batch_update():
            redraw(self.figure, traces(now))
            self.figure.update_layout(axes(now))
        self.verdict.value = verdict(now)
