"""Every strategy that was measured on three tasks: cases for a table of strategies."""

from collections import defaultdict
from statistics import mean, median

from kit import results
from kit.tasks.translation import LANGUAGES

__all__ = ["LIMITS", "comparisons", "costs"]

HALF = {"narrow": "half the body", "choose_layers": "half the body"}
"""Strategies that keep half of the body: of an RNN the width is halved, else the layers."""
LIMITS = {
    "no limit": {},
    "few stored values": {"trained": 0.05},
    "three quarters of the time": {"seconds": 0.75},
}
"""Budget -> its limits, as shares of what `full` needs."""


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


def comparisons() -> list[dict]:
    """Every recorded case of films, entities and translation with more labels than its pilot: the
    fields of a `kit.audit.transferability.Comparison`.

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
                    {
                        "task": task,
                        "source": source,
                        "labels": labels,
                        "strategy": name,
                        "scores": by_seed,
                        "pilot": pilot,
                    }
                    for name, by_seed in own.items()
                    if name in known
                ]
    return found


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
