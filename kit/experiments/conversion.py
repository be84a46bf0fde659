"""Faults of a conversion: what each changes in MiniLM's outputs, and in accuracy after fine-tuning.

    python -m kit.experiments conversion               # about half an hour on two cores
    python -m kit.experiments conversion --seeds 1     # one seed of each

Film reviews, polarity. Every faulty copy loads without an error (`kit.sources.conversion_faults`).
The controls: the right copy, and the same model with fresh values.
"""

from collections.abc import Iterator
from functools import cache

import torch

from kit import sources
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.sources import Source
from kit.sources.conversion_faults import FAULTS, hidden_states
from kit.tasks import sentiment

BUDGETS = (0, 100, 400)
FRESH = "fresh values"
"""The control: nothing of the source but its shape."""
COMPARED = 200
"""Test sentences whose outputs are compared."""


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    return row["labels"], [*FAULTS, FRESH].index(row["fault"]), row["seed"]


FILE = ResultsFile(
    "conversion",
    "film reviews: test accuracy from MiniLM after faults of its conversion",
    keys=("fault", "labels", "seed"),
    order=order,
)
QUICK = (
    {"fault": "matrices not transposed", "labels": 0, "seed": 0},
    {"fault": "GELU by tanh", "labels": 0, "seed": 0},
)


def main(arguments: list[str]) -> None:
    command = parser("conversion", __doc__)
    command.add_argument("--seeds", type=int, default=3)
    options = command.parse_args(arguments)
    FILE.grow(planned(options.seeds), measure)


def planned(seeds: int) -> Iterator[dict]:
    """Every measurement; without labels nothing is drawn but the fresh values."""
    for labels in BUDGETS:
        for seed in range(seeds):
            for fault in (*FAULTS, FRESH):
                if labels or fault == FRESH or not seed:
                    yield {"fault": fault, "labels": labels, "seed": seed}


def measure(about: dict) -> dict:
    """Convert with the fault, begin the head from words, fine-tune where there are labels, score;
    without labels also compare the outputs with the right ones."""
    fault, labels, seed = about["fault"], about["labels"], about["seed"]
    source = minilm() if fault == FRESH else FAULTS[fault].apply(minilm())
    strategy = "from_scratch" if fault == FRESH else "full"
    train = films()["train"]
    rows = sentiment.sample(train, labels, seed) if labels else []
    texts = sentiment.unlabelled(train)
    experiment = prepare(source, strategy, sentiment, rows, seed=seed, texts=texts)
    run = experiment.fit()
    row = about | {"accuracy": experiment.score(films()["test"])["accuracy"]}
    if labels:
        return row | {"seconds": round(run.seconds, 1), "updates": len(run.steps)}
    return row if fault == FRESH else row | outputs(source)


@torch.inference_mode()
def outputs(source: Source) -> dict:
    """How far the hidden states h' of test sentences are from the right ones, h.

    largest difference: max |h' − h|; similarity: the cosine of the two mean vectors of a
    sentence, averaged over the sentences. The former leaves out sentences of which the copy reads
    another number of tokens.
    """
    largest, cosines = 0.0, []
    for text in films()["test"]["text"][:COMPARED]:
        right, other = (hidden_states(each, text) for each in (minilm(), source))
        if len(right) == len(other):
            largest = max(largest, float((other - right).abs().max()))
        cosines.append(float(torch.cosine_similarity(other.mean(0), right.mean(0), 0)))
    return {
        "largest difference": float(f"{largest:.3g}"),
        "similarity": round(sum(cosines) / len(cosines), 6),
    }


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


@cache
def minilm() -> Source:
    """MiniLM, loaded once."""
    return sources.minilm()
