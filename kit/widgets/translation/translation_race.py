"""Two translators are trained on the same pairs, one from a parent, one from scratch; then scored."""

from dataclasses import replace

from kit.tasks import translation
from kit.tasks.translation.memory import Memory
from kit.train import Run, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import fit_page_width, live, redraw
from kit.widgets.translation.translation_race_figure import RIVALS, Scene, figure, recorded, traces

__all__ = ["TranslationRace"]


class TranslationRace(Race):
    """The widget: train both children on the same pairs, one update each in turn."""

    END, NAMES = "bleu", RIVALS

    def __init__(self, source, results: dict, language: str = "it", *, pairs: int = 300) -> None:
        """source: a parent. results: `recorded("translation")`. Trained live is a seed that is
        not among the recorded ones, with a third of their updates, scored on the first 150 of the
        same test messages."""
        import ipywidgets as w

        self.source, self.language, self.pairs = source, language, pairs
        self.seed = 1 + max((row["seed"] for row in results["rows"]), default=-1)
        self.recorded = recorded(results, language, pairs)
        data = translation.load(language)
        self.train_rows, self.test = data["train"], translation.sample(data["test"], 150, 0)
        super().__init__(f"{pairs} pairs of {translation.LANGUAGES[language]}.")
        self.figure = live(figure(self.scene))
        fit_page_width(self.figure)
        self.view = w.VBox([self.controls, self.status, self.figure])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"{translation.LANGUAGES[self.language]}, {self.source.name}, {self.pairs} pairs"

    def _scene(self) -> Scene:
        return Scene(self.recorded)

    def _draw(self) -> None:
        redraw(self.figure, traces(self.scene))

    def _begin(self) -> dict:
        self.rows = translation.sample(self.train_rows, self.pairs, self.seed)
        return {name: self._loop(name) for name in RIVALS}

    def _loop(self, name: str):
        made = translation.target(self.source, name, seed=self.seed)
        self.models[name], self.scene.runs[name] = made.model, Run(name=name)
        examples = translation.encode(self.rows, self.source.tokenizer)
        whole = translation.recipe(self.pairs, seed=self.seed)  # the same for both
        recipe = replace(whole, steps=whole.steps // 3)  # what a lecture has time for
        return training_steps(
            made.model, examples, recipe, run=self.scene.runs[name], groups=made.groups
        )

    def _judge(self) -> None:
        self._say("Now both translate test messages, whose English no one has seen …")
        texts, tokenizer = self.test["english"][:], self.source.tokenizer
        answers = {"memory": Memory(self.rows).translate(texts)}
        for name, model in self.models.items():
            answers[name] = translation.predict(model, tokenizer, texts, self.language)
        self.scene.bleu = {n: translation.score(a, self.test)["bleu"] for n, a in answers.items()}
        self.seed += 1

    def _verdict(self) -> str:
        gain = self.scene.bleu["full"] - self.scene.bleu["from_scratch"]
        return (
            f"One seed, {len(self.test)} messages, a third of the recorded updates: the parent was "
            f"worth {gain:+.1f} BLEU. Press again: other pairs, another seed."
        )
