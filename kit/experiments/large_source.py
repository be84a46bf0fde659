"""A large source: SmolLM2 (134.5 M parameters, a decoder) on film reviews, read after some blocks.

    python -m kit.experiments large_source                 # about an hour on one core
    python -m kit.experiments large_source --parts frozen  # one part

Parts: layers (100 labels, a head after each third block, validation: which block to read),
frozen (15 of 30 blocks as they are, the head learns from 50 labels to all), random (the same with
fresh values: the control), rates (22 blocks, the upper 7 tuned, all labels, one seed, validation),
tuned (the same, three seeds, test), soup (the mean of three of them), leak (does it know how our
test sentences go on: after ten pieces, are the next five guessed, word for word?).
Test accuracy on all test sentences unless it says validation.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from kit import sources
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import Migration, migrate
from kit.models import FeatureCache, Model, soup
from kit.models.generate import generate
from kit.sources import Source
from kit.tasks import sentiment
from kit.train import Recipe, fit

PARTS = ("layers", "frozen", "random", "rates", "tuned", "soup", "leak")


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    return PARTS.index(row["part"]), row["layers"], row["labels"], row["seed"]


FILE = ResultsFile(
    "large_source",
    "films: test accuracy (of the parts layers and rates: validation) of SmolLM2",
    keys=("part", "layers", "labels", "seed", "rate", "domain"),
    order=order,
)
QUICK = tuple({"part": "layers", "layers": 3, "labels": 100, "seed": seed} for seed in (0, 1))

HALF = 15
"""Blocks that are read by a head alone."""
HIGH = 22
"""Blocks of the tuned model."""
TOP = 7
"""How many of them learn."""
BUDGETS = (50, 100, 400, 1600, None)
"""Labels; None: all."""
SEEDS = 5
RATE = 1e-3
"""Of a head on frozen blocks."""
TRIED = (1e-4, 2e-4)
"""Rates of the tuned blocks, on validation."""
ALL = Recipe(epochs=1, keep_best=False, evaluations=1)
MEMBERS: list[Model] = []
"""The models that were tuned in this process: the soup's members."""


def main(arguments: list[str]) -> None:
    command = parser("large_source", __doc__)
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = command.parse_args(arguments)
    FILE.grow(planned(options.parts), measure)


def planned(parts) -> Iterator[dict]:
    """Every measurement of these parts."""
    everything = len(films()["train"])
    if "layers" in parts:
        for layers in range(3, 31, 3):
            for seed in range(3):
                yield {"part": "layers", "layers": layers, "labels": 100, "seed": seed}
    if "frozen" in parts:
        for labels in BUDGETS:
            for seed in range(SEEDS):
                n = labels or everything
                yield {"part": "frozen", "layers": HALF, "labels": n, "seed": seed}
    if "random" in parts:
        for seed in range(3):
            for labels in (100, 400):
                yield {"part": "random", "layers": HALF, "labels": labels, "seed": seed}
    whole = {"layers": HIGH, "labels": everything}
    if "rates" in parts:
        for rate in TRIED:
            yield {"part": "rates", **whole, "seed": 0, "rate": rate}
    if "tuned" in parts:
        for seed in range(3):
            yield {"part": "tuned", **whole, "seed": seed}
    if "soup" in parts:
        yield {"part": "soup", **whole, "seed": 0}
    if "leak" in parts:
        for domain in (*sentiment.DOMAINS, "famous"):
            yield {"part": "leak", "layers": 30, "labels": 0, "seed": 0, "domain": domain}


def measure(about: dict) -> dict:
    """Train and score: one row of the results."""
    part, seed, labels = about["part"], about["seed"], about["labels"]
    if part == "leak":
        return about | leak(about["domain"])
    if part in ("layers", "frozen", "random"):
        split = "validation" if part == "layers" else "test"
        fresh = seed if part == "random" else None
        return about | train_head(about["layers"], labels, seed, fresh, split)
    if part == "soup":
        while len(MEMBERS) < 3:
            MEMBERS.append(tune(len(MEMBERS), best_rate())[0].model)
        accuracy = score(soup(MEMBERS[:3]), smollm(HIGH))
        return about | {"accuracy": accuracy, "members": [0, 1, 2]}
    target, numbers = tune(seed, about.get("rate") or best_rate())
    split = "validation" if part == "rates" else "test"
    if part == "tuned" and len(MEMBERS) == seed < 3:
        MEMBERS.append(target.model)
    return about | {"accuracy": score(target.model, smollm(HIGH), split)} | numbers


def train_head(layers: int, labels: int, seed: int, fresh: int | None, split: str) -> dict:
    """Frozen blocks, a head that learns. fresh: as in `smollm`."""
    source = smollm(layers, fresh)
    target = migrated(source, "frozen", hidden_states(layers, fresh), rate=RATE, seed=seed)
    before = score(target.model, source, split)
    rows = sentiment.sample(films()["train"], labels, seed)
    examples = sentiment.encode(rows, source.tokenizer)
    recipe = sentiment.recipe(len(rows), "frozen", seed=seed)
    run = fit(target.model, examples, recipe, **target.training)
    return {
        "accuracy": score(target.model, source, split),
        "without a label": before,
        "trained": target.totals["trained"],
        "seconds": round(run.seconds, 1),
    }


def tune(seed: int, rate: float) -> tuple[Migration, dict]:
    """22 blocks, the upper 7 and the head tuned, all labels once."""
    source = smollm(HIGH)
    options = {"layers": TOP, "rate": rate, "head_rate": rate, "seed": 0}
    target = migrated(source, "top_layers", hidden_states(HALF, None), **options)
    body = target.model.body
    body.upper = copy.deepcopy(body.upper)  # the source stays as it is
    # The groups of the migration hold the tensors that were copied: others are trained.
    groups = [{"params": [p for p in target.model.parameters() if p.requires_grad], "rate": rate}]
    rows = sentiment.sample(films()["train"], len(films()["train"]), 0)
    examples = sentiment.encode(rows, source.tokenizer)
    training = target.training | {"groups": groups}
    run = fit(target.model, examples, replace(ALL, seed=seed), **training)
    return target, {"trained": target.totals["trained"], "seconds": round(run.seconds, 1)}


def best_rate() -> float:
    """The rate with the highest validation accuracy."""
    tried = [row for row in FILE.rows() if row["part"] == "rates"]
    if not tried:
        raise KitError("no rate was tried yet: run --parts rates first.")
    return max(tried, key=lambda row: row["accuracy"])["rate"]


def migrated(source: Source, strategy: str, cache: dict, **options) -> Migration:
    """A migration whose frozen blocks keep their hidden states in `cache`, its head begun from
    words."""
    target = migrate(source, last_token_head, strategy, **options)
    target.model.body = FeatureCache(target.model.body)
    target.model.body.known = cache
    texts = sentiment.unlabelled(films()["train"])
    sentiment.from_words(target.model, source.tokenizer, texts)
    return target


def last_token_head(width: int, tokenizer=None):
    """A head that reads the last token, which has seen all others."""
    return sentiment.head(width, tokenizer, pool="last")


def score(model, source: Source, split: str = "test") -> float:
    """Accuracy on a split, to four digits."""
    return round(sentiment.scorer(films()[split], source.tokenizer)(model), 4)


@cache
def smollm(layers: int, fresh: int | None = None) -> Source:
    """The source's first blocks. fresh: a seed for fresh values in its shape; None: its own."""
    source = sources.smollm(layers=layers)
    source.tokenizer = source.tokenizer.opened()
    if fresh is not None:
        source.body = migrate(source, sentiment.head, "from_scratch", seed=fresh).model.body
    return source


@cache
def hidden_states(layers: int, fresh: int | None) -> dict:
    """The hidden states after the lowest blocks of each text that was read so far."""
    return {}


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()


PROMPT_TOKENS = 10
GUESSED_TOKENS = 5
MAX_SENTENCES = 300
"""Of a domain."""

FAMOUS = (
    "We hold these truths to be self-evident, that all men are created equal, that they are "
    "endowed by their Creator with certain unalienable Rights",
    "It was the best of times, it was the worst of times, it was the age of wisdom",
    "To be, or not to be, that is the question: Whether 'tis nobler in the mind to suffer",
    "Four score and seven years ago our fathers brought forth on this continent, a new nation",
    "In the beginning God created the heaven and the earth. And the earth was without form",
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, "
    "must be in want of a wife.",
    "Our Father which art in heaven, Hallowed be thy name. Thy kingdom come. Thy will be done",
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money",
)
"""Texts that every such model has memorised: the check must find them."""


def leak(domain: str) -> dict:
    """How many sentences the source continues word for word."""
    source = sources.smollm()
    model, tokenizer = Model(source.body, source.head).eval(), source.tokenizer.opened()
    texts = FAMOUS if domain == "famous" else sentiment.load(domain, least=0)["test"]["text"][:]
    ids = tokenizer.encode_many(texts)
    ids = [row for row in ids if len(row) > PROMPT_TOKENS + GUESSED_TOKENS][:MAX_SENTENCES]
    right = 0
    for start in range(0, len(ids), 50):
        rows = ids[start : start + 50]
        answers = generate(model, [row[: PROMPT_TOKENS + 1] for row in rows], GUESSED_TOKENS)
        ends = [row[PROMPT_TOKENS + 1 : PROMPT_TOKENS + 1 + GUESSED_TOKENS] for row in rows]
        right += sum(list(answer) == end for answer, end in zip(answers, ends, strict=True))
    return {"sentences": len(ids), "guessed": right}
