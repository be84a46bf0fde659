"""Type a sentence with a place for a word, and see the answer for every word of two groups."""

from collections.abc import Mapping, Sequence

import numpy as np

from kit.audit import bias
from kit.audit.bias.templates import Score
from kit.errors import KitError
from kit.html import note
from kit.widgets.base.static import Widget
from kit.widgets.base.style import KEYS, live, redraw
from kit.widgets.base.thinking import thinking
from kit.widgets.bias.counterfactuals_figure import (
    STATISTICS,
    Scene,
    deals,
    figure,
    titles,
    traces,
)

__all__ = ["Counterfactuals"]

Comparison = tuple[str, Mapping[str, Sequence[str]], str]
"""A sentence, two groups of words, and the statistic: "mean" or "range"."""


class Counterfactuals(Widget):
    """The widget: choose a model and two groups of words, type a sentence and press Enter."""

    def __init__(self, scores: Mapping[str, Score], comparisons: Mapping[str, Comparison]) -> None:
        """scores: name of a model -> a function from texts to P(positive), 0 to 1. comparisons:
        name -> sentence, groups, statistic. Raises KitError where one of these is missing."""
        import ipywidgets as w

        if not scores or not comparisons:
            raise KitError("a model and a comparison are needed: give at least one of each.")
        for name, (_, groups, statistic) in comparisons.items():
            if statistic not in STATISTICS or len(groups) != 2:
                raise KitError(
                    f"the comparison {name!r} has {len(groups)} groups and {statistic=}: give two "
                    f"groups, and one of {', '.join(STATISTICS)}."
                )
        self.scores = scores
        self.comparisons = comparisons
        wide = {"description_width": "initial"}
        self.model = w.Dropdown(options=list(scores), description="model", style=wide)
        self.groups = w.Dropdown(options=list(comparisons), description="words", style=wide)
        self.text = w.Text(
            value=comparisons[self.groups.value][0],
            description="Your sentence, then Enter:",
            continuous_update=False,
            style=wide,
            layout={"width": "820px"},
        )
        self.status = w.HTML()
        self.scene = self._scene()
        self.figure = live(figure(self.scene))
        self._say()
        self.model.observe(lambda _: self.ask(), "value")
        self.groups.observe(lambda _: self._change_groups(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        self.view = w.VBox([w.HBox([self.model, self.groups]), self.text, self.status, self.figure])

    def ask(self, sentence: str | None = None) -> "Counterfactuals":
        """Answer the sentence in the box, or another one."""
        if sentence is not None and sentence != self.text.value:
            self.text.value = sentence  # its observer asks
            return self
        try:
            with thinking(self.status):
                self.scene = self._scene()
        except KitError as error:
            self.status.value = note(str(error), "error")
            return self
        redraw(self.figure, traces(self.scene), titles(self.scene), (*KEYS, "width", "name"))
        self._say()
        return self

    def _change_groups(self) -> None:
        """Another comparison comes with its own sentence."""
        sentence = self.comparisons[self.groups.value][0]
        if sentence == self.text.value:
            self.ask()
        else:
            self.text.value = sentence

    def _scene(self) -> Scene:
        _, groups, statistic = self.comparisons[self.groups.value]
        words = [word for own in groups.values() for word in own]
        score = self.scores[self.model.value]
        percent = 100 * bias.scores(score, [self.text.value], words)[0]
        first = len(next(iter(groups.values())))
        parts = tuple(percent[:first].tolist()), tuple(percent[first:].tolist())
        named = tuple((name, tuple(own)) for name, own in groups.items())
        return Scene(named, parts, statistic)

    def _say(self) -> None:
        scene, lot = self.scene, np.abs(deals(self.scene))
        (one, _), (other, _) = scene.groups
        share = float((lot >= abs(scene.difference) - 1e-9).mean())
        often = "Fewer than 1" if share < 0.01 else f"{100 * share:.0f}"
        verdict = "such a difference is rare" if share < 0.05 else "such a difference is common"
        self.status.value = note(
            f"{scene.statistic.capitalize()}, {one} minus {other}: {scene.difference:+.1f} points. "
            f"{often} % of the deals by lot are as large: {verdict} where groups mean nothing."
        )
