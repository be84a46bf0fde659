"""Timings against `transformers.Trainer`: alternating runs, peak memory, profile, file."""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable

from kit import results, runtime
from kit.experiments import parser as base_parser
from kit.experiments.results_file import check_writable, write

LIBRARIES = ("kit", "trainer")


def parser(name: str, docstring: str, rounds: int = 3) -> argparse.ArgumentParser:
    """The command line of a comparison."""
    result = base_parser(name, docstring)
    result.add_argument("--rounds", type=int, default=rounds)
    result.add_argument("--only", choices=LIBRARIES, help="one run, then print its peak memory")
    return result


def settings(folder: str, **options):
    """TrainingArguments in which nothing is done but training."""
    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=f"{folder}/out",
        bf16=runtime.precision() == "bf16",
        use_cpu=not torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **options,
    )


def alternate(runs: dict[str, Callable[[int], dict]], options) -> list[dict] | None:
    """A row for each library and each seed, the other one first each time; None with --only."""
    if options.only:
        runs[options.only](0)
        print(json.dumps(runtime.peak_memory()))
        return None
    rows = []
    for seed in range(options.rounds):
        for library in sorted(runs, reverse=seed % 2 == 1):
            rows.append({"who": library, "seed": seed} | runs[library](seed))
            print(rows[-1], flush=True)
    return rows


def values(rows: list[dict], library: str, field: str) -> list[float]:
    """The values of a field, of the rows of one library."""
    return [row[field] for row in rows if row["who"] == library]


def mean(rows: list[dict], field: str, digits: int = 4) -> dict[str, float]:
    """Library -> mean of a field."""
    return {
        library: round(statistics.mean(values(rows, library, field)), digits)
        for library in LIBRARIES
    }


def slowest_operators(train: Callable[[int], object]) -> list[str]:
    """The three operators that take most of the time of `train(steps)`, with their share."""
    from torch.profiler import profile

    train(10)
    with profile() as profiler:
        train(20)
    operators = sorted(profiler.key_averages(), key=lambda operator: -_time(operator))
    total = sum(map(_time, operators))
    return [f"{o.key} {100 * _time(o) / total:.0f} %" for o in operators[:3]]


def _time(operator) -> float:
    import torch

    on_gpu = torch.cuda.is_available()
    return operator.self_device_time_total if on_gpu else operator.self_cpu_time_total


def peak_memory(name: str, library: str, arguments: list[str]) -> float:
    """The peak memory, in MB, of a process that trains once with one library."""
    command = [sys.executable, "-m", "kit.experiments", name, *arguments, "--only", library]
    return round(json.loads(subprocess.check_output(command).splitlines()[-1]))


def ready(options, defaults: argparse.Namespace) -> bool:
    """Whether the options are those that are recorded: the results can then be written. Other
    options only print."""
    if options.only or vars(options) != vars(defaults):
        return False
    check_writable(results.FOLDER)
    return True


def report(name: str, rows: list[dict], arguments: list[str], *, save: bool, **fields) -> None:
    """Print what was measured, with the peak memory of each library, alone; with `save`, write
    kit/results/data/NAME.json."""
    pairs = zip(*(values(rows, library, "seconds") for library in LIBRARIES), strict=True)
    ratios = [trainer / kit for kit, trainer in pairs]
    measured = {
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        **fields,
        "peak memory, MB": {
            library: peak_memory(name, library, arguments) for library in LIBRARIES
        },
    }
    if save:
        what = "seconds of transformers.Trainer over seconds of the kit, per round"
        write(results.FOLDER / f"{name}.json", what, rows=rows, **measured)
    else:
        print("These options are not the recorded ones: nothing is written.")
    print(json.dumps(measured, indent=1))
