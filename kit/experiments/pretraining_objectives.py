"""The same minute, spent twice: on next tokens, or on a teacher's vectors; worth what on labels?

    python -m kit.experiments pretraining_objectives                  # all of it; about 25 minutes on two cores
    python -m kit.experiments pretraining_objectives --seeds 2        # some seeds; what is there is not repeated
    python -m kit.experiments pretraining_objectives --validation     # score on validation: for choosing recipes

One body, one minute, and only what is predicted differs. Writes kit/results/data/pretraining_objectives.json
after each pretraining, so that it can be stopped and goes on.
"""

import argparse
import gc
import time
from functools import cache

import numpy as np
import torch

from kit import objectives, results, runtime, sources
from kit.data import corpora
from kit.errors import KitError
from kit.migrate import migrate
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
from kit.train import Recipe, fit

NAME = "pretraining_objectives"
FILE = results.FOLDER / f"{NAME}.json"
SECONDS = 60
LABELS = (0, 100)
RATE = 3e-4
"""Of values that moved, in fine-tuning: chosen on validation sentences."""
WINDOW = 64


def rnn(vocabulary: int) -> RNN:
    return RNN(RNNConfig(vocabulary=vocabulary, width=192, layers=1))


def transformer(vocabulary: int) -> Transformer:
    shape = {"width": 128, "layers": 2, "heads": 4, "intermediate_size": 512, "block_size": 512}
    switches = {"causal": True, "norm_first": True, "norm_eps": 1e-5, "positions": "rotary"}
    return Transformer(TransformerConfig(vocabulary=vocabulary, **shape, **switches))


BODIES = {"rnn": rnn, "transformer": transformer}
RECIPES = {  # highest rate, batch
    ("rnn", "next_token"): (1e-2, 16),
    ("transformer", "next_token"): (5e-3, 16),
    ("rnn", "vectors"): (3e-3, 32),
    ("transformer", "vectors"): (3e-3, 32),
}
"""Chosen on validation sentences and held-out news."""


@cache
def windows(tokenizer) -> np.ndarray:
    """News and film reviews, (N, T + 1)."""
    corpus = corpora.pinned("train", ("news", "films"))
    return corpora.windows(corpus, tokenizer, WINDOW + 1).with_format("numpy")["ids"][:]


@cache
def frequencies(tokenizer) -> torch.Tensor:
    """log p of each token alone, (V,)."""
    alone = NGram(windows(tokenizer).ravel(), tokenizer.size, 1).next([])
    return torch.from_numpy(np.log(alone)).float()


def next_token(body, tokenizer) -> tuple[Model, list[dict]]:
    """A writer that begins with the frequencies of single tokens, and what it reads."""
    head = LanguageHead.tied(body, bias=True)
    head.bias.data = frequencies(tokenizer).clone()
    return Model(body, head), objectives.next_token(windows(tokenizer))


@cache
def sentences(tokenizer, size: int) -> list[dict]:
    """Sentences, and the first `size` numbers of the teacher's vectors of them."""
    texts, wanted = teacher(size)
    return objectives.vectors(texts, tokenizer, wanted, limit=WINDOW)


def vectors(body, tokenizer) -> tuple[Model, list[dict]]:
    """A reader whose mean hidden state is to be the teacher's vector, and what it reads."""
    return Model(body, VectorHead(body.width)), sentences(tokenizer, body.width)


def pretrain(
    name: str, objective: str, tokenizer, seconds: float, seed: int
) -> tuple[Source, dict]:
    """A source, and what the minute was spent on."""
    torch.manual_seed(seed)
    body = BODIES[name](tokenizer.size)
    if objective == "none":
        return Source(f"{name}, fresh", body, tokenizer), {}
    model, examples = {"next_token": next_token, "vectors": vectors}[objective](body, tokenizer)
    loss = {"next_token": "cross_entropy", "vectors": "squared_error"}[objective]
    rate, batch = RECIPES[name, objective]
    recipe = Recipe(loss=loss, seconds=seconds, rate=rate, batch_size=batch, seed=seed)
    run = fit(model, examples, recipe)
    read = len(run.steps) * batch * np.mean([len(e["ids"]) for e in examples])
    about = {
        "updates": len(run.steps),
        "tokens per second": round(read / run.seconds),
        "last loss": round(float(np.mean([s["loss"] for s in run.steps[-30:]])), 3),
    }
    return Source(f"{name}, {objective}", model.body.cpu(), tokenizer), about


def scores(source: Source, data, test, seed: int):
    """(labels, head, accuracy) at each budget: the head from words, and a fresh one."""
    texts, score = sentiment.unlabelled(data["train"]), sentiment.scorer(test, source.tokenizer)
    for labels in LABELS:
        rows = sentiment.sample(data["train"], labels, seed) if labels else []
        for head in ("words", "fresh") if labels else ("words",):
            target = migrate(source, sentiment.head, "full", seed=seed, rate=RATE)
            if head == "words":
                sentiment.from_words(target.model, source.tokenizer, texts)
            if labels:
                examples = sentiment.encode(rows, source.tokenizer)
                recipe = sentiment.recipe(labels, seed=seed)
                fit(target.model, examples, recipe, groups=target.groups)
            yield labels, head, score(target.model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--bodies", nargs="+", default=list(BODIES))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--validation", action="store_true")
    options = parser.parse_args()
    keep = not options.validation and options.seconds == SECONDS
    try:
        found = results.load(NAME)["rows"] if keep else []
    except KitError:
        found = []
    data, tokenizer = sentiment.load(), sources.load("rnn_encoder").tokenizer
    test = data["validation" if options.validation else "test"]
    for seed in range(options.seeds):
        for name in options.bodies:
            for objective in ("none", "next_token", "vectors"):
                who = {"body": name, "pretraining": objective, "seed": seed}
                if any(who.items() <= row.items() for row in found):
                    continue
                source, about = pretrain(name, objective, tokenizer, options.seconds, seed)
                for labels, head, accuracy in scores(source, data, test, seed):
                    row = {"strategy": f"{name}/{objective}/{head}", "labels": labels, **who}
                    found.append(row | {"head": head, "accuracy": accuracy} | about)
                    print(found[-1], flush=True)
                if keep:
                    save(found)
                gc.collect()
    for labels, means in results.by_budget(found).items():
        print(labels, {k: f"{100 * m:.1f} ± {100 * h:.1f}" for k, (m, h) in means.items()})


def save(found: list[dict]) -> None:
    what = {
        "what": "film reviews, polarity: test accuracy after a minute of pretraining, on so many "
        "labels, the head from words or fresh",
        "command": "python -m kit.experiments pretraining_objectives",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "seconds": SECONDS,
        "rows": sorted(found, key=lambda r: (r["labels"], r["strategy"], r["seed"])),
    }
    runtime.write_json(FILE, what)


if __name__ == "__main__":
    main()
