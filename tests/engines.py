"""Small trainings by each engine of several processes, as a command: see test_distributed.

    torchrun --nproc-per-node 2 -m tests.engines FOLDER

Each process writes FOLDER/RANK.json. Trainings in FOLDER/NAME go on from what is there.
"""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from kit.errors import KitError
from kit.models import Model
from kit.train import Run, distributed, fit, loop, resume, training_steps
from tests.pretraining import bits, examples, model, recipe, score

STEPS, STOP = 10, 4


def plain(kind: str) -> tuple[Model, dict]:
    return model(kind), {}


def frozen() -> tuple[Model, dict]:
    made = model("classes")
    made.body.requires_grad_(False)
    return made, {}


def gradual() -> tuple[Model, dict]:
    """The head first, the body later and more slowly; the tied embeddings are the head's too."""
    made = model("words")
    own = [*made.head.parameters()]
    rest = [p for p in made.parameters() if not any(p is o for o in own)]
    return made, {
        "groups": [
            {"params": own, "rate": 1e-2},
            {"params": rest, "rate": 3e-3, "start": 0.4},
        ]
    }


def unused() -> tuple[Model, dict]:
    """A trained part that no prediction uses."""
    made = model("classes")
    made.spare = nn.Linear(3, 5)
    return made, {}


def pulled() -> tuple[Model, dict]:
    """A penalty, which alone uses one of the parameters."""
    made, _ = unused()
    return made, {"penalty": lambda m: 1e-2 * sum(p.square().sum() for p in m.parameters())}


CASES: dict[str, tuple[Callable, dict]] = {
    "tied embeddings": (lambda: plain("words"), {}),
    "an RNN": (lambda: plain("classes"), {}),
    "a frozen body": (frozen, {}),
    "gradual unfreezing": (gradual, {}),
    "a part that is not used": (unused, {}),
    "checkpointed activations": (lambda: plain("words"), {"activation_checkpointing": True}),
    "accumulation": (lambda: plain("words"), {"accumulation": 3}),
    "a penalty": (pulled, {}),
}
"""Name -> (its model and the options of fit, changes to the recipe)."""


def trained(name: str, *, shard: bool = False, folder: Path | None = None) -> dict:
    """What a training gives: losses, score, and a sum of the values that the model has then."""
    make, changed = CASES[name]
    made, options = make()
    settings = recipe(steps=STEPS, batch_size=8 // distributed.count(), shard=shard, **changed)
    try:
        run = fit(made, examples(kind(made)), settings, score=score, folder=folder, **options)
    except KitError as error:
        return {"refused": str(error)}
    values = [float(p.double().square().sum()) for p in bits(made).values()]
    return {
        "losses": [row["loss"] for row in run.steps],
        "scores": [row["score"] for row in run.evaluations],
        "values": values,
    }


def kind(made: Model) -> str:
    return "words" if hasattr(made.body, "blocks") else "classes"


def stopped(folder: Path, *, shard: bool = False, rows: int = 66) -> None:
    """A training of tied embeddings that is left after `STOP` steps."""
    settings = recipe(steps=STEPS, batch_size=8 // distributed.count(), shard=shard)
    steps = training_steps(
        model("words"), examples("words")[:rows], settings, run=Run(), folder=folder, score=score
    )
    for _ in range(STOP):
        next(steps)
    try:
        steps.close()
    except KitError as error:
        assert shard and "folder" in str(error)


def uneven(folder: Path) -> str:
    """What is said of a training whose last batch has one example, by two processes."""
    try:
        stopped(folder, rows=65)
    except KitError as error:
        return str(error)
    return ""


def shares() -> dict:
    """Of a sharded training of tied embeddings: the numbers that this process holds."""
    counts = {}

    class Counting(loop.Optimizer):
        def step(self, *arguments) -> None:
            parameters = self.parameters
            counts["all"] = sum(p.numel() for p in parameters)
            counts["parameters"] = sum(p.to_local().numel() for p in parameters)
            counts["gradients"] = sum(p.grad.to_local().numel() for p in parameters)
            super().step(*arguments)
            states = [state for p in parameters for state in self.adamw.state[p].values()]
            counts["moments"] = sum(s.to_local().numel() for s in states if s.ndim)

    usual, loop.Optimizer = loop.Optimizer, Counting
    try:
        trained("tied embeddings", shard=True)
    finally:
        loop.Optimizer = usual
    return counts


def changed(shard: bool) -> str:
    """What is said where a parameter is frozen in the middle."""
    made = model("classes")
    settings = recipe(steps=STEPS, batch_size=4, shard=shard)
    steps = training_steps(made, examples("classes"), settings, run=Run())
    next(steps)
    made.body.requires_grad_(False)
    try:
        next(steps)
    except KitError as error:
        return str(error)
    return ""


class Divided(nn.Module):
    """A part that each process computes with other parameters."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.heads = nn.ModuleList([head, copy.deepcopy(head)])

    def forward(self, *inputs) -> torch.Tensor:
        return self.heads[distributed.rank()](*inputs)


def divided(shard: bool) -> str | list[float]:
    """What is said where each process uses parameters that the other does not; or the losses."""
    made = model("classes")
    made.head = Divided(made.head)
    settings = recipe(steps=STEPS, batch_size=4, shard=shard)
    try:
        return [row["loss"] for row in fit(made, examples("classes"), settings).steps]
    except KitError as error:
        return str(error)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    resume.SECONDS = 0  # write after each step
    distributed.join()
    results = {"shares": shares(), "uneven": uneven(folder / "uneven")}
    for shard in (False, True):
        engine = "sharded" if shard else "replicated"
        results[engine] = {name: trained(name, shard=shard) for name in CASES}
        results[engine]["from one process"] = trained(
            "tied embeddings", shard=shard, folder=folder / f"{engine} from one"
        )
        stopped(folder / f"one from {engine}", shard=shard)
        results[engine]["changed"] = changed(shard)
        results[engine]["divided"] = divided(shard)
    text = json.dumps(results)
    (folder / f"{distributed.rank()}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
