"""Headlines: ROUGE with the values of an encoder and of a decoder, from scratch, and of the lead.

    python -m kit.experiments summaries                # about an hour on one core
    python -m kit.experiments summaries --minutes 3.5  # as much as fits; the same again goes on

{RNN, Transformer} x {scratch, parameter, structure, mixed} x articles x seeds, straight or after
training on pseudo-headlines (`kit.tasks.summarization.pseudo_headlines`), and MiniLM as a frozen
encoder: all scored on the same test articles.
"""

import itertools
from collections.abc import Iterator
from functools import cache

from kit import sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.metrics import bootstrap
from kit.migrate import Migration
from kit.sources import Source
from kit.tasks import summarization
from kit.tasks.summarization import pseudo_headlines
from kit.tasks.summarization.keyword_baseline import KeywordBaseline
from kit.train import fit


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    way = list(summarization.WAYS).index(row["way"])
    return row["kind"], row["first"], row["articles"], way, row["seed"]


FILE = ResultsFile(
    "summaries",
    "BBC articles to headlines: ROUGE and invented names on 205 test articles",
    keys=("kind", "way", "first", "articles", "seed"),
    order=order,
)
QUICK = (
    {"kind": "rnn", "way": "scratch", "first": "", "articles": 100, "seed": 0},
    {"kind": "transformer", "way": "mixed", "first": "", "articles": 100, "seed": 1},
)

KINDS = ("transformer", "rnn")
ARTICLES = (100, 400, 1640)
SEEDS = 3
PSEUDO = "unwritten headlines"
"""In the field `first`: trained on pseudo-headlines first."""


def main(arguments: list[str]) -> None:
    command = parser("summaries", __doc__)
    command.add_argument("--minutes", type=float, default=float("inf"))
    kinds = (*KINDS, "minilm")
    command.add_argument("--kinds", nargs="+", default=kinds, choices=kinds)
    command.add_argument("--seeds", nargs="+", type=int, default=range(SEEDS))
    options = command.parse_args(arguments)
    FILE.grow(planned(options), measure, minutes=options.minutes, describe=describe)


def planned(options) -> Iterator[dict]:
    """Every measurement of these kinds and seeds."""
    for about in plan():
        if about["kind"] in options.kinds and about["seed"] in options.seeds:
            yield about


def plan() -> Iterator[dict]:
    """Every measurement: straight, then after pseudo-headlines."""
    for seed in range(SEEDS):
        for n, kind, way in itertools.product(ARTICLES, KINDS, summarization.WAYS):
            yield {"kind": kind, "way": way, "first": "", "articles": n, "seed": seed}
        for n in ARTICLES:
            yield {"kind": "minilm", "way": "mixed", "first": "", "articles": n, "seed": seed}
    for seed in range(SEEDS):
        pairs = [*itertools.product(("mixed", "scratch"), KINDS), ("mixed", "minilm")]
        for (way, kind), n in itertools.product(pairs, (0, *ARTICLES)):
            yield {"kind": kind, "way": way, "first": PSEUDO, "articles": n, "seed": seed}


def measure(about: dict) -> dict:
    """Migrate, train, write a headline for each test article: one row of the results."""
    kind, way, n, seed = about["kind"], about["way"], about["articles"], about["seed"]
    target = migrated(kind, way, seed)
    tokenizer = parts(kind)[1].tokenizer
    training = target.training
    if about["first"]:
        target.model.load_state_dict(after_pseudo_headlines(kind, way, seed))
        training = training | {"groups": summarization.uniform_groups(target)}
    details = {}
    if n:
        rows = summarization.sample(data()["train"], n, seed)
        examples = summarization.encode(rows, tokenizer)
        run = fit(target.model, examples, summarization.recipe(n, seed=seed), **training)
        details = {"seconds": round(run.seconds, 1), "updates": len(run.steps)}
    test = test_articles()
    texts = [row["text"] for row in test]
    answers = summarization.predict(target.model.eval(), tokenizer, texts)
    details |= {k: target.totals[k] for k in ("parameters", "moved")}
    return about | scores(answers, test) | details | {"first five": answers[:5]}


def migrated(kind: str, way: str, seed: int) -> Migration:
    """A target before it has seen a headline."""
    encoder, decoder = parts(kind)
    options = {"freeze_encoder": True} if kind == "minilm" else {}
    target = summarization.target(encoder, way, writer=decoder, seed=seed, **options)
    if kind == "minilm":
        target.model.body.known = minilm_states()
    return target


@cache
def parts(kind: str) -> tuple[Source, Source]:
    """An encoder and a decoder. MiniLM's states are computed once for all rows of a process."""
    if kind == "minilm":
        decoder = sources.load("transformer_writer")
        return summarization.retokenized(sources.minilm(), decoder.tokenizer), decoder
    return sources.load(f"{kind}_encoder"), sources.load(f"{kind}_writer")


@cache
def minilm_states() -> dict:
    """MiniLM's states of each text that it has encoded so far."""
    return {}


@cache
def after_pseudo_headlines(kind: str, way: str, seed: int) -> dict:
    """The values after training on pseudo-headlines; in memory, for the rows that begin there."""
    target = migrated(kind, way, seed)
    examples = pseudo_examples(parts(kind)[1].tokenizer)
    fit(target.model, examples, summarization.pseudo_headline_recipe(seed=seed), **target.training)
    return target.model.state_dict()


@cache
def pseudo_examples(tokenizer) -> list[dict]:
    """Articles with their pseudo-headlines, as examples."""
    return summarization.encode(pseudo_headlines.rows(), tokenizer)


def describe(_: dict) -> dict:
    """The field of the file beside its rows: the controls, measured once."""
    return {"controls": FILE.content().get("controls") or controls()}


def scores(answers: list[str], rows: list[dict]) -> dict:
    """The means, and of each ROUGE the 95 % interval over the test articles."""
    rouge = [summarization.rouge(a, r["headline"]) for a, r in zip(answers, rows, strict=True)]
    means = {k: round(v, 4) for k, v in summarization.score(answers, rows).items()}
    intervals = {k: bootstrap([one[k] for one in rouge]) for k in rouge[0]}
    return means | {"intervals": {k: [round(x, 4) for x in v] for k, v in intervals.items()}}


def controls() -> dict[str, dict]:
    """The baselines without a network, and the people's headlines: how many names they invent."""
    test = test_articles()
    answers = control_answers([row["text"] for row in test])
    answers["people"] = [row["headline"] for row in test]
    return {name: scores(headlines, test) for name, headlines in answers.items()}


def control_answers(texts: list[str]) -> dict[str, list[str]]:
    """Baseline without a network -> its headline of each text."""
    weights = pseudo_headlines.TfidfHeadlines(pseudo_headlines.documents())
    return {
        "lead": [summarization.lead(text) for text in texts],
        "eight words": [summarization.lead(text, 8) for text in texts],
        "weighty words": weights.headlines(texts),
        "chosen words": KeywordBaseline(data()["train"]).headlines(texts),
    }


@cache
def data():
    """The articles, as train, validation and test."""
    return summarization.load()


@cache
def test_articles() -> list[dict]:
    """The test articles."""
    return list(data()["test"])
