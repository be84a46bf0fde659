"""Make the sources that ship with the kit: `python -m kit.pretrain NAME`, from pinned data.

    python -m kit.pretrain teacher           MiniLM's vectors, in kit/sources/checkpoints/teacher.npz
    python -m kit.pretrain translator        the parent for kit.tasks.translation
    python -m kit.pretrain rnn_encoder       any of kit.sources.builtin.BUILTIN, in kit/sources/checkpoints/NAME
    torchrun --nproc-per-node 2 -m kit.pretrain NAME      the same with two processes

Each is a fixed recipe, and its card tells what it took and what came out. Killed at any moment,
the same command goes on where it was (`kit.train.resume`).
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kit import objectives, runtime
from kit.data import corpora
from kit.data.archives import ARCHIVES
from kit.data.splits import digest
from kit.errors import KitError
from kit.metrics import bits_per_byte
from kit.models import (
    RNN,
    LanguageHead,
    Model,
    RNNConfig,
    Transformer,
    TransformerConfig,
    VectorHead,
)
from kit.models.ngram import NGram
from kit.sources import Source, checkpoint, minilm
from kit.sources.builtin import FOLDER, ORIGINS, TEACHER, teacher, teaching
from kit.tasks import translation
from kit.tasks.translation import parent
from kit.tokenizer import Tokenizer
from kit.train import Recipe, distributed, fit, predict, total_loss

__all__ = ["PRETRAININGS", "Pretraining", "main", "pretrain", "surprise", "teach"]

PIECES = 8192
COMPONENTS = 192
"""Principal components that are kept of the teacher's vectors."""

WINDOW = 64
"""Tokens that a writer reads at once."""


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How one source is made."""

    body: Callable[[], nn.Module]
    """A fresh body."""
    writes: bool
    """Whether it learns the next token (a writer), or its teacher's vectors (an encoder)."""
    recipe: Recipe
    """How `fit` trains it."""


SMALL = {"vocabulary": PIECES, "norm_first": True, "norm_eps": 1e-5}
PRETRAININGS: dict[str, Pretraining] = {
    "rnn_encoder": Pretraining(
        body=lambda: RNN(RNNConfig(vocabulary=PIECES, width=192, layers=1, bidirectional=True)),
        writes=False,
        recipe=Recipe(loss="squared_error", epochs=6, rate=2e-3, batch_size=64),
    ),
    "transformer_encoder": Pretraining(
        body=lambda: Transformer(
            TransformerConfig(
                width=192, layers=2, heads=6, intermediate_size=768, block_size=512, **SMALL
            )
        ),
        writes=False,
        recipe=Recipe(loss="squared_error", epochs=6, rate=1e-3, batch_size=64),
    ),
    "rnn_writer": Pretraining(
        body=lambda: RNN(RNNConfig(vocabulary=PIECES, width=192, hidden=384, dropout=0.1)),
        writes=True,
        recipe=Recipe(epochs=5, rate=5e-3, batch_size=16),
    ),
    "transformer_writer": Pretraining(
        body=lambda: Transformer(
            TransformerConfig(
                width=160,
                layers=3,
                heads=5,
                intermediate_size=640,
                block_size=256,
                causal=True,
                positions="rotary",
                **SMALL,
            )
        ),
        writes=True,
        recipe=Recipe(epochs=5, rate=3e-3, batch_size=16),
    ),
}


def pretrain(name: str) -> Source:
    """Train one of `PRETRAININGS` and describe it: a source with its card."""
    torch.manual_seed(0)
    how, tokenizer = PRETRAININGS[name], pieces()
    body = how.body()
    if how.writes:
        seen = windows("train", tokenizer)
        head = LanguageHead.tied(body, bias=True)
        alone = np.log(NGram(seen.ravel(), tokenizer.size, 1).next([]))
        head.bias.data = torch.from_numpy(alone).float()  # begin with what counting knows
        examples = objectives.next_token(seen)
    else:
        texts, vectors = teacher(body.width)
        head = VectorHead(body.width)
        examples = objectives.vectors(texts, tokenizer, vectors)
    model = Model(body, head)
    folder = runtime.cache_dir() / "pretrain" / name
    run = fit(model, examples, how.recipe, name=name, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    source = Source(name, model.body.cpu(), tokenizer, model.head.cpu())
    source.card = card(source, how, run)
    return source


def translator() -> Source:
    """The parent of the translation task."""
    folder = runtime.cache_dir() / "pretrain" / "translator"
    tokenizer = folder / "tokenizer.json"  # so that going on is quick
    if not tokenizer.exists():
        folder.mkdir(parents=True, exist_ok=True)
        translation.pieces().save(tokenizer)
    source = parent.train_parent("translator", Tokenizer.load(tokenizer), folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return source


def pieces() -> Tokenizer:
    """The vocabulary of all that is baked: from the same text as `windows("train")`."""
    return Tokenizer.train(corpora.pinned("train")["text"][:], PIECES)


def windows(split: str, tokenizer: Tokenizer, origins=corpora.ORIGINS) -> np.ndarray:
    """(N, T + 1): T tokens to read, and T to predict."""
    corpus = corpora.pinned(split, origins)
    return corpora.windows(corpus, tokenizer, WINDOW + 1).with_format("numpy")["ids"][:]


def card(source: Source, how: Pretraining, run) -> dict:
    """What a reader must know before migrating from it."""
    taught = "the next token" if how.writes else "MiniLM's vectors of sentences, squared error"
    scores = surprise(source) if how.writes else {"cosine to MiniLM, unseen": closeness(source)}
    return {
        "objective": taught,
        "data": "the train split of kit.data.corpora.pinned(): no held-out text of any task",
        "licence": "; ".join(sorted({a.licence for a in ARCHIVES.values()})),
        "recipe": run.settings,
        "updates": len(run.steps),
        "seconds": round(run.seconds),
        "machine": runtime.machine(),
        "scores": {name: round(score, 4) for name, score in scores.items()},
        "not good for": "facts, long texts, languages other than English, anything that matters: "
        "it has read a million words, of 2004 news, film reviews and tweets, with their biases",
        "command": f"python -m kit.pretrain {source.name}",
    }


def surprise(source: Source, split: str = "validation") -> dict[str, float]:
    """Bits per byte of held-out news: this writer's, and those of counting (`NGram`)."""
    tokenizer = source.tokenizer
    rows = windows(split, tokenizer, "news")
    nats, _ = total_loss(Model(source.body, source.head), objectives.next_token(rows))
    size = sum(len(tokenizer.decode(row[1:]).encode()) for row in rows)
    found = {"bits per byte, held-out news": bits_per_byte(nats, size)}
    seen = windows("train", tokenizer).ravel()
    for order, name in ((1, "unigrams"), (3, "trigrams")):
        count = NGram(seen, tokenizer.size, order)
        nats = -sum(np.log(count.probabilities(row)[1:]).sum() for row in rows)
        found[f"the same of {name}"] = bits_per_byte(nats, size)
    return found


def closeness(source: Source) -> float:
    """Mean cosine of its vectors and its teacher's, over sentences that neither was trained on."""
    texts = corpora.sentences(corpora.pinned("validation", ORIGINS))
    with np.load(TEACHER) as kept:
        axes = kept["axes"][:, : source.body.width]
        wanted = _components(read(minilm(), texts), kept["mean"], axes)
    examples = objectives.vectors(texts, source.tokenizer, wanted)
    total, n = total_loss(Model(source.body, source.head), examples, "squared_error")
    return 1 - total / n / 2


def teach() -> None:
    """MiniLM's vectors of `teaching()`, their principal components in a byte each."""
    texts = teaching()
    vectors = read(minilm(), texts)  # (N, 384)
    mean = vectors.mean(0)
    axes = np.linalg.svd(vectors[::5] - mean, full_matrices=False)[2][:COMPONENTS].T  # (384, S)
    kept = _components(vectors, mean, axes)
    about = {"texts": digest("\n".join(texts)), "made by": "python -m kit.pretrain teacher"}
    TEACHER.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        TEACHER,
        vectors=np.round(127 * kept / np.abs(kept).max(1, keepdims=True)).astype(np.int8),
        mean=mean.astype(np.float32),
        axes=axes.astype(np.float32),
        about=json.dumps(about),
    )


def read(source: Source, texts: list[str]) -> np.ndarray:
    """(N, D): the source's vector of each text, the mean of its tokens', of length 1."""
    model = Model(source.body, VectorHead(source.body.width))
    rows = [{"ids": ids, "y": 0} for ids in source.tokenizer.encode_many(texts, 128)]
    return np.stack(predict(model, rows))


def _components(vectors: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(N, S): along the axes, of length 1."""
    kept = (vectors - mean) @ axes
    return kept / np.linalg.norm(kept, axis=1, keepdims=True)


def main(arguments: list[str] | None = None) -> int:
    """Pretraining what is named; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m kit.pretrain", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "names", nargs="+", choices=("teacher", "translator", *PRETRAININGS), metavar="NAME"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help="where to write; default: kit/sources/checkpoints",
    )
    options = parser.parse_args(arguments)
    try:
        for name in options.names:
            if name == "teacher":
                teach()
            else:
                source = translator() if name == "translator" else pretrain(name)
                if distributed.rank():
                    continue
                print(source, json.dumps(source.card["scores"], indent=1))
                checkpoint.save(source, options.folder / name, half=True)
    except KitError as problem:
        print(f"kit.pretrain: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
