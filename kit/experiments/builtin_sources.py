"""The sources that come with the kit: film reviews, with the source and from scratch.

    python -m kit.experiments builtin_sources                # about a quarter of an hour
    python -m kit.experiments builtin_sources --validation   # score on validation, record nothing

Test accuracy of polarity; heads begin from words on both sides.
"""

from collections.abc import Iterator
from functools import cache

from kit import results, sources
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.sources.builtin import ENGLISH
from kit.tasks import sentiment

FILE = ResultsFile(
    "builtin_sources",
    "film reviews, polarity: test accuracy from a shipped source and from scratch",
    keys=("source", "labels", "strategy", "seed"),
)
QUICK = tuple(
    {"source": "rnn_writer", "labels": 100, "strategy": strategy, "seed": seed}
    for strategy, seed in (("full", 0), ("from_scratch", 1))
)

BUDGETS = (0, 100, 400, 1600)
STRATEGIES = ("full", "from_scratch")


def main(arguments: list[str]) -> None:
    command = parser("builtin_sources", __doc__)
    command.add_argument("--sources", nargs="+", default=ENGLISH, choices=ENGLISH)
    command.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument("--validation", action="store_true", help="score there, record nothing")
    options = command.parse_args(arguments)
    split = "validation" if options.validation else "test"
    rows = FILE.grow(
        planned(options), lambda about: measure(about, split), save=not options.validation
    )
    for name in options.sources:
        means = results.by_budget([row for row in rows if row["source"] == name])
        for labels, scores in means.items():
            cells = {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in scores.items()}
            print(name, labels, cells)


def planned(options) -> Iterator[dict]:
    """Every measurement."""
    for name in options.sources:
        for labels in options.labels:
            for seed in range(options.seeds):
                for strategy in STRATEGIES:
                    yield {"source": name, "labels": labels, "strategy": strategy, "seed": seed}


def measure(about: dict, split: str = "test") -> dict:
    """Migrate, begin the head from words, fine-tune where there are labels, score."""
    train, labels, seed = films()["train"], about["labels"], about["seed"]
    rows = sentiment.sample(train, labels, seed) if labels else []
    source = sources.load(about["source"])
    texts = sentiment.unlabelled(train)
    experiment = prepare(source, about["strategy"], sentiment, rows, seed=seed, texts=texts)
    run = experiment.fit()
    accuracy = experiment.score(films()[split])["accuracy"]
    return about | {"accuracy": accuracy, "seconds": round(run.seconds, 1)}


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()
