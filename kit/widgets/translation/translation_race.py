"""Two translators are trained on the same few pairs, one from a parent, one from scratch."""

from dataclasses import replace
from typing import ClassVar

from kit.display_names import display_name
from kit.experiment import Experiment, prepare
from kit.tasks import translation
from kit.tasks.translation.memory import Memory
from kit.widgets.base.race import Race
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.translation.translation_race_figure import (
    RIVALS,
    Scene,
    figure,
    recorded,
    traces,
)

__all__ = ["TranslationRace"]

TEST_MESSAGES = 150
"""Test messages that are translated after a live training: more take minutes."""


class TranslationRace(Race):
    """The widget: train both children on the same pairs, one update each in turn."""

    RESULT = "bleu"
    NAMES: ClassVar[dict[str, str]] = RIVALS
    AGAIN = "Press again: other pairs, another seed."

    def __init__(self, source, results: dict, language: str = "it", *, pairs: int = 300) -> None:
        """source: a parent. results: `results.load("translation")`. A live training has a seed
        that was not recorded, a third of the recorded updates, and is scored on 150 of the
        recorded runs' test messages."""
        import ipywidgets as w

        self.source = source
        self.language = language
        self.pairs = pairs
        self.seed = 1 + max((row["seed"] for row in results["rows"]), default=-1)
        self.recorded = recorded(results, language, pairs)
        data = translation.load(language)
        self.train_rows = data["train"]
        self.test = translation.sample(data["test"], TEST_MESSAGES, 0)
        super().__init__(f"{pairs} pairs of {display_name(translation.LANGUAGES[language])}.")
        self.figure = live(figure(self.scene))
        fit_page_width(self.figure)
        self.view = w.VBox([self.controls, self.status, self.figure])

    @property
    def setting(self) -> str:
        """The name of this setting's recording."""
        return f"{translation.LANGUAGES[self.language]}, {self.source.name}, {self.pairs} pairs"

    def _new_scene(self) -> Scene:
        return Scene(self.recorded)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene))

    def _start(self) -> dict:
        self.rows = translation.sample(self.train_rows, self.pairs, self.seed)
        self.experiments = {name: self._experiment(name) for name in RIVALS}
        for name, experiment in self.experiments.items():
            self.models[name] = experiment.model
            self.scene.runs[name] = experiment.run
        return {name: experiment.steps() for name, experiment in self.experiments.items()}

    def _experiment(self, name: str) -> Experiment:
        recorded = translation.recipe(self.pairs, seed=self.seed)
        # A third of the updates is what a lecture has time for.
        recipe = replace(recorded, steps=recorded.steps // 3)
        return prepare(self.source, name, translation, self.rows, seed=self.seed, recipe=recipe)

    def _evaluate(self) -> None:
        self._say("Now both translate test messages, whose English no one has seen …")
        memory = Memory(self.rows).translate(self.test["english"][:])
        self.scene.bleu = {"memory": translation.score(memory, self.test)["bleu"]}
        for name, experiment in self.experiments.items():
            scores = self._score(experiment, self.test, language=self.language)
            self.scene.bleu[name] = scores["bleu"]
        self.seed += 1

    def _conclusion(self) -> str:
        gain = self.scene.bleu["full"] - self.scene.bleu["from_scratch"]
        return (
            f"One seed, {len(self.test)} messages, a third of the recorded updates: the parent was "
            f"worth {gain:+.1f} BLEU."
        )
