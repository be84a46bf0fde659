"""A race of two small models, which takes a tenth of a second: see test_interrupts."""

from types import SimpleNamespace

from pretraining import examples, model, recipe

from kit.train import Run, training_steps
from kit.widgets.base.race import Race


class SmallRace(Race):
    """Two small classifiers, 8 updates each; without a figure and without a recording."""

    NAMES = {"one": "one", "two": "two"}  # noqa: RUF012
    setting = "a small race"

    def __init__(self) -> None:
        super().__init__("Train.")

    def _new_scene(self):
        return SimpleNamespace(runs={}, tested={})

    def _start(self) -> dict:
        loops = {}
        self.models.clear()
        for i, name in enumerate(self.NAMES):
            made = model("classes", 0.1)
            run = self.scene.runs[name] = Run(name=name)
            settings = recipe(steps=8, seed=i)
            loops[name] = training_steps(made, examples("classes"), settings, run=run)
            self.models[name] = made
        return loops

    def _evaluate(self) -> None:
        self.scene.tested = {name: run.updates for name, run in self.scene.runs.items()}

    def _draw(self) -> None:
        pass

    def _conclusion(self) -> str:
        return f"{self.scene.tested}"

    def _save_recording(self, setting: str) -> None:
        pass
