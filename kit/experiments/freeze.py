"""Freezing: test accuracy on film reviews with 100 labels, by which parts of MiniLM are trained.

    python -m kit.experiments freeze               # about a quarter of an hour on two cores
    python -m kit.experiments freeze --seeds 1     # one seed of each

The controls (from scratch, TF-IDF, majority) are those of see_it_work.json with as many labels.
"""

from collections.abc import Iterator
from functools import cache

from kit import results, sources
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.tasks import sentiment

LABELS = 100
FILE = ResultsFile(
    "freeze",
    f"film reviews, polarity: test accuracy with {LABELS} labels, parts frozen",
    keys=("strategy", "seed"),
    order=lambda row: (row["strategy"], row["seed"]),
)
QUICK = ({"strategy": "frozen", "seed": 0}, {"strategy": "frozen", "seed": 1})

CHOICES = {
    "full": {},
    "frozen": {},
    "blocks 3-5": {"strategy": "unfrozen", "layers": [3, 4, 5]},
    "blocks 0-2": {"strategy": "unfrozen", "layers": [0, 1, 2]},
    "embeddings": {"strategy": "unfrozen", "embeddings": True},
    "layer_wise": {},
    "gradual": {"rate": 1e-4, "decay": 1.0},
    "l2_sp": {},
}
"""Name -> strategy (default: the name) and its options."""


def main(arguments: list[str]) -> None:
    command = parser("freeze", __doc__)
    command.add_argument("--seeds", type=int, default=5)
    options = command.parse_args(arguments)
    rows = FILE.grow(planned(options.seeds), measure)
    for name, (mean, half) in results.by_budget(rows)[LABELS].items():
        print(f"{name:12} {100 * mean:.1f} ± {100 * half:.1f}")


def planned(seeds: int) -> Iterator[dict]:
    """Every measurement, one seed of all choices first."""
    for seed in range(seeds):
        for choice in CHOICES:
            yield {"strategy": choice, "seed": seed}


def measure(about: dict) -> dict:
    """Migrate, fine-tune, score: one row of the results."""
    choice, seed = about["strategy"], about["seed"]
    options = {"strategy": choice} | CHOICES[choice]
    rows = sentiment.sample(films()["train"], LABELS, seed)
    # The same number of passes for all, `frozen` included: only what is trained differs.
    recipe = sentiment.recipe(LABELS, seed=seed)
    experiment = prepare(source(), task=sentiment, rows=rows, seed=seed, recipe=recipe, **options)
    run = experiment.fit()
    return {
        "labels": LABELS,
        "strategy": choice,
        "seed": seed,
        "accuracy": experiment.score(films()["test"])["accuracy"],
        "seconds": round(run.seconds, 1),
        "updates": len(run.steps),
        "trained": experiment.target.totals["trained"],
    }


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


@cache
def source():
    """MiniLM, loaded once."""
    return sources.minilm()
