"""Every strategy on every source: test accuracy on film reviews, numbers trained, time and memory.

    python -m kit.experiments strategies                                 # all of it
    python -m kit.experiments strategies --sources rnn_encoder --labels 100
    python -m kit.experiments strategies --validation --try rate=3e-3 --file tried.json
    python -m kit.experiments strategies --merge part.json               # into the results

Polarity; each target's head begins from words, as in see_it_work. With --file several may run side
by side, and --merge joins their files. Each run has a process of its own, so that its peak of
memory is its own.
"""

import contextlib
import ctypes
import gc
import json
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import safetensors.torch

from kit import objectives, runtime, sources
from kit.data import corpora
from kit.errors import KitError
from kit.experiment import prepare, strategy_options
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile, Stopped
from kit.migrate import STRATEGIES, Migration
from kit.models import LanguageHead, Model
from kit.sources import Source
from kit.tasks import sentiment
from kit.train import Recipe, fit

NAME = "strategies"
WHAT = "film reviews, polarity: every strategy on every source; test accuracy"
KEYS = ("source", "labels", "strategy", "seed", "options")
SOURCES = ("rnn_encoder", "transformer_encoder", "minilm")
BUDGETS = (100, 400, 1600)
LEFT_OUT = ("into", "unfrozen", "grow_decoder", "grow_encoder", "warm_start")
"""What needs a body of one's own, a choice of layers (freeze), or makes sequences."""
CHOICES = [strategy for strategy in STRATEGIES if strategy not in LEFT_OUT]


def order(row: dict) -> tuple:
    """Where a row stands in the file."""
    strategy = list(STRATEGIES).index(row["strategy"])
    return row["source"], row["labels"], strategy, row["seed"]


FILE = ResultsFile(NAME, WHAT, KEYS, order=order)
QUICK = tuple(
    {"source": "rnn_encoder", "labels": 100, "strategy": strategy, "seed": seed}
    for strategy, seed in (("adapter", 0), ("l2_sp", 1), ("narrow", 0))
)


def main(arguments: list[str]) -> None:
    command = parser(NAME, __doc__)
    command.add_argument("--sources", nargs="+", default=SOURCES, choices=SOURCES)
    command.add_argument("--labels", type=int, nargs="+", default=BUDGETS)
    command.add_argument("--strategies", nargs="+", default=CHOICES, choices=CHOICES)
    command.add_argument("--seeds", type=int, default=3)
    command.add_argument("--validation", action="store_true", help="score those; needs --file")
    command.add_argument("--try", dest="options", type=option, nargs="+", default=[])
    command.add_argument("--file", type=Path, default=FILE.path)
    command.add_argument("--merge", type=Path, nargs="+", default=[])
    options = command.parse_args(arguments)
    if options.file == FILE.path and (options.validation or options.options):
        command.error("--validation and --try choose, they do not record: give --file.")
    file = ResultsFile(options.file.stem, WHAT, KEYS, order=order, folder=options.file.parent)
    for path in options.merge:
        file.add(*json.loads(path.read_text(encoding="utf-8"))["rows"])
    if not options.merge:
        split = "validation" if options.validation else "test"
        file.grow(planned(options), lambda about: measure(about, split))


def option(text: str) -> tuple[str, object]:
    """An option of a strategy, such as rate=3e-3: its name and its value."""
    name, _, value = text.partition("=")
    return name, json.loads(value)


def planned(options) -> Iterator[dict]:
    """Every measurement: source by source, the small budgets first."""
    given = {"options": dict(options.options)} if options.options else {}
    for name in options.sources:
        for labels in options.labels:
            for strategy in options.strategies:
                for seed in range(options.seeds):
                    about = {"source": name, "labels": labels, "strategy": strategy, "seed": seed}
                    yield about | given


def measure(about: dict, split: str = "test") -> dict:
    """`fine_tune` in a process of its own; a strategy without a meaning here says why."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as process:
        try:
            return about | process.submit(fine_tune, about, split).result()
        except KitError as error:
            return about | {"refused": str(error)}
        except Stopped:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def fine_tune(about: dict, split: str) -> dict:
    """Migrate, begin the head from words, fine-tune, score."""
    strategy, labels, seed = about["strategy"], about["labels"], about["seed"]
    data = sentiment.load()
    source = sources.load(about["source"])
    began = time.perf_counter()
    target = migrated(source, about, data)
    seconds_to_migrate = time.perf_counter() - began
    reset_peak_memory()
    rows = sentiment.sample(data["train"], labels, seed)
    experiment = prepare(source, strategy, sentiment, rows, seed=seed, target=target)
    run = experiment.fit()
    peak = runtime.peak_memory()
    return {
        "accuracy": experiment.score(data[split])["accuracy"],
        "trained": target.totals["trained"],
        "parameters": target.totals["parameters"],
        "seconds": round(run.seconds, 2),
        "seconds to migrate": round(seconds_to_migrate, 2),
        "peak memory, MB": round(peak),
    }


def migrated(source: Source, about: dict, data) -> Migration:
    """The target, its head begun from words, with what the strategy needs besides."""
    strategy, name = about["strategy"], about["source"]
    if strategy == "domain_first":
        needed = {"adapt": lambda body: adapt_to_films(body, source, name)}
    else:
        needed = strategy_options(source, strategy, film_reviews(), head=sentiment.head)
    texts = sentiment.unlabelled(data["train"])
    options = needed | about.get("options", {})
    return sentiment.target(source, strategy, seed=about["seed"], texts=texts, **options)


def film_reviews() -> list[str]:
    """The film reviews to read, without labels."""
    return corpora.pinned("train", "films")["text"][:]


def adapt_to_films(body, source: Source, name: str) -> None:
    """One epoch of masked-token prediction on film reviews without their labels: the same for
    every row of a source, so it is trained once and kept in the cache folder."""
    path = runtime.cache_dir() / "experiments" / f"{name}-read-films.safetensors"
    if not path.exists():
        model = Model(body, LanguageHead.tied(body))
        windows = corpora.windows(film_reviews(), source.tokenizer, 64)
        examples = objectives.masked(windows, source.tokenizer)
        fit(model, examples, Recipe(epochs=1, rate=5e-5, keep_best=False))
        path.parent.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_model(body, path)
    safetensors.torch.load_model(body, path)


def reset_peak_memory() -> None:
    """Give back what the migration left behind; the peak of memory is counted from here."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # of Linux with glibc
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
