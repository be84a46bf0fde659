"""Quantized: SmolLM2-135M with its matrices in 4 and 8 bits, and expanded to float32.

    python -m kit.experiments quantized    # three minutes of one core

Parts: logits (how far the answers to 40 film sentences are apart, all tokens at once and token by
token), writing (tokens per second, greedy, in turns; memory), training (peak memory of LoRA of
rank 16 on all linear layers, 8 texts of 96 tokens an update, with activation checkpointing). The
parts writing and training run in processes of their own, whose peak memory is measured.
"""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch

from kit import sources
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.migrate import migrate
from kit.migrate.mixed.lora import LINEAR
from kit.models import Model
from kit.models.generate import generate
from kit.models.quantized_matrix import FEW_ROWS
from kit.runtime import peak_memory
from kit.tasks import sentiment
from kit.train import Recipe, fit

FILE = ResultsFile(
    "quantized",
    "SmolLM2-135M in 4 and 8 bits and in float32: answers, tokens per second, memory in GB",
    keys=("part", "numbers"),
)
QUICK = "Its numbers are timings and peaks of memory."
NUMBERS = ("4 and 8 bits", "float32")
SENTENCES, TOKENS = 40, 32
PROMPT = "The capital of France is"
UPDATES, BATCH, LENGTH = 3, 8, 96


def main(arguments: list[str]) -> None:
    parser("quantized", __doc__).parse_args(arguments)
    FILE.grow(planned(), measure)


def planned() -> Iterator[dict]:
    """Every measurement: a row each."""
    yield {"part": "logits", "numbers": NUMBERS[0]}
    for part in ("writing", "training"):
        for numbers in NUMBERS:
            yield {"part": part, "numbers": numbers}


def measure(about: dict) -> dict:
    """One row. A process of its own has a peak memory of its own."""
    if about["part"] == "logits":
        return about | compare()
    part = {"writing": write, "training": train}[about["part"]]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return about | process.submit(part, about["numbers"]).result()


def loaded(numbers: str):
    """The source, its matrices as stored or expanded."""
    return sources.smollm(quantized=numbers == NUMBERS[0])


@torch.inference_mode()
def compare() -> dict:
    """Largest difference of a logit, as a share of the largest logit; the share of tokens after
    which the most probable one differs."""
    quantized, expanded = (loaded(numbers) for numbers in NUMBERS)
    texts = sentiment.load()["test"]["text"][:]
    apart = {"at once": 0.0, "token by token": 0.0}
    other = dict.fromkeys(apart, 0)
    tokens = 0
    long = [ids for ids in expanded.tokenizer.encode_many(texts) if len(ids) > FEW_ROWS]
    for ids in long[:SENTENCES]:
        row = torch.tensor([ids])
        exact = expanded.head(expanded.body(row), None)[0]
        cache = quantized.body.cache(1, len(ids))
        steps = [quantized.body(row[:, i : i + 1], cache=cache) for i in range(len(ids))]
        found = {
            "at once": quantized.head(quantized.body(row), None)[0],
            "token by token": torch.cat([quantized.head(step, None)[0] for step in steps]),
        }
        tokens += len(ids)
        for how, logits in found.items():
            share = float((logits - exact).abs().max() / exact.abs().max())
            apart[how] = max(apart[how], share)
            other[how] += int((logits.argmax(-1) != exact.argmax(-1)).sum())
    return {
        "tokens": tokens,
        "largest difference": {how: float(f"{share:.2g}") for how, share in apart.items()},
        "another best token": {how: round(n / tokens, 5) for how, n in other.items()},
    }


def write(numbers: str) -> dict:
    """Tokens per second, the median of nine runs of 32 tokens; the text; the peak memory."""
    source = loaded(numbers)
    model = Model(source.body, source.head).eval()
    ids = source.tokenizer.encode_many([PROMPT])
    [text] = generate(model, ids, TOKENS)
    speeds = []
    for _ in range(9):
        began = time.perf_counter()
        [again] = generate(model, ids, TOKENS)
        speeds.append(len(again) / (time.perf_counter() - began))
    return {
        "tokens per second": round(statistics.median(speeds), 1),
        "text": source.tokenizer.decode(text),
        "peak memory": round(peak_memory() / 2**10, 2),
    }


def train(numbers: str) -> dict:
    """Peak memory and seconds of updates of LoRA on random tokens; the last loss."""
    source = loaded(numbers)
    options = {"rank": 16, "alpha": 32.0}
    if numbers == NUMBERS[0]:
        target = migrate(source, None, "quantized_lora", **options)
    else:
        target = migrate(source, None, "lora", targets=LINEAR, **options)
    del source
    draw = np.random.default_rng(0)
    rows = [draw.integers(10, 49_000, LENGTH + 1) for _ in range(BATCH * UPDATES)]
    examples = [{"ids": ids[:-1], "y": ids[1:]} for ids in rows]
    recipe = Recipe(
        steps=UPDATES,
        batch_size=BATCH,
        precision="fp32",
        activation_checkpointing=True,
        keep_best=False,
    )
    run = fit(target.model, examples, recipe, **target.training)
    return {
        "trained": target.totals["trained"],
        "loss": round(run.steps[-1]["loss"], 4),
        "seconds": round(run.seconds, 1),
        "peak memory": round(peak_memory() / 2**10, 2),
    }
