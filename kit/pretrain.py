"""Pretrain the sources that ship with the kit, from pinned data.

    python -m kit.pretrain teacher           MiniLM's sentence vectors
    python -m kit.pretrain translator        the source of kit.tasks.translation
    python -m kit.pretrain rnn_encoder       any name in PRETRAININGS
    torchrun --nproc-per-node 2 -m kit.pretrain NAME      the same with two processes

Default: written to kit/sources/checkpoints, as teacher.npz or in a folder NAME. Each has a fixed
recipe; its card has the time and the scores. The same command resumes a run that was killed
(`kit.train.resume`).
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
from kit.data.catalog import TEXTS
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
"""Size of the vocabulary of these sources."""

COMPONENTS = 192
"""Principal components of the teacher's vectors that are stored."""

WINDOW = 64
"""Tokens of a training window of a language model."""


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How one source is pretrained."""

    body: Callable[[], nn.Module]
    """Makes a fresh body."""
    writes: bool
    """True: a language model, which learns the next token. False: an encoder, which learns MiniLM's
    sentence vectors."""
    recipe: Recipe
    """The recipe for `fit`."""


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
    """Pretrain one of `PRETRAININGS`; the source has a card with data, recipe and scores."""
    with runtime.random_state(0):
        return _pretrain(name)


def _pretrain(name: str) -> Source:
    pretraining = PRETRAININGS[name]
    tokenizer = pieces()
    body = pretraining.body()
    if pretraining.writes:
        train = windows("train", tokenizer)
        head = LanguageHead.tied(body, bias=True)
        # Start from the unigram frequencies: the first updates need not learn them.
        log_p = np.log(NGram(train.ravel(), tokenizer.size, 1).next([]))
        head.bias.data = torch.from_numpy(log_p).float()
        examples = objectives.next_token(train)
    else:
        texts, vectors = teacher(body.width)
        head = VectorHead(body.width)
        examples = objectives.vectors(texts, tokenizer, vectors)
    model = Model(body, head)
    folder = runtime.cache_dir() / "pretrain" / name
    run = fit(model, examples, pretraining.recipe, name=name, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    source = Source(name, model.body.cpu(), tokenizer, model.head.cpu())
    source.card = card(source, pretraining, run)
    return source


def translator() -> Source:
    """The source of the translation task."""
    folder = runtime.cache_dir() / "pretrain" / "translator"
    tokenizer = (
        folder / "tokenizer.json"
    )  # stored, so that a run that resumes need not train it again
    if not tokenizer.exists():
        folder.mkdir(parents=True, exist_ok=True)
        translation.pieces().save(tokenizer)
    source = parent.train_parent("translator", Tokenizer.load(tokenizer), folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return source


def pieces() -> Tokenizer:
    """The tokenizer of these sources, trained on the text of `windows("train")`."""
    return Tokenizer.train(corpora.pinned("train")["text"][:], PIECES)


def windows(split: str, tokenizer: Tokenizer, origins=corpora.ORIGINS) -> np.ndarray:
    """Windows of token ids (N, T + 1): the first T are read, the last T predicted."""
    corpus = corpora.pinned(split, origins)
    return corpora.windows(corpus, tokenizer, WINDOW + 1).with_format("numpy")["ids"][:]


def _licences() -> set[str]:
    """The licences of the texts, and of the teacher."""
    return {ARCHIVES[name].licence for name in ("minilm", *TEXTS)}


def card(source: Source, pretraining: Pretraining, run) -> dict:
    """The source's card: objective, data, licence, recipe, time, machine, scores and limits."""
    objective = (
        "the next token" if pretraining.writes else "MiniLM's vectors of sentences, squared error"
    )
    scores = (
        surprise(source) if pretraining.writes else {"cosine to MiniLM, unseen": closeness(source)}
    )
    return {
        "objective": objective,
        "data": "the train split of kit.data.corpora.pinned(): no held-out text of any task",
        "licence": "; ".join(sorted(_licences())),
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
    """Bits per byte of held-out news: of this language model, and of n-grams for comparison."""
    tokenizer = source.tokenizer
    rows = windows(split, tokenizer, "news")
    nats, _ = total_loss(Model(source.body, source.head), objectives.next_token(rows))
    size = sum(len(tokenizer.decode(row[1:]).encode()) for row in rows)
    scores = {"bits per byte, held-out news": bits_per_byte(nats, size)}
    train = windows("train", tokenizer).ravel()
    for order, name in ((1, "unigrams"), (3, "trigrams")):
        ngram = NGram(train, tokenizer.size, order)
        nats = -sum(np.log(ngram.probabilities(row)[1:]).sum() for row in rows)
        scores[f"the same of {name}"] = bits_per_byte(nats, size)
    return scores


def closeness(source: Source) -> float:
    """Mean cosine of the source's and MiniLM's vectors of held-out sentences."""
    texts = corpora.sentences(corpora.pinned("validation", ORIGINS))
    with np.load(TEACHER) as arrays:
        axes = arrays["axes"][:, : source.body.width]
        wanted = _components(read(minilm(), texts), arrays["mean"], axes)
    examples = objectives.vectors(texts, source.tokenizer, wanted)
    total, n = total_loss(Model(source.body, source.head), examples, "squared_error")
    return 1 - total / n / 2


def teach() -> None:
    """Write `TEACHER`: principal components of MiniLM's vectors of `teaching()`, a byte each."""
    texts = teaching()
    vectors = read(minilm(), texts)  # (N, 384)
    mean = vectors.mean(0)
    axes = np.linalg.svd(vectors[::5] - mean, full_matrices=False)[2][:COMPONENTS].T  # (384, S)
    components = _components(vectors, mean, axes)  # (N, S)
    scale = np.abs(components).max(1, keepdims=True)
    about = {"texts": digest("\n".join(texts)), "made by": "python -m kit.pretrain teacher"}
    TEACHER.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        TEACHER,
        vectors=np.round(127 * components / scale).astype(np.int8),
        mean=mean.astype(np.float32),
        axes=axes.astype(np.float32),
        about=json.dumps(about),
    )


def read(source: Source, texts: list[str]) -> np.ndarray:
    """The source's vector of each text, (N, D): the mean of its hidden states, of length 1."""
    model = Model(source.body, VectorHead(source.body.width))
    rows = [{"ids": ids, "y": 0} for ids in source.tokenizer.encode_many(texts, 128)]
    return np.stack(predict(model, rows))


def _components(vectors: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Principal components (N, S) of vectors (N, D) along axes (D, S), scaled to length 1."""
    components = (vectors - mean) @ axes
    return components / np.linalg.norm(components, axis=1, keepdims=True)


def main(arguments: list[str] | None = None) -> int:
    """Pretrain the named sources; return the exit status."""
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
