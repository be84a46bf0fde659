"""Learning curves of film reviews: ten budgets, ten seeds, the answer to every test sentence.

    python -m kit.experiments learning_curves                  # all of it
    python -m kit.experiments learning_curves --methods tfidf  # a piece; goes on

A head (logistic regression) on a frozen source's vectors, and word counts on the same labels. Each
seed draws the labels that it draws in `see_it_work`. The other curves of lesson 10 are those of
`see_it_work`, `large_source`, `entities`, `translation` and `summaries`: nothing is trained twice.
"""

import time
from collections.abc import Iterator
from functools import cache

import numpy as np

from kit import sources
from kit.audit.learning_curves import head_answers, text_vectors
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.results.learning_curves import pack
from kit.tasks import sentiment
from kit.tasks.classification import tfidf

FILE = ResultsFile(
    "learning_curves",
    "film reviews: test accuracy of heads on frozen vectors, and of word counts, by labels",
    keys=("method", "seed"),
    parts=("labels",),
    order=lambda row: (row["method"], row["seed"], row["labels"]),
)
QUICK = ({"method": "transformer_encoder", "seed": 0}, {"method": "tfidf", "seed": 0})

BUDGETS = (25, 50, 100, 200, 400, 800, 1600, 3200, 6400)
"""And all labels."""
SEEDS = {"minilm": 10, "transformer_encoder": 10, "tfidf": 10, "fresh": 3}
"""Method -> its seeds. "fresh": MiniLM's architecture with the random values of each seed."""
FRESH_LABELS = 1600
"""The largest budget of "fresh": each of its seeds reads all its sentences anew."""


def main(arguments: list[str]) -> None:
    command = parser("learning_curves", __doc__)
    command.add_argument("--methods", nargs="+", default=tuple(SEEDS), choices=tuple(SEEDS))
    options = command.parse_args(arguments)
    FILE.grow(planned(options), measure, describe=lambda _: {"test rows": len(films()["test"])})


def planned(options) -> Iterator[dict]:
    """Every measurement, method by method, so that a source reads all sentences once."""
    for method in options.methods:
        for seed in range(SEEDS[method]):
            yield {"method": method, "seed": seed}


def measure(about: dict) -> list[dict]:
    """One method and one seed: a row for each budget. The budgets of a seed are nested."""
    method, seed = about["method"], about["seed"]
    order = ordered(seed)
    test_labels = np.array(films()["test"]["label"][:])
    budgets = [*BUDGETS, len(order)]
    if method == "fresh":
        budgets = [n for n in budgets if n <= FRESH_LABELS]
        source = migrate(sources.minilm(), sentiment.head, "from_scratch", seed=seed)
        learn = head_on(source.model.body, order[: budgets[-1]])
    elif method == "tfidf":
        learn = counted(order)
    else:
        learn = head_on(method, order)
    rows = []
    for n in budgets:
        start = time.perf_counter()
        right = learn(n) == test_labels
        rows.append(
            about
            | {
                "labels": n,
                "accuracy": round(float(right.mean()), 5),
                "seconds": round(time.perf_counter() - start, 2),
                "right": pack(right),
            }
        )
    return rows


def head_on(source, order: np.ndarray):
    """A function from n to a head's answers after the first n rows of an order. source: the name
    of one, or a body in MiniLM's architecture."""
    if isinstance(source, str):
        vectors, test_vectors = read(source)
        vectors = vectors[order]
    else:
        from dataclasses import replace

        fresh = replace(sources.minilm(), body=source.eval(), head=None)
        texts = films()["train"].select(order)["text"][:]
        vectors = text_vectors(fresh, texts)
        test_vectors = text_vectors(fresh, films()["test"]["text"][:])
    labels = np.array(films()["train"]["label"][:])[order]
    return lambda n: head_answers(vectors[:n], labels[:n], test_vectors)


def counted(order: np.ndarray):
    """The same for counted words and a logistic regression."""
    rows = films()["train"].select(order)
    texts, labels, test = rows["text"][:], rows["label"][:], films()["test"]["text"][:]
    return lambda n: tfidf().fit(texts[:n], labels[:n]).predict(test)


def ordered(seed: int) -> np.ndarray:
    """The rows of train in the order in which a seed draws them."""
    train = films()["train"]
    place = {name: i for i, name in enumerate(train["id"][:])}
    drawn = sentiment.sample(train, len(train), seed)
    return np.array([place[name] for name in drawn["id"][:]])


@cache
def read(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A source's vectors of all sentences to train on, and of the test."""
    source = sources.load(name)
    return tuple(text_vectors(source, films()[split]["text"][:]) for split in ("train", "test"))


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()
