"""A small training as a command, to be killed or started twice: see test_resume, test_processes.

    python tests/pretraining.py words OUT --dropout 0.1 --folder FOLDER

Trains, then writes OUT.safetensors and OUT.json. Prints each step when it is done.
"""

import argparse
import math
import os
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from kit.models import RNN, ClassHead, LanguageHead, Model, RNNConfig
from kit.models.transformer import Transformer, TransformerConfig
from kit.train import Recipe, Run, distributed, fit, resume

V, STEPS = 1500, 150
KINDS = ("words", "classes")


def model(kind: str, dropout: float = 0.0) -> Model:
    """words: a causal Transformer with a tied head. classes: an RNN with a class head."""
    torch.manual_seed(0)
    if kind == "classes":
        body = RNN(RNNConfig(vocabulary=V, width=16, dropout=dropout))
        return Model(body, ClassHead(16, 2, dropout=dropout))
    shape = {
        "vocabulary": V,
        "width": 16,
        "layers": 1,
        "heads": 2,
        "intermediate_size": 32,
        "block_size": 16,
    }
    body = Transformer(TransformerConfig(**shape, causal=True, dropout=dropout))
    return Model(body, LanguageHead.tied(body, bias=True))


def examples(kind: str) -> list[dict]:
    random = np.random.default_rng(0)
    rows = [random.integers(0, V // (1 + i % 3), random.integers(3, 12)) for i in range(66)]
    return [{"ids": r[:-1], "y": i % 2 if kind == "classes" else r[1:]} for i, r in enumerate(rows)]


def recipe(**changed) -> Recipe:
    return Recipe(**{"steps": STEPS, "rate": 1e-2, "precision": "fp32", "batch_size": 8} | changed)


def score(made: Model) -> float:
    """Any number that depends on all values and is highest somewhere in between."""
    return math.sin(1e3 * sum(float(p.detach().norm()) for p in made.parameters()))


def bits(made: Model) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in made.named_parameters()}


def tell(run: Run) -> None:
    print(len(run.steps), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("out")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--folder")
    parser.add_argument("--shard", action="store_true")
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    resume.SECONDS = 0  # write after each step
    made = model(options.kind, options.dropout)
    settings = recipe(batch_size=options.batch, shard=options.shard, steps=options.steps)
    more = {"score": score, "watch": tell, "folder": options.folder}
    run = fit(made, examples(options.kind), settings, **more)
    run.results["restarts"] = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
    if distributed.rank() == 0:
        run.save(Path(f"{options.out}.json"))
        safetensors.torch.save_file(bits(made), f"{options.out}.safetensors")


if __name__ == "__main__":
    main()
