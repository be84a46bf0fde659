"""Every strategy on every source: accuracy, what is trained, seconds and memory."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from kit import metrics, results
from kit.migrate import STRATEGIES, family
from kit.results.style import made_by, score_text, styled

__all__ = ["by_seed", "gains", "selection_bias", "shares", "summary", "table"]

KEYS = ("source", "labels", "strategy")


def by_seed(value: str = "accuracy") -> dict[tuple[str, int, str], dict[int, float]]:
    """(source, labels, strategy) -> seed -> value; refused rows have none."""
    rows = results.load("strategies")["rows"]
    return results.by_seed(rows, lambda row: tuple(row[k] for k in KEYS), value)


def summary() -> dict[tuple[str, int, str], tuple[float, float]]:
    """(source, labels, strategy) -> mean accuracy, half-width of its 95 % interval."""
    return results.intervals(by_seed())


def gains(source: str, labels: int) -> dict[str, tuple[float, float]]:
    """strategy -> what it has more than `full`, seed by seed, in shares."""
    scores = by_seed()
    full = scores[source, labels, "full"]
    found = {s: v for (who, n, s), v in scores.items() if (who, n) == (source, labels)}
    return {s: metrics.gain(v, full) for s, v in found.items() if s != "full"}


def selection_bias(source: str, labels: int) -> list[tuple[str, float, float]]:
    """For each seed: the strategy with the highest test score, that score, and the mean of its
    scores with the other seeds, which did not choose it."""
    scores = {s: v for (who, n, s), v in by_seed().items() if (who, n) == (source, labels)}
    seeds = set.intersection(*(set(v) for v in scores.values() if len(v) > 1))
    found = []
    for seed in sorted(seeds):
        whole = [name for name in scores if seeds <= scores[name].keys()]
        best = max(whole, key=lambda name, seed=seed: scores[name][seed])
        others = [scores[best][s] for s in seeds - {seed}]
        found.append((best, scores[best][seed], sum(others) / len(others)))
    return found


def shares(source: str, labels: int, strategy: str) -> dict[str, float]:
    """What a strategy trains, takes and holds, as shares of what `full` does: medians."""
    costs: dict = defaultdict(list)
    for row in results.load("strategies")["rows"]:
        if (row["source"], row["labels"]) == (source, labels) and "accuracy" in row:
            for name in ("trained", "seconds", "peak memory, MB"):
                costs[row["strategy"], name].append(row[name])
    return {
        name: median(costs[strategy, name]) / median(costs["full", name])
        for name in ("trained", "seconds", "peak memory, MB")
    }


def _percent(share: float) -> str:
    """A share in percent: one decimal, two digits where it is below one."""
    return f"{100 * share:.1f} %" if share >= 0.01 else f"{100 * share:.2g} %"


def table(source: str = "minilm", labels: int = 100, strategies: Sequence[str] = ()):
    """Each strategy of a source: accuracy, the gain over `full`, and its cost beside `full`'s."""
    scores, gained = summary(), gains(source, labels)
    names = [s for s in strategies or STRATEGIES if (source, labels, s) in scores]
    rows = []
    for name in names:
        share = shares(source, labels, name)
        cost = [_percent(share[k]) for k in ("trained", "seconds", "peak memory, MB")]
        accuracy = scores[source, labels, name]
        rows.append((family(name), name, score_text(accuracy), gained.get(name), *cost))
    worth = "gain over full"
    columns = ["family", "strategy", "accuracy, %", worth, "trained", "seconds", "peak memory"]
    recorded = results.load("strategies")
    caption = (
        f"{source}, {labels:,} labels, 3 seeds, 95 % intervals; costs as shares of full's. "
        f"{made_by(recorded)}"
    )
    return styled(rows, columns, keys=2, gains=[worth], caption=caption)
