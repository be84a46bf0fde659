"""What to freeze: accuracy with 100 labels for some choices of what is trained, and how fast.

    python -m kit.experiments freeze               # about a quarter of an hour on two cores
    python -m kit.experiments freeze --seeds 1     # one seed of each

Writes kit/results/data/freeze.json after each run, so that it can be stopped and goes on. The controls
(from scratch, TF-IDF, majority) are those of see_it_work.json with as many labels.
"""

import argparse
import gc
import time

from kit import results, runtime, sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.tasks import sentiment
from kit.train import fit

NAME = "freeze"
FILE = results.FOLDER / f"{NAME}.json"
LABELS = 100
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
"""Name -> strategy (the name itself where none is given) and its options."""


def fine_tune(source, data, choice: str, seed: int) -> dict:
    """Migrate, fine-tune, score: one row of the results."""
    rows = sentiment.sample(data["train"], LABELS, seed)
    target = migrate(source, sentiment.head, **{"strategy": choice} | CHOICES[choice], seed=seed)
    examples, recipe = sentiment.encode(rows, source.tokenizer), sentiment.recipe(LABELS, seed=seed)
    run = fit(target.model, examples, recipe, groups=target.groups, penalty=target.penalty)
    return {
        "labels": LABELS,
        "strategy": choice,
        "seed": seed,
        "accuracy": sentiment.scorer(data["test"], source.tokenizer)(target.model),
        "seconds": round(run.seconds, 1),
        "updates": len(run.steps),
        "trained": target.totals["trained"],
    }


def save(found: list[dict]) -> None:
    what = {
        "what": f"film reviews, polarity: test accuracy with {LABELS} labels, parts frozen",
        "command": "python -m kit.experiments freeze",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": sorted(found, key=lambda r: (r["strategy"], r["seed"])),
    }
    runtime.write_json(FILE, what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    try:
        found = results.load(NAME)["rows"]
    except KitError:
        found = []
    done = {(row["strategy"], row["seed"]) for row in found}
    source, data = sources.minilm(), sentiment.load()
    for seed in range(options.seeds):
        for choice in CHOICES:
            if (choice, seed) not in done:
                found.append(fine_tune(source, data, choice, seed))
                print(found[-1], flush=True)
                save(found)
                gc.collect()
    for name, (mean, half) in results.by_budget(found)[LABELS].items():
        print(f"{name:12} {100 * mean:.1f} ± {100 * half:.1f}")


if __name__ == "__main__":
    main()
