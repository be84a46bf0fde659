"""Two models are trained to tag the same sentences, one from a source; then both tag a text."""

from kit.errors import KitError
from kit.experiment import Experiment, prepare
from kit.html import note
from kit.tasks import entities
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.entities.tagging_race_figure import RIVALS, Scene, figure, pair, titles, traces

__all__ = ["TaggingRace"]

TEXT = (
    "Angela Merkel flew from Berlin to New York, where the German chancellor met the head of "
    "Siemens at the United Nations."
)


class TaggingRace(Race):
    """The widget: choose the number of sentences, train both models, then type or paste a text."""

    def __init__(self, source, data, *, sentences: int = 200, seed: int = 0) -> None:
        """source: a Source. data: `entities.load()`; the curves are measured on every 60th
        sentence of validation, the bars on every 15th of the test."""
        import ipywidgets as w

        self.source = source
        self.data = data
        self.seed = seed
        self.validation = data["validation"].select(range(0, len(data["validation"]), 60)).to_list()
        self.test = data["test"].select(range(0, len(data["test"]), 15)).to_list()
        self.sentences = w.Dropdown(
            options=[(f"{n:,} sentences", n) for n in sorted({sentences, 100, 200, 300, 1000})],
            value=sentences,
            layout={"width": "170px"},
        )
        super().__init__(
            "Press “Train both”: both get the same sentences and tags.", locks=(self.sentences,)
        )
        self.text = w.Textarea(value=TEXT, layout={"width": "98%", "height": "5em"})
        self.answer = w.HTML(note("Train both first: then they mark the text as you type."))
        self.figure = live(figure(self.scene))
        self.sentences.observe(lambda _: self._change_setting(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        label = w.HTML(note("Your own text: type, or paste a piece of news."))
        self.view = w.VBox([self.controls, self.status, self.figure, label, self.text, self.answer])

    @property
    def setting(self) -> str:
        """The name of this setting's recording."""
        return f"entities, {self.source.name}, {self.sentences.value} sentences"

    def _new_scene(self) -> Scene:
        n = self.sentences.value
        self.rows = entities.sample(self.data["train"], n, self.seed).to_list()
        [lookup] = entities.baselines(self.rows, self.test).values()
        return Scene(n, len(self.validation), lookup)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _start(self) -> dict:
        self.experiments = {name: self._experiment(name) for name in RIVALS}
        for name, experiment in self.experiments.items():
            self.models[name] = experiment.model
            self.scene.runs[name] = experiment.run
        return {
            name: e.steps(score=lambda _, e=e: self._score(e, self.validation)[entities.METRIC])
            for name, e in self.experiments.items()
        }

    def _experiment(self, name: str) -> Experiment:
        self._check_stop()
        return prepare(self.source, name, entities, self.rows, seed=self.seed)

    def _evaluate(self) -> None:
        self._say("Now both tag test sentences, which neither has seen …")
        self.scene.tested = {
            name: self._score(experiment, self.test)[entities.METRIC]
            for name, experiment in self.experiments.items()
        }

    def _conclusion(self) -> str:
        full, scratch = (100 * self.scene.tested[name] for name in RIVALS)
        return (
            f"F1 on {len(self.test)} test sentences: {full:.0f} % with the source, "
            f"{scratch:.0f} % from scratch."
        )

    def _answer(self) -> None:
        text = self.text.value
        tokenizer = self.source.tokenizer
        try:
            pages = {}
            for name in RIVALS:
                [tags] = entities.predict(self.models[name], tokenizer, text)
                pages[name] = entities.show(text, tags)
            self.answer.value = pair(pages)
        except KitError as error:
            self.answer.value = note(str(error), "error")
