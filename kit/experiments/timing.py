"""Timings beside other libraries: alternating runs, peak memory, profile, and their files.

A file of timings has a measurement for each kind of machine (`kit.results.speed.kind`): measuring
again on the same kind replaces it, and measuring on another one adds to the file.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kit import files, results, runtime
from kit.experiments import parser as base_parser
from kit.experiments.results_file import check_writable
from kit.metrics import interval
from kit.results.speed import kind
from kit.train import Recipe

LIBRARIES = ("kit", "trainer")
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm")


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
        optim="adamw_torch_fused",
        **options,
    )


def same_trainer():
    """transformers.Trainer with the kit's weight decay (none of embeddings) and schedule. The rest
    of AdamW is the same by default: β = (.9, .999), ε = 1e-8, the gradient's norm clipped to 1.
    """
    from torch import nn
    from torch.optim.lr_scheduler import LambdaLR
    from transformers import Trainer

    class SameTrainer(Trainer):
        def get_decay_parameter_names(self, model) -> list[str]:
            embeddings = {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
            named = model.named_parameters()
            return [name for name, p in named if p.ndim > 1 and p not in embeddings]

        def create_scheduler(self, num_training_steps: int, optimizer=None):
            factor = Recipe(steps=num_training_steps).factor
            self.lr_scheduler = LambdaLR(
                optimizer or self.optimizer, lambda step: factor(step / num_training_steps)
            )
            return self.lr_scheduler

    return SameTrainer


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


def profiled(train: Callable[[int], object]) -> dict:
    """Of `train(steps)`, the three operators that take most of the time, and the share of the
    matrix products: no loop could take less than that share of the time."""
    from torch.profiler import profile

    train(10)
    with profile() as profiler:
        train(20)
    operators = sorted(profiler.key_averages(), key=lambda operator: -_time(operator))
    total = sum(map(_time, operators))
    products = sum(_time(o) for o in operators if o.key in PRODUCTS)
    return {
        "largest items of the profile": [
            f"{o.key} {100 * _time(o) / total:.0f} %" for o in operators[:3]
        ],
        "matrix products of the profile": round(products / total, 3),
    }


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
    """Print what was measured, with the peak memory of each library, alone; with `save`, record it
    in kit/results/data/NAME.json."""
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
        record(results.FOLDER / f"{name}.json", what, rows=rows, **measured)
    else:
        print("These options are not the recorded ones: nothing is written.")
    print(json.dumps(measured, indent=1))


def difference(rows: list[dict], field: str) -> list[float]:
    """Of a field, the kit's value less the Trainer's, seed by seed: mean, and half of the 95 %
    interval (nan for one seed)."""
    ours, theirs = (
        {row["seed"]: row[field] for row in rows if row["who"] == library} for library in LIBRARIES
    )
    mean, half = interval([ours[seed] - theirs[seed] for seed in ours])
    return [round(mean, 4), round(half, 4)]


def record(path: Path, what: str, **fields) -> dict:
    """Put a measurement on this kind of machine into a results file, in the place of the earlier
    one on this kind, or as the last; the file's content."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    date = time.strftime("%Y-%m-%d")
    new = {"date": date, "machine": runtime.machine(), **fields}
    measurements = content.get("measurements", [])
    kinds = [kind(measurement) for measurement in measurements]
    if kind(new) in kinds:
        measurements[kinds.index(kind(new))] = new
    else:
        measurements.append(new)
    content = {
        "what": what,
        "command": f"python -m kit.experiments {path.stem}",
        "date": date,
        "measurements": measurements,
    }
    files.write_json(path, content)
    return content
