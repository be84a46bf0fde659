"""Transferability: estimates of every source, layer and task, and what fine-tuning really gave.

    python -m kit.experiments transferability                     # about four hours of one core
    python -m kit.experiments transferability --parts estimates --minutes 3    # a piece; goes on

Parts: rates (validation: which rate a shipped source needs), tuned (what other experiments have
not recorded: films with 400 labels, topics of news headlines with 200, entities with 1,000
sentences, test), estimates (six estimators on every layer of every source, train). What other
experiments recorded is read by `kit.results.transferability`, and not trained again.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from kit import sources, tasks
from kit.audit.learning_curves import draw_rows
from kit.audit.transferability import CachedVectors, estimate, layer_vectors, word_vectors
from kit.errors import KitError
from kit.experiment import prepare
from kit.experiments import entities as entity_runs
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.sources import Source
from kit.sources.builtin import BUILTIN
from kit.tasks import entities, sentiment, topics

PARTS = ("rates", "tuned", "estimates")


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    place = PARTS.index(row["part"]), TASKS.index(row["task"]), SOURCES.index(row["source"])
    return *place, row.get("fresh", False), row.get("layer", 0), row.get("seed", 0)


FILE = ResultsFile(
    "transferability",
    "estimates of sources by layer and task, and test scores after fine-tuning (rates: validation)",
    keys=("part", "task", "source", "fresh", "how", "rate", "seed"),
    parts=("layer", "estimator"),
    order=order,
)
QUICK = tuple(
    {"part": "rates", "task": "films", "source": "rnn_encoder", "rate": rate, "seed": 0}
    for rate in (1e-4, 1e-3)
)

TASKS = ("films", "news", "entities")
LABELS = {"films": 400, "news": 200, "entities": 1000}
"""Task -> labels of fine-tuning: sentences of films and entities, headlines of news."""
DRAWN = {"films": 400, "news": 200, "entities": 400}
"""Task -> labels that an estimator gets: sentences, headlines, words."""
POOL = {"films": 800, "news": 800, "entities": 400}
"""Task -> sentences or headlines from which they are drawn."""
DRAWS, SEEDS = 4, 3

TABLES = ("glove", "spacy_vectors")
"""Shallow sources: tables of word vectors."""
SOURCES = ("minilm", *BUILTIN, *TABLES, "neuroner", "e5", "smollm")
"""A new source is one more name here: `sources.load(name)` must know it."""
FRESH = ("minilm", "rnn_encoder", "transformer_encoder")
"""Architectures that are also judged with fresh values, the control."""
RATES = (1e-4, 1e-3)
"""Tried for each shipped source and task of texts, on validation."""
OTHER_RATES = dict.fromkeys(TABLES, (1e-2, 1e-1)) | dict.fromkeys(("e5", "smollm"), (3e-5, 1e-4))
"""The same for a table, where an update changes few rows, and for deep sources, whose values
are best changed little."""
CHOSEN = (*BUILTIN, *TABLES, "neuroner", "e5", "smollm")
"""Sources whose rate is chosen on validation; MiniLM has the recipe's own."""
TAG_RATES = {"e5": (1e-4, 3e-4)}
"""The same for entities, where the other sources have rates of their own (`entities.options`)."""
CAUSAL = ("rnn_writer", "transformer_writer", "smollm")
"""Sources that also have the vector of the last token, which alone has read the whole text."""
TUNED = {"smollm": 22}
"""Source -> its lower blocks that are fine-tuned, those of `large_source_entities`; of the others
all. Estimates read all blocks."""
KNOWN = {("entities", "neuroner")}
"""(task, source) that are left out: the source has learned from these very sentences."""
UNTAGGED = ("rnn_writer", "transformer_writer", "translator", *TABLES, "e5")
"""Sources that the experiment `entities` has not tuned."""


def main(arguments: list[str]) -> None:
    command = parser("transferability", __doc__)
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    command.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    command.add_argument("--sources", nargs="+", default=SOURCES, choices=SOURCES)
    command.add_argument("--minutes", type=float, default=float("inf"))
    options = command.parse_args(arguments)
    FILE.grow(planned(options), measure, minutes=options.minutes)


def planned(options) -> Iterator[dict]:
    """Every measurement of these parts, tasks and sources."""
    plans = {"rates": rate_rows, "tuned": tuned_rows, "estimates": estimate_rows}
    for part in options.parts:
        for row in plans[part]():
            left_out = (row["task"], row["source"]) in KNOWN
            if row["task"] in options.tasks and row["source"] in options.sources and not left_out:
                yield {"part": part, **row}


def rate_rows() -> Iterator[dict]:
    """Two rates for each source of `CHOSEN` and each task of texts, one seed; and `TAG_RATES`."""
    for task in TASKS:
        for name in TAG_RATES if task == "entities" else CHOSEN:
            for rate in rates(task, name):
                yield {"task": task, "source": name, "rate": rate, "seed": 0}


def rates(task: str, name: str) -> tuple[float, float]:
    """The two learning rates that a source is tried with."""
    return TAG_RATES[name] if task == "entities" else OTHER_RATES.get(name, RATES)


def tuned_rows() -> Iterator[dict]:
    """What no other experiment has recorded."""
    plan = [("films", name, False) for name in CHOSEN]
    plan += [("news", name, False) for name in ("minilm", *CHOSEN)]
    plan += [("news", name, True) for name in FRESH]
    plan += [("entities", name, False) for name in UNTAGGED]
    for task, name, fresh in plan:
        for seed in range(SEEDS):
            yield {"task": task, "source": name, "fresh": fresh, "seed": seed}


def estimate_rows() -> Iterator[dict]:
    """Each source with its values, and some with fresh ones; the last token of causal sources."""
    for task in TASKS:
        word = task == "entities"
        for name in SOURCES:
            yield {"task": task, "source": name, "fresh": False, "how": "word" if word else "mean"}
            if name in CAUSAL and not word:
                yield {"task": task, "source": name, "fresh": False, "how": "last"}
            if name in FRESH:
                how = "word" if word else "mean"
                yield {"task": task, "source": name, "fresh": True, "how": how}


def measure(about: dict) -> dict | list[dict]:
    """One training, or all estimates of one source for one task: its rows."""
    if about["part"] == "estimates":
        return estimates(about)
    if about["task"] == "entities":
        return about | tag(about)
    return about | classify(about)


def classify(about: dict) -> dict:
    """Fine-tune on texts and their classes; accuracy."""
    task = {"films": sentiment, "news": topics}[about["task"]]
    source, seed = tuned_part(about["source"]), about["seed"]
    strategy, options = "from_scratch" if about.get("fresh") else "full", {}
    if strategy == "full" and about["source"] in CHOSEN:
        known = about["part"] == "rates"
        options["rate"] = about["rate"] if known else best_rate(about["task"], about["source"])
    if task is sentiment:
        options["texts"] = sentiment.unlabelled(data("films")["train"])
    rows = task.sample(data(about["task"])["train"], LABELS[about["task"]], seed)
    experiment = prepare(source, strategy, task, rows, seed=seed, **options)
    run = experiment.fit()
    split = "validation" if about["part"] == "rates" else "test"
    score = experiment.score(data(about["task"])[split])["accuracy"]
    return {"score": round(score, 4), "seconds": round(run.seconds, 1)}


def tag(about: dict) -> dict:
    """Fine-tune on tagged sentences, as the experiment `entities` does; F1. With a rate that is
    chosen, or tried: on every third sentence of validation."""
    if about["source"] in TAG_RATES:
        return tag_with_rate(about)
    row = {"source": about["source"], "sentences": LABELS["entities"], "strategy": "full"}
    scores = entity_runs.measure(row | {"seed": about["seed"]})
    return {"score": scores["f1"], "seconds": scores["seconds"]}


def tag_with_rate(about: dict) -> dict:
    """The same with a rate of `TAG_RATES`."""
    source, seed, known = loaded(about["source"]), about["seed"], about["part"] == "rates"
    rate = about["rate"] if known else best_rate("entities", about["source"])
    rows = entities.sample(data("entities")["train"], LABELS["entities"], seed)
    experiment = prepare(source, "full", entities, rows, seed=seed, rate=rate)
    run = experiment.fit()
    test = data("entities")["validation" if known else "test"]
    third = test.select(range(0, len(test), 3))
    return {"score": round(experiment.score(third)["f1"], 4), "seconds": round(run.seconds, 1)}


def best_rate(task: str, name: str) -> float:
    """The rate with the highest validation accuracy. Raises KitError where one was not tried."""
    wanted = {"part": "rates", "task": task, "source": name}
    tried = [row for row in FILE.rows() if wanted.items() <= row.items()]
    if len(tried) < len(rates(task, name)):
        raise KitError(
            f"not every rate of {name!r} was tried on {task} yet: run --parts rates first."
        )
    return max(tried, key=lambda row: row["score"])["rate"]


def estimates(about: dict) -> list[dict]:
    """Every estimator on every layer: a row each."""
    name, task = about["source"], about["task"]
    source = fresh(name) if about["fresh"] else loaded(name)
    if task == "entities":
        sentences, labels = words()
        layers = word_vectors(source, sentences)
        known = np.isfinite(layers[-1]).all(1)  # a few words have no token of this source
        layers, labels = [states[known] for states in layers], labels[known]
    else:
        rows = data(task)["train"].select(pool(task))
        labels = np.array(rows["label"][:])
        layers = layer_vectors(source, rows["text"][:], how=about["how"])
    last = len(layers) - 1
    first = int(about["how"] == "last")  # the embedding of the end of a text is always the same
    judged = range(first, last + 1)
    cached = [
        CachedVectors(
            source=name,
            layer=i,
            layers=last,
            task=task,
            vectors=layers[i],
            labels=labels,
            how=about["how"],
        )
        for i in judged
    ]
    return [
        about
        | {
            "layer": one.layer,
            "layers": last,
            "width": layers[one.layer].shape[1],
            "estimator": one.estimator,
            "values": [round(value, 4) for value in one.values],
        }
        for one in estimate(cached, n=DRAWN[task], draws=DRAWS)
    ]


@cache
def pool(task: str) -> np.ndarray:
    """Rows of train from which labels are drawn."""
    return draw_rows(data(task)["train"]["label"][:], POOL[task], 0)


@cache
def words() -> tuple[list[list[str]], np.ndarray]:
    """Sentences, and for each of their words O or its kind of entity."""
    rows = entities.sample(data("entities")["train"], POOL["entities"], 0)
    labels = [entities.TAGS[tag].split("-")[-1] for row in rows for tag in row["tags"]]
    return [row["words"] for row in rows], np.array(labels)


@cache
def data(task: str):
    """A task's rows, as train, validation and test. News: headlines, without their articles."""
    rows = tasks.task({"films": "sentiment", "news": "topics"}.get(task, task)).load()
    if task == "news":
        rows = rows.remove_columns("text").rename_column("headline", "text")
    return rows


@cache
def loaded(name: str) -> Source:
    """A source, loaded once."""
    return sources.load(name)


@cache
def tuned_part(name: str) -> Source:
    """The part of a source that is fine-tuned: of `TUNED` the lowest blocks."""
    return sources.smollm(layers=TUNED[name]) if name in TUNED else loaded(name)


@cache
def fresh(name: str) -> Source:
    """A source's architecture and tokenizer with fresh values, seed 0."""
    from dataclasses import replace

    source = loaded(name)
    return replace(
        source, body=migrate(source, topics.head, "from_scratch", seed=0).model.body.eval()
    )
