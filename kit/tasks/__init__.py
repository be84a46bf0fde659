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

or, in one line and with its controls: `kit.experiment.run(source, "full", task, rows, test)`.

A new one is a file beside this one, and its name in `TASKS`. `kit/tasks/topics.py` is a short one.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kit.data.own import Column
from kit.errors import KitError

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
    """What each module has. What a function takes beyond this has a default."""

    METRIC: str
    """The name of its main metric: a key of what `score` returns; higher is better."""

    COLUMNS: dict[str, Column]
    """The columns that it learns from, by name, with what they hold: first what is read, last
    what is answered. The user's own data is checked against them (`kit.data.own`)."""

    def load(self) -> "DatasetDict":
        """train, validation and test, with at least the columns in `COLUMNS`, and "id"."""

    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n examples of a split to learn from; a seed's first 50 of its 100 are its 50."""

    def head(self, width: int, tokenizer: "Tokenizer | None" = None) -> "nn.Module":
        """The head for a body of this width, as `migrate` wants it. A head that writes has one
        piece for each of `tokenizer`, the same that `encode` is given; others need none."""

    def encode(self, rows: Iterable[dict], tokenizer: "Tokenizer") -> list[dict]:
        """Rows as examples for `kit.train.fit`."""

    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: "Source | None" = None
    ) -> "Recipe":
        """How to fine-tune on n examples, the loss included: chosen on validation. source: for a
        task that gives large sources fewer passes."""

    def predict(self, model: "nn.Module", tokenizer: "Tokenizer", texts: Iterable[Any]) -> list:
        """One answer for each text: a class, a number, tags, a text. `texts` are texts as a user
        writes them, or what the first of `COLUMNS` holds. Any text gets an answer; a KitError
        says what is wrong with one that is empty or no text at all."""

    def score(self, answers: Sequence, rows: Iterable[dict]) -> dict[str, float]:
        """Metric -> number, 0 to 1 (BLEU, chrF: 0 to 100, as the field has them); among them
        `METRIC`. `answers` are those of `predict`, to the same rows."""

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """What costs nothing -> its `METRIC` on `test`."""

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
    return [row[first] for row in rows]


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
    """95 % interval of a task's main metric over its test examples, by drawing them again with
    replacement and scoring each draw (Efron 1979; for BLEU: Koehn 2004). Returns (low, high)."""
    rows, found = list(rows), []
    for chosen in np.random.default_rng(seed).integers(0, len(rows), (draws, len(rows))):
        again = task.score([answers[i] for i in chosen], [rows[i] for i in chosen])
        found.append(again[task.METRIC])
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
