"""400 English film labels, one head on frozen vectors, then sentences in six languages.

    python -m kit.experiments multilingual                # all of it; goes on where it was stopped

The head is a logistic regression on the mean of each text's hidden states. Sources: e5, which read
some hundred languages; the same architecture with the random values of each seed; MiniLM, which
read English. "films" is the English test set. The six languages are twenty sentences of our own
each (`kit.data.multilingual`): a show, and no measurement.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from kit import sources
from kit.audit.learning_curves import head_answers, text_vectors
from kit.data.multilingual import LANGUAGES, sentences
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.sources import Source
from kit.tasks import sentiment

LABELS = 400
SEEDS = 3
SOURCES = ("minilm", "e5", "fresh")
"""fresh: e5's architecture with random values."""
FILE = ResultsFile(
    "multilingual",
    f"a head on frozen vectors, {LABELS} English film labels: accuracy by language",
    keys=("source", "seed"),
    parts=("texts",),
    order=lambda row: (SOURCES.index(row["source"]), row["seed"]),
)
QUICK = ({"source": "minilm", "seed": 0},)


def main(arguments: list[str]) -> None:
    parser("multilingual", __doc__).parse_args(arguments)
    FILE.grow(planned(), measure)


def planned() -> Iterator[dict]:
    """Every measurement, source by source."""
    for source in SOURCES:
        for seed in range(SEEDS):
            yield {"source": source, "seed": seed}


def measure(about: dict) -> list[dict]:
    """One source and one seed: a row for the test set, and one for each language."""
    name, seed = about["source"], about["seed"]
    reader = fresh(seed) if name == "fresh" else named(name)
    drawn = sentiment.sample(films()["train"], LABELS, seed)
    vectors = text_vectors(reader, drawn["text"][:])
    rows = []
    for texts, wanted in tests().items():
        right = np.array([row["label"] for row in wanted])
        key = None if name == "fresh" else name
        answers = head_answers(vectors, drawn["label"][:], read(key, texts, reader))
        rows.append(
            about
            | {
                "texts": texts,
                "accuracy": round(float((answers == right).mean()), 5),
                "praise found": round(float(answers[right == 1].mean()), 5),
                "blame found": round(float(1 - answers[right == 0].mean()), 5),
            }
        )
    return rows


VECTORS: dict[tuple[str, str], np.ndarray] = {}
"""(source, texts) -> vectors, for sources that are the same with every seed."""


def read(name: str | None, texts: str, reader: Source) -> np.ndarray:
    """The vectors of a test set; name: under which they are kept, None for not at all."""
    if name is not None and (name, texts) in VECTORS:
        return VECTORS[name, texts]
    vectors = text_vectors(reader, [row["text"] for row in tests()[texts]])
    if name is not None:
        VECTORS[name, texts] = vectors
    return vectors


def fresh(seed: int) -> Source:
    """e5's tokenizer and architecture, with random values."""
    target = migrate(named("e5"), sentiment.head, "from_scratch", seed=seed)
    return replace(named("e5"), body=target.model.body.eval())


@cache
def named(name: str) -> Source:
    """A source, loaded once."""
    return sources.load(name)


@cache
def tests() -> dict[str, list[dict]]:
    """Name -> rows: the English test set, and our sentences of each language."""
    return {"films": list(films()["test"])} | {code: sentences(code) for code in LANGUAGES}


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()
