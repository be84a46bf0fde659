"""The tasks, each a module with the same parts, so that any source, strategy and `fit` work with
any of them:

    task = tasks.task("topics")
    data, source = task.load(), sources.minilm()
    target = migrate(source, partial(task.head, tokenizer=source.tokenizer), "full")
    rows = task.sample(data["train"], 100, seed=0)
    examples = task.encode(rows, source.tokenizer)
    fit(target.model, examples, task.recipe(100), **target.training)
    answers = tasks.predict_rows(task, target.model, source.tokenizer, data["test"])
    task.score(answers, data["test"])[task.METRIC]

or, in one call and with controls: `kit.experiment.run(source, "full", task, rows, test)`.

A new task is a module beside this one, and its name in `TASKS`. `kit/tasks/topics.py` is a short
example.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kit import guards
from kit.data.own import Column
from kit.errors import KitError
from kit.metrics import bootstrap_interval

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from torch import nn

    from kit.sources import Source
    from kit.tokenizer import Tokenizer
    from kit.train import Recipe

__all__ = ["TASKS", "Task", "bootstrap", "inputs", "predict_rows", "task"]

TASKS = (
    "sentiment",
    "entities",
    "topics",
    "summarization",
    "translation",
)
"""Every task by name; each is the module `kit.tasks.NAME`."""


class Task(Protocol):
    """What each task has. Further parameters of these functions have a default.

    A task may also have

        target(source, strategy, *, seed, **options) -> Migration: migrate to the task, with its own
            learning rates or head; its keyword parameters are options of `kit.experiment.run`;
        predict_options(rows) -> dict: the options of `predict` that rows decide (a language);
        STRATEGY: {a name of its own for a strategy: its name in `kit.migrate`}.
    """

    METRIC: str
    """The name of its main metric: a key of what `score` returns; higher is better."""

    COLUMNS: dict[str, Column]
    """The columns that it learns from, name -> kind: first the input, last the answer. The user's
    own data is checked against them (`kit.data.own`)."""

    def load(self) -> "DatasetDict":
        """train, validation and test, with at least the columns in `COLUMNS`, and "id"."""

    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n rows of a split to train on. Nested: the first 50 of a seed's 100 are its 50."""

    def head(self, width: int, tokenizer: "Tokenizer | None" = None) -> "nn.Module":
        """A fresh head for a body of this width, as `migrate` takes it. A head that generates
        text has an output for each token of `tokenizer`, that of `encode`; others need none."""

    def encode(self, rows: Iterable[dict], tokenizer: "Tokenizer") -> list[dict]:
        """Rows as examples for `kit.train.fit`."""

    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: "Source | None" = None
    ) -> "Recipe":
        """How to fine-tune on n examples, the loss included. source: for a task whose recipe
        depends on the source's size."""

    def predict(self, model: "nn.Module", tokenizer: "Tokenizer", texts: Iterable[Any]) -> list:
        """One answer for each text: a class, a number, tags, a text. `texts` are texts as a user
        writes them, or values of the first of `COLUMNS`. Any text gets an answer; raises KitError
        for one that is empty or no text."""

    def score(self, answers: Sequence, rows: Iterable[dict]) -> dict[str, float]:
        """Metric -> number, 0 to 1 (BLEU and chrF: 0 to 100), `METRIC` among them. answers: those
        of `predict`, one for each row."""

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """Baseline that needs no network -> its `METRIC` on `test`."""

    def show(self, text: Any, answer: Any) -> str:
        """One prediction as HTML."""


def task(name: str) -> Task:
    """The task with this name in `TASKS`."""
    if name not in TASKS:
        raise KitError(f"task {name!r} is unknown: choose one of {', '.join(TASKS)}.")
    return import_module(f"{__name__}.{name}")


def inputs(task: Task, rows: Iterable[dict]) -> list:
    """What the task reads of some rows: the values of the first of its `COLUMNS`."""
    first = next(iter(task.COLUMNS))
    rows = list(rows)
    if problem := guards.rows_with(first)(rows):
        raise KitError(f"rows are {problem}.")
    return [row[first] for row in rows]


@guards.guarded(
    "predict_rows(task, model, tokenizer, rows)",
    task=guards.a_task,
    model=guards.a_model,
    tokenizer=guards.a_tokenizer,
    rows=guards.rows_with(),
)
def predict_rows(
    task: Task, model: "nn.Module", tokenizer: "Tokenizer", rows: Iterable[dict], **options
) -> list:
    """One answer of the model for each row, as `task.score` takes them.

    options: as in the task's `predict`; default: what its `predict_options`, if it has one, reads
    from the rows, such as the language of a translation.
    """
    rows = list(rows)
    if hasattr(task, "predict_options"):
        options = task.predict_options(rows) | options
    return task.predict(model, tokenizer, inputs(task, rows), **options)


def bootstrap(
    task: Task, answers: Sequence, rows: Iterable[dict], *, draws: int = 200, seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of the task's main metric over test rows: (low, high).

    answers: one for each row, as `predict` returns them. draws: resamples, each of which is scored
    (`kit.metrics.bootstrap_interval`; for BLEU: Koehn 2004). Raises KitError where the answers are
    more or fewer than the rows.
    """
    rows = list(rows)
    if len(answers) != len(rows):
        raise KitError(f"{len(answers)} answers to {len(rows)} rows: give one for each row.")

    def metric(chosen: np.ndarray) -> float:
        scores = task.score([answers[i] for i in chosen], [rows[i] for i in chosen])
        return scores[task.METRIC]

    return bootstrap_interval(metric, len(rows), draws=draws, seed=seed)
