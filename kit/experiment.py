"""An experiment: source × strategy × task × labelled rows × seed -> target, run, scores.

`run` does all of it and scores the target beside its controls. `prepare` stops before the training,
for who wants to watch it: a widget, a lesson that counts updates.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from kit.errors import KitError
from kit.html import table
from kit.migrate import Migration, migrate
from kit.sources import Source
from kit.tasks import Task, asked
from kit.tokenizer import Tokenizer
from kit.train import Recipe, Run, fit, training_steps

__all__ = ["Experiment", "prepare", "run", "strategy_options"]

VOCABULARY = 4096
"""Pieces of the vocabulary that `move_vocabulary` gets where none is given."""
READ = 300
"""Texts that `narrow` looks at to decide what it keeps."""


@dataclass
class Experiment:
    """A target before, during and after its training, and what it scored."""

    name: str
    """What a figure calls it: the strategy, unless another name was given."""
    task: Task
    """What the target learns."""
    target: Migration
    """The model, its parameter groups and its report."""
    tokenizer: Tokenizer
    """What the target reads."""
    rows: Sequence[dict]
    """The labelled rows that it learns from."""
    examples: Any
    """The same rows as `fit` takes them."""
    recipe: Recipe | None
    """How it is trained; None where there is no row to learn from."""
    run: Run
    """The history of its training; empty until it begins."""
    scores: dict[str, float] = field(default_factory=dict)
    """Metric -> value of the trained target, on test rows."""
    controls: dict[str, float] = field(default_factory=dict)
    """Control -> its main metric on the same test rows."""

    @property
    def model(self) -> nn.Module:
        """The target's model."""
        return self.target.model

    def steps(self, **extras) -> Iterator[Run]:
        """Train update by update: yields the run after each. extras: as in `training_steps`."""
        if self.recipe is None:
            return iter(())
        return training_steps(
            self.model, self.examples, self.recipe, run=self.run, **self.target.training, **extras
        )

    def fit(self, **extras) -> Run:
        """Train to the end of the budget, with a bar. extras: as in `fit`."""
        if self.recipe is not None:
            extras = self.target.training | extras
            self.run = fit(self.model, self.examples, self.recipe, name=self.name, **extras)
        return self.run

    def score(self, rows: Iterable[dict], **how) -> dict[str, float]:
        """Metric -> value of the target as it is now, on these rows. how: options of the task's
        `predict`."""
        rows = list(rows)
        answers = self.task.predict(self.model, self.tokenizer, asked(self.task, rows), **how)
        return self.task.score(answers, rows)

    def source(self, name: str, **card) -> Source:
        """The target as a source: to save it, or to migrate from it. card: what to tell of it."""
        told = {"from": self.target.source, "strategy": self.target.strategy}
        told |= {"recipe": self.run.settings, "scores": self.scores, "controls": self.controls}
        return Source(name, self.model.body, self.tokenizer, self.model.head, told | card)

    def __repr__(self) -> str:
        lines = [f"{self.target!r}, {len(self.rows):,} labelled rows, {self.run.seconds:.0f} s"]
        lines += [f"{name:>28} {value:.3f}" for name, value in self._told().items()]
        return "\n".join(lines)

    def _told(self) -> dict[str, float]:
        """The target's main metric, then those of the controls."""
        own = {self.name: self.scores[self.task.METRIC]} if self.scores else {}
        return own | self.controls

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.3f}") for name, value in self._told().items()]
        title = f"{self.target.source} → {self.name}: {len(self.rows):,} labelled rows"
        return table(("", self.task.METRIC), rows, title=title)


def prepare(
    source: Source,
    strategy: str,
    task: Task,
    rows: Sequence[dict],
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    target: Migration | None = None,
    name: str = "",
    **options,
) -> Experiment:
    """Migrate the source to the task and encode the rows; nothing is trained yet.

    rows: labelled rows as the task's `sample` gives them; none for a target without training.
    seed: decides the fresh values, and the order of the rows.
    recipe: how to train; default: the task's own for as many rows.
    target: a migration made before; default: the task's `target`, or `migrate` with its head.
    options: those of the strategy.
    """
    rows = list(rows)
    if target is None:
        target = _target(source, strategy, task, seed, options)
    elif options:
        raise KitError(f"{', '.join(options)}: a target that is given takes no options more.")
    if recipe is None and rows:
        recipe = task.recipe(len(rows), strategy, seed=seed, source=source)
    tokenizer = target.tokenizer or source.tokenizer
    return Experiment(
        name=name or strategy,
        task=task,
        target=target,
        tokenizer=tokenizer,
        rows=rows,
        examples=task.encode(rows, tokenizer) if rows else [],
        recipe=recipe if rows else None,
        run=Run(name=name or strategy),
    )


def run(
    source: Source,
    strategy: str,
    task: Task,
    rows: Sequence[dict],
    test: Sequence[dict],
    *,
    seed: int = 0,
    controls: Sequence[str] = ("from_scratch",),
    watch: Callable[[Run], None] | None = None,
    **options,
) -> Experiment:
    """Migrate, fine-tune, and score on test rows, beside what the score is worth nothing without.

    Controls: the task's baselines, which need no network; the same target before its training;
    and each of `controls`, strategies that are trained on the same rows with the same seed
    (default: the source's architecture with fresh values). options: as in `prepare`.
    """
    test = list(test)
    experiment = prepare(source, strategy, task, rows, seed=seed, **options)
    metric = task.METRIC
    experiment.controls["before training"] = experiment.score(test)[metric]
    experiment.fit(watch=watch)
    experiment.scores = experiment.score(test)
    for control in controls:
        if control != strategy:
            other = prepare(source, control, task, rows, seed=seed)
            other.fit(watch=watch)
            experiment.controls[control] = other.score(test)[metric]
    experiment.controls |= task.baselines(experiment.rows, test)
    return experiment


def _target(source: Source, strategy: str, task: Task, seed: int, options: dict) -> Migration:
    if hasattr(task, "target"):
        return task.target(source, strategy, seed=seed, **options)
    head = lambda width: task.head(width, source.tokenizer)  # noqa: E731
    return migrate(source, head, strategy, seed=seed, **options)


def strategy_options(
    source: Source, strategy: str, texts: Sequence[str], *, head: Callable[[int], nn.Module]
) -> dict:
    """What a strategy needs and cannot guess: another vocabulary, texts to look at, a student.

    texts: of the task, without labels. head: as in `migrate`. Raises KitError for a strategy
    that needs a training of its own (`domain_first`) or a body of the user's (`into`).
    """
    if strategy == "move_vocabulary":
        return {"old": source.tokenizer, "new": Tokenizer.train(texts, VOCABULARY)}
    if strategy == "narrow":
        ids = source.tokenizer.encode_many(list(texts[:READ]), 64)
        return {"examples": [{"ids": i, "y": 0} for i in ids]}
    if strategy == "distil" and source.body.config.layers == 1:  # there is no half of one layer
        narrow = strategy_options(source, "narrow", texts, head=head)
        return {"student": migrate(source, head, "narrow", **narrow).model.body}
    if strategy == "domain_first":
        raise KitError(
            "domain_first trains on the task's texts first: give adapt=lambda body: fit(...)."
        )
    if strategy == "into":
        raise KitError("into needs a body to fill: give target=Transformer(...).")
    return {}
