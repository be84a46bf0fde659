"""A large source that learns to look both ways: SmolLM2 (a Llama decoder) tags named entities.

    python -m kit.experiments large_source_entities                # hours on one core
    python -m kit.experiments large_source_entities --parts all    # one part
    python -m kit.experiments large_source_entities --parts all --seed 1    # one seed of it

The first 22 of its 30 blocks, all but the word table tuned. Parts:
rates (2,000 sentences, one pass, validation), both (1,000 sentences, two passes: each word sees
the whole sentence), causal (the same with the source's mask: only what stands before it), random
(the same as both, fresh values), random rates (the same, validation), all (14,041 sentences, two
passes), soup (the mean of its seeds).
F1 on every third sentence of the test set (1,151), of `all` and `soup` on all of it (3,453).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from kit import runtime, sources
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import encoder_like, group, migrate
from kit.models import Model, Transformer, soup
from kit.sources import Source
from kit.tasks import entities
from kit.train import Recipe, fit

PARTS = ("rates", "both", "causal", "random", "random rates", "all", "soup")


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    return PARTS.index(row["part"]), row["seed"], row.get("rate", 0)


FILE = ResultsFile(
    "large_source_entities",
    "CoNLL-2003: F1 of SmolLM2's first 22 blocks, tuned to tag (rates: validation)",
    keys=("part", "sentences", "seed", "rate"),
    order=order,
)
QUICK = "Its quickest row takes 200 seconds of training."
FOLDER = runtime.cache_dir() / "experiments" / "large_source_entities"
"""Of the trained models."""

LAYERS = 22
RATE, HEAD_RATE = 3e-4, 3e-3
TRIED = (3e-4, 5e-4)
TRIED_FRESH = (1e-4, 3e-4, 1e-3)
SEEDS = 3
FEW = Recipe(epochs=2, batch_size=8, keep_best=False, evaluations=1)
TRY = replace(FEW, epochs=1)
ALL = Recipe(epochs=2, batch_size=16, keep_best=False, evaluations=1)


def main(arguments: list[str]) -> None:
    command = parser("large_source_entities", __doc__)
    command.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    command.add_argument("--seed", type=int, choices=range(SEEDS), help="this seed alone")
    options = command.parse_args(arguments)
    seeds = range(SEEDS) if options.seed is None else [options.seed]
    FILE.grow(planned(options.parts, seeds), measure)


def planned(parts, seeds) -> Iterator[dict]:
    """Every measurement of these parts and seeds."""
    everything = len(conll("train"))
    if "rates" in parts:
        for rate in TRIED:
            yield {"part": "rates", "sentences": 2000, "seed": 0, "rate": rate}
    if "random rates" in parts:
        for rate in TRIED_FRESH:
            yield {"part": "random rates", "sentences": 1000, "seed": 0, "rate": rate}
    for part in ("both", "causal", "random", "all"):
        if part in parts:
            n = everything if part == "all" else 1000
            for seed in seeds:
                yield {"part": part, "sentences": n, "seed": seed}
    if "soup" in parts:
        yield {"part": "soup", "sentences": everything, "seed": 0}


def measure(about: dict) -> dict:
    """Train and score: one row of the results."""
    part, seed = about["part"], about["seed"]
    if part == "soup":
        return about | score(soup([member(s) for s in range(SEEDS)]), conll("test"))
    if part == "all":
        return about | tune_on_all(seed)
    rows = entities.sample(conll("train"), about["sentences"], seed)
    bidirectional = part != "causal"
    fresh = part.startswith("random")
    model, groups = target(
        seed, bidirectional=bidirectional, rate=about.get("rate", RATE), fresh=fresh
    )
    recipe = replace(TRY if part == "rates" else FEW, seed=seed)
    numbers = train(model, groups, rows, recipe)
    split = "validation" if part.endswith("rates") else "test"
    return about | numbers | score(model, conll(split, third=True))


def tune_on_all(seed: int) -> dict:
    """All sentences: a member of the soup, kept in the cache folder."""
    model, groups = target(0)  # the same head in all of them: members of one soup
    folder = FOLDER / f"{ALL.epochs:g}-{seed}"
    numbers = train(model, groups, conll("train"), replace(ALL, seed=seed), folder / "run")
    torch.save(model.state_dict(), folder / "model.pt")
    validation = score(model, conll("validation", third=True))["f1"]
    return numbers | {"validation": validation} | score(model, conll("test"))


def member(seed: int) -> Model:
    """The model that was tuned on all sentences with this seed."""
    model, _ = target(0)
    path = FOLDER / f"{ALL.epochs:g}-{seed}" / "model.pt"
    if not path.exists():
        raise KitError(
            f"{path} is missing: run --parts all --seed {seed} first (where the results file has "
            "that row already, it was trained on another machine: copy the model from there)."
        )
    model.load_state_dict(torch.load(path))
    return model


def target(seed: int, *, bidirectional: bool = True, rate: float = RATE, fresh: bool = False):
    """(model, groups): the lowest blocks with or without their causal mask, and a fresh head."""
    shape = Transformer(replace(smollm().body.config, layers=LAYERS))
    if bidirectional:
        shape = encoder_like(shape)
    if fresh:
        source = Source("SmolLM2's shape", shape, smollm().tokenizer)
        model = migrate(source, entities.head, "from_scratch", seed=seed).model
    else:
        model = migrate(smollm(), entities.head, "into", seed=seed, target=shape).model
        model.body.embed.requires_grad_(False)
    trained = [p for p in model.body.parameters() if p.requires_grad]
    return model, [group(rate, *trained), group(HEAD_RATE, model.head)]


def train(model, groups, rows, recipe: Recipe, folder: Path | None = None) -> dict:
    """Fine-tune; seconds, updates, and how many numbers were trained."""
    examples = entities.encode(rows, smollm().tokenizer)
    run = fit(model, examples, recipe, groups=groups, folder=folder)
    return {
        "seconds": round(run.seconds),
        "updates": len(run.steps),
        "trained": sum(p.numel() for group in groups for p in group["params"]),
    }


def score(model, rows) -> dict:
    """F1, its parts, and its interval over the sentences."""
    rows = rows.to_list()
    words = [row["words"] for row in rows]
    answers = entities.predict(model, smollm().tokenizer, words)
    scores = {k: round(v, 4) for k, v in entities.score(answers, rows).items()}
    return scores | {"over sentences": [round(v, 4) for v in entities.interval(answers, rows)]}


@cache
def smollm() -> Source:
    """SmolLM2, each text opened: its first word has something to look at."""
    source = sources.smollm()
    source.tokenizer = source.tokenizer.opened()
    return source


@cache
def conll(split: str, third: bool = False):
    """The sentences of a split, or every third of them."""
    rows = entities.load()[split]
    return rows.select(range(0, len(rows), 3)) if third else rows
