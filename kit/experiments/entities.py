"""Named entities: three sources, four strategies, three budgets; and all sentences, once.

    python -m kit.experiments entities                # all of the matrix: hours on a slow machine
    python -m kit.experiments entities --minutes 3    # a piece of it; the next call goes on
    python -m kit.experiments entities --everything   # MiniLM on all 14,041 sentences; also in pieces;
                                                  # --epochs 4 for more than two passes
    python -m kit.experiments entities --minute       # MiniLM, 1,000 sentences, 60 s, undisturbed;
                                                  # in pieces too: six runs of 60 s

F1 on every third sentence of the test set (1,151), and for the last two on all of it. Writes
kit/results/data/entities.json after each run. The small budgets come first.
"""

import argparse
import gc
import itertools
import time
from dataclasses import replace

from kit import results, runtime, sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.tasks import entities
from kit.train import Recipe, Run, fit, training_steps

NAME = "entities"
FILE = results.FOLDER / f"{NAME}.json"
KEEP = runtime.cache_dir() / "experiments" / NAME
COST = {"rnn_encoder": 1, "transformer_encoder": 3, "minilm": 2}
"""Each source, and how long it takes, about; MiniLM with a quarter of the passes."""
BUDGETS = (100, 300, 1000)
UNMARKED = "full, no marks"
"""The source as it is: nothing tells it where capitals are."""
STRATEGIES = ("full", "from_scratch", UNMARKED, "choose_layers", "narrow", "lora")
"""Of an RNN with one layer `narrow` keeps half the width, of the others `choose_layers` half."""
KEYS = ("source", "sentences", "strategy", "seed")
EVERYTHING = Recipe(epochs=2, batch_size=16, keep_best=False, seed=0, evaluations=1)


def fine_tune(source, strategy: str, data, n: int, seed: int, test: list[dict]) -> dict:
    """Migrate, fine-tune, score: one row of the results."""
    marks = None if strategy != UNMARKED else False
    name = strategy.split(",")[0]
    target = migrate(source, entities.head, name, seed=seed, **entities.options(name, source))
    examples = entities.encode(
        entities.sample(data["train"], n, seed), source.tokenizer, marks=marks
    )
    recipe = entities.recipe(n, name, seed=seed, source=source)
    run = fit(target.model, examples, recipe, groups=target.groups, penalty=target.penalty)
    return scored(target.model, source, test, marks) | {
        "seconds": round(run.seconds, 1),
        "updates": len(run.steps),
        "trained": target.totals["trained"],
    }


def scored(model, source, test: list[dict], marks: bool | None = None) -> dict:
    """F1, its parts, and its interval over the sentences."""
    asked = [row["words"] for row in test]
    answers = entities.predict(model, source.tokenizer, asked, marks=marks)
    found = {k: round(v, 4) for k, v in entities.score(answers, test).items()}
    return found | {"over sentences": [round(v, 4) for v in entities.interval(answers, test)]}


def rows(data, test: list[dict], done: set):
    """Every row that is not there yet: the cheap ones first."""
    for n, seed in itertools.product(BUDGETS, range(3)):
        if ("none", n, "most frequent tag", seed) not in done:
            [f1] = entities.baselines(entities.sample(data["train"], n, seed), test).values()
            yield dict(zip(KEYS, ("none", n, "most frequent tag", seed), strict=True)) | {"f1": f1}
    loaded = {}
    order = itertools.product(BUDGETS, STRATEGIES, COST, range(3))
    for n, strategy, name, seed in sorted(order, key=cost):
        key = (name, n, strategy, seed)
        if key in done or _beside_the_point(strategy, name):
            continue
        source = loaded.get(name) or loaded.setdefault(name, sources.load(name))
        yield dict(zip(KEYS, key, strict=True)) | fine_tune(source, strategy, data, n, seed, test)
        gc.collect()


def _beside_the_point(strategy: str, name: str) -> bool:
    if strategy == UNMARKED:
        return name != "minilm"
    return strategy == ("choose_layers" if name == "rnn_encoder" else "narrow")


def cost(run: tuple) -> float:
    """What is cheap comes first, and the main contrast before the rest."""
    n, strategy, name, _ = run
    passes = n * entities.recipe(n).epochs
    return passes * COST[name] * (1 if strategy in ("full", "from_scratch") else 3)


def everything(data, minutes: float, epochs: float) -> dict | None:
    """All sentences: None while there is more to do; it goes on where it was."""
    source = sources.minilm()
    target = migrate(source, entities.head, seed=0, **entities.options("full", source))
    examples = entities.encode(data["train"], source.tokenizer)
    until, run = time.monotonic() + 60 * minutes, Run()
    recipe, folder = replace(EVERYTHING, epochs=epochs), KEEP / f"{epochs:g} epochs"
    loop = training_steps(
        target.model, examples, recipe, run=run, groups=target.groups, folder=folder
    )
    for _ in loop:
        if time.monotonic() > until and run.spent < 1:
            print(f"{run.spent:.0%} after {run.seconds:.0f} s, loss {run.steps[-1]['loss']:.3f}")
            return None
    return scored(target.model, source, data["test"].to_list()) | {
        "recipe": {k: run.settings[k] for k in ("epochs", "batch_size", "precision", "seed")},
        "rates": entities.options("full", source),
        "seconds": round(run.seconds),
        "updates": len(run.steps),
    }


def minute(data, minutes: float) -> None:
    """1,000 sentences, 60 s of training: with the source and from scratch, on all of the test."""
    source, until = sources.minilm(), time.monotonic() + 60 * minutes
    for seed, name in itertools.product(range(3), ("full", "from_scratch")):
        found = known().get("a minute", {"machine": runtime.machine()})
        if seed in [row["seed"] for row in found.get(name, [])] or time.monotonic() > until:
            continue
        target = migrate(source, entities.head, name, seed=seed, **entities.options(name, source))
        examples = entities.encode(entities.sample(data["train"], 1000, seed), source.tokenizer)
        recipe = entities.recipe(1000, name, seed=seed, source=source)
        recipe = replace(recipe, epochs=None, seconds=60)
        run = fit(target.model, examples, recipe, groups=target.groups)
        row = scored(target.model, source, data["test"].to_list())
        row |= {"updates": len(run.steps), "seed": seed}
        save(**{"a minute": found | {name: [*found.get(name, []), row]}})
        print(name, row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--everything", action="store_true")
    parser.add_argument("--epochs", type=float, default=EVERYTHING.epochs)
    parser.add_argument("--minute", action="store_true")
    options = parser.parse_args()
    data, until = entities.load(), time.monotonic() + 60 * options.minutes
    if options.everything:
        if result := everything(data, options.minutes, options.epochs):
            save(**{"all sentences": result})
    elif options.minute:
        minute(data, options.minutes)
    else:
        test = data["test"].select(range(0, len(data["test"]), 3)).to_list()
        done = {tuple(r[k] for k in KEYS) for r in known()["rows"]}
        for row in rows(data, test, done):
            print(row, flush=True)
            save(rows=[*known()["rows"], row])
            if time.monotonic() > until:
                return
        print("all of the matrix is there")


def known() -> dict:
    try:
        return results.load(NAME)
    except KitError:
        return {"rows": []}


def save(**news) -> None:
    """Write what is new beside what was known."""
    order = (*COST, "none").index
    what = (
        known()
        | {
            "what": "CoNLL-2003: test F1 on every third sentence of the test set (1,151)",
            "command": f"python -m kit.experiments {NAME}",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
        }
        | news
    )
    what["rows"].sort(key=lambda r: (r["sentences"], order(r["source"]), r["strategy"], r["seed"]))
    runtime.write_json(FILE, what)


if __name__ == "__main__":
    main()
