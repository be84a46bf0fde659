"""What the sources that ship are worth: each against its own architecture from scratch.

    python -m kit.experiments builtin_sources            # about a quarter of an hour on two cores

Film reviews, polarity; heads begin from words on both sides. Writes kit/results/data/builtin_sources.json after
each run, so that it can be stopped and goes on.
"""

import argparse
import time

from kit import results, runtime, sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.sources.builtin import ENGLISH
from kit.tasks import sentiment
from kit.train import fit

NAME = "builtin_sources"
FILE = results.FOLDER / f"{NAME}.json"
BUDGETS = (0, 100, 400, 1600)
STRATEGIES = ("full", "from_scratch")


def measure(source, strategy: str, train, data, test, seed: int) -> dict:
    """Migrate, ask by words, fine-tune where there are labels, score."""
    made = migrate(source, sentiment.head, strategy, seed=seed)
    sentiment.from_words(made.model, source.tokenizer, sentiment.unlabelled(data["train"]))
    seconds = 0.0
    if train:
        examples = sentiment.encode(train, source.tokenizer)
        recipe = sentiment.recipe(len(train), strategy, seed=seed)
        seconds = fit(made.model, examples, recipe, groups=made.groups).seconds
    accuracy = sentiment.scorer(test, source.tokenizer)(made.model)
    return {"accuracy": accuracy, "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", nargs="+", default=ENGLISH)
    parser.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--validation", action="store_true", help="score there, and save nothing")
    options = parser.parse_args()
    try:
        found = [] if options.validation else results.load(NAME)["rows"]
    except KitError:
        found = []
    done = {(r["source"], r["labels"], r["strategy"], r["seed"]) for r in found}
    data = sentiment.load()
    test = data["validation" if options.validation else "test"]
    for name in options.sources:
        source = sources.load(name)
        for labels in options.labels:
            for seed in range(options.seeds):
                train = sentiment.sample(data["train"], labels, seed) if labels else []
                for strategy in STRATEGIES:
                    row = {"source": name, "labels": labels, "strategy": strategy, "seed": seed}
                    if tuple(row.values()) in done:
                        continue
                    row |= measure(source, strategy, train, data, test, seed)
                    found.append(row)
                    if not options.validation:
                        save(found)
            scores = results.by_budget([r for r in found if r["source"] == name])[labels]
            print(
                name, labels, {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in scores.items()}
            )


def save(found: list[dict]) -> None:
    what = {
        "what": "film reviews, polarity: test accuracy from a baked source and from scratch",
        "command": f"python -m kit.experiments {NAME}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": found,
    }
    runtime.write_json(FILE, what)


if __name__ == "__main__":
    main()
