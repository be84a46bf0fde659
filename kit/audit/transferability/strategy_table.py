"""Choose a strategy from recorded comparisons: by labels, by what the source is worth, by budget.

A case is one task, source and number of labels; in it several strategies were measured.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from kit.errors import KitError

__all__ = ["Choice", "Comparison", "Limits", "StrategyTable", "Trial", "leave_one_task_out"]

FULL = "full"
MANY = 400
"""Labels above which a case has many."""
STRONG = 0.10
"""Lead of a source in the pilot from which it is strong."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One strategy in one case."""

    task: str
    source: str
    labels: int
    strategy: str
    scores: Mapping[int, float]
    """seed -> test score, 0 to 1."""
    pilot: float
    """The source's lead in a pilot: `full` minus from scratch with the smallest number of labels,
    0 to 1. It costs two trainings with few labels."""

    @property
    def mean(self) -> float:
        """The mean score over the seeds."""
        return mean(self.scores.values())


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The reader's budget, as shares of what `full` needs; inf: no limit."""

    trained: float = float("inf")
    """Trained parameters: what must be stored for each task."""
    seconds: float = float("inf")
    """Time of the training."""
    memory: float = float("inf")
    """Peak memory of the training."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a table says."""

    strategy: str
    """The one with the largest mean gain over `full`, within the limits."""
    gain: float
    """That mean gain, 0 to 1: below 0 where `full` is better and the limits forbid it."""
    tasks: tuple[str, ...]
    """The tasks from which it comes."""
    gains: dict[str, float]
    """Each strategy within the limits -> its mean gain over `full`, the largest first."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A case of the task that was left out."""

    task: str
    source: str
    labels: int
    strategy: str
    """What the table of the other tasks said."""
    promised: float
    """The gain over `full` that it promised, 0 to 1."""
    gained: float
    """The gain over `full` that came."""
    regret: float
    """How much better the best strategy within the limits is than the one that was said."""
    full: float | None
    """The regret of always taking `full`; None where the limits forbid it."""
    coin: float
    """The mean regret of a strategy drawn at random from those within the limits."""


class StrategyTable:
    """Cells of labels (few, many) × source (weak, strong) with the mean gains over `full`."""

    def __init__(
        self, comparisons: Iterable[Comparison], costs: Mapping[str, Mapping[str, float]]
    ) -> None:
        """comparisons: each case with `full` and others, by the same seeds. costs: strategy ->
        "trained", "seconds", "memory" as shares of `full`'s. Raises KitError for a case without
        `full`, for a strategy without costs or twice in a case, and for no comparison."""
        self.costs = costs
        self.cases: dict = defaultdict(dict)
        for one in comparisons:
            if one.strategy not in costs:
                raise KitError(
                    f"{one.strategy!r} has no costs: give its shares of trained parameters, "
                    "seconds and memory."
                )
            own = self.cases[one.task, one.source, one.labels]
            if one.strategy in own:
                raise KitError(
                    f"{one.task}, {one.source}, {one.labels} labels: {one.strategy!r} is there "
                    "twice. Give each strategy of a case once, with all its seeds."
                )
            own[one.strategy] = one
        if not self.cases:
            raise KitError("there is no comparison: give at least one case.")
        for (task, source, labels), own in self.cases.items():
            if FULL not in own:
                raise KitError(
                    f"{task}, {source}, {labels} labels: {FULL!r} was not measured, and gains are "
                    "over it. Leave the case out, or measure it."
                )

    def cell(self, labels: int, pilot: float) -> tuple[str, str]:
        """The cell to which a case belongs."""
        return ("many" if labels > MANY else "few", "strong" if pilot >= STRONG else "weak")

    def choose(
        self,
        labels: int,
        pilot: float,
        limits: Limits | None = None,
        strategies: Sequence[str] | None = None,
    ) -> Choice:
        """The strategy with the largest mean gain over `full` in the cell, within the limits.

        The mean is over the tasks, and in each task over its cases, so that a task with many cases
        does not count more. strategies: those to choose from; default: those that were measured in
        all tasks of the cell. Where the cell has no case the other number of labels is read.
        Raises KitError where the limits leave no strategy.
        """
        limits = limits or Limits()
        cases = self._cases_like(labels, pilot)
        by_task: dict = defaultdict(lambda: defaultdict(list))
        for own in cases:
            for name, one in own.items():
                by_task[name][one.task].append(one.mean - own[FULL].mean)
        tasks = {one.task for own in cases for one in own.values()}
        gains = {
            name: mean(mean(values) for values in own.values())
            for name, own in by_task.items()
            if within(self.costs[name], limits)
            and (name in strategies if strategies is not None else own.keys() == tasks)
        }
        if not gains:
            raise KitError(
                f"no strategy for {labels} labels and a source with the lead {pilot:.2f} stays "
                f"within {limits}: allow more. Measured: {', '.join(by_task) or 'none'}."
            )
        gains = dict(sorted(gains.items(), key=lambda item: -item[1]))
        best = next(iter(gains))
        return Choice(
            strategy=best, gain=gains[best], tasks=tuple(sorted(by_task[best])), gains=gains
        )

    def measured(self, labels: int, pilot: float) -> set[str]:
        """The strategies that were measured in the cell of such a case."""
        return {name for own in self._cases_like(labels, pilot) for name in own}

    def _cases_like(self, labels: int, pilot: float) -> list[dict[str, Comparison]]:
        """The cases of the cell; where it has none, those with the other number of labels."""
        wanted = self.cell(labels, pilot)
        same = [own for own in self.cases.values() if self._cell(own) == wanted]
        return same or [own for own in self.cases.values() if self._cell(own)[1] == wanted[1]]

    def _cell(self, own: Mapping[str, Comparison]) -> tuple[str, str]:
        return self.cell(own[FULL].labels, own[FULL].pilot)


def within(costs: Mapping[str, float], limits: Limits) -> bool:
    """Whether a strategy's costs are within the limits."""
    return all(costs[name] <= getattr(limits, name) for name in ("trained", "seconds", "memory"))


def leave_one_task_out(
    comparisons: Sequence[Comparison],
    costs: Mapping[str, Mapping[str, float]],
    limits: Limits | None = None,
) -> list[Trial]:
    """For each case of each task: what the table of the *other* tasks says, and its regret.

    The table chooses from the strategies within the limits that were measured in the case; where
    there is none, or the other tasks have no such source, the case is left out. Raises
    KitError for fewer than two tasks.
    """
    limits = limits or Limits()
    tasks = list(dict.fromkeys(one.task for one in comparisons))
    if len(tasks) < 2:
        raise KitError(f"{len(tasks)} task: give comparisons of at least two, one to leave out.")
    trials = []
    for task in tasks:
        table = StrategyTable([one for one in comparisons if one.task != task], costs)
        left_out = StrategyTable([one for one in comparisons if one.task == task], costs)
        for (_, source, labels), own in left_out.cases.items():
            allowed = [name for name in own if within(costs[name], limits)]
            pilot = own[FULL].pilot
            if not table.measured(labels, pilot) & set(allowed):
                continue
            choice = table.choose(labels, pilot, limits, allowed)
            allowed = [name for name in allowed if name in table.measured(labels, pilot)]
            best = max(own[name].mean for name in allowed)
            trials.append(
                Trial(
                    task=task,
                    source=source,
                    labels=labels,
                    strategy=choice.strategy,
                    promised=choice.gain,
                    gained=own[choice.strategy].mean - own[FULL].mean,
                    regret=best - own[choice.strategy].mean,
                    full=best - own[FULL].mean if FULL in allowed else None,
                    coin=best - mean(own[name].mean for name in allowed),
                )
            )
    return trials
