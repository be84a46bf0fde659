"""Two models are trained on the same labels, one of them from a source; then both answer a text."""

from kit.errors import KitError
from kit.html import note
from kit.migrate import migrate
from kit.tasks import sentiment
from kit.train import Run, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.labels.side_by_side_figure import RIVALS, Scene, figure, opinions, titles, traces

__all__ = ["SideBySide"]


class SideBySide(Race):
    """The widget: choose how many labels, train both, then type a sentence of your own."""

    def __init__(self, source, data, recorded: dict[int, dict], *, labels: int = 400) -> None:
        """source: a Source. data: `sentiment.load()`; the curves are taken on 100 sentences to
        validate, the bars on every second one of the test. recorded: `see_it_work.summary()`."""
        import ipywidgets as w

        self.source, self.data, self.recorded, self.seed = source, data, recorded, 0
        self.test = data["test"].select(range(0, len(data["test"]), 2))
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
        self.slider.observe(lambda _: self._choose(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        self.view = w.VBox([self.controls, self.status, self.figure, self.text, self.answer])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"films, {self.source.name}, {self.slider.value} labels"

    def _scene(self) -> Scene:
        return Scene(self.slider.value, self.recorded[self.slider.value])

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _begin(self) -> dict:
        labels = self.scene.labels
        rows = sentiment.sample(self.data["train"], labels, self.seed) if labels else []
        self.scene.tested |= sentiment.baselines(rows, self.test)
        targets = {name: self._target(name) for name in RIVALS}
        return {name: self._loop(name, made, rows) for name, made in targets.items() if labels}

    def _target(self, name: str):
        target = migrate(self.source, sentiment.head, name, seed=self.seed)
        if name == "full":
            texts = sentiment.unlabelled(self.data["train"])
            sentiment.from_words(target.model, self.source.tokenizer, texts)
        self.models[name] = target.model
        return target

    def _loop(self, name: str, target, rows):
        self.scene.runs[name] = Run(name=name)
        return training_steps(
            target.model,
            sentiment.encode(rows, self.source.tokenizer),
            sentiment.recipe(len(rows), name, seed=self.seed),
            run=self.scene.runs[name],
            groups=target.groups,
            penalty=target.penalty,
            score=sentiment.scorer(self.data["validation"], self.source.tokenizer, limit=100),
        )

    def _judge(self) -> None:
        self._say("Now both answer the test sentences, which neither has seen …")
        for name in RIVALS:
            score = sentiment.scorer(self.test, self.source.tokenizer)
            self.scene.tested[name] = score(self.models[name])
        self.seed += 1

    def _verdict(self) -> str:
        gain = 100 * (self.scene.tested["full"] - self.scene.tested["from_scratch"])
        labels = (
            f"with the same {self.scene.labels:,} labels. Press again: other labels, another seed."
        )
        none = "before either was trained at all: it knows what words mean."
        return (
            f"On {len(self.test):,} test sentences the source was worth {gain:+.0f} "
            f"points {labels if self.scene.labels else none}"
        )

    def _answer(self) -> None:
        try:
            text = self.text.value
            found = {
                n: sentiment.opinion(self.models[n], self.source.tokenizer, text) for n in RIVALS
            }
            self.answer.value = opinions(text, found)
        except KitError as error:
            self.answer.value = note(str(error), "error")
