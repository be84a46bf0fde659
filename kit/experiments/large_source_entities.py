"""A decoder that learns to look both ways: SmolLM2 (a Llama that writes) tags entities.

    python -m kit.experiments large_source_entities                # all that is missing, hours of one core
    python -m kit.experiments large_source_entities --parts all    # one part; each row is saved as it is made
    python -m kit.experiments large_source_entities --parts all --seed 1    # one seed of it

The first 22 of its 30 blocks, all but the word table tuned. Parts:
rates (2,000 sentences, one pass, validation), both (1,000 sentences, two passes: each word sees
the whole sentence), causal (the same with the source's mask: only what stands before it), random
(the same as both, fresh values), random rates (the same, validation), all (14,041 sentences, two
passes), soup (the mean of its seeds).
F1 on every third sentence of the test set (1,151), of `all` and `soup` on all of it (3,453).
Writes kit/results/data/large_source_entities.json.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from kit import runtime, sources
from kit.errors import KitError
from kit.experiments import rows as rows_file
from kit.migrate import encoder_like, group, migrate
from kit.models import Model, Transformer, soup
from kit.sources import Source
from kit.tasks import entities
from kit.train import Recipe, fit

NAME = "large_source_entities"
WHAT = "CoNLL-2003: F1 of SmolLM2's first 22 blocks, tuned to tag (rates: validation)"
KEEP = runtime.cache_dir() / "experiments" / NAME
PARTS = ("rates", "both", "causal", "random", "random rates", "all", "soup")
KEYS = ("part", "sentences", "seed", "rate")

LAYERS = 22
RATE, HEAD_RATE = 3e-4, 3e-3
TRIED = (3e-4, 5e-4)
TRIED_FRESH = (1e-4, 3e-4, 1e-3)
SEEDS = 3
FEW = Recipe(epochs=2, batch_size=8, keep_best=False, evaluations=1)
TRY = replace(FEW, epochs=1)
ALL = Recipe(epochs=2, batch_size=16, keep_best=False, evaluations=1)


@cache
def source() -> Source:
    """SmolLM2, each text opened: its first word has something to look at."""
    found = sources.smollm()
    found.tokenizer = found.tokenizer.opened()
    return found


def target(seed: int, *, both: bool = True, rate: float = RATE, fresh: bool = False):
    """(model, groups): the lowest blocks with or without their mask, a head that is fresh."""
    body = source().body
    shape = Transformer(replace(body.config, layers=LAYERS))
    shape = encoder_like(shape) if both else shape
    options = {} if fresh else {"target": shape}
    given = Source("SmolLM2's shape", shape, source().tokenizer) if fresh else source()
    strategy = "from_scratch" if fresh else "into"
    model = migrate(given, entities.head, strategy, seed=seed, **options).model
    if not fresh:
        model.body.embed.requires_grad_(False)
    body = [p for p in model.body.parameters() if p.requires_grad]
    return model, [group(rate, *body), group(HEAD_RATE, model.head)]


@cache
def data(split: str, third: bool = False):
    rows = entities.load()[split]
    return rows.select(range(0, len(rows), 3)) if third else rows


def learn(model, groups, rows, recipe: Recipe, folder: Path | None = None) -> dict:
    examples = entities.encode(rows, source().tokenizer)
    run = fit(model, examples, recipe, groups=groups, folder=folder)
    return {
        "seconds": round(run.seconds),
        "updates": len(run.steps),
        "trained": sum(p.numel() for group in groups for p in group["params"]),
    }


def scored(model, rows) -> dict:
    """F1, its parts, and its interval over the sentences."""
    rows = rows.to_list()
    answers = entities.predict(model, source().tokenizer, [row["words"] for row in rows])
    found = {k: round(v, 4) for k, v in entities.score(answers, rows).items()}
    return found | {"over sentences": [round(v, 4) for v in entities.interval(answers, rows)]}


def wanted(parts, seeds) -> Iterator[dict]:
    """Every row of these parts."""
    if "rates" in parts:
        yield from ({"part": "rates", "sentences": 2000, "seed": 0, "rate": r} for r in TRIED)
    if "random rates" in parts:
        about = {"part": "random rates", "sentences": 1000, "seed": 0}
        yield from (about | {"rate": rate} for rate in TRIED_FRESH)
    for part in ("both", "causal", "random", "all"):
        n = len(data("train")) if part == "all" else 1000
        yield from ({"part": part, "sentences": n, "seed": s} for s in seeds if part in parts)
    if "soup" in parts:
        yield {"part": "soup", "sentences": len(data("train")), "seed": 0}


def measure(about: dict) -> dict:
    """Train and score: one row of the results."""
    part, seed = about["part"], about["seed"]
    if part == "soup":
        return scored(soup([member(s) for s in range(SEEDS)]), data("test"))
    if part == "all":
        model, groups = target(0)  # the same head in all of them: members of one soup
        recipe, folder = replace(ALL, seed=seed), KEEP / f"{ALL.epochs:g}-{seed}"
        row = learn(model, groups, data("train"), recipe, folder / "run")
        torch.save(model.state_dict(), folder / "model.pt")
        checked = scored(model, data("validation", third=True))["f1"]
        return row | {"validation": checked} | scored(model, data("test"))
    few = entities.sample(data("train"), about["sentences"], seed)
    both, fresh = part != "causal", part.startswith("random")
    model, groups = target(seed, both=both, rate=about.get("rate", RATE), fresh=fresh)
    row = learn(model, groups, few, replace(TRY if part == "rates" else FEW, seed=seed))
    split = "validation" if part.endswith("rates") else "test"
    return row | scored(model, data(split, third=True))


def member(seed: int) -> Model:
    """What was tuned on all sentences with this seed."""
    model, _ = target(0)
    path = KEEP / f"{ALL.epochs:g}-{seed}" / "model.pt"
    if not path.exists():
        raise KitError(f"{path} is not there: run --parts all --seed {seed} first.")
    model.load_state_dict(torch.load(path))
    return model


def place(row: dict) -> tuple:
    """Where a row stands in the file."""
    return PARTS.index(row["part"]), row["seed"], row.get("rate", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--seed", type=int, choices=range(SEEDS), help="this seed alone")
    options = parser.parse_args()
    seeds = range(SEEDS) if options.seed is None else [options.seed]
    for about in rows_file.missing(NAME, wanted(options.parts, seeds), KEYS):
        row = about | measure(about)
        print(row, flush=True)
        rows_file.add(NAME, WHAT, row, place)


if __name__ == "__main__":
    main()
