"""A training of one or several processes, timed: the program that `processes` and lesson 16 start.

    torchrun --nproc-per-node 2 -m kit.experiments.processes_worker rows.json minilm lora 16 --shard

rows.json: labelled film reviews, as `sentiment.load` has them. Prints a line of JSON for each
measurement: the all-reduces of several sizes, the median update of each batch, the memory.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

from kit import experiment, runtime, sources
from kit.tasks import sentiment
from kit.train import Recipe, distributed

SIZES = (0.1e6, 1e6, 4e6, 16e6, 48e6)
"""Bytes of the all-reduces."""
TIMES = 5
"""All-reduces of each size."""
WARM = 2
"""Updates that are not timed: memory is allocated there."""


def main() -> None:
    options = arguments()
    distributed.join()
    if distributed.count() > 1:
        say(all_reduce=all_reduces())
    source = sources.load(options.source)
    for batch in options.batches:
        say(**timed(source, options, batch))
    say(peak=distributed.total(runtime.peak_memory()) / distributed.count())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("source")
    parser.add_argument("strategy")
    parser.add_argument("batches", type=int, nargs="+", help="examples of all processes together")
    parser.add_argument("--shard", action="store_true")
    parser.add_argument("--updates", type=int, default=8)
    return parser.parse_args()


def say(**said) -> None:
    """One line, by the first process."""
    if distributed.rank() == 0:
        print(json.dumps(said), flush=True)


def all_reduces() -> list[tuple[float, float]]:
    """(bytes, median seconds) of sums over all processes."""
    measured = []
    for size in SIZES:
        numbers = torch.zeros(int(size) // 4)
        seconds = []
        for _ in range(TIMES + 1):  # the first one connects
            began = time.perf_counter()
            torch.distributed.all_reduce(numbers)
            seconds.append(time.perf_counter() - began)
        measured.append((size, statistics.median(seconds[1:])))
    return measured


def timed(source: sources.Source, options: argparse.Namespace, batch: int) -> dict:
    """The median seconds of an update with so many examples, the losses, and what was trained."""
    updates = options.updates + WARM
    recipe = Recipe(
        steps=updates,
        batch_size=batch // distributed.count(),
        shard=options.shard,
        precision="fp32",
        evaluations=1,
    )
    rows = json.loads(options.rows.read_text(encoding="utf-8"))
    rows = (rows * (batch * updates // len(rows) + 1))[: batch * updates]
    target = sentiment.target(source, options.strategy, seed=0)
    made = experiment.prepare(
        source, options.strategy, sentiment, rows, recipe=recipe, target=target
    )
    made.model.head.dropout.p = 0.0  # each process would draw its own, and losses would differ
    parameters = sum(p.numel() for p in made.model.parameters())
    trained = sum(p.numel() for p in made.model.parameters() if p.requires_grad)
    seconds, began = [], time.perf_counter()
    for _ in made.steps():
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    return {
        "batch": batch,
        "parameters": parameters,
        "trained": trained,
        "seconds": round(statistics.median(seconds[WARM:]), 4),
        "losses": [round(row["loss"], 6) for row in made.run.steps],
    }


if __name__ == "__main__":
    main()
