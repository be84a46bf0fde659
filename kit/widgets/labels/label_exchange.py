"""Drag a number of labels along one learning curve: how many are as good on another?"""

from collections.abc import Mapping

from kit.audit.learning_curves import Curve, Exchange
from kit.display_names import name_options
from kit.errors import KitError
from kit.widgets.base import style
from kit.widgets.base.static import Widget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.labels.label_exchange_figure import Scene, axes, figure, headline, traces

__all__ = ["LabelExchange"]

DIGITS = (*range(10, 20), *range(20, 50, 2), *range(50, 100, 5))
"""First two digits of the places of a slider."""
KEYS = (*style.KEYS, "textposition", "name", "customdata", "hovertemplate")
"""The keys of a trace that change when another curve or place is chosen."""


class LabelExchange(Widget):
    """The widget: two curves of a task, a slider of labels, and what they are worth."""

    def __init__(
        self,
        curves: Mapping[str, Mapping[str, Curve]],
        pairs: Mapping[str, tuple[str, str]],
        *,
        scores: Mapping[str, str],
        units: Mapping[str, str],
        labels: int = 50,
    ) -> None:
        """curves: task -> name -> curve; those with fewer than two budgets are left out. pairs:
        task -> names of the two that are shown first. scores, units: task -> the name of its score,
        and of what a label is. labels: where the slider begins. Raises KitError for a pair that is
        not among the curves."""
        import ipywidgets as w

        self.curves = {
            task: {name: c for name, c in own.items() if len(c.budgets) > 1}
            for task, own in curves.items()
        }
        for task, names in pairs.items():
            if missing := [n for n in names if n not in self.curves.get(task, {})]:
                raise KitError(
                    f"the pair of {task!r} names {missing[0]!r}, which has no curve of two "
                    f"budgets: choose from {', '.join(self.curves.get(task, {})) or 'nothing'}."
                )
        self.pairs, self.scores, self.units = pairs, scores, units
        self.exchanges: dict[tuple[str, str, str], Exchange] = {}
        wide = {"description_width": "initial"}
        self.task = w.ToggleButtons(options=name_options(pairs), style={"button_width": "120px"})
        self.one = w.Dropdown(description="labels with", style=wide, layout={"width": "400px"})
        self.other = w.Dropdown(description="are worth with", style=wide, layout={"width": "400px"})
        self.slider = w.SelectionSlider(
            options=[("0", 0)],
            description="labels",
            style=wide,
            layout={"width": "96%"},
        )
        self.headline = w.HTML()
        self._busy = True
        self._choose_task(labels)
        self.figure = live(figure(self.scene()))
        fit_page_width(self.figure)
        self._busy = False
        self.task.observe(lambda _: self._choose_task(), "value")
        self.one.observe(lambda _: self._choose_curves(), "value")
        self.other.observe(lambda _: self._choose_curves(), "value")
        self.slider.observe(lambda _: self._draw(), "value")
        self._draw()
        chosen = w.HBox([self.one, self.other])
        self.view = w.VBox([self.task, chosen, self.slider, self.headline, self.figure])

    def scene(self) -> Scene:
        """What is shown now."""
        task, one, other = self.task.value, self.one.value, self.other.value
        if (task, one, other) not in self.exchanges:
            own = self.curves[task]
            self.exchanges[task, one, other] = Exchange(own[one], own[other])
        exchange = self.exchanges[task, one, other]
        return Scene(
            one=exchange.one,
            other=exchange.other,
            worth=exchange.worth(self.slider.value),
            score=self.scores[task],
            unit=self.units[task],
        )

    def _choose_task(self, labels: int | None = None) -> None:
        names = [*self.curves[self.task.value]]
        busy, self._busy = self._busy, True
        one, other = self.pairs[self.task.value]
        self.one.options = self.other.options = name_options(names)
        self.one.value, self.other.value = one, other
        self._busy = busy
        self._choose_curves(labels)

    def _choose_curves(self, labels: int | None = None) -> None:
        if self._busy and labels is None:
            return
        busy, self._busy = self._busy, True
        curve = self.curves[self.task.value][self.one.value]
        places = steps(curve)
        wanted = self.slider.value if labels is None else labels
        self.slider.options = [(f"{n:,}", n) for n in places]
        self.slider.value = min(places, key=lambda n: abs(n - wanted))
        self._busy = busy
        self._draw()

    def _draw(self) -> None:
        if self._busy:
            return
        now = self.scene()
        with self.figure.batch_update():
            redraw(self.figure, traces(now), keys=KEYS)
            self.figure.update_layout(axes(now))
        self.headline.value = headline(now)


def steps(curve: Curve) -> list[int]:
    """The numbers of labels at which a slider stops: round ones, about evenly on a logarithmic
    axis, every measured budget among them, and 0 where it was measured."""
    decades = range(len(str(curve.largest)))
    between = {digits * 10**k // 10 for digits in DIGITS for k in decades}
    return sorted({*curve.scores, *(n for n in between if curve.smallest < n < curve.largest)})
