"""Transferability: recorded estimates beside what fine-tuning gave, for every source and task."""

from collections import defaultdict
from collections.abc import Sequence

from kit import results
from kit.audit.transferability import (
    ESTIMATORS,
    Agreement,
    Estimate,
    agreement,
    best_layer,
)
from kit.errors import KitError
from kit.results.style import made_by, styled

__all__ = ["NAMES", "TASKS", "agreements", "estimates", "table", "tuned"]

NAMES = {
    "minilm": "MiniLM",
    "rnn_encoder": "LSTM encoder",
    "transformer_encoder": "Transformer encoder",
    "rnn_writer": "LSTM writer",
    "transformer_writer": "Transformer writer",
    "translator": "translator's encoder",
    "smollm": "SmolLM2",
}
"""Source -> its name in tables and figures; another source has its own."""
TASKS = {"films": "accuracy", "news": "accuracy", "entities": "F1"}
"""Task -> the score after fine-tuning."""
BUDGETS = {"films": 400, "news": 100, "entities": 1000}
"""Task -> labels of fine-tuning."""


def name_of(row: dict) -> str:
    """A row's source in tables: with ", fresh" where its values are random."""
    name = NAMES.get(row["source"], row["source"])
    return f"{name}, fresh" if row.get("fresh") else name


def estimates() -> list[Estimate]:
    """Every recorded estimate: source × layer × pooling × task × estimator."""
    return [
        Estimate(
            source=name_of(row),
            layer=row["layer"],
            task=row["task"],
            how=row["how"],
            estimator=row["estimator"],
            values=tuple(row["values"]),
        )
        for row in results.load("transferability")["rows"]
        if row["part"] == "estimates"
    ]


def layers() -> dict[str, int]:
    """Source -> the number of its last layer that was read."""
    rows = results.load("transferability")["rows"]
    return {name_of(row): row["layers"] for row in rows if row["part"] == "estimates"}


def tuned() -> dict[str, dict[str, list[float]]]:
    """Task -> source -> test scores after fine-tuning, one a seed, from all results files.

    Films: 400 labels; news: 100; entities: 1,000 sentences. SmolLM2 on films is frozen and its
    head alone was trained: it was not tuned on so few labels.
    """
    found: dict = {task: defaultdict(dict) for task in TASKS}
    for row in results.load("transferability")["rows"]:
        if row["part"] == "tuned":
            found[row["task"]][name_of(row)][row["seed"]] = row["score"]
    for task, name, scores in _recorded_elsewhere():
        # What this experiment has measured itself stands.
        found[task].setdefault(name, scores)
    return {
        task: {name: [*scores.values()] for name, scores in own.items() if len(scores) >= 3}
        for task, own in found.items()
    }


def _recorded_elsewhere():
    """(task, source, seed -> score) of the other experiments."""
    strategies = {"full": False, "from_scratch": True}
    films = BUDGETS["films"]
    rows = results.load("see_it_work")["rows"]
    minilm = results.by_seed(rows, lambda row: (row["strategy"], row["labels"]), "accuracy")
    rows = results.load("builtin_sources")["rows"]
    builtin = results.by_seed(
        rows, lambda row: (row["source"], row["strategy"], row["labels"]), "accuracy"
    )
    tags = results.by_seed(
        results.load("entities")["rows"],
        lambda row: (row["source"], row["strategy"], row["sentences"]),
        "f1",
    )
    for strategy, fresh in strategies.items():
        yield "films", name_of({"source": "minilm", "fresh": fresh}), minilm[strategy, films]
        for (source, own, labels), scores in builtin.items():
            if (own, labels) == (strategy, films):
                yield "films", name_of({"source": source, "fresh": fresh}), scores
        for (source, own, sentences), scores in tags.items():
            if (own, sentences) == (strategy, BUDGETS["entities"]):
                yield "entities", name_of({"source": source, "fresh": fresh}), scores
    rows = results.load("large_source")["rows"]
    large = results.by_seed(rows, lambda row: (row["part"], row["labels"]), "accuracy")
    yield "films", NAMES["smollm"], large["frozen", films]
    rows = results.load("large_source_entities")["rows"]
    large = results.by_seed(rows, lambda row: (row["part"], row["sentences"]), "f1")
    yield "entities", NAMES["smollm"], large["both", BUDGETS["entities"]]


def chosen(
    task: str, estimator: str, *, layer: str | float = "last", how: str | None = None
) -> dict[str, Estimate]:
    """Source -> its estimate, at one layer.

    layer: "last"; "best", the one with the largest estimate; or a depth from 0 (embeddings) to 1
    (last). how: "mean" or "last" token; default: the larger one with "best", else the mean.
    """
    own = [e for e in estimates() if (e.task, e.estimator) == (task, estimator)]
    if not own:
        raise KitError(
            f"nothing was recorded for the task {task!r} with the estimator {estimator!r}: give "
            f"one of {', '.join(TASKS)}, and one of {', '.join(ESTIMATORS)}."
        )
    if layer == "best":
        own = [e for e in own if how in (None, e.how) or e.how == "word"]
        return {e.source: e for e in best_layer(own).values()}
    depth = 1.0 if layer == "last" else float(layer)
    wanted = how or "mean"
    ends = layers()
    nearest: dict[str, Estimate] = {}
    for e in own:
        has_other = any(o.source == e.source and o.how == wanted for o in own)
        if e.how not in ("word", wanted) and has_other:
            continue
        before = nearest.get(e.source)
        if before is None or _gap(e, depth, ends) < _gap(before, depth, ends):
            nearest[e.source] = e
    return nearest


def _gap(one: Estimate, depth: float, ends: dict[str, int]) -> float:
    return abs(one.layer / ends[one.source] - depth)


def agreements(
    tasks: Sequence[str] = tuple(TASKS),
    estimators: Sequence[str] = tuple(ESTIMATORS),
    *,
    layer: str | float = "best",
    fresh: bool = True,
) -> dict[tuple[str, str], Agreement]:
    """(task, estimator) -> Kendall's tau with the scores after fine-tuning.

    fresh: whether architectures with fresh values are among the sources."""
    scores = tuned()
    found = {}
    for task in tasks:
        own = {s: v for s, v in scores[task].items() if fresh or not s.endswith(", fresh")}
        for name in estimators:
            ours = {s: e.values for s, e in chosen(task, name, layer=layer).items()}
            found[task, name] = agreement(ours, own)
    return found


def table():
    """Kendall's tau of each estimator, by task, with its 95 % interval."""
    recorded = results.load("transferability")
    found = agreements()
    rows = [(name, *(_text(found[task, name]) for task in TASKS)) for name in ESTIMATORS]
    counts = ", ".join(f"{task} {found[task, 'kNN'].sources}" for task in TASKS)
    caption = (
        "Kendall's tau of the estimate (best layer) with the test score after fine-tuning, and its "
        f"95 % interval over sources, draws and seeds. Sources: {counts}. {made_by(recorded)}"
    )
    return styled(rows, ["estimator", *TASKS], keys=1 + len(TASKS), caption=caption)


def _text(one: Agreement) -> str:
    return f"{one.tau:+.2f} ({one.low:+.2f} to {one.high:+.2f})"
