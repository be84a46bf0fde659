"""What the comparisons with `transformers.Trainer` share: turns, peak memory, profile, the file."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from kit import results, runtime

WHO = ("kit", "trainer")


def parser(doc: str, rounds: int = 3) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=doc.split("\n")[0])
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--only", choices=WHO, help="one run, then its peak memory")
    return made


def settings(folder: str, **more):
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
        **more,
    )


def take(both: dict[str, Callable[[int], dict]], options) -> list[dict] | None:
    """A row for each of both and each seed, the other one first each time; None with --only."""
    if options.only:
        both[options.only](0)
        print(json.dumps(runtime.peak_memory()))
        return None
    rows = []
    for seed in range(options.rounds):
        for who in sorted(both, reverse=seed % 2 == 1):
            rows.append({"who": who, "seed": seed} | both[who](seed))
            print(rows[-1], flush=True)
    return rows


def of(rows: list[dict], who: str, what: str) -> list[float]:
    return [row[what] for row in rows if row["who"] == who]


def mean(rows: list[dict], what: str, digits: int = 4) -> dict[str, float]:
    return {who: round(statistics.mean(of(rows, who, what)), digits) for who in WHO}


def largest(train: Callable[[int], object]) -> list[str]:
    """The three operators that most of the time of `train(steps)` goes to, with their share."""
    from torch.profiler import profile

    train(10)
    with profile() as found:
        train(20)
    rows = sorted(found.key_averages(), key=lambda r: -_time(r))
    total = sum(map(_time, rows))
    return [f"{r.key} {100 * _time(r) / total:.0f} %" for r in rows[:3]]


def _time(row) -> float:
    import torch

    return row.self_device_time_total if torch.cuda.is_available() else row.self_cpu_time_total


def write(name: str, what: str, rows: list[dict], command: list[str], **found) -> None:
    """kit/results/data/NAME.json: what was measured, and the peak memory of each, alone."""
    pairs = zip(*(of(rows, who, "seconds") for who in WHO), strict=True)
    ratios = [theirs / ours for ours, theirs in pairs]
    memory = {
        who: json.loads(
            subprocess.check_output([sys.executable, *command, "--only", who]).splitlines()[-1]
        )
        for who in WHO
    }
    all_of_it = {
        "what": what,
        "command": f"python -m kit.experiments {name}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": rows,
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(r, 2) for r in ratios],
        **found,
        "peak memory, MB": {who: round(value) for who, value in memory.items()},
    }
    runtime.write_json(results.FOLDER / f"{name}.json", all_of_it)
    print(json.dumps({k: v for k, v in all_of_it.items() if k != "rows"}, indent=1))
