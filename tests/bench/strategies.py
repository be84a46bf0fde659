"""Every strategy on every source: what it scores, trains, takes.

    python tests/bench/strategies.py                                 # all of it
    python tests/bench/strategies.py --sources rnn_encoder --labels 100
    python tests/bench/strategies.py --validation                    # for choosing rates

Film reviews, polarity; each target's head begins from words, as in `see_it_work.py`. Writes
kit/recorded/strategies.json after each run, so that it can be stopped and goes on; with
--file several may run side by side, and --merge joins their files.
"""

import argparse
import contextlib
import gc
import json
import time
from pathlib import Path

from kit import objectives, runtime, sources
from kit.data import corpora
from kit.errors import KitError
from kit.migrate import STRATEGIES, migrate
from kit.models import LanguageHead, Model
from kit.tasks import sentiment
from kit.tokens import Tokens
from kit.train import Recipe, fit

NAME = "strategies"
FILE = Path(__file__).parents[2] / "kit" / "recorded" / f"{NAME}.json"
SOURCES = ("rnn_encoder", "transformer_encoder", "minilm")
BUDGETS = (100, 400, 1600)
LEFT_OUT = ("into", "grow_decoder", "grow_encoder", "warm_start")
"""What needs a body of one's own, or makes sequences: not for this task."""


def options_of(strategy: str, source, films: list[str]) -> dict:
    """What a strategy cannot guess."""
    if strategy == "move_vocabulary":
        return {"old": source.tokens, "new": Tokens.train(films, 4096)}
    if strategy == "domain_first":
        return {"adapt": lambda body: read_films(body, source.tokens, films)}
    return {}


def read_films(body, tokens: Tokens, films: list[str]) -> None:
    """One epoch of the cloze, or of the next token, on film reviews without their labels."""
    model = Model(body, LanguageHead.tied(body))
    windows = corpora.windows(films, tokens, 64)
    fit(model, objectives.masked(windows, tokens), Recipe(epochs=1, rate=5e-5, keep_best=False))


def measure(source, strategy: str, train, data, test, films: list[str], seed: int) -> dict:
    """Migrate, ask by words, fine-tune, score: one row of the results."""
    began, given = time.perf_counter(), options_of(strategy, source, films)
    made = migrate(source, sentiment.head, strategy, seed=seed, **given)
    tokens = given.get("new", source.tokens)
    sentiment.from_words(made.model, tokens, sentiment.unlabelled(data["train"]))
    moved = time.perf_counter() - began
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    recipe = sentiment.recipe(len(train), strategy, seed=seed)
    examples = sentiment.encode(train, tokens)
    run = fit(made.model, examples, recipe, groups=made.groups, penalty=made.penalty)
    return {
        "accuracy": sentiment.scorer(test, tokens)(made.model),
        "trained": made.totals["trained"],
        "parameters": made.totals["parameters"],
        "seconds": round(run.seconds, 2),
        "seconds to migrate": round(moved, 2),
        "peak memory, MB": round(runtime.peak_memory()),
    }


def rows(options, done: set):
    """Every row that is not there yet, the small budgets first."""
    data = sentiment.load()
    test = data["validation" if options.validation else "test"]
    films = corpora.pinned("train", "films")["text"][:]
    for name in options.sources:
        source = sources.load(name)
        for labels in options.labels:
            for seed in range(options.seeds):
                train = sentiment.sample(data["train"], labels, seed)
                for strategy in options.strategies:
                    key = {"source": name, "labels": labels, "strategy": strategy, "seed": seed}
                    if tuple(key.values()) in done:
                        continue
                    try:
                        yield key | measure(source, strategy, train, data, test, films, seed)
                    except KitError as error:  # it has no meaning for this source, and says why
                        yield key | {"refused": str(error)}
                    gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", nargs="+", default=SOURCES)
    parser.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    parser.add_argument(
        "--strategies", nargs="+", default=[s for s in STRATEGIES if s not in LEFT_OUT]
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--merge", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    found = [row for path in (options.file, *options.merge) for row in read(path)]
    if options.merge:
        return save(options.file, found)
    found = [] if options.validation else found
    keys = ("source", "labels", "strategy", "seed")
    for row in rows(options, {tuple(r[k] for k in keys) for r in found}):
        print(row, flush=True)
        found.append(row)
        if not options.validation:
            save(options.file, found)
    return None


def read(path: Path) -> list[dict]:
    return json.loads(path.read_text())["rows"] if path.exists() else []


def save(path: Path, found: list[dict]) -> None:
    order = list(STRATEGIES)
    what = {
        "what": "film reviews, polarity: every strategy on every source; test accuracy",
        "command": f"python tests/bench/{NAME}.py",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": sorted(
            found, key=lambda r: (r["source"], r["labels"], order.index(r["strategy"]), r["seed"])
        ),
    }
    runtime.write_json(path, what)


if __name__ == "__main__":
    main()
