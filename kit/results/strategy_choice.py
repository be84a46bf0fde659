"""Which strategy, measured on three tasks: the cases for `kit.audit`'s table of strategies."""

from collections import defaultdict
from statistics import mean, median

from kit import results
from kit.audit.transferability.strategy_table import (
    MANY,
    STRONG,
    Comparison,
    Limits,
    StrategyTable,
    leave_one_task_out,
)
from kit.errors import KitError
from kit.results.style import styled
from kit.tasks.translation import LANGUAGES

__all__ = ["LIMITS", "comparisons", "costs", "table", "trials_table"]

HALF = {"narrow": "half the body", "choose_layers": "half the body"}
"""Strategies that keep half of the body: of an RNN the width is halved, else the layers."""
LIMITS = {
    "no limit": Limits(),
    "few stored values": Limits(trained=0.05),
    "half the time": Limits(seconds=0.75),
}
"""Budget -> its limits."""


def costs() -> dict[str, dict[str, float]]:
    """Strategy -> trained parameters, seconds and memory as shares of `full`'s: medians over three
    sources and three budgets on film reviews."""
    shares: dict = defaultdict(lambda: defaultdict(list))
    full: dict = defaultdict(list)
    columns = {"trained": "trained", "seconds": "seconds", "memory": "peak memory, MB"}
    rows = [row for row in results.load("strategies")["rows"] if "accuracy" in row]
    for row in rows:
        if row["strategy"] == "full":
            full[row["source"], row["labels"]].append(row)
    for row in rows:
        own = full[row["source"], row["labels"]]
        for name, column in columns.items():
            share = row[column] / median(r[column] for r in own)
            shares[HALF.get(row["strategy"], row["strategy"])][name].append(share)
    return {name: {k: median(v) for k, v in own.items()} for name, own in shares.items()}


def comparisons() -> list[Comparison]:
    """Every recorded case of films, entities and translation above its pilot's budget.

    The writers on films are left out: `full` was recorded at MiniLM's rate, which is too low for
    them, so the comparison would be of rates."""
    scores: dict = defaultdict(dict)
    for row in results.load("strategies")["rows"]:
        if row["strategy"] not in HALF or row["strategy"] == _half(row["source"]):
            _add(scores, "films", row, row["labels"], row.get("accuracy"))
    for row in results.load("entities")["rows"]:
        if row["source"] != "none":  # a baseline
            _add(scores, "entities", row, row["sentences"], row["f1"])
    for row in results.load("translation")["rows"]:
        if row["part"] in ("budgets", "transformer"):
            about = row | {"source": f"{row['source']}, {LANGUAGES[row['language']]}"}
            _add(scores, "translation", about, row["pairs"], row["chrf"] / 100)
    known = costs()
    found = []
    for (task, source), cases in scores.items():
        least = min(cases)
        pilot = _mean(cases[least]["full"]) - _mean(cases[least]["from_scratch"])
        for labels, own in cases.items():
            if labels > least:
                found += [
                    Comparison(
                        task=task,
                        source=source,
                        labels=labels,
                        strategy=name,
                        scores=by_seed,
                        pilot=pilot,
                    )
                    for name, by_seed in own.items()
                    if name in known
                ]
    return found


def table():
    """What the table of all three tasks says, by labels, source and budget."""
    whole = StrategyTable(comparisons(), costs())
    rows = []
    for labels, words in ((MANY, f"up to {MANY}"), (MANY + 1, f"more than {MANY}")):
        for pilot, source in ((STRONG, "strong"), (0.0, "weak")):
            for name, limits in LIMITS.items():
                try:
                    choice = whole.choose(labels, pilot, limits)
                    said = (choice.strategy, (choice.gain, 0.0), ", ".join(choice.tasks))
                except KitError:
                    said = ("not measured", "", "")
                rows.append((words, source, name, *said))
    columns = ["labels", "source", "budget", "strategy", "gain over full", "measured on"]
    caption = (
        "Mean gain over full in points, over tasks. A source is strong where it leads from scratch "
        f"by {100 * STRONG:.0f} points or more with the fewest labels."
    )
    return styled(rows, columns, keys=4, gains=["gain over full"], caption=caption)


def trials_table():
    """Each task left out: what the table of the others says, and how it went."""
    found: dict = defaultdict(list)
    for name, limits in LIMITS.items():
        for trial in leave_one_task_out(comparisons(), costs(), limits):
            found[name, trial.task].append(trial)
    rows = []
    for (name, task), own in found.items():
        chosen = ", ".join(dict.fromkeys(trial.strategy for trial in own))
        always = [trial.full for trial in own if trial.full is not None]
        cells = [(mean(getattr(trial, k) for trial in own), 0.0) for k in ("promised", "gained")]
        regrets = [(mean(trial.regret for trial in own), 0.0)]
        regrets.append((mean(always), 0.0) if always else None)
        regrets.append((mean(trial.coin for trial in own), 0.0))
        rows.append((name, task, f"{len(own)}", chosen, *cells, *regrets))
    columns = ["budget", "task left out", "cases", "the table of the others says"]
    gains = ["promised", "came"]
    columns += [*gains, "regret", "regret of always full", "regret of a coin"]
    caption = "Points. Regret: how much better the best strategy within the budget was."
    return styled(rows, columns, keys=4, gains=gains, caption=caption)


def _add(scores: dict, task: str, row: dict, labels: int, score: float | None) -> None:
    if score is not None:
        name = HALF.get(row["strategy"], row["strategy"])
        cases = scores[task, row["source"]].setdefault(labels, {})
        cases.setdefault(name, {})[row["seed"]] = score


def _half(source: str) -> str:
    """The strategy that halves this source's body in the experiment `entities`."""
    return "narrow" if source.startswith("rnn") else "choose_layers"


def _mean(by_seed: dict[int, float]) -> float:
    return mean(by_seed.values())
