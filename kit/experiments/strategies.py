"""Every strategy on every source: what it scores, trains, takes.

    python -m kit.experiments strategies                                 # all of it
    python -m kit.experiments strategies --sources rnn_encoder --labels 100
    python -m kit.experiments strategies --validation --strategies lora --try rate=3e-3
    python -m kit.experiments strategies --merge part.json               # into the results

Film reviews, polarity; each target's head begins from words, as in `see_it_work.py`. Writes
kit/results/data/strategies.json after each run, so that it can be stopped and goes on; with
--file several may run side by side, and --merge joins their files. Each run has a process of
its own, so that its peak of memory is nobody else's.
"""

import argparse
import contextlib
import ctypes
import gc
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import safetensors.torch

from kit import objectives, results, runtime, sources
from kit.data import corpora
from kit.errors import KitError
from kit.migrate import STRATEGIES
from kit.models import LanguageHead, Model
from kit.tasks import sentiment
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit
from kit.widgets.strategies.strategies import films, made

NAME = "strategies"
FILE = results.FOLDER / f"{NAME}.json"
SOURCES = ("rnn_encoder", "transformer_encoder", "minilm")
BUDGETS = (100, 400, 1600)
LEFT_OUT = ("into", "unfrozen", "grow_decoder", "grow_encoder", "warm_start")
"""What needs a body of one's own, a choice of layers (`freeze.py`), or makes sequences."""


def read_films(body, tokenizer: Tokenizer, name: str) -> None:
    """One epoch of the cloze on film reviews without their labels: the same for every row of a
    source, so it is made once and kept in the cache folder."""
    path = runtime.cache_dir() / "experiments" / f"{name}-read-films.safetensors"
    if not path.exists():
        model = Model(body, LanguageHead.tied(body))
        windows = corpora.windows(films(), tokenizer, 64)
        fit(
            model,
            objectives.masked(windows, tokenizer),
            Recipe(epochs=1, rate=5e-5, keep_best=False),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_model(body, path)
    safetensors.torch.load_model(body, path)


def measure(name: str, strategy: str, labels: int, seed: int, split: str, given: dict) -> dict:
    """Migrate, ask by words, fine-tune, score: one row of the results."""
    data, source = sentiment.load(), sources.load(name)
    if strategy == "domain_first":
        given = {"adapt": lambda body: read_films(body, source.tokenizer, name)} | given
    began = time.perf_counter()
    target, tokenizer = made(source, strategy, data, seed, **given)
    moved = time.perf_counter() - began
    fresh_peak()
    examples = sentiment.encode(sentiment.sample(data["train"], labels, seed), tokenizer)
    recipe = sentiment.recipe(labels, strategy, seed=seed)
    run = fit(target.model, examples, recipe, groups=target.groups, penalty=target.penalty)
    peak = runtime.peak_memory()
    return {
        "accuracy": sentiment.scorer(data[split], tokenizer)(target.model),
        "trained": target.totals["trained"],
        "parameters": target.totals["parameters"],
        "seconds": round(run.seconds, 2),
        "seconds to migrate": round(moved, 2),
        "peak memory, MB": round(peak),
    }


def fresh_peak() -> None:
    """Give back what the migration left behind; the peak of memory is counted from here."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # of Linux with glibc
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def row(name: str, strategy: str, labels: int, seed: int, split: str, given: dict) -> dict:
    """`measure` in a process of its own; a strategy without a meaning here says why."""
    found = {"source": name, "labels": labels, "strategy": strategy, "seed": seed}
    found |= {"options": given} if given else {}
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as own:
        try:
            return found | own.submit(measure, name, strategy, labels, seed, split, given).result()
        except KitError as error:
            return found | {"refused": str(error)}


def key(row: dict) -> tuple:
    """What a row is about."""
    named = ("source", "labels", "strategy", "seed")
    return *(row[k] for k in named), json.dumps(row.get("options", {}))


def rows(options, done: set):
    """Every row that is not there yet: source by source, the small budgets first."""
    split, given = "validation" if options.validation else "test", dict(options.tried)
    for name in options.sources:
        for labels in options.labels:
            for strategy in options.strategies:
                for seed in range(options.seeds):
                    if (name, labels, strategy, seed, json.dumps(given)) not in done:
                        yield row(name, strategy, labels, seed, split, given)


def option(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, json.loads(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    every = [s for s in STRATEGIES if s not in LEFT_OUT]
    parser.add_argument("--sources", nargs="+", default=SOURCES)
    parser.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--strategies", nargs="+", default=every)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validation", action="store_true", help="score those; needs --file")
    parser.add_argument("--try", dest="tried", type=option, nargs="+", default=[])
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--merge", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    if options.file == FILE and (options.validation or options.tried):
        parser.error("--validation and --try choose, they do not record: give --file.")
    found = [row for path in (options.file, *options.merge) for row in read(path)]
    if options.merge:
        return save(options.file, list({key(row): row for row in found}.values()))
    for new in rows(options, {key(row) for row in found}):
        print(new, flush=True)
        found.append(new)
        save(options.file, found)
    return None


def read(path: Path) -> list[dict]:
    return json.loads(path.read_text())["rows"] if path.exists() else []


def save(path: Path, found: list[dict]) -> None:
    order = list(STRATEGIES)
    what = {
        "what": "film reviews, polarity: every strategy on every source; test accuracy",
        "command": f"python -m kit.experiments {NAME}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": sorted(
            found, key=lambda r: (r["source"], r["labels"], order.index(r["strategy"]), r["seed"])
        ),
    }
    runtime.write_json(path, what)


if __name__ == "__main__":
    main()
