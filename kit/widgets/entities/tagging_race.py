"""Two models learn to tag the same sentences, one of them with a source; then both mark a text."""

from kit.errors import KitError
from kit.html import note
from kit.migrate import migrate
from kit.tasks import entities
from kit.train import Run, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.entities.tagging_race_figure import RIVALS, Scene, figure, pair, titles, traces

__all__ = ["TaggingRace"]

TEXT = (
    "Angela Merkel flew from Berlin to New York, where the German chancellor met the head of "
    "Siemens at the United Nations."
)


class TaggingRace(Race):
    """The widget: choose how many sentences, train both, then type or paste a text."""

    def __init__(self, source, data, *, sentences: int = 200, seed: int = 0) -> None:
        """source: a Source. data: `entities.load()`; the curves are taken on every 60th sentence
        to validate, the bars on every 15th of the test."""
        import ipywidgets as w

        self.source, self.data, self.seed = source, data, seed
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
        self.sentences.observe(lambda _: self._choose(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        label = w.HTML(note("Your own text: type, or paste a piece of news."))
        self.view = w.VBox([self.controls, self.status, self.figure, label, self.text, self.answer])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"entities, {self.source.name}, {self.sentences.value} sentences"

    def _scene(self) -> Scene:
        n = self.sentences.value
        self.rows = entities.sample(self.data["train"], n, self.seed).to_list()
        [lookup] = entities.baselines(self.rows, self.test).values()
        return Scene(n, len(self.validation), lookup)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _begin(self) -> dict:
        return {name: self._loop(name) for name in RIVALS}

    def _loop(self, name: str):
        chosen = entities.options(name, self.source)
        target = migrate(self.source, entities.head, name, seed=self.seed, **chosen)
        self.models[name], self.scene.runs[name] = target.model, Run(name=name)
        return training_steps(
            target.model,
            entities.encode(self.rows, self.source.tokenizer),
            entities.recipe(len(self.rows), name, seed=self.seed, source=self.source),
            run=self.scene.runs[name],
            groups=target.groups,
            penalty=target.penalty,
            score=entities.scorer(self.validation, self.source.tokenizer),
        )

    def _judge(self) -> None:
        self._say("Now both tag test sentences, which neither has seen …")
        judge = entities.scorer(self.test, self.source.tokenizer)
        self.scene.tested = {name: judge(model) for name, model in self.models.items()}

    def _verdict(self) -> str:
        full, scratch = (100 * self.scene.tested[name] for name in RIVALS)
        return (
            f"F1 on {len(self.test)} test sentences: {full:.0f} % with the source, "
            f"{scratch:.0f} % from scratch."
        )

    def _answer(self) -> None:
        text, tokenizer = self.text.value, self.source.tokenizer
        try:
            found = {n: entities.predict(self.models[n], tokenizer, text)[0] for n in RIVALS}
            self.answer.value = pair({n: entities.show(text, tags) for n, tags in found.items()})
        except KitError as error:
            self.answer.value = note(str(error), "error")
