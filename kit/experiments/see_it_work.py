"""The value of a source: test accuracy on film reviews by number of labels, with controls.

python -m kit.experiments see_it_work                    # all of it; about an hour on two cores
python -m kit.experiments see_it_work --labels 100 400   # some budgets; -1: all
python -m kit.experiments see_it_work --strategies full_elsewhere
python -m kit.experiments see_it_work --validation       # score on validation, record nothing
"""

from collections.abc import Iterator
from functools import cache

from kit import results, runtime, sources
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.models import Model, soup
from kit.sources import Source, checkpoint
from kit.tasks import sentiment
from kit.train import Recipe

FILE = ResultsFile(
    "see_it_work",
    "film reviews, polarity: test accuracy after fine-tuning on so many labels",
    keys=("labels", "strategy", "seed"),
    order=lambda row: (row["labels"], row["strategy"], row["seed"]),
)
QUICK = (
    {"labels": 100, "strategy": "majority", "seed": 0},
    {"labels": 0, "strategy": "full", "seed": 0},
    {"labels": 50, "strategy": "from_scratch_words", "seed": 1},
)

ALL = -1
BUDGETS = (0, 50, 100, 400, 1600, ALL)
BASELINES = "majority"
"""Stands for the baselines, which are measured together."""
WORDS = "from_scratch_words"
"""The control of the control: from scratch, its head made of words as that of the source is."""
ELSEWHERE = "full_elsewhere"
"""From the source that was tuned first on the other domains (`elsewhere`), its head as well."""
FRESH = "from_scratch_elsewhere"
"""Its control: the same two stages from fresh values, the head made of words as well."""
COUNTED = "tfidf_elsewhere"
"""The control's control: counting words, in the other domains' sentences too."""
SOUP = "full_soup"
"""The mean of several models of all labels, that differ in the order of the sentences."""
MEMBERS = 3
SEED_STEP = 100
"""Between the seeds of a soup's members: no two soups share one."""
STRATEGIES = ("full", "from_scratch", WORDS, ELSEWHERE, FRESH, SOUP)
MAX_LABELS = {WORDS: 400, ELSEWHERE: 400, FRESH: 400, COUNTED: 400}
"""Labels up to which a strategy is trained; default: all."""
MIN_LABELS = {SOUP: 2000}
"""Labels from which on a strategy is trained; default: none."""


def main(arguments: list[str]) -> None:
    command = parser("see_it_work", __doc__)
    command.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    command.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument("--validation", action="store_true", help="score there, record nothing")
    options = command.parse_args(arguments)
    split = "validation" if options.validation else "test"
    rows = FILE.grow(
        planned(options),
        lambda about: measure(about, split),
        save=not options.validation,
        describe=lambda _: {"elsewhere": len(others())},
    )
    for labels, scores in results.by_budget(rows).items():
        print(labels, {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in scores.items()})


def planned(options) -> Iterator[dict]:
    """Every measurement, the quick ones first, one seed of everything first."""
    for labels in options.labels:
        labels = len(films()["train"]) if labels == ALL else labels
        for seed in range(options.seeds):
            for strategy in (BASELINES, COUNTED, *options.strategies):
                least, most = MIN_LABELS.get(strategy, 0), MAX_LABELS.get(strategy, labels)
                if least <= labels <= most:
                    yield {"labels": labels, "strategy": strategy, "seed": seed}


def measure(about: dict, split: str = "test") -> dict | list[dict]:
    """Train where there are labels, and score: the rows of one measurement."""
    labels, strategy, seed = about["labels"], about["strategy"], about["seed"]
    rows = list(sentiment.sample(films()["train"], labels, seed)) if labels else []
    test = films()[split]
    if strategy == BASELINES:
        scores = sentiment.baselines(rows, test)
        return [about | {"strategy": name, "accuracy": value} for name, value in scores.items()]
    if strategy == COUNTED:
        return about | {"accuracy": sentiment.baselines([*others(), *rows], test)["tfidf"]}
    if strategy == SOUP:
        return about | soup_of_members(rows, test, seed)
    return about | fine_tune(strategy, rows, test, seed)


def fine_tune(strategy: str, rows: list[dict], test, seed: int) -> dict:
    """Migrate, begin the head from words, fine-tune where there are labels, score."""
    texts = sentiment.unlabelled(films()["train"])
    start = strategy.removesuffix("_words").removesuffix("_elsewhere")
    if strategy in (ELSEWHERE, FRESH):
        source = elsewhere(start, texts, seed)
        # Its head has been trained already: the rate of the body is enough.
        target = sentiment.target(source, seed=seed, rate=3e-5, head_rate=3e-5)
        target.model.head.load_state_dict(source.head.state_dict())
        experiment = prepare(source, "full", sentiment, rows, seed=seed, target=target)
    else:
        options = {"texts": texts} if strategy in ("full", WORDS) else {}
        experiment = prepare(minilm(), start, sentiment, rows, seed=seed, **options)
    run = experiment.fit()
    return {
        "accuracy": experiment.score(test)["accuracy"],
        "seconds": round(run.seconds, 1),
        "updates": len(run.steps),
    }


def soup_of_members(rows: list[dict], test, seed: int) -> dict:
    """The mean of several models, which differ in the order of the sentences."""
    texts = sentiment.unlabelled(films()["train"])
    members = []
    for number in range(MEMBERS):
        recipe = sentiment.recipe(len(rows), seed=seed + SEED_STEP * number)
        members.append(tuned(f"films-{len(rows)}", rows, recipe, texts))
    model = soup([Model(member.body, member.head) for member in members])
    return {
        "accuracy": sentiment.scorer(test, minilm().tokenizer)(model),
        "seconds": round(sum(member.card["seconds"] for member in members), 1),
        "updates": sum(member.card["updates"] for member in members),
    }


def elsewhere(strategy: str, texts: list[str], seed: int) -> Source:
    """MiniLM after two epochs of all ratings of products, editorials and tweets; no film label is
    in it (a related task with many labels first: Phang et al. 2018, STILTs,
    arxiv.org/abs/1811.01088). strategy: "from_scratch" for fresh values instead of MiniLM's."""
    recipe = Recipe(epochs=2, keep_best=False, evaluations=1, seed=seed)
    name = "elsewhere" if strategy == "full" else f"elsewhere-{strategy}"
    return tuned(name, others(), recipe, texts, strategy)


def tuned(
    name: str, rows: list[dict], recipe: Recipe, texts: list[str], strategy: str = "full"
) -> Source:
    """MiniLM after fine-tuning on these rows, with its head, which begins from words. Trained
    once, then kept in the cache folder."""
    folder = runtime.cache_dir() / "experiments" / f"{name}-{recipe.seed}"
    if not (folder / "source.json").exists():
        experiment = prepare(
            minilm(), strategy, sentiment, rows, seed=recipe.seed, recipe=recipe, texts=texts
        )
        run = experiment.fit()
        card = {"seconds": run.seconds, "updates": len(run.steps)}
        model = experiment.model
        checkpoint.save(Source(name, model.body, minilm().tokenizer, model.head, card), folder)
    return checkpoint.load(folder)


@cache
def others() -> list[dict]:
    """All labelled sentences to train on of products, editorials and tweets."""
    domains = [name for name in sentiment.DOMAINS if name != "films"]
    return [row for name in domains for row in sentiment.load(name)["train"]]


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


@cache
def minilm() -> Source:
    """The source, loaded once."""
    return sources.minilm()
