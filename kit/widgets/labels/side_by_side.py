"""Two models are trained on the same labels, one of them from a source; then both answer a text."""

from kit.errors import KitError
from kit.experiment import Experiment, prepare
from kit.html import note
from kit.memory import release_memory
from kit.tasks import sentiment
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.labels.side_by_side_figure import RIVALS, Scene, figure, opinions, titles, traces

__all__ = ["SideBySide"]


class SideBySide(Race):
    """The widget: choose the number of labels, train both models, then type a sentence."""

    AGAIN = "Press again: other labels, another seed."

    def __init__(self, source, data, recorded: dict[int, dict], *, labels: int = 400) -> None:
        """source: a Source. data: `sentiment.load()`; the curves are measured on 100 sentences of
        validation, the bars on every second one of the test. recorded: `see_it_work.summary()`."""
        import ipywidgets as w

        self.source = source
        self.data = data
        self.recorded = recorded
        self.seed = 0
        self.test = data["test"].select(range(0, len(data["test"]), 2)).to_list()
        self.validation = data["validation"].select(range(100)).to_list()
        wide = {"description_width": "initial"}
        self.slider = w.SelectionSlider(
            options=[(f"{n:,}", n) for n in recorded],
            value=labels,
            description="labels",
            style=wide,
            layout={"width": "350px"},
        )
        super().__init__("Choose how many labels, then press “Train both”.", locks=(self.slider,))
        self.text = w.Text(
            value="I laughed, I cried, and I would gladly see it again.",
            description="Your own sentence:",
            style=wide,
            layout={"width": "820px"},
        )
        self.answer = w.HTML(note("Train both first: then they answer as you type."))
        self.figure = live(figure(self.scene))
        self.slider.observe(lambda _: self._change_setting(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        self.view = w.VBox([self.controls, self.status, self.figure, self.text, self.answer])

    @property
    def setting(self) -> str:
        """The name of this setting's recording."""
        return f"films, {self.source.name}, {self.slider.value} labels"

    def _new_scene(self) -> Scene:
        return Scene(self.slider.value, self.recorded[self.slider.value])

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _start(self) -> dict:
        # Two models of an earlier training beside two new ones are too much for 2 GB.
        self.models.clear()
        release_memory()
        labels = self.scene.labels
        rows = sentiment.sample(self.data["train"], labels, self.seed) if labels else []
        self.scene.tested |= sentiment.baselines(rows, self.test)
        self.experiments = {name: self._experiment(name, rows) for name in RIVALS}
        for name, experiment in self.experiments.items():
            self.models[name] = experiment.model
        if not labels:  # both are evaluated as they are, without training
            return {}
        for name, experiment in self.experiments.items():
            self.scene.runs[name] = experiment.run
        return {
            name: e.steps(score=lambda _, e=e: self._score(e, self.validation)["accuracy"])
            for name, e in self.experiments.items()
        }

    def _experiment(self, name: str, rows) -> Experiment:
        self._check_stop()
        texts = sentiment.unlabelled(self.data["train"]) if name == "full" else ()
        return prepare(self.source, name, sentiment, rows, seed=self.seed, texts=texts)

    def _evaluate(self) -> None:
        self._say("Now both answer the test sentences, which neither has seen …")
        for name, experiment in self.experiments.items():
            self.scene.tested[name] = self._score(experiment, self.test)["accuracy"]
        self.seed += 1

    def _conclusion(self) -> str:
        gain = 100 * (self.scene.tested["full"] - self.scene.tested["from_scratch"])
        condition = "before either was trained at all: it knows what words mean."
        if self.scene.labels:
            condition = f"with the same {self.scene.labels:,} labels."
        return (
            f"On {len(self.test):,} test sentences the source was worth {gain:+.0f} "
            f"points {condition}"
        )

    def _answer(self) -> None:
        text = self.text.value
        tokenizer = self.source.tokenizer
        try:
            p = {name: sentiment.probability(self.models[name], tokenizer, text) for name in RIVALS}
            self.answer.value = opinions(text, p)
        except KitError as error:
            self.answer.value = note(str(error), "error")
