"""Pretraining objectives: accuracy after one minute of next tokens or of a teacher's vectors.

    python -m kit.experiments pretraining_objectives                  # about 25 minutes
    python -m kit.experiments pretraining_objectives --seeds 2        # some seeds
    python -m kit.experiments pretraining_objectives --validation     # score there, record nothing

Test accuracy on film reviews, without a label and with 100. One body, one minute: only what is
predicted differs. What a minute achieves depends on the machine: only the rows of "none" can come
out the same on another one.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch

from kit import objectives, results, sources
from kit.data import corpora
from kit.experiment import prepare
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
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
from kit.sources import Source
from kit.sources.builtin import teacher
from kit.tasks import sentiment
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit

FILE = ResultsFile(
    "pretraining_objectives",
    "film reviews, polarity: test accuracy after a minute of pretraining, on so many labels, "
    "the head from words or fresh",
    keys=("body", "pretraining", "seed"),
    parts=("labels", "head"),
    order=lambda row: (row["labels"], row["strategy"], row["seed"]),
)
QUICK = tuple({"body": "rnn", "pretraining": "none", "seed": seed} for seed in (0, 1))

SECONDS = 60
LABELS = (0, 100)
RATE = 3e-4
"""Of values that moved, in fine-tuning: chosen on validation sentences."""
WINDOW = 64
OBJECTIVES = ("none", "next_token", "vectors")


def rnn(vocabulary: int) -> RNN:
    return RNN(RNNConfig(vocabulary=vocabulary, width=192, layers=1))


def transformer(vocabulary: int) -> Transformer:
    config = TransformerConfig(
        vocabulary=vocabulary,
        width=128,
        layers=2,
        heads=4,
        intermediate_size=512,
        block_size=512,
        causal=True,
        norm_first=True,
        norm_eps=1e-5,
        positions="rotary",
    )
    return Transformer(config)


BODIES = {"rnn": rnn, "transformer": transformer}
RECIPES = {  # highest rate, batch
    ("rnn", "next_token"): (1e-2, 16),
    ("transformer", "next_token"): (5e-3, 16),
    ("rnn", "vectors"): (3e-3, 32),
    ("transformer", "vectors"): (3e-3, 32),
}
"""Chosen on validation sentences and held-out news."""


def main(arguments: list[str]) -> None:
    command = parser("pretraining_objectives", __doc__)
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument("--bodies", nargs="+", default=tuple(BODIES), choices=tuple(BODIES))
    command.add_argument(
        "--seconds", type=float, default=SECONDS, help="other than 60: record nothing"
    )
    command.add_argument("--validation", action="store_true", help="score there, record nothing")
    options = command.parse_args(arguments)
    split = "validation" if options.validation else "test"
    rows = FILE.grow(
        planned(options),
        lambda about: measure(about, split, options.seconds),
        save=not options.validation and options.seconds == SECONDS,
        describe=lambda _: {"seconds": SECONDS},
    )
    for labels, means in results.by_budget(rows).items():
        print(labels, {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in means.items()})


def planned(options) -> Iterator[dict]:
    """Every measurement, one seed of everything first."""
    for seed in range(options.seeds):
        for name in options.bodies:
            for objective in OBJECTIVES:
                yield {"body": name, "pretraining": objective, "seed": seed}


def measure(about: dict, split: str = "test", seconds: float = SECONDS) -> list[dict]:
    """Pretrain, then fine-tune at each budget: the head from words, and a fresh one."""
    name, objective, seed = about["body"], about["pretraining"], about["seed"]
    source, pretraining = pretrain(name, objective, tokenizer(), seconds, seed)
    rows = []
    for labels in LABELS:
        for head in ("words", "fresh") if labels else ("words",):
            row = {"strategy": f"{name}/{objective}/{head}", "labels": labels, **about}
            accuracy = fine_tuned(source, labels, head, seed, split)
            rows.append(row | {"head": head, "accuracy": accuracy} | pretraining)
    return rows


def pretrain(
    name: str, objective: str, tokenizer: Tokenizer, seconds: float, seed: int
) -> tuple[Source, dict]:
    """A source after so many seconds, and what its pretraining was like."""
    torch.manual_seed(seed)
    body = BODIES[name](tokenizer.size)
    if objective == "none":
        return Source(f"{name}, fresh", body, tokenizer), {}
    if objective == "next_token":
        model, examples = next_token(body, tokenizer)
        loss = "cross_entropy"
    else:
        model, examples = vectors(body, tokenizer)
        loss = "squared_error"
    rate, batch = RECIPES[name, objective]
    recipe = Recipe(loss=loss, seconds=seconds, rate=rate, batch_size=batch, seed=seed)
    run = fit(model, examples, recipe)
    tokens = len(run.steps) * batch * np.mean([len(e["ids"]) for e in examples])
    about = {
        "updates": len(run.steps),
        "tokens per second": round(tokens / run.seconds),
        "last loss": round(float(np.mean([s["loss"] for s in run.steps[-30:]])), 3),
    }
    return Source(f"{name}, {objective}", model.body.cpu(), tokenizer), about


def next_token(body, tokenizer: Tokenizer) -> tuple[Model, list[dict]]:
    """A language model whose bias begins as the frequencies of single tokens, and its examples."""
    head = LanguageHead.tied(body, bias=True)
    head.bias.data = log_frequencies(tokenizer).clone()
    return Model(body, head), objectives.next_token(windows(tokenizer))


def vectors(body, tokenizer: Tokenizer) -> tuple[Model, list[dict]]:
    """An encoder whose mean hidden state is to be the teacher's vector, and its examples."""
    return Model(body, VectorHead(body.width)), sentences(tokenizer, body.width)


@cache
def windows(tokenizer: Tokenizer) -> np.ndarray:
    """News and film reviews, (N, T + 1)."""
    corpus = corpora.pinned("train", ("news", "films"))
    return corpora.windows(corpus, tokenizer, WINDOW + 1).with_format("numpy")["ids"][:]


@cache
def log_frequencies(tokenizer: Tokenizer) -> torch.Tensor:
    """log p of each token alone, (V,)."""
    p = NGram(windows(tokenizer).ravel(), tokenizer.size, 1).next([])
    return torch.from_numpy(np.log(p)).float()


@cache
def sentences(tokenizer: Tokenizer, size: int) -> list[dict]:
    """Sentences, and the first `size` numbers of the teacher's vectors of them."""
    texts, targets = teacher(size)
    return objectives.vectors(texts, tokenizer, targets, limit=WINDOW)


def fine_tuned(source: Source, labels: int, head: str, seed: int, split: str) -> float:
    """Accuracy with so many labels; head: "words" or "fresh", from what it begins."""
    train = films()["train"]
    rows = sentiment.sample(train, labels, seed) if labels else []
    options = {"texts": sentiment.unlabelled(train)} if head == "words" else {}
    experiment = prepare(source, "full", sentiment, rows, seed=seed, rate=RATE, **options)
    experiment.fit()
    return experiment.score(films()[split])["accuracy"]


@cache
def tokenizer() -> Tokenizer:
    """The vocabulary of all bodies."""
    return sources.load("rnn_encoder").tokenizer


@cache
def films():
    """The film reviews, as train, validation and test."""
    return sentiment.load()
