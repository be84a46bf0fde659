"""A larger source, read in the middle: SmolLM2 (134.5 M, a decoder) judges film reviews.

    python -m kit.experiments large_source                 # all that is missing, about an hour on one core
    python -m kit.experiments large_source --parts frozen  # one part; each row is saved as it is made

Parts: layers (100 labels, a head after each third block, validation: which block to read),
frozen (15 of 30 blocks as they are, the head learns from 50 labels to all), random (the same with
fresh values: the control), rates (22 blocks, the upper 7 tuned, all labels, one seed, validation),
tuned (the same, three seeds, test), soup (the mean of three of them), leak (does it know how our
test sentences go on: after ten pieces, are the next five guessed, word for word?).
Test accuracy on all test sentences unless it says validation. Writes kit/results/data/large_source.json.
"""

import argparse
import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from kit import sources
from kit.errors import KitError
from kit.experiments import rows as rows_file
from kit.migrate import migrate
from kit.models import FeatureCache, Model, soup
from kit.models.generate import generate
from kit.sources import Source
from kit.tasks import sentiment
from kit.train import Recipe, fit

NAME = "large_source"
WHAT = "films: test accuracy (of the parts layers and rates: validation) of SmolLM2"
PARTS = ("layers", "frozen", "random", "rates", "tuned", "soup", "leak")
KEYS = ("part", "layers", "labels", "seed", "rate", "domain")

HALF, HIGH, TOP = 15, 22, 7
"""Blocks that are read by a head alone; blocks of the tuned model, and how many of them learn."""
BUDGETS = (50, 100, 400, 1600, None)
SEEDS = 5
RATE = 1e-3
"""Of a head on frozen blocks."""
TRIED = (1e-4, 2e-4)
"""Rates of the tuned blocks, on validation."""
ALL = Recipe(epochs=1, keep_best=False, evaluations=1)


@cache
def larger(layers: int, fresh: int | None = None) -> Source:
    """The source's first blocks; with `fresh`, values from that seed in its shape."""
    made = sources.smollm(layers=layers)
    made.tokenizer = made.tokenizer.opened()
    if fresh is not None:
        made.body = migrate(made, sentiment.head, "from_scratch", seed=fresh).model.body
    return made


def head(width: int, tokenizer=None):
    """The last token has read all."""
    return sentiment.head(width, tokenizer, pool="last")


@cache
def known(layers: int, fresh: int | None = None) -> dict:
    """What the lowest blocks said of each text so far."""
    return {}


def target(source: Source, strategy: str, memory: dict, **options):
    """A migration whose frozen blocks remember, its head begun from words."""
    made = migrate(source, head, strategy, **options)
    made.model.body = FeatureCache(made.model.body)
    made.model.body.known = memory
    sentiment.from_words(made.model, source.tokenizer, sentiment.unlabelled(data()["train"]))
    return made


@cache
def data():
    return sentiment.load()


def rows_of(labels: int | None, seed: int):
    return sentiment.sample(data()["train"], labels or len(data()["train"]), seed)


def judged(model, source: Source, split: str = "test") -> float:
    return round(sentiment.scorer(data()[split], source.tokenizer)(model), 4)


def on_head(layers: int, labels: int | None, seed: int, fresh: int | None = None, split="test"):
    """Frozen blocks, a head that learns."""
    source = larger(layers, fresh)
    made = target(source, "frozen", known(layers, fresh), rate=RATE, seed=seed)
    before = judged(made.model, source, split)
    rows = rows_of(labels, seed)
    recipe = sentiment.recipe(len(rows), "frozen", seed=seed)
    run = fit(made.model, sentiment.encode(rows, source.tokenizer), recipe, groups=made.groups)
    return {
        "accuracy": judged(made.model, source, split),
        "without a label": before,
        "trained": made.totals["trained"],
        "seconds": round(run.seconds, 1),
    }


def tuned(seed: int, rate: float):
    """22 blocks, the upper 7 and the head tuned, all labels once."""
    source = larger(HIGH)
    options = {"layers": TOP, "rate": rate, "head_rate": rate, "seed": 0}
    made = target(source, "top_layers", known(HALF), **options)
    made.model.body.upper = copy.deepcopy(made.model.body.upper)  # the source stays as it is
    groups = [{"params": [p for p in made.model.parameters() if p.requires_grad], "rate": rate}]
    examples = sentiment.encode(rows_of(None, 0), source.tokenizer)
    run = fit(made.model, examples, replace(ALL, seed=seed), groups=groups)
    return made, {"trained": made.totals["trained"], "seconds": round(run.seconds, 1)}


def best() -> float:
    """The rate with the highest validation accuracy."""
    tried = [row for row in rows_file.known(NAME) if row["part"] == "rates"]
    if not tried:
        raise KitError("no rate was tried yet: run --parts rates first.")
    return max(tried, key=lambda row: row["accuracy"])["rate"]


MEMBERS: list[Model] = []
"""What was tuned in this process: the soup's members."""


def wanted(parts) -> Iterator[dict]:
    """Every row of these parts."""
    if "layers" in parts:
        for layers in range(3, 31, 3):
            for seed in range(3):
                yield {"part": "layers", "layers": layers, "labels": 100, "seed": seed}
    if "frozen" in parts:
        for labels in BUDGETS:
            for seed in range(SEEDS):
                yield {"part": "frozen", "layers": HALF, "labels": count(labels), "seed": seed}
    if "random" in parts:
        for seed in range(3):
            for labels in (100, 400):
                yield {"part": "random", "layers": HALF, "labels": labels, "seed": seed}
    whole = {"layers": HIGH, "labels": count(None)}
    if "rates" in parts:
        yield from ({"part": "rates", **whole, "seed": 0, "rate": rate} for rate in TRIED)
    if "tuned" in parts:
        yield from ({"part": "tuned", **whole, "seed": seed} for seed in range(3))
    if "soup" in parts:
        yield {"part": "soup", **whole, "seed": 0}
    if "leak" in parts:
        about = {"part": "leak", "layers": 30, "labels": 0, "seed": 0}
        yield from (about | {"domain": domain} for domain in (*sentiment.DOMAINS, "famous"))


def count(labels: int | None) -> int:
    return labels or len(data()["train"])


READ, GUESSED, ASKED = 10, 5, 300
"""Pieces that are read, pieces that are guessed, sentences of a domain at most."""

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
"""What every such model knows by heart: so that the check is seen to find something."""


def leak(domain: str) -> dict:
    """The share of sentences that go on as the source says they do."""
    source = whole()
    model, tokenizer = Model(source.body, source.head).eval(), source.tokenizer.opened()
    texts = FAMOUS if domain == "famous" else sentiment.load(domain, least=0)["test"]["text"][:]
    ids = tokenizer.encode_many(texts)
    ids = [row for row in ids if len(row) > READ + GUESSED][:ASKED]
    right = 0
    for start in range(0, len(ids), 50):
        rows = ids[start : start + 50]
        said = generate(model, [row[: READ + 1] for row in rows], GUESSED)
        ends = [row[READ + 1 : READ + 1 + GUESSED] for row in rows]
        right += sum(list(one) == end for one, end in zip(said, ends, strict=True))
    return {"sentences": len(ids), "guessed": right}


@cache
def whole() -> Source:
    return sources.smollm()


def measure(about: dict) -> dict:
    """Train and score: one row of the results."""
    part, seed, labels = about["part"], about["seed"], about["labels"]
    if part == "leak":
        return leak(about["domain"])
    if part == "layers":
        return on_head(about["layers"], labels, seed, split="validation")
    if part == "frozen":
        return on_head(HALF, labels, seed)
    if part == "random":
        return on_head(HALF, labels, seed, fresh=seed)
    if part == "soup":
        while len(MEMBERS) < 3:
            MEMBERS.append(tuned(len(MEMBERS), best())[0].model)
        return {"accuracy": judged(soup(MEMBERS[:3]), larger(HIGH)), "members": [0, 1, 2]}
    made, row = tuned(seed, about.get("rate") or best())
    split = "validation" if part == "rates" else "test"
    if part == "tuned" and len(MEMBERS) == seed < 3:
        MEMBERS.append(made.model)
    return {"accuracy": judged(made.model, larger(HIGH), split)} | row


def place(row: dict) -> tuple:
    """Where a row stands in the file."""
    return PARTS.index(row["part"]), *(row[k] for k in ("layers", "labels", "seed"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    for about in rows_file.missing(NAME, wanted(options.parts), KEYS):
        row = about | measure(about)
        print(row, flush=True)
        rows_file.add(NAME, WHAT, row, place)


if __name__ == "__main__":
    main()
