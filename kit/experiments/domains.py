"""Sentiment across domains: from film reviews to products, editorials and tweets, and back.

    python -m kit.experiments domains                                  # all of it
    python -m kit.experiments domains --sources minilm --minutes 3     # a piece; goes on

Test accuracy, and correlation with people's ratings. Polarity with cross-entropy, ratings with
squared error; heads begin from words. Nothing was chosen on a test set: recipes are
`sentiment.recipe`'s, labels and seeds were fixed before.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from kit import sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.sources import Source
from kit.tasks import classification, inputs, sentiment
from kit.train import fit

FILE = ResultsFile(
    "domains",
    "sentiment across domains: test accuracy, and correlation with people's ratings",
    keys=("source", "case", "seed"),
    parts=("start", "trained", "test"),
)
QUICK = (
    {"source": "counted", "case": "counted", "seed": 0},
    {"source": "rnn_encoder", "case": "a few straight", "seed": 0},
)

FILM_LABELS = 400
DOMAIN_LABELS = 100
"""Of another domain."""
PRODUCT_LABELS = 800
"""Of products, to make a source that is closer to films."""
OTHERS = tuple(domain for domain in sentiment.DOMAINS if domain != "films")


def main(arguments: list[str]) -> None:
    command = parser("domains", __doc__)
    command.add_argument("--sources", nargs="+", default=tuple(PLAN), choices=tuple(PLAN))
    command.add_argument("--cases", nargs="+", default=tuple(CASES), choices=tuple(CASES))
    command.add_argument("--seeds", type=int, default=3)
    command.add_argument(
        "--minutes", type=float, default=float("inf"), help="no case begins after these"
    )
    options = command.parse_args(arguments)
    FILE.grow(planned(options), measure, minutes=options.minutes)


def planned(options) -> Iterator[dict]:
    """Every measurement: the controls, then source by source."""
    for seed in range(options.seeds):
        yield {"source": "counted", "case": "counted", "seed": seed}
    for name in options.sources:
        for case in PLAN[name]:
            if case in options.cases:
                for seed in range(options.seeds):
                    yield {"source": name, "case": case, "seed": seed}


def measure(about: dict) -> list[dict]:
    """The rows of one case with one source and one seed."""
    case, seed = about["case"], about["seed"]
    if case == "counted":
        rows = baselines(seed)
    else:
        # Without the head that it was pretrained with.
        source = replace(sources.load(about["source"]), head=None)
        rows = CASES[case](source, seed)
    return [about | row for row in rows]


def baselines(seed: int) -> list[dict]:
    """The controls on the same labels: counting words, and the majority class."""
    films = list(sentiment.sample(sentiment.load()["train"], FILM_LABELS, seed))
    few = {}
    for domain in OTHERS:
        few[domain] = list(sentiment.sample(sentiment.load(domain)["train"], DOMAIN_LABELS, seed))
    plans = [({"films": FILM_LABELS}, films, domain) for domain in sentiment.DOMAINS]
    plans += [({domain: DOMAIN_LABELS}, few[domain], domain) for domain in OTHERS]
    plans += [
        ({"films": FILM_LABELS, domain: DOMAIN_LABELS}, films + few[domain], domain)
        for domain in OTHERS
    ]
    return [
        {"start": start, "trained": labels, "test": domain, "accuracy": accuracy}
        for labels, rows, domain in plans
        for start, accuracy in sentiment.baselines(rows, sentiment.load(domain)["test"]).items()
    ]


def from_films(
    source: Source,
    seed: int,
    then: bool = False,
    loss: str = "cross_entropy",
    strategy: str = "full",
) -> list[dict]:
    """Trained on films, tested everywhere; `then` with a few labels of each domain more."""
    films = tuned(source, "films", FILM_LABELS, seed, loss, strategy)
    about = {"start": strategy, "trained": {"films": FILM_LABELS}, "loss": loss}
    rows = [about | score(films, domain) for domain in sentiment.DOMAINS]
    return rows + to_domains(films, seed, {"films": FILM_LABELS}) if then else rows


def to_domains(source: Source, seed: int, before: dict[str, int]) -> list[dict]:
    """A few labels of each other domain, for a source that was trained on `before`."""
    rows = []
    for domain in OTHERS:
        labels = before | {domain: DOMAIN_LABELS}
        about = {"start": "full", "trained": labels, "loss": "cross_entropy"}
        rows.append(about | score(tuned(source, domain, DOMAIN_LABELS, seed), domain))
    return rows


def to_films(source: Source, seed: int, before: dict[str, int]) -> list[dict]:
    """A few film labels, after those of `before`."""
    for domain, labels in before.items():
        source = tuned(source, domain, labels, seed)
    rows = []
    for labels in (0, 50, DOMAIN_LABELS):
        about = {"start": "full", "trained": before | {"films": labels}, "loss": "cross_entropy"}
        rows.append(about | score(tuned(source, "films", labels, seed), "films"))
    return rows


CASES = {
    "films": from_films,
    "films, then a few": partial(from_films, then=True),
    "a few straight": partial(to_domains, before={}),
    "films, rating": partial(from_films, loss="squared_error"),
    "films straight": partial(to_films, before={}),
    "films after products": partial(to_films, before={"products": PRODUCT_LABELS}),
    "films, from scratch": partial(from_films, strategy="from_scratch"),
}
"""Name -> what is done with a source and a seed."""

# All cases but "films", which is part of "films, then a few".
SMALL_SOURCE_CASES = tuple(case for case in CASES if case != "films")
PLAN = {
    "rnn_encoder": SMALL_SOURCE_CASES,
    "transformer_encoder": SMALL_SOURCE_CASES,
    "minilm": ("films", "films, rating", "a few straight"),
}
"""Source -> its cases, what matters most first. MiniLM takes ten times as long as the others."""


def tuned(
    source: Source,
    domain: str,
    labels: int,
    seed: int,
    loss: str = "cross_entropy",
    strategy: str = "full",
) -> Source:
    """A source fine-tuned on labels of a domain, as a source again.

    A source with a head keeps it; another gets a fresh one that begins from words.
    """
    train = sentiment.load(domain)["train"]
    if source.head:
        target = migrate(source, None, strategy, seed=seed)
    else:
        texts = sentiment.unlabelled(train)
        target = sentiment.target(source, strategy, seed=seed, texts=texts, loss=loss)
    if labels:
        rows = sentiment.sample(train, labels, seed)
        examples = sentiment.encode(rows, source.tokenizer, loss=loss)
        recipe = sentiment.recipe(labels, strategy, seed=seed, loss=loss)
        fit(target.model, examples, recipe, **target.training)
    model = target.model
    return Source(f"{source.name}+{domain}", model.body, source.tokenizer, model.head)


def score(source: Source, domain: str) -> dict:
    """Accuracy on the test sentences of a domain that take sides, and correlations with people's
    ratings on all of them; of a class, its logits' difference is the rating."""
    from scipy.stats import pearsonr, spearmanr

    model = migrate(source, None).model
    rows = sentiment.load(domain, least=0)["test"]
    logits = classification.logits(model, source.tokenizer, inputs(sentiment, rows))
    answers = logits if logits.ndim == 1 else logits[:, 1] - logits[:, 0]
    ratings = rows.with_format("numpy")["rating"][:]
    sides = abs(ratings) >= 0.5
    return {
        "test": domain,
        "accuracy": float(((answers > 0) == (ratings > 0))[sides].mean()),
        "pearson": float(pearsonr(answers, ratings).statistic),
        "spearman": float(spearmanr(answers, ratings).statistic),
    }
