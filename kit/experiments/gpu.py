"""Speed, memory and precision on a GPU, beside plain torch and `transformers.Trainer`.

    python -m kit.experiments gpu                   # at most eight minutes
    python -m kit.experiments gpu --only pretraining    # one part

Parts: pretraining (GPT-2-small: tokens a second, model FLOPs utilization), minilm and smollm
(fine-tuning), switches (pretraining without one of the kit's means for speed), memory (what saves
some), parity (losses in bf16 and in fp32). Each measurement is a process with a deadline. Its rows
are recorded as they come, and replace those of the same card; one that fails is recorded with its
message, and the others go on. On a machine without a GPU the same runs at a tiny size, is printed,
and nothing is recorded.
"""

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial

import torch

from kit import runtime
from kit.experiments import gpu_finetuning, gpu_pretraining, parser
from kit.experiments.gpu_common import SIZES, TINY, on_gpu
from kit.experiments.results_file import ResultsFile, check_writable

QUICK = "Its rows are timings of a GPU."
FILE = ResultsFile(
    "gpu",
    "pretraining and fine-tuning on a GPU: tokens per second, utilization, memory, losses",
    ("card", "part", "program", "way", "seed"),
)
MARK = "row "
"""Before a row that a measurement prints."""

MEASUREMENTS = {
    ("pretraining", "kit"): (gpu_pretraining.pretraining_kit, 110),
    ("pretraining", "plain"): (gpu_pretraining.pretraining_plain, 130),
    ("pretraining", "trainer"): (gpu_pretraining.pretraining_trainer, 130),
    ("parity", "kit"): (gpu_finetuning.parity_kit, 100),
    ("smollm", "kit"): (gpu_finetuning.smollm_kit, 60),
    ("smollm", "trainer"): (gpu_finetuning.smollm_trainer, 60),
    ("minilm", "kit"): (gpu_finetuning.minilm_kit, 50),
    ("minilm", "trainer"): (gpu_finetuning.minilm_trainer, 50),
    ("switches", "kit"): (gpu_pretraining.switches_kit, 90),
    ("memory", "kit"): (gpu_finetuning.memory_kit, 60),
}
"""Part and program -> what yields its rows, and its deadline in seconds."""
PARTS = tuple(dict.fromkeys(part for part, _ in MEASUREMENTS))


def main(arguments: list[str]) -> None:
    command = parser("gpu", __doc__)
    command.add_argument("--minutes", type=float, default=8.0, help="for all of it (default: 8)")
    command.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, metavar="PART")
    command.add_argument("--tiny", action="store_true", help="a tiny size; nothing is recorded")
    command.add_argument("--measure", nargs=2, metavar=("PART", "PROGRAM"), help="in this process")
    options = command.parse_args(arguments)
    tiny = options.tiny or not on_gpu()
    if options.measure:
        for row in measure(*options.measure, tiny=tiny):
            print(MARK + json.dumps(row), flush=True)
        return
    if tiny:
        print("A tiny size: this checks the program, and nothing is recorded.")
    else:
        check_writable(FILE.path.parent)
    planned = [m for m in MEASUREMENTS if m[0] in options.only]
    failures = run_all(planned, 60 * options.minutes, tiny)
    for (part, program), message in failures.items():
        print(f"{part}, {program}: {message}")
    if not tiny:
        print(f"{FILE.path} has {len(FILE.rows())} rows.")


def measure(part: str, program: str, *, tiny: bool) -> Iterator[dict]:
    """The rows of one measurement, as they come."""
    function, _ = MEASUREMENTS[part, program]
    for row in function((TINY if tiny else SIZES)[part]):
        yield {"part": part, "program": program} | row


def run_all(planned: list[tuple[str, str]], seconds: float, tiny: bool) -> dict:
    """Run each measurement in a process of its own; the messages of those that failed."""
    end = time.monotonic() + seconds
    about = machine()
    failures = {}
    for part, program in planned:
        left = min(end - time.monotonic(), MEASUREMENTS[part, program][1])
        key = {"card": about["card"], "part": part, "program": program}
        keep = partial(print, flush=True) if tiny else Recorder(key, about)
        message = "the minutes were over" if left <= 5 else run(part, program, left, tiny, keep)
        if message:
            failures[part, program] = message
            print(f"{part}, {program}: FAILED: {message}", flush=True)
        if not tiny:
            note_failure(f"{part}, {program}, {about['card']}", message)
    return failures


class Recorder:
    """Records the rows of one measurement; the first removes those of an earlier run."""

    def __init__(self, key: dict, about: dict) -> None:
        self.key, self.about, self.first = key, about, True

    def __call__(self, row: dict) -> None:
        if self.first:
            FILE.remove(self.key)
            self.first = False
        FILE.add(self.key | self.about | row)
        print(row, flush=True)


def note_failure(name: str, message: str) -> None:
    """Record that a measurement failed, or, without a message, that it did not."""
    failed = {k: v for k, v in FILE.content().get("failed", {}).items() if k != name}
    FILE.add(failed=failed | ({name: message} if message else {}))


def run(part: str, program: str, seconds: float, tiny: bool, keep) -> str:
    """Run one measurement; keep(row) is called with each row as it comes. Returns "", or why it
    failed."""
    command = [sys.executable, "-m", "kit.experiments", "gpu", "--measure", part, program]
    command += ["--tiny"] * tiny
    began = time.monotonic()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as process,
    ):
        late = threading.Timer(seconds, process.kill)
        late.start()
        try:
            for line in process.stdout:
                if line.startswith(MARK):
                    keep(json.loads(line.removeprefix(MARK)))
                else:
                    print(line, end="", flush=True)
            status = process.wait()
        finally:
            late.cancel()
            process.kill()
        print(f"{part}, {program}: {time.monotonic() - began:.0f} s", flush=True)
        if not status:
            return ""
        errors.seek(0)
        lines = [line.rstrip() for line in errors if line.strip()]
    if time.monotonic() - began >= seconds:
        return f"stopped at its deadline of {seconds:.0f} s"
    print("\n".join(lines[-25:]), flush=True)
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (raised or lines or [f"exit status {status}"])[-1][:300]


def machine() -> dict:
    """Fields of every row: what it was measured on, and when."""
    if not on_gpu():
        return {"card": "none"}
    return {
        "card": torch.cuda.get_device_name(),
        "driver": driver(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "matrix products, TFLOP per second": round(product_rate() / 1e12),
    }


def driver() -> str:
    """The version of NVIDIA's driver; empty where nvidia-smi is not there."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.check_output(command, text=True).split("\n")[0].strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def product_rate(n: int = 8192, rounds: int = 10) -> float:
    """Operations a second of products of n × n matrices in bf16: what the card really reaches."""
    a, b = torch.randn(2, n, n, device=runtime.device(), dtype=torch.bfloat16)
    for _ in range(3):
        a @ b
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(rounds):
        a @ b
    torch.cuda.synchronize()
    return rounds * 2 * n**3 / (time.perf_counter() - began)
