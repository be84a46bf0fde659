"""Choose a task, an estimator and a layer: does the estimate order the sources as tuning does?"""

from collections.abc import Mapping, Sequence

from kit.audit.transferability import Estimate, at_depth, best_layer
from kit.display_names import display_name, name_options
from kit.errors import KitError
from kit.html import note
from kit.metrics import agreement
from kit.widgets.base import style
from kit.widgets.base.static import Widget
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.transferability.source_scatter_figure import (
    FRESH,
    Scene,
    axes,
    figure,
    headline,
    traces,
)

__all__ = ["SourceScatter"]

KEYS = (*style.KEYS, "customdata", "textposition")
"""The keys of a trace that change."""
DEPTHS = {
    "embeddings": 0.0,
    "a quarter": 0.25,
    "the middle": 0.5,
    "three quarters": 0.75,
    "the last layer": 1.0,
    "the best layer": None,
}
"""Place of the slider -> depth; None: the layer with the largest estimate."""
POOLS = {"mean": "mean", "last token": "last"}
"""Name -> how a text's vector was pooled."""
DRAWS = 1000
"""Resamples of an interval."""


class SourceScatter(Widget):
    """The widget: estimates against fine-tuned scores, with Kendall's tau and its interval."""

    def __init__(
        self,
        estimates: Sequence[Estimate],
        scores: Mapping[str, Mapping[str, Sequence[float]]],
        *,
        measures: Mapping[str, str],
        estimator: str = "linear probe",
    ) -> None:
        """estimates: of all tasks. scores: task -> source -> one a seed, 0 to 1. measures: task ->
        the name of its score; its tasks are shown. estimator: the one that is shown first.

        A source is an architecture with fresh values where its name ends in ", fresh". Raises
        KitError for an estimator or a task without estimates."""
        import ipywidgets as w

        self.estimates, self.scores, self.measures = [*estimates], scores, measures
        names = [*dict.fromkeys(e.estimator for e in self.estimates)]
        if estimator not in names:
            raise KitError(
                f"estimator={estimator!r} has no estimates: give one of {', '.join(names)}."
            )
        if missing := [t for t in measures if t not in {e.task for e in self.estimates}]:
            raise KitError(f"the task {missing[0]!r} has no estimates: leave it out of measures.")
        wide = {"description_width": "initial"}
        self.task = w.ToggleButtons(options=name_options(measures), style={"button_width": "120px"})
        self.estimator = w.Dropdown(
            options=name_options(names), value=estimator, description="estimator", style=wide
        )
        self.pool = w.Dropdown(
            options=[(display_name(name), how) for name, how in POOLS.items()],
            description="writers: text vector",
            style=wide,
        )
        self.fresh = w.Checkbox(value=True, description="also fresh values", indent=False)
        self.depth = w.SelectionSlider(
            options=name_options(DEPTHS),
            value="the last layer",
            description="layer",
            style=wide,
            layout={"width": "96%"},
        )
        self.headline = w.HTML()
        self.figure = live(figure(self.scene()))
        fit_page_width(self.figure)
        for control in (self.task, self.estimator, self.pool, self.fresh, self.depth):
            control.observe(lambda _: self.update(), "value")
        self.update()
        chosen = w.HBox([self.estimator, self.pool, self.fresh])
        self.view = w.VBox([self.task, chosen, self.depth, self.headline, self.figure])

    def chosen(self) -> dict[str, Estimate]:
        """Source -> its estimate at the layer and pooling that are chosen. A source that has not
        the pooling has its other one."""
        own = [
            e
            for e in self.estimates
            if (e.task, e.estimator) == (self.task.value, self.estimator.value)
            and (self.fresh.value or not e.source.endswith(FRESH))
        ]
        both = {e.source for e in own if e.how == self.pool.value}
        own = [e for e in own if e.how == self.pool.value or e.source not in both]
        depth = DEPTHS[self.depth.value]
        return best_layer(own) if depth is None else at_depth(own, depth)

    def scene(self) -> Scene:
        """What is shown now. Raises KitError for fewer than three sources."""
        task, chosen = self.task.value, self.chosen()
        values = {name: e.values for name, e in chosen.items()}
        return Scene(
            estimates=values,
            scores=self.scores[task],
            places={name: f"layer {e.layer} of {e.layers}, {e.how}" for name, e in chosen.items()},
            agreement=agreement(values, self.scores[task], draws=DRAWS),
            estimator=self.estimator.value,
            score=self.measures[task],
        )

    def update(self) -> None:
        """Draw again."""
        try:
            now = self.scene()
        except KitError as error:
            self.headline.value = note(str(error), "error")
            return
        with self.figure.batch_update():
            redraw(self.figure, traces(now), keys=KEYS)
            self.figure.update_layout(axes(now))
        self.headline.value = headline(now)
