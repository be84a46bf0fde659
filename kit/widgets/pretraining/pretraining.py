"""Pretrain an RNN and a Transformer side by side, and compare their loss on held-out text."""

from collections.abc import Callable, Sequence

from torch import nn

from kit.metrics import bits_per_byte
from kit.models import Model
from kit.models.generate import generate
from kit.objectives import next_token
from kit.sources import Source
from kit.tokenizer import Tokenizer
from kit.train import Recipe, Run, total_loss, training_steps
from kit.widgets.base.race import Race
from kit.widgets.base.style import live, redraw
from kit.widgets.pretraining.pretraining_figure import (
    PROMPT,
    Scene,
    figure,
    table,
    traces,
)

__all__ = ["HeldOut", "Pretraining", "recipe"]

RATES = {"RNN": 1e-2, "Transformer": 5e-3}

BATCH = 16
"""Windows in an update."""


class HeldOut:
    """Text that no model has learnt from, as windows, and how surprised each is by it."""

    def __init__(self, windows: Sequence, tokenizer: Tokenizer) -> None:
        """windows (N, T + 1): T tokens to read, and T to predict."""
        self.examples = next_token(windows)
        self.bytes = sum(len(tokenizer.decode(row[1:]).encode()) for row in windows)
        self.tokens = len(windows) * (len(windows[0]) - 1)

    def bits(self, model: nn.Module) -> float:
        """Bits per byte of the text after its first token in each window."""
        return bits_per_byte(total_loss(model, self.examples)[0], self.bytes)


def recipe(name: str, seconds: float, seed: int = 0) -> Recipe:
    """How a writer is trained: chosen on held-out news of the validation split."""
    return Recipe(
        seconds=seconds,
        rate=RATES[name],
        batch_size=BATCH,
        evaluations=8,
        keep_best=False,
        seed=seed,
    )


class Pretraining(Race):
    """The widget: how many seconds, Train, Stop; both learn the next token, an update in turn."""

    END, NAMES = "texts", {name: name for name in RATES}

    def __init__(
        self,
        makers: dict[str, Callable[[], Model]],
        windows: Sequence,
        held_out: Sequence,
        tokenizer: Tokenizer,
        levels: dict[str, float],
        *,
        seconds: int = 10,
    ) -> None:
        """makers: "RNN" and "Transformer" -> a function that makes a fresh model. windows (N,
        T + 1): to learn from; held_out: to be judged by. levels: name -> bits per byte of what
        needs no training."""
        import ipywidgets as w

        self.makers, self.tokenizer, self.held_out = makers, tokenizer, HeldOut(held_out, tokenizer)
        self.windows, self.examples, self.levels = windows, next_token(windows), levels
        self.seconds = w.Dropdown(
            options=[(f"{s} s each", s) for s in sorted({seconds, 10, 30, 60, 300})],
            value=seconds,
            layout={"width": "120px"},
        )
        super().__init__(
            "Press “Train both”: each starts where counting single tokens ends.",
            locks=(self.seconds,),
        )
        self.table = w.HTML(table(self.scene))
        self.figure = live(figure(self.scene))
        self.seconds.observe(lambda _: self._offer(), "value")
        self.view = w.VBox([self.controls, self.status, self.figure, self.table])

    @property
    def what(self) -> str:
        """The setting that a recording is of."""
        return f"next token, {len(self.windows)} windows, {self.seconds.value} s"

    def bits(self) -> dict[str, float]:
        """Bits per byte on the held-out text, of each model as it is."""
        return {name: self.held_out.bits(model) for name, model in self.models.items()}

    def source(self, name: str) -> Source:
        """What was just trained, as a source."""
        model = self.models[name]
        return Source(f"{name}, just trained", model.body, self.tokenizer, model.head)

    def _scene(self) -> Scene:
        return Scene(self.levels, self.held_out.bytes / self.held_out.tokens, self.seconds.value)

    def _begin(self) -> dict:
        self.models |= {name: make() for name, make in self.makers.items()}
        return {name: self._loop(name) for name in self.models}

    def _loop(self, name: str):
        run, score = Run(name=name), self._score(name)
        self.scene.runs[name] = run
        self._at(name)
        how = recipe(name, self.seconds.value)
        return training_steps(self.models[name], self.examples, how, run=run, score=score)

    def _at(self, name: str) -> None:
        """The model as it is, at the beginning and at the end: its score, as `training_steps` has it."""
        run, score = self.scene.runs[name], self._score(name)(self.models[name].eval())
        row = {"step": len(run.steps), "seconds": run.seconds, "score": score}
        run.evaluations = [e for e in run.evaluations if e["step"] < row["step"]] + [row]

    def _score(self, name: str) -> Callable[[nn.Module], float]:
        prompt = [self.tokenizer.eos, *self.tokenizer.encode(PROMPT, special=False)]

        def score(model: nn.Module) -> float:
            [ids] = generate(model, [prompt], 12, temperature=0.7, seed=0)
            self.scene.texts[name] = self.tokenizer.decode(ids)
            return -self.held_out.bits(model)

        return score

    def _judge(self) -> None:
        for name, model in self.models.items():
            self._at(name)
            model.cpu()

    def _draw(self) -> None:
        for run in self.scene.runs.values():
            run.settings["tokens in an update"] = BATCH * (len(self.windows[0]) - 1)
        with self.figure.batch_update():
            self.figure.layout.xaxis.range = [0, self.scene.seconds]
            redraw(self.figure, traces(self.scene))
        self.table.value = table(self.scene)

    def _verdict(self) -> str:
        said = (
            f"{n}: {r.updates} updates in {r.seconds:.0f} s" for n, r in self.scene.runs.items()
        )
        return "Done. " + " · ".join(said)
