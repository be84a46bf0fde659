"""Fine-tuning on a GPU: speed beside transformers' Trainer, memory, and bf16 beside fp32.

Each function yields one row a seed, or a row for each way to save memory.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kit.experiments.gpu_common import (
    Clock,
    Size,
    fresh,
    on_gpu,
    peak_memory,
    precision,
    trainer_of,
    words,
)
from kit.loss import IGNORE
from kit.migrate import STRATEGIES
from kit.models import ClassHead, Model, Transformer, TransformerConfig
from kit.objectives import next_token
from kit.runtime import mix
from kit.sources.builtin import load_builtin
from kit.train import Recipe, epoch_batches, fit

Batches = list[list[dict]]


def recipe(size: Size, seed: int, **options) -> Recipe:
    """As many updates as the size says."""
    return Recipe(
        steps=size.warm + size.steps,
        batch_size=size.batch,
        precision=precision(),
        keep_best=False,
        seed=seed,
        **options,
    )


def texts(size: Size, seed: int) -> list[dict]:
    """Random texts of a quarter of T to T tokens, as many as there are updates; classes 0 and 1."""
    rows = words(size, (size.warm + size.steps) * size.batch, seed)
    lengths = np.random.default_rng(seed).integers(size.tokens // 4, size.tokens + 1, len(rows))
    return [{"ids": row[:n], "y": int(row[0] % 2)} for row, n in zip(rows, lengths, strict=True)]


def answers(size: Size, seed: int) -> list[dict]:
    """The same texts, in which the second half of the tokens are labels: question and answer."""
    examples = []
    for text in texts(size, seed):
        ids = text["ids"]
        y = np.append(ids[1:], IGNORE)
        y[: len(ids) // 2] = IGNORE
        examples.append({"ids": ids, "y": y})
    return examples


def batches_of(examples: list[dict], size: Size, seed: int) -> Batches:
    """The batches that `fit` makes of them."""
    return epoch_batches(examples, size.batch, mix(seed, 0))


def finetuning_row(size: Size, clock: Clock, seed: int, batches: Batches) -> dict:
    timed = batches[size.warm : size.warm + size.steps]
    return clock.row(seed, sum(len(e["ids"]) for batch in timed for e in batch))


def padded(rows: list, value: int) -> torch.Tensor:
    """Rows padded on the right (B, T)."""
    tensors = [torch.as_tensor(row) for row in rows]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)


def minilm_kit(size: Size) -> Iterator[dict]:
    """A classifier on MiniLM's shape, all values tuned."""
    for seed in size.seeds:
        body = fresh(size.body, seed).body
        model = Model(body, ClassHead(body.width, 2, dropout=0.0))
        examples, clock = texts(size, seed), Clock(size)
        fit(model, examples, recipe(size, seed), watch=clock)
        yield finetuning_row(size, clock, seed, batches_of(examples, size, seed))


def minilm_trainer(size: Size) -> Iterator[dict]:
    """The same by transformers' BertModel and Trainer, on the same batches."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=size.body["vocabulary"],
        hidden_size=size.body["width"],
        num_hidden_layers=size.body["layers"],
        num_attention_heads=size.body["heads"],
        intermediate_size=size.body["intermediate_size"],
        max_position_embeddings=size.body["block_size"],
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=2,
    )

    def collate(rows: list[dict]) -> dict:
        ids = padded([row["ids"] for row in rows], 0)
        mask = padded([np.ones(len(row["ids"]), np.int64) for row in rows], 0)
        labels = torch.tensor([row["y"] for row in rows])
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    for seed in size.seeds:
        torch.manual_seed(seed)
        model = BertForSequenceClassification(config)
        yield trainer_row(model, texts(size, seed), collate, size, seed)


def trainer_row(model: nn.Module, examples: list[dict], collate, size: Size, seed: int) -> dict:
    """Train by the Trainer on the batches that `fit` makes."""
    batches = batches_of(examples, size, seed)
    rows = [row for batch in batches for row in batch]
    clock = Clock(size)
    trainer_of(model, rows, collate, size, clock, remove_unused_columns=False).train()
    return finetuning_row(size, clock, seed, batches)


def smollm_kit(size: Size) -> Iterator[dict]:
    """SmolLM2-135M's shape learns answers, all values tuned."""
    for seed in size.seeds:
        model, examples, clock = fresh(size.body, seed), answers(size, seed), Clock(size)
        fit(model, examples, recipe(size, seed), watch=clock)
        yield finetuning_row(size, clock, seed, batches_of(examples, size, seed))


def smollm_trainer(size: Size) -> Iterator[dict]:
    """The same by transformers' LlamaForCausalLM and Trainer, on the same batches."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=size.body["vocabulary"],
        hidden_size=size.body["width"],
        num_hidden_layers=size.body["layers"],
        num_attention_heads=size.body["heads"],
        num_key_value_heads=size.body["kv_heads"],
        intermediate_size=size.body["intermediate_size"],
        max_position_embeddings=size.body["block_size"],
        rms_norm_eps=size.body["norm_eps"],
        tie_word_embeddings=True,
        use_cache=False,
    )

    def collate(rows: list[dict]) -> dict:
        ids = padded([row["ids"] for row in rows], 0)
        mask = padded([np.ones(len(row["ids"]), np.int64) for row in rows], 0)
        # Its labels stand below their own token, the kit's below the one before.
        labels = padded([np.append(IGNORE, row["y"][:-1]) for row in rows], IGNORE)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    for seed in size.seeds:
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        yield trainer_row(model, answers(size, seed), collate, size, seed)


WAYS = {
    "full": ("full", {}),
    "full, accumulation": ("full", {"accumulation": 4}),
    "full, activation checkpointing": ("full", {"activation_checkpointing": True}),
    "lora": ("lora", {}),
    "lora, activation checkpointing": ("lora", {"activation_checkpointing": True}),
}
"""What is measured: the strategy, and fields of the recipe."""


def memory_kit(size: Size) -> Iterator[dict]:
    """Peak memory of a classifier on SmolLM2-135M's shape, by the way to save some. There is no
    4-bit strategy in the kit, so none is measured."""
    known = {field.name for field in fields(Recipe)}
    for way, (strategy, options) in WAYS.items():
        if not options.keys() <= known:
            continue
        body = Transformer(TransformerConfig(**size.body))
        m = STRATEGIES[strategy](body, ClassHead(body.width, 2, pool="last", dropout=0.0))
        rows = words(size, (size.warm + size.steps) * size.batch, 0)[:, :-1]
        examples = [{"ids": row, "y": int(row[0] % 2)} for row in rows]
        clock = Clock(size)
        fit(m.model, examples, recipe(size, 0, **options), watch=clock, **m.training)
        row = clock.row(0, size.batch * size.tokens * size.steps)
        trained = sum(p.numel() for p in m.model.parameters() if p.requires_grad)
        yield {"way": way, "trained": trained} | row


def parity_kit(size: Size) -> Iterator[dict]:
    """The losses of one training in fp32 and in bf16, there compiled, on this course's own code."""
    windows = own_text(size)
    for seed in size.seeds:
        losses = {}
        for name in ("fp32", "bf16"):
            settings = {"steps": size.steps, "batch_size": size.batch, "rate": 6e-4, "seed": seed}
            fast = {"precision": name, "compile": name == "bf16" and on_gpu()}
            run = fit(fresh(size.body, seed), next_token(windows), Recipe(**settings, **fast))
            losses[name] = np.array([step["loss"] for step in run.steps])
        last = max(1, size.steps // 6)
        row = {f"loss, {name}": round(float(x[-last:].mean()), 4) for name, x in losses.items()}
        apart = np.abs(losses["fp32"] - losses["bf16"])
        largest = {"largest difference of an update": round(float(apart.max()), 4)}
        yield {"seed": seed} | row | largest | {"peak memory, GB": peak_memory()}


def own_text(size: Size) -> np.ndarray:
    """Windows (N, T + 1) of the course's code, in the pieces of a shipped writer; ids beyond a tiny
    vocabulary are taken modulo its size."""
    tokenizer = load_builtin("transformer_writer").tokenizer
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    needed = (size.tokens + 1) * size.batch * min(size.steps, 40)
    ids: list[int] = []
    for path in files:
        ids += tokenizer.encode(path.read_text(encoding="utf-8"))
        if len(ids) >= needed:
            break
    count = min(len(ids), needed) // (size.tokens + 1)
    rows = np.array(ids[: count * (size.tokens + 1)]).reshape(count, size.tokens + 1)
    return rows % size.body["vocabulary"]
