"""The user's random numbers: no public door of the kit reseeds or moves them."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from migrations import TOKENS, bits, examples, head, options, source
from test_experiment import FILMS, ROWS, task_of
from test_experiment import source as reading_source

from kit import exercises, objectives, runtime
from kit.data.own import Column, read
from kit.experiment import prepare, run
from kit.migrate import STRATEGIES, migrate
from kit.migrate.structure.naive_growth import grow_exactly, grow_naively
from kit.models import ClassHead, Model
from kit.models.generate import generate
from kit.sources import checkpoint
from kit.sources import load as load_source
from kit.tasks import summarization
from kit.train import Recipe, fit, predict, total_loss

RECIPE = Recipe(steps=2, batch_size=4, precision="fp32")
WRITER, READER = source("gpt"), reading_source()
MODEL = Model(WRITER.body, WRITER.head)


def train(**more) -> None:
    target = migrate(READER, lambda width: ClassHead(width, 2))
    fit(target.model, examples("full"), RECIPE, **target.training, **more)


def saved(folder: Path) -> None:
    load_source(checkpoint.save(WRITER, folder / "new"))


def every_part(name: str) -> None:
    """A task from the encoding of its rows to the score."""
    task, rows = task_of(name), ROWS[name]
    experiment = prepare(READER, "full", task, rows, recipe=RECIPE)
    experiment.fit()
    task.baselines(rows, rows)
    experiment.score(rows)


DOORS: dict[str, Callable[[Path], object]] = {
    "fit": lambda _: train(),
    "fit with a score": lambda _: train(score=lambda model: float(torch.rand(()))),
    "predict": lambda _: predict(MODEL, [{"ids": [5, 6], "y": 0}], precision="fp32"),
    "total_loss": lambda _: total_loss(MODEL, [{"ids": [5, 6], "y": [6, 7]}]),
    "sampling": lambda _: generate(MODEL, [[5]], 4, temperature=1.0),
    "beam search": lambda _: generate(MODEL, [[5]], 4, beams=2),
    "precision": lambda _: runtime._measure(torch.device("cpu"), width=8, tokens=4),
    "grow_exactly": lambda _: grow_exactly(WRITER, 2, 1),
    "grow_naively": lambda _: grow_naively(WRITER, 2, 1),
    "masked": lambda _: objectives.masked(np.full((4, 9), 20), TOKENS)(0),
    "checkpoint": saved,
    "run": lambda _: run(READER, "full", task_of("sentiment"), FILMS, FILMS, recipe=RECIPE),
    "own.read": lambda _: read(FILMS * 9, {"text": Column("text")}).data(least=1),
    "exercise": lambda _: exercises.check("04.2", ("attention.output.weight",)),
    "two sources": lambda _: summarization.target(READER, writer=WRITER),
    "grow_encoder": lambda _: summarization.target(READER, "structure", writer=WRITER),
}
DOORS |= {f"task {name}": lambda _, name=name: every_part(name) for name in ROWS}
GIVEN = dict.fromkeys(STRATEGIES, WRITER) | {"quantized_lora": source("4 bits")}
"""Strategy -> its source; blocks of 4 bits need a width of 32."""
CHOICES = {strategy: options(strategy, given) for strategy, given in GIVEN.items()}
MIGRATED = {
    strategy: partial(migrate, given, head(strategy, given), strategy, **CHOICES[strategy])
    for strategy, given in GIVEN.items()
}
DOORS |= {f"migrate {strategy}": lambda _, move=move: move() for strategy, move in MIGRATED.items()}


def states() -> list[str]:
    return [str(torch.get_rng_state().tolist()), str(random.getstate()), str(np.random.get_state())]


def seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


@pytest.mark.parametrize("name", DOORS)
def test_the_users_random_numbers_stay(name: str, tmp_path: Path) -> None:
    drawn = []
    for seed in (1, 2):
        seed_all(seed)
        before = states()
        DOORS[name](tmp_path)
        assert states() == before
        drawn.append((torch.rand(()).item(), np.random.rand(), random.random()))
    assert all(first != second for first, second in zip(*drawn, strict=True))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_users_seed_does_not_decide_a_target(strategy: str) -> None:
    targets = []
    for seed in (1, 2):
        seed_all(seed)
        targets.append(bits(MIGRATED[strategy]().model))
    assert targets[0] == targets[1]


def test_two_trainings_in_turn_leave_the_users_numbers_between_their_updates() -> None:
    """A user who draws between two updates gets the numbers that the user's seed decides."""
    from kit.train import Run, training_steps

    torch.manual_seed(3)
    wanted = torch.rand(4).tolist()
    target = migrate(READER, lambda width: ClassHead(width, 2))
    torch.manual_seed(3)
    recipe = Recipe(steps=4, batch_size=4, precision="fp32")
    loop = training_steps(target.model, examples("full"), recipe, run=Run(), **target.training)
    assert [torch.rand(()).item() for _ in loop] == pytest.approx(wanted)
