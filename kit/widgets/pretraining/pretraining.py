"""Pretrain an RNN and a Transformer side by side, and compare their loss on held-out text."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from torch import nn

from kit.metrics import bits_per_byte
from kit.models import Model
from kit.models.generate import generate
from kit.objectives import next_token
from kit.sources import Source
from kit.tasks.next_token import BATCH, pretraining_recipe
from kit.tokenizer import Tokenizer
from kit.train import Run, total_loss, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.pretraining.pretraining_figure import (
    MODELS,
    PROMPT,
    Scene,
    figure,
    table,
    traces,
)

__all__ = ["HeldOut", "Pretraining"]


UPDATES = (60, 120, 400, 4000)
"""Budgets to choose from: about 10, 20, 60 and 600 seconds for each model on one core."""


class HeldOut:
    """Held-out text as windows, and a model's loss on it in bits per byte."""

    def __init__(self, windows: Sequence, tokenizer: Tokenizer) -> None:
        """windows (N, T + 1): each is T tokens to read and T to predict."""
        self.examples = next_token(windows)
        self.bytes = sum(len(tokenizer.decode(row[1:]).encode()) for row in windows)
        self.tokens = len(windows) * (len(windows[0]) - 1)

    def bits(self, model: nn.Module) -> float:
        """Bits per byte of the text; the first token of each window is not predicted."""
        return bits_per_byte(total_loss(model, self.examples)[0], self.bytes)


class Pretraining(Race):
    """The widget: choose the updates, and train both models to predict the next token."""

    RESULT = "texts"
    NAMES: ClassVar[dict[str, str]] = {name: name for name in MODELS}

    def __init__(
        self,
        makers: dict[str, Callable[[], Model]],
        windows: Sequence,
        held_out: Sequence,
        tokenizer: Tokenizer,
        levels: dict[str, float],
        *,
        updates: int = 60,
    ) -> None:
        """makers: "RNN" and "Transformer" -> a function that makes an untrained model. windows (N,
        T + 1): to train on. held_out (M, T + 1): to measure the loss on. levels: baseline -> its
        bits per byte. updates: of each model; 60 take about 10 seconds on one core."""
        import ipywidgets as w

        self.makers = makers
        self.tokenizer = tokenizer
        self.held_out = HeldOut(held_out, tokenizer)
        self.windows = windows
        self.examples = next_token(windows)
        self.levels = levels
        self.updates = w.Dropdown(
            options=[(f"{n:,} updates each", n) for n in sorted({updates, *UPDATES})],
            value=updates,
            layout={"width": "180px"},
        )
        super().__init__(
            "Press “Train both”: each starts where counting single tokens ends.",
            locks=(self.updates,),
        )
        self.table = w.HTML(table(self.scene))
        self.figure = live(figure(self.scene))
        self.updates.observe(lambda _: self._announce(), "value")
        self.view = w.VBox([self.controls, self.status, self.figure, self.table])

    @property
    def setting(self) -> str:
        """The name of this setting's recording."""
        return f"next token, {len(self.windows)} windows, {self.updates.value} updates"

    def bits(self) -> dict[str, float]:
        """Model -> its bits per byte on the held-out text now."""
        return {name: self.held_out.bits(model) for name, model in self.models.items()}

    def source(self, name: str) -> Source:
        """A trained model as a source."""
        model = self.models[name]
        return Source(f"{name}, just trained", model.body, self.tokenizer, model.head)

    def _new_scene(self) -> Scene:
        bytes_per_token = self.held_out.bytes / self.held_out.tokens
        return Scene(self.levels, bytes_per_token, self.updates.value)

    def _start(self) -> dict:
        self.models |= {name: make() for name, make in self.makers.items()}
        return {name: self._loop(name) for name in self.models}

    def _loop(self, name: str):
        self.scene.runs[name] = Run(name=name)
        self._measure(name)
        return training_steps(
            self.models[name],
            self.examples,
            pretraining_recipe(name, self.scene.updates),
            run=self.scene.runs[name],
            score=self._score(name),
        )

    def _measure(self, name: str) -> None:
        """Add the score of a model to its run, before the first and after the last update, where
        `training_steps` adds none."""
        run = self.scene.runs[name]
        score = self._score(name)(self.models[name].eval())
        row = {"step": len(run.steps), "seconds": run.seconds, "score": score}
        run.evaluations = [e for e in run.evaluations if e["step"] < row["step"]] + [row]

    def _score(self, name: str) -> Callable[[nn.Module], float]:
        prompt = [self.tokenizer.eos, *self.tokenizer.encode(PROMPT, special=False)]

        def score(model: nn.Module) -> float:
            [ids] = generate(model, [prompt], 12, temperature=0.7, seed=0)
            self.scene.texts[name] = self.tokenizer.decode(ids)
            return -self.held_out.bits(model)

        return score

    def _evaluate(self) -> None:
        for name, model in self.models.items():
            self._measure(name)
            model.cpu()

    def _draw(self) -> None:
        for run in self.scene.runs.values():
            run.settings["tokens in an update"] = BATCH * (len(self.windows[0]) - 1)
        with self.figure.batch_update():
            self.figure.layout.xaxis.range = [0, self.scene.updates]
            redraw(self.figure, traces(self.scene))
        self.table.value = table(self.scene)

    def _conclusion(self) -> str:
        parts = [
            f"{name}: {-run.evaluations[-1]['score']:.2f} bits per byte after {run.updates} "
            f"updates, {run.seconds:.0f} s"
            for name, run in self.scene.runs.items()
        ]
        return "Done. " + " · ".join(parts)
