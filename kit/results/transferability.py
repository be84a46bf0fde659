"""Transferability: recorded estimates beside what fine-tuning gave, for every source and task."""

from collections import defaultdict

from kit import metrics, results
from kit.display_names import display_name
from kit.results.style import made_by, styled

__all__ = ["BUDGETS", "NAMES", "TASKS", "agreements", "estimates", "source_name", "table", "tuned"]

NAMES = {
    "minilm": "MiniLM",
    "rnn_encoder": "LSTM encoder",
    "transformer_encoder": "Transformer encoder",
    "rnn_writer": "LSTM writer",
    "transformer_writer": "Transformer writer",
    "translator": "translator's encoder",
    "glove": "GloVe",
    "spacy_vectors": "spaCy's vectors",
    "neuroner": "NeuroNER",
    "e5": "e5",
    "smollm": "SmolLM2",
}
"""Source -> its name in tables and figures; another source has its own."""
TASKS = {"films": "accuracy", "news": "accuracy", "entities": "F1"}
"""Task -> the score after fine-tuning."""
BUDGETS = {"films": 400, "news": 200, "entities": 1000}
"""Task -> labels of fine-tuning."""


def source_name(source: str, *, fresh: bool = False) -> str:
    """A source in tables: with ", fresh" where its values are random."""
    shown = NAMES.get(source, source)
    return f"{shown}, fresh" if fresh else shown


def _name(row: dict) -> str:
    return source_name(row["source"], fresh=row.get("fresh", False))


def estimates() -> list[dict]:
    """Every recorded estimate: the fields of a `kit.audit.transferability.Estimate`."""
    fields = ("task", "layer", "layers", "how", "estimator")
    return [
        {"source": _name(row), "values": tuple(row["values"])} | {k: row[k] for k in fields}
        for row in results.load("transferability")["rows"]
        if row["part"] == "estimates"
    ]


def tuned() -> dict[str, dict[str, list[float]]]:
    """Task -> source -> test scores after fine-tuning, one a seed, from all results files.

    Films: 400 labels; news: 200 headlines; entities: 1,000 sentences.
    """
    found: dict = {task: defaultdict(dict) for task in TASKS}
    for row in results.load("transferability")["rows"]:
        if row["part"] == "tuned":
            found[row["task"]][_name(row)][row["seed"]] = row["score"]
    for task, name, scores in _recorded_elsewhere():
        # What this experiment has measured itself stands, once it has three seeds.
        if len(found[task].get(name, ())) < 3:
            found[task][name] = scores
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
        yield "films", source_name("minilm", fresh=fresh), minilm[strategy, films]
        for (source, own, labels), scores in builtin.items():
            if (own, labels) == (strategy, films):
                yield "films", source_name(source, fresh=fresh), scores
        for (source, own, sentences), scores in tags.items():
            if (own, sentences) == (strategy, BUDGETS["entities"]):
                yield "entities", source_name(source, fresh=fresh), scores
    rows = results.load("large_source_entities")["rows"]
    large = results.by_seed(rows, lambda row: (row["part"], row["sentences"]), "f1")
    yield "entities", NAMES["smollm"], large["both", BUDGETS["entities"]]


def agreements(draws: int = 500) -> dict[tuple[str, str], metrics.Agreement]:
    """(estimator, task) -> Kendall's tau of its largest estimate over all layers and poolings
    with the score after fine-tuning, over trained and fresh sources. draws: resamples of its
    interval."""
    best: dict = defaultdict(dict)
    for one in estimates():
        own = best[one["estimator"], one["task"]]
        before = own.get(one["source"])
        if before is None or sum(one["values"]) > sum(before):
            own[one["source"]] = one["values"]
    scores = tuned()
    return {key: metrics.agreement(own, scores[key[1]], draws=draws) for key, own in best.items()}


def table():
    """Kendall's tau of each estimator, by task, with its 95 % interval."""
    found = agreements()
    names = [*dict.fromkeys(name for name, _ in found)]
    tasks = [task for task in TASKS if (names[0], task) in found]
    rows = [(name, *(_text(found[name, task]) for task in tasks)) for name in names]
    counts = ", ".join(f"{display_name(task)} {found[names[0], task].sources}" for task in tasks)
    caption = (
        "Kendall's tau of the largest estimate over the layers with the test score after "
        "fine-tuning, and its 95 % interval over sources, draws of labels and seeds. Sources: "
        f"{counts}. {made_by(results.load('transferability'))}"
    )
    return styled(rows, ["estimator", *tasks], keys=1 + len(tasks), caption=caption)


def _text(one: metrics.Agreement) -> str:
    return f"{one.tau:+.2f} ({one.low:+.2f} to {one.high:+.2f})"
