"""Processes: an update by one process and by two, as predicted and as measured.

    python -m kit.experiments processes     # 10 minutes on two cores, with nothing beside it

Film reviews of 24 tokens; every process has one thread, except for the control, one process with
two threads. The prediction is made of what one process takes for half of the batch, and of a line
through the times of all-reduces (`kit.train.scaling`).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from kit import runtime, sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.files import temporary_folder
from kit.tasks import sentiment
from kit.train.launch import lines_of
from kit.train.scaling import fit_line, update_seconds

WORKER = "kit.experiments.processes_worker"
BATCHES = {"transformer_encoder": 48, "minilm": 48}
"""Source -> examples of an update, by all processes together."""
STRATEGIES = ("full", "lora", "frozen")
REPEATS = 3
TOKENS = 24
"""Tokens of each text, about: with texts of one length every update costs the same."""
TEXTS = 128
NUMBER = 4
"""Bytes of a number of the gradient."""
FILE = ResultsFile(
    "processes",
    "seconds of an update by one process and by two, as predicted and as measured",
    keys=("source", "strategy", "repeat"),
)
QUICK = "Its numbers are timings and peaks of memory."


def main(arguments: list[str]) -> None:
    parser("processes", __doc__).parse_args(arguments)
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "1000000"  # else glibc keeps what FSDP2 gives back
    FILE.grow(planned(), measure)


def planned() -> Iterator[dict]:
    """Every measurement; all of them once before any is repeated."""
    for repeat in range(REPEATS):
        for source in BATCHES:
            for strategy in STRATEGIES:
                yield {"source": source, "strategy": strategy, "repeat": repeat}


def measure(about: dict) -> dict:
    """One row."""
    batch = BATCHES[about["source"]]
    with temporary_folder() as folder:
        rows = Path(folder) / "rows.json"
        rows.write_text(json.dumps(texts(sources.load(about["source"]))), encoding="utf-8")
        program = (rows, about["source"], about["strategy"], batch)
        one = told(*program, batch // 2)
        threads = told(*program, threads=2)[batch]
        two = told(*program, processes=2)
        sharded = told(*program, "--shard", processes=2)
    whole, half = one[batch], one[batch // 2]
    latency, bandwidth = fit_line(*zip(*two["all_reduce"], strict=True))
    sent = NUMBER * two[batch]["trained"]
    predicted = update_seconds(
        half["seconds"], sent, 2, cores=runtime.cores(), latency=latency, bandwidth=bandwidth
    )
    return about | {
        "batch": batch,
        "parameters": two[batch]["parameters"],
        "trained": two[batch]["trained"],
        "one": whole["seconds"],
        "half": half["seconds"],
        "one, two threads": threads["seconds"],
        "latency": float(f"{latency:.3g}"),
        "bandwidth": float(f"{bandwidth:.3g}"),
        "predicted": round(predicted, 4),
        "two": two[batch]["seconds"],
        "sharded": sharded[batch]["seconds"],
        "losses differ": max(apart(whole, other[batch]) for other in (two, sharded)),
        "peak memory, MB": round(two["peak"]),
        "peak memory, MB, sharded": round(sharded["peak"]),
    }


def texts(source: sources.Source) -> list[dict]:
    """Film reviews of about `TOKENS` tokens."""
    rows = list(sentiment.load()["train"])[:2000]
    lengths = map(len, source.tokenizer.encode_many([row["text"] for row in rows]))
    apart = [abs(length - TOKENS) for length in lengths]
    return [rows[i] for i in sorted(range(len(rows)), key=apart.__getitem__)[:TEXTS]]


def told(*program, processes: int = 1, threads: int = 1) -> dict:
    """What the worker measures: its batches by their size, and the rest by its name."""
    said: dict = {}
    for line in map(json.loads, lines_of(["-m", WORKER, *program], processes, threads=threads)):
        said |= {line["batch"]: line} if "batch" in line else line
    return said


def apart(one: dict, two: dict) -> float:
    """The largest difference of the losses of two trainings, of their size."""
    pairs = zip(one["losses"], two["losses"], strict=True)
    return float(f"{max(abs(a - b) / a for a, b in pairs):.1e}")
