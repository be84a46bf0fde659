"""Pretraining with the kit against `transformers.Trainer`: same model, text, batches, precision.

    python -m kit.experiments pretraining_speed     # under four minutes on two cores
    python -m kit.experiments pretraining_speed --steps 5 --rounds 1    # print, record nothing

Nothing else should run. A causal Transformer in GPT-2's shape; the Trainer trains transformers'
GPT2LMHeadModel from the same values. They alternate in one process. Prints tokens a second, the
share that this is of what the machine does in matrix products (model FLOPs, Chowdhery et al. 2022,
arxiv.org/abs/2204.02311, appendix B), peak memory of each in a process of its own, and the three
slowest operators of the kit.
"""

import copy
import time
from pathlib import Path

import torch

from kit import runtime, sources
from kit.data.corpora import pinned, windows
from kit.experiments import timing
from kit.files import temporary_folder
from kit.loss import IGNORE
from kit.models import LanguageHead, Model, Transformer, TransformerConfig
from kit.sources import Source
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit

QUICK = "Its rows are timings."
V, T, BATCH, RATE = 8192, 128, 32, 1e-3


def main(arguments: list[str]) -> None:
    command = timing.parser("pretraining_speed", __doc__)
    command.add_argument("--steps", type=int, default=50)
    command.add_argument("--width", type=int, default=128)
    command.add_argument("--layers", type=int, default=2)
    options = command.parse_args(arguments)
    save = timing.ready(options, command.parse_args([]))
    corpus = pinned("train", ("films", "products"))
    tokenizer = Tokenizer.train(corpus["text"][:], V)
    ids = windows(corpus, tokenizer, T).with_format("numpy")["ids"][:]
    source = fresh_source(tokenizer, options.width, options.layers)
    before = operations_per_second()
    with temporary_folder() as space:
        folder = str(sources.export(source, Path(space, "gpt2")))
        runs = {
            "kit": lambda seed: kit_run(source, ids, options.steps, seed),
            "trainer": lambda seed: trainer_run(folder, ids, options.steps, seed),
        }
        rows = timing.alternate(runs, options)
    if rows:
        operations = max(before, operations_per_second())
        arguments = [f"--{k}={getattr(options, k)}" for k in ("steps", "width", "layers")]
        fields = describe(rows, source, ids, operations)
        timing.report("pretraining_speed", rows, arguments, save=save, **fields)


def describe(rows: list[dict], source: Source, ids, operations: float) -> dict:
    """What the results file says beside its rows. operations: of the machine, per second."""
    config = source.body.config
    speed = timing.mean(rows, "tokens per second", 0)
    return {
        "shape": {
            "width": config.width,
            "layers": config.layers,
            "vocabulary": config.vocabulary,
            "window": T,
            "batch": BATCH,
        },
        "tokens per second": speed,
        "matrix products, FLOP per second": round(operations),
        "share of that": {
            library: round(operations_per_token(config) * speed[library] / operations, 3)
            for library in timing.LIBRARIES
        },
        "loss": timing.mean(rows, "loss", 3),
        **timing.profiled(lambda steps: train(source, ids, steps)),
        "gpu": torch.cuda.is_available(),
    }


def fresh_source(tokenizer: Tokenizer, width: int, layers: int) -> Source:
    """A Transformer in GPT-2's shape, its values fresh."""
    config = TransformerConfig(
        vocabulary=tokenizer.size,
        width=width,
        layers=layers,
        heads=width // 32,
        intermediate_size=4 * width,
        block_size=T,
        causal=True,
        norm_first=True,
        embedding_norm=False,
        norm_eps=1e-5,
        activation="gelu_tanh",
    )
    torch.manual_seed(0)
    body = Transformer(config)
    return Source("fresh", body, tokenizer, LanguageHead.tied(body))


def train(source: Source, ids, steps: int, seed: int = 0):
    """The loss is that of transformers: a window's last token predicts nothing."""
    y = [[*row[1:], IGNORE] for row in ids.tolist()]
    examples = [{"ids": i, "y": j} for i, j in zip(ids, y, strict=True)]
    body = copy.deepcopy(source.body)
    recipe = Recipe(steps=steps, batch_size=BATCH, rate=RATE, seed=seed)
    return fit(Model(body, LanguageHead.tied(body)), examples, recipe)


def kit_run(source: Source, ids, steps: int, seed: int) -> dict:
    began = time.perf_counter()
    run = train(source, ids, steps, seed)
    seconds = time.perf_counter() - began
    loss = sum(step["loss"] for step in run.steps) / steps
    return {"seconds": seconds, "tokens per second": BATCH * T * steps / seconds, "loss": loss}


def trainer_run(folder: str, ids, steps: int, seed: int) -> dict:
    from transformers import GPT2LMHeadModel, default_data_collator

    model = GPT2LMHeadModel.from_pretrained(
        folder, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False
    )
    settings = timing.settings(
        folder,
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        weight_decay=0.01,
        seed=seed,
    )
    labels = torch.as_tensor(ids).clone()
    labels[:, 0] = IGNORE  # nothing predicts the first; the Trainer would count it
    pairs = zip(torch.as_tensor(ids), labels, strict=True)
    examples = [{"input_ids": row, "labels": label} for row, label in pairs]
    trainer = timing.same_trainer()(
        model=model, args=settings, train_dataset=examples, data_collator=default_data_collator
    )
    began = time.perf_counter()
    loss = trainer.train().training_loss
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "tokens per second": BATCH * T * steps / seconds, "loss": loss}


def operations_per_token(config: TransformerConfig) -> float:
    """Of one token, forward and backward: 6 for a number in a matrix; attention sees T/2."""
    matrices = config.layers * 12 * config.width**2 + config.vocabulary * config.width
    return 6 * matrices + 6 * config.layers * config.width * T


def operations_per_second(n: int = 2048) -> float:
    """Floating-point operations a second in products of n × n matrices, the best of ten."""
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[runtime.precision()]
    a, b = torch.randn(2, n, n, device=runtime.device()).to(dtype)
    best = float("inf")
    for _ in range(10):
        began = time.perf_counter()
        float((a @ b)[0, 0])  # waits for the GPU
        best = min(best, time.perf_counter() - began)
    return 2 * n**3 / best
