"""Pretraining GPT-2-small on a GPU: the kit, plain torch and transformers' Trainer.

Each function yields one row a seed; only the first includes compilation, before its clock starts.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from kit import runtime
from kit.experiments.gpu_common import (
    Clock,
    Size,
    fresh,
    on_gpu,
    precision,
    trainer_of,
    utilization,
    words,
)
from kit.experiments.plain_gpt import PlainGPT, train
from kit.objectives import next_token
from kit.train import Recipe, fit


def pretraining_kit(size: Size) -> Iterator[dict]:
    """GPT-2-small in the kit's loop, compiled."""
    recipe = recipe_of(size)
    for seed in size.seeds:
        model, examples, clock = fresh(size.body, seed), examples_of(size, seed), Clock(size)
        fit(model, examples, recipe, watch=clock)
        yield pretraining_row(size, clock, seed)
    profile(lambda: fit(model, examples[: 5 * size.batch], replace(recipe, steps=5)))


def switches_kit(size: Size) -> Iterator[dict]:
    """The same with one of the kit's means for speed left out: what each is worth."""
    from torch import _dynamo

    from kit.models import transformer

    lean = replace(size, steps=max(2, size.steps // 2))
    ways = {
        "torch's choice of attention": (runtime, "CUDNN_ATTENTION"),
        "hidden states in float32": (transformer, "NARROW"),
    }
    for way, (module, name) in ways.items():
        _dynamo.reset()  # what was compiled has the kernels of then
        clock, seed = Clock(lean), 0
        setattr(module, name, False)
        try:
            fit(fresh(size.body, seed), examples_of(lean, seed), recipe_of(lean), watch=clock)
        finally:
            setattr(module, name, True)
        yield {"way": way} | pretraining_row(lean, clock, seed)


def examples_of(size: Size, seed: int) -> list[dict]:
    return next_token(words(size, (size.warm + size.steps) * size.batch, seed))


def recipe_of(size: Size) -> Recipe:
    return Recipe(
        steps=size.warm + size.steps,
        batch_size=size.batch,
        rate=6e-4,
        precision=precision(),
        compile=on_gpu(),
    )


def pretraining_plain(size: Size) -> Iterator[dict]:
    """The same in plain torch: `kit.experiments.plain_gpt`."""
    fields = {k: size.body[k] for k in ("vocabulary", "width", "layers", "heads")}
    torch.backends.cuda.matmul.allow_tf32 = True
    for seed in size.seeds:
        torch.manual_seed(seed)
        model = PlainGPT(**fields, tokens=size.tokens)
        gpu = on_gpu()
        model = model.to("cuda") if gpu else model
        compiled = torch.compile(model) if gpu else model
        windows = torch.from_numpy(words(size, (size.warm + size.steps) * size.batch, seed))
        clock = Clock(size)
        ids, labels = windows[:, :-1].contiguous(), windows[:, 1:].contiguous()
        parameters = list(model.parameters())
        train(compiled, parameters, ids, labels, size.batch, clock)
        yield pretraining_row(size, clock, seed)
    few = slice(5 * size.batch)
    profile(lambda: train(compiled, parameters, ids[few], labels[few], size.batch, clock))


def pretraining_trainer(size: Size) -> Iterator[dict]:
    """The same by transformers' GPT2LMHeadModel and Trainer, compiled."""
    from transformers import GPT2Config, GPT2LMHeadModel, default_data_collator

    config = GPT2Config(
        vocab_size=size.body["vocabulary"],
        n_positions=size.body["block_size"],
        n_embd=size.body["width"],
        n_layer=size.body["layers"],
        n_head=size.body["heads"],
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
    )
    for seed in size.seeds:
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
        windows = words(size, (size.warm + size.steps) * size.batch, seed)[:, :-1]
        examples = [{"input_ids": row, "labels": row} for row in torch.from_numpy(windows)]
        clock = Clock(size)
        gpu = on_gpu()
        trainer_of(model, examples, default_data_collator, size, clock, torch_compile=gpu).train()
        yield pretraining_row(size, clock, seed)


def pretraining_row(size: Size, clock: Clock, seed: int) -> dict:
    row = clock.row(seed, size.batch * size.tokens * size.steps)
    return row | utilization(size, row["tokens per second"])


def profile(run: Callable[[], object]) -> None:
    """Print the operators on the GPU that take most of the time of five updates."""
    if not on_gpu():
        return
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    with profiler(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as record:
        run()
    table = record.key_averages().table(
        sort_by="self_device_time_total", row_limit=22, max_name_column_width=70
    )
    print("\n".join(line for line in table.splitlines() if line.strip()), flush=True)
