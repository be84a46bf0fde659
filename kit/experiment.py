"""An experiment: source × strategy × task × labelled rows × seed -> target, run, scores.

    from kit import experiment, sources, tasks

    task = tasks.task("topics")
    data = task.load()
    rows = task.sample(data["train"], 100, seed=0)
    result = experiment.run(sources.minilm(), "lora", task, rows, data["test"], rank=4)
    result  # its score beside those of its controls

`run` migrates, trains, and scores the target beside its controls. `prepare` stops before the
training, for a caller that trains step by step.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import nn

from kit import guards
from kit.display_names import display_name
from kit.errors import KitError
from kit.html import table
from kit.migrate import Migration, check_options, migrate
from kit.sources import Source
from kit.tasks import Task, predict_rows
from kit.tokenizer import Tokenizer
from kit.train import Recipe, Run, fit, training_steps

__all__ = ["Experiment", "prepare", "run", "strategy_options"]

VOCABULARY = 4096
"""Tokens in the vocabulary that `strategy_options` trains for `move_vocabulary`."""
NARROW_TEXTS = 300
"""Texts that `strategy_options` gives `narrow` to compute principal components from."""


@dataclass
class Experiment:
    """A target before, during and after its training, with its scores and those of its controls."""

    name: str
    """The name in figures; default: the strategy."""
    task: Task
    """The task that the target learns."""
    target: Migration
    """The model, its parameter groups, its penalty and its report."""
    tokenizer: Tokenizer
    """The tokenizer of the target: the source's, unless the vocabulary moved."""
    rows: list[dict]
    """The labelled rows for training."""
    examples: list[dict]
    """The same rows, encoded as `fit` takes them."""
    recipe: Recipe | None
    """How to train; None without rows."""
    run: Run
    """The history of the training; empty before it."""
    scores: dict[str, float] = field(default_factory=dict)
    """Metric -> value of the trained target on the test rows."""
    controls: dict[str, float] = field(default_factory=dict)
    """Control -> value of the task's main metric on the same test rows."""

    @property
    def model(self) -> nn.Module:
        """The target's model."""
        return self.target.model

    def steps(self, **options) -> Iterator[Run]:
        """Train update by update; yields the run after each. Without rows it yields nothing.

        options: as in `kit.train.training_steps`.
        """
        if self.recipe is None:
            return iter(())
        options = self.target.training | options
        return training_steps(self.model, self.examples, self.recipe, run=self.run, **options)

    def fit(self, **options) -> Run:
        """Train until the budget is spent, with a progress bar. Without rows nothing is trained.

        Each call trains the model further, with the whole budget and a new `run`.
        options: as in `kit.train.fit`.
        """
        if self.recipe is not None:
            options = self.target.training | options
            self.run = fit(self.model, self.examples, self.recipe, name=self.name, **options)
        return self.run

    @guards.guarded("experiment.score(data['test'])", rows=guards.rows_with())
    def score(self, rows: Iterable[dict], **options) -> dict[str, float]:
        """Metric -> value of the model in its present state on these rows.

        options: as in the task's `predict`.
        """
        rows = list(rows)
        answers = predict_rows(self.task, self.model, self.tokenizer, rows, **options)
        return self.task.score(answers, rows)

    def source(self, name: str, **card) -> Source:
        """The model as a source: to migrate from again, or to save (`kit.sources.checkpoint.save`).

        A model with LoRA is saved after `kit.migrate.merge(experiment.model)`. The source shares
        its parameters with this experiment.
        card: further entries for the source's card.
        """
        made_by = {
            "from": self.target.source,
            "strategy": self.target.strategy,
            "recipe": self.run.settings,
            "scores": self.scores,
            "controls": self.controls,
        }
        return Source(name, self.model.body, self.tokenizer, self.model.head, made_by | card)

    def __repr__(self) -> str:
        lines = [f"{self.target!r}, {len(self.rows):,} labelled rows, {self.run.seconds:.0f} s"]
        scores = self._main_scores().items()
        lines += [f"{display_name(name):>28} {value:.3f}" for name, value in scores]
        return "\n".join(lines)

    def _main_scores(self) -> dict[str, float]:
        """The main metric of the target, then of the controls."""
        scores = {self.name: self.scores[self.task.METRIC]} if self.scores else {}
        return scores | self.controls

    def _repr_html_(self) -> str:
        title = f"{self.target.source} → {self.name}: {len(self.rows):,} labelled rows"
        scores = self._main_scores().items()
        rows = [(display_name(name), f"{value:.3f}") for name, value in scores]
        scores = table(("", display_name(self.task.METRIC)), rows, title=title) if rows else ""
        return scores + self.target._repr_html_()


PARTS = {
    "source": guards.a_source,
    "strategy": guards.a_name,
    "task": guards.a_task,
    "rows": guards.rows_with(),
    "test": guards.rows_with(),
    "seed": guards.a_seed,
    "watch": guards.a_function,
}
"""Argument -> its check."""


@guards.guarded("prepare(source, 'full', tasks.task('topics'), rows)", **PARTS)
def prepare(
    source: Source,
    strategy: str,
    task: Task,
    rows: Iterable[dict],
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    target: Migration | None = None,
    name: str = "",
    **options,
) -> Experiment:
    """Migrate the source to the task and encode the rows; nothing is trained.

    rows: labelled rows, as the task's `sample` returns them; none for a target without training.
    seed: decides the fresh values and, in the task's recipe, the order of the rows.
    recipe: how to train; default: the task's `recipe` for this number of rows.
    target: a migration that exists already, which is trained in place; default: the task's
        `target`, or where it has none `migrate` with the task's head.
    name: the name in figures; default: the strategy.
    options: those of the strategy, and those of the task's `target` (such as `texts` of
        sentiment, `writer` of summarization).

    Raises KitError for an unknown strategy or option, and for one that is missing.
    """
    rows = list(rows)
    if recipe is not None and (problem := guards.a_recipe(recipe)):
        raise KitError(f"recipe is {problem}.")
    task_options = _task_options(task, options)
    if target is not None and not isinstance(target, Migration):
        raise KitError(
            f"target is a {type(target).__name__}, not a migration: migrate first, "
            'migrate(source, head, "into", target=body) for instance, and give what it returns.'
        )
    if target is None:
        _check(task, strategy, options)
        target = _target(source, strategy, task, seed, options)
    elif others := sorted(set(options) - set(task_options)):
        raise KitError(
            f"{', '.join(others)}: these options decide how a target is made, and this one is "
            "given. Pass them to the call that makes it."
        )
    tokenizer = target.tokenizer or source.tokenizer
    decoder = getattr(target.model.head, "decoder", None)
    if decoder is not None and decoder.config.vocabulary != tokenizer.size:
        raise KitError(
            f"the decoder writes {decoder.config.vocabulary:,} tokens and the tokenizer has "
            f"{tokenizer.size:,}: give a head with a fresh decoder for this tokenizer."
        )
    if recipe is None and rows:
        more = _accepted(task.recipe, task_options)
        recipe = task.recipe(len(rows), strategy, seed=seed, source=source, **more)
    examples = []
    if rows:
        examples = task.encode(rows, tokenizer, **_accepted(task.encode, task_options))
    return Experiment(
        name=name or strategy,
        task=task,
        target=target,
        tokenizer=tokenizer,
        rows=rows,
        examples=examples,
        recipe=recipe if rows else None,
        run=Run(name=name or strategy),
    )


@guards.guarded("run(source, 'full', tasks.task('topics'), rows, test)", **PARTS)
def run(
    source: Source,
    strategy: str,
    task: Task,
    rows: Iterable[dict],
    test: Iterable[dict],
    *,
    seed: int = 0,
    controls: Sequence[str] = ("from_scratch",),
    watch: Callable[[Run], None] | None = None,
    recipe: Recipe | None = None,
    target: Migration | None = None,
    name: str = "",
    **options,
) -> Experiment:
    """Migrate, fine-tune, and score on test rows, beside controls.

    The controls are the same target before its training, each strategy in `controls`, and the
    task's baselines, which need no network. A strategy among them is trained on the same rows
    with the same seed and the same options of the task's `target`. A training that the user
    interrupts is scored as it is.

    controls: strategies; default: the source's architecture with fresh values.
    watch: called with the run after each update, those of the controls too.
    recipe: of the target and of the controls; default: the task's, for each strategy its own.
    seed, target, name, options: as in `prepare`.
    """
    rows, test = list(rows), list(test)
    if not test:
        raise KitError("there are no test rows: give at least one.")
    task_options = _task_options(task, options)
    same = _strategy(task, strategy)
    controls = [control for control in controls if _strategy(task, control) != same]
    for control in controls:  # an error of a control shows before the first training
        prepare(source, control, task, [], seed=seed, **task_options)
    experiment = prepare(
        source,
        strategy,
        task,
        rows,
        seed=seed,
        recipe=recipe,
        target=target,
        name=name,
        **options,
    )
    metric = task.METRIC
    baselines = task.baselines(rows, test)  # before the training, which may take minutes
    before = experiment.score(test)
    experiment.controls["before training"] = before[metric]
    experiment.fit(watch=watch)
    experiment.scores = experiment.score(test) if rows else before
    for control in controls:
        other = prepare(source, control, task, rows, seed=seed, recipe=recipe, **task_options)
        other.fit(watch=watch)
        experiment.controls[control] = other.score(test)[metric]
    experiment.controls |= baselines
    return experiment


def _target(source: Source, strategy: str, task: Task, seed: int, options: dict) -> Migration:
    if hasattr(task, "target"):
        return task.target(source, strategy, seed=seed, **options)
    tokenizer = options.get("new", source.tokenizer)  # of move_vocabulary
    return migrate(source, partial(task.head, tokenizer=tokenizer), strategy, seed=seed, **options)


def _strategy(task: Task, name: str) -> str:
    """The strategy's name in `kit.migrate`: a task may have names of its own for some."""
    return getattr(task, "STRATEGY", {}).get(name, name)


def _check(task: Task, strategy: str, options: dict) -> None:
    """Refuse an option that neither the strategy nor the task's `target` has."""
    check_options(_strategy(task, strategy), options, others=_target_parameters(task))


def _task_options(task: Task, options: dict) -> dict:
    """Those of the options that are the task's own: the controls get them too."""
    own = _target_parameters(task)
    return {name: value for name, value in options.items() if name in own}


def _target_parameters(task: Task) -> list[str]:
    """The names of the options that the task's `target` reads itself."""
    if not hasattr(task, "target"):
        return []
    parameters = inspect.signature(task.target).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"]


def _accepted(function: Callable, options: dict) -> dict[str, Any]:
    """Those of the options that are parameters of a function: the loss, for instance, decides
    the head, the examples and the recipe."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


def strategy_options(
    source: Source, strategy: str, texts: Sequence[str], *, head: Callable[[int], nn.Module]
) -> dict:
    """The options that a strategy needs and that texts of the task can give: another vocabulary
    for `move_vocabulary`, examples for `narrow`, a student for `distil` of a single layer.

    Pass them on: `run(source, strategy, task, rows, test, **strategy_options(...))`.
    texts: of the task, without labels. head: as in `migrate`. Other strategies need none: {}.
    Raises KitError for a strategy that needs a training of its own (`domain_first`) or the
    user's body (`into`).
    """
    if strategy == "move_vocabulary":
        return {"old": source.tokenizer, "new": Tokenizer.train(texts, VOCABULARY)}
    if strategy == "narrow":
        ids = source.tokenizer.encode_many(list(texts[:NARROW_TEXTS]), 64)
        return {"examples": [{"ids": i, "y": 0} for i in ids]}
    if strategy == "distil" and source.body.config.layers == 1:  # half of one layer is none
        narrow_options = strategy_options(source, "narrow", texts, head=head)
        return {"student": migrate(source, head, "narrow", **narrow_options).model.body}
    if strategy == "domain_first":
        raise KitError(
            "domain_first trains on the task's texts first: give adapt=lambda body: fit(...)."
        )
    if strategy == "into":
        raise KitError(
            "into needs a body of yours: give prepare a migration, target=migrate(source, head, "
            '"into", target=body).'
        )
    return {}
