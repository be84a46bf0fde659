"""Two models learn to tag the same sentences, one of them with a source; then both mark a text."""

import time

from kit.errors import KitError
from kit.migrate import migrate
from kit.record import Run
from kit.tasks import entities
from kit.train import training
from kit.widgets.entities_picture import RIVALS, Scene, figure, pair, titles, traces
from kit.widgets.job import Job
from kit.widgets.style import NAME, live, note, redraw

__all__ = ["TagSideBySide"]

TEXT = (
    "Angela Merkel flew from Berlin to New York, where the German chancellor met the head of "
    "Siemens at the United Nations."
)


class TagSideBySide:
    """The widget: choose how many sentences, train both, then type or paste a text."""

    def __init__(self, source, data, *, sentences: int = 200, seed: int = 0) -> None:
        """source: a Source. data: `entities.load()`; the curves are taken on every 60th sentence
        to validate, the bars on every 15th of the test."""
        import ipywidgets as w

        self.source, self.data, self.seed = source, data, seed
        self.validation = data["validation"].select(range(0, len(data["validation"]), 60)).to_list()
        self.test = data["test"].select(range(0, len(data["test"]), 15)).to_list()
        self.models: dict = {}
        self.job = Job(failed=lambda message: self._say(message, "error"))
        self.sentences = w.Dropdown(
            options=[(f"{n:,} sentences", n) for n in sorted({sentences, 100, 200, 300, 1000})],
            value=sentences,
            layout={"width": "170px"},
        )
        self.train_button = w.Button(description="Train both", icon="play", button_style="primary")
        self.stop_button = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": "260px"})
        self.status = w.HTML(note("Press “Train both”: both get the same sentences and tags."))
        self.text = w.Textarea(value=TEXT, layout={"width": "98%", "height": "5em"})
        self.answer = w.HTML(note("Train both first: then they mark the text as you type."))
        self.scene = self._scene()
        self.figure = live(figure(self.scene))
        self.sentences.observe(lambda _: self._choose(), "value")
        self.text.observe(lambda _: self.ask(), "value")
        self.train_button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self.job.stop())
        controls = w.HBox([self.sentences, self.train_button, self.stop_button, self.bar])
        label = w.HTML(note("Your own text: type, or paste a piece of news."))
        self.view = w.VBox([controls, self.status, self.figure, label, self.text, self.answer])

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.view)

    def train(self) -> "TagSideBySide":
        """Train both afresh; a second click while they learn changes nothing."""
        if self.job.start(self._work):
            self.train_button.disabled = self.sentences.disabled = True
            self.stop_button.disabled = False
        return self

    def wait(self) -> "TagSideBySide":
        """Block until training has ended."""
        self.job.wait()
        return self

    def ask(self) -> None:
        """Let both mark the text, unless they are learning."""
        if set(self.models) == set(RIVALS) and not self.job.running:
            self._mark()

    def _scene(self) -> Scene:
        n = self.sentences.value
        self.rows = entities.sample(self.data["train"], n, self.seed).to_list()
        [lookup] = entities.baselines(self.rows, self.test).values()
        return Scene(n, len(self.validation), lookup)

    def _choose(self) -> None:
        self.scene = self._scene()
        redraw(self.figure, traces(self.scene), titles(self.scene))

    def _work(self, stopping) -> None:
        try:
            self._race(stopping)
        finally:
            self.train_button.disabled = self.sentences.disabled = False
            self.stop_button.disabled = True
        self._mark()

    def _mark(self) -> None:
        text, tokens = self.text.value, self.source.tokens
        try:
            found = {n: entities.predict(m, tokens, text)[0] for n, m in self.models.items()}
            self.answer.value = pair({n: entities.show(text, tags) for n, tags in found.items()})
        except KitError as error:
            self.answer.value = note(str(error), "error")

    def _race(self, stopping) -> None:
        self.scene, drawn = self._scene(), 0.0
        loops = {name: self._loop(name) for name in RIVALS}
        while loops and not stopping():
            for name in list(loops):
                if next(loops[name], None) is None:
                    del loops[name]
            if time.monotonic() - drawn > 0.3:
                drawn = time.monotonic()
                self._show()
        for loop in loops.values():
            loop.close()
        self._finish(bool(loops))

    def _loop(self, name: str):
        chosen = entities.options(name, self.source)
        target = migrate(self.source, entities.head, name, seed=self.seed, **chosen)
        self.models[name], self.scene.runs[name] = target.model, Run(name=name)
        return training(
            target.model,
            entities.encode(self.rows, self.source.tokens),
            entities.recipe(len(self.rows), name, seed=self.seed, source=self.source),
            run=self.scene.runs[name],
            groups=target.groups,
            penalty=target.penalty,
            score=entities.scorer(self.validation, self.source.tokens),
        )

    def _show(self) -> None:
        redraw(self.figure, traces(self.scene), titles(self.scene))
        self.bar.value = min(run.spent for run in self.scene.runs.values())
        said = [
            f"{NAME[name]}: {len(run.steps)} updates in {run.seconds:.0f} s"
            for name, run in self.scene.runs.items()
        ]
        self._say("Training, one update each in turn. " + " · ".join(said))

    def _finish(self, stopped: bool) -> None:
        self._show()
        self._say("Now both tag test sentences, which neither has seen …")
        judge = entities.scorer(self.test, self.source.tokens)
        self.scene.tested = {name: judge(model) for name, model in self.models.items()}
        redraw(self.figure, traces(self.scene), titles(self.scene))
        full, scratch = (100 * self.scene.tested[name] for name in RIVALS)
        self._say(
            f"{'Stopped early. ' if stopped else ''}F1 on {len(self.test)} test sentences: "
            f"{full:.0f} % with the source, {scratch:.0f} % from scratch."
        )

    def _say(self, message: str, kind: str = "plain") -> None:
        self.status.value = note(message, kind)
