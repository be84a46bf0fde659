"""Named entities: F1 of three sources, by strategy and number of sentences.

    python -m kit.experiments entities                # the whole matrix: hours on a slow machine
    python -m kit.experiments entities --minutes 3    # a piece of it; the next call goes on
    python -m kit.experiments entities --everything   # MiniLM on all 14,041 sentences; also in
                                                      # pieces; --epochs 4: more than two passes
    python -m kit.experiments entities --minute       # MiniLM, 1,000 sentences, 60 s: six runs,
                                                      # in pieces too; nothing else should run

F1 on every third sentence of the test set (1,151), and for the last two on all of it. The small
budgets come first.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from kit import runtime, sources
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile, check_writable
from kit.tasks import entities
from kit.train import Recipe, fit

COST = {"rnn_encoder": 1, "transformer_encoder": 3, "minilm": 2}
"""Each source, and how long it takes, about; MiniLM with a quarter of the passes."""


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    source = (*COST, "none").index(row["source"])
    return row["sentences"], source, row["strategy"], row["seed"]


FILE = ResultsFile(
    "entities",
    "CoNLL-2003: test F1 on every third sentence of the test set (1,151)",
    keys=("source", "sentences", "strategy", "seed"),
    order=order,
)
QUICK = (
    {"source": "none", "sentences": 300, "strategy": "most frequent tag", "seed": 1},
    {"source": "rnn_encoder", "sentences": 100, "strategy": "narrow", "seed": 0},
    {"source": "rnn_encoder", "sentences": 100, "strategy": "lora", "seed": 0},
)

BUDGETS = (100, 300, 1000)
UNMARKED = "full, no marks"
"""The source as it is: nothing tells it where capitals are."""
STRATEGIES = ("full", "from_scratch", UNMARKED, "choose_layers", "narrow", "lora")
"""Of an RNN with one layer `narrow` keeps half the width, of the others `choose_layers` half."""
EVERYTHING = Recipe(epochs=2, batch_size=16, keep_best=False, seed=0, evaluations=1)


def main(arguments: list[str]) -> None:
    command = parser("entities", __doc__)
    command.add_argument("--minutes", type=float, default=float("inf"))
    command.add_argument("--everything", action="store_true")
    command.add_argument("--epochs", type=float, default=EVERYTHING.epochs)
    command.add_argument("--minute", action="store_true")
    options = command.parse_args(arguments)
    if options.everything:
        everything(options.minutes, options.epochs)
    elif options.minute:
        sixty_seconds(options.minutes)
    else:
        FILE.grow(planned(), measure, minutes=options.minutes)


def planned() -> Iterator[dict]:
    """Every measurement of the matrix: the quick ones first."""
    for n, seed in itertools.product(BUDGETS, range(3)):
        yield {"source": "none", "sentences": n, "strategy": "most frequent tag", "seed": seed}
    matrix = itertools.product(BUDGETS, STRATEGIES, COST, range(3))
    for n, strategy, name, seed in sorted(matrix, key=cost):
        if has_meaning(strategy, name):
            yield {"source": name, "sentences": n, "strategy": strategy, "seed": seed}


def cost(run: tuple) -> float:
    """How long a run takes, about; the main contrast counts less, so that it comes first."""
    n, strategy, name, _ = run
    passes = n * entities.recipe(n).epochs
    return passes * COST[name] * (1 if strategy in ("full", "from_scratch") else 3)


def has_meaning(strategy: str, name: str) -> bool:
    """Whether a strategy is measured with a source: marks are for a vocabulary without capitals,
    and one layer has no half."""
    if strategy == UNMARKED:
        return name == "minilm"
    return strategy != ("choose_layers" if name == "rnn_encoder" else "narrow")


def measure(about: dict) -> dict:
    """Migrate, fine-tune, score: one row of the results."""
    n, seed = about["sentences"], about["seed"]
    rows = entities.sample(conll()["train"], n, seed)
    if about["source"] == "none":
        [f1] = entities.baselines(rows, third_of_test()).values()
        return about | {"f1": f1}
    source = loaded(about["source"])
    marks = False if about["strategy"] == UNMARKED else None
    strategy = about["strategy"].split(",")[0]
    target = entities.target(source, strategy, seed=seed)
    examples = entities.encode(rows, source.tokenizer, marks=marks)
    recipe = entities.recipe(n, strategy, seed=seed, source=source)
    run = fit(target.model, examples, recipe, **target.training)
    return (
        about
        | score(target.model, source, third_of_test(), marks)
        | {
            "seconds": round(run.seconds, 1),
            "updates": len(run.steps),
            "trained": target.totals["trained"],
        }
    )


def score(model, source, test: list[dict], marks: bool | None = None) -> dict:
    """F1, its parts, and its interval over the sentences."""
    words = [row["words"] for row in test]
    answers = entities.predict(model, source.tokenizer, words, marks=marks)
    scores = {k: round(v, 4) for k, v in entities.score(answers, test).items()}
    return scores | {"over sentences": [round(v, 4) for v in entities.interval(answers, test)]}


def everything(minutes: float, epochs: float) -> None:
    """MiniLM on all sentences, recorded when it is done; until then it goes on where it was."""
    check_writable(FILE.path.parent)
    source = sources.minilm()
    recipe = replace(EVERYTHING, epochs=epochs)
    experiment = prepare(source, "full", entities, conll()["train"], seed=0, recipe=recipe)
    folder = runtime.cache_dir() / "experiments" / "entities" / f"{epochs:g} epochs"
    end = time.monotonic() + 60 * minutes
    for run in experiment.steps(folder=folder):
        if time.monotonic() > end and run.spent < 1:
            print(f"{run.spent:.0%} after {run.seconds:.0f} s, loss {run.steps[-1]['loss']:.3f}")
            print(f"{minutes:g} minutes are over: the same command goes on.")
            return
    run = experiment.run
    result = score(experiment.model, source, conll()["test"].to_list()) | {
        "recipe": {k: run.settings[k] for k in ("epochs", "batch_size", "precision", "seed")},
        "rates": entities.options("full", source),
        "seconds": round(run.seconds),
        "updates": len(run.steps),
    }
    FILE.add(**{"all sentences": result})
    print(result)


def sixty_seconds(minutes: float) -> None:
    """1,000 sentences, 60 s of training: with the source and from scratch, on all of the test."""
    check_writable(FILE.path.parent)
    source = sources.minilm()
    end = time.monotonic() + 60 * minutes
    for seed, strategy in itertools.product(range(3), ("full", "from_scratch")):
        runs = FILE.content().get("a minute", {"machine": runtime.machine()})
        recorded = runs.get(strategy, [])
        if seed in [row["seed"] for row in recorded] or time.monotonic() > end:
            continue
        rows = entities.sample(conll()["train"], 1000, seed)
        recipe = entities.recipe(1000, strategy, seed=seed, source=source)
        recipe = replace(recipe, epochs=None, seconds=60)
        experiment = prepare(source, strategy, entities, rows, seed=seed, recipe=recipe)
        run = experiment.fit()
        row = score(experiment.model, source, conll()["test"].to_list())
        row |= {"updates": len(run.steps), "seed": seed}
        FILE.add(**{"a minute": runs | {strategy: [*recorded, row]}})
        print(strategy, row, flush=True)


@cache
def conll():
    """The sentences, as train, validation and test."""
    return entities.load()


@cache
def third_of_test() -> list[dict]:
    """Every third test sentence."""
    test = conll()["test"]
    return test.select(range(0, len(test), 3)).to_list()


@cache
def loaded(name: str):
    """A source, loaded once."""
    return sources.load(name)
