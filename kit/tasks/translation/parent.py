"""Parents for translation: encoder and decoder together, trained on languages with many pairs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from kit import runtime
from kit.data.archives import ARCHIVES
from kit.migrate import decoder_like
from kit.models import RNN, Model, RNNConfig, SequenceHead, Transformer, TransformerConfig
from kit.sources import Source
from kit.tasks import translation
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit

__all__ = ["RECIPE", "examples", "parent", "rnn", "transformer"]

RECIPE = Recipe(steps=16_000, rate=4e-3, batch_size=64)
"""Of `python -m kit.pretrain translator`: 27 times over 38,054 pairs."""


def transformer(tokenizer: Tokenizer, width: int = 192) -> Model:
    """An encoder of two blocks and a decoder of one, rotary positions, the norm before each part.

    A shallow decoder costs little and translates nearly as well: Kasai et al. 2020,
    arxiv.org/abs/2006.10369.
    """
    config = TransformerConfig(
        vocabulary=tokenizer.size,
        width=width,
        layers=2,
        heads=4,
        intermediate_size=4 * width,
        block_size=translation.LONGEST,
        positions="rotary",
        norm_first=True,
        norm_eps=1e-5,
        dropout=0.1,
    )
    return Model(Transformer(config), translation.head(width, tokenizer))


def rnn(tokenizer: Tokenizer, width: int = 192) -> Model:
    """A bidirectional LSTM, and a decoder of one LSTM with attention to it."""
    shape = {"width": width, "layers": 1, "bidirectional": True, "dropout": 0.2}
    config = RNNConfig(vocabulary=tokenizer.size, **shape)
    body = RNN(config)
    return Model(body, SequenceHead(width, decoder_like(body)))


def examples(tokenizer: Tokenizer, languages: Sequence[str], most: int | None = None) -> list[dict]:
    """All of `train` in these languages, or `most` pairs of each."""
    rows = [translation.load(language)["train"] for language in languages]
    rows = [translation.sample(part, most, 0) for part in rows] if most else rows
    return [example for part in rows for example in translation.encode(part, tokenizer)]


def parent(
    name: str,
    tokenizer: Tokenizer,
    languages: Sequence[str] = translation.PARENTS,
    make: Callable[[Tokenizer], Model] = rnn,
    recipe: Recipe = RECIPE,
    most: int | None = None,
    folder: Path | None = None,
) -> Source:
    """Train a parent, on `most` pairs of each language or all, and describe it.

    With `keep`, a folder, a killed training goes on."""
    torch.manual_seed(recipe.seed)
    model = make(tokenizer)
    run = fit(model, examples(tokenizer, languages, most), recipe, name=name, folder=folder)
    source = Source(name, model.body.cpu(), tokenizer, model.head.cpu())
    source.card = card(model, tokenizer, languages, run)
    return source


def card(model: nn.Module, tokenizer: Tokenizer, languages: Sequence[str], run) -> dict:
    """What a reader must know before migrating from it."""
    of = ("plone", "django", "wagtail", *(f"jupyterlab-{language}" for language in languages))
    return {
        "objective": "the translation, piece by piece, given the English and a language's tag",
        "data": f"the train split of kit.tasks.translation in {', '.join(languages)}: no English "
        "text of a test, and no translation into any other language; its pieces were cut for all "
        f"{len(translation.LANGUAGES)} languages, from what stands in train",
        "licence": "; ".join(sorted({ARCHIVES[name].licence for name in of})),
        "languages": list(languages),
        "recipe": run.settings,
        "updates": len(run.steps),
        "seconds": round(run.seconds),
        "machine": runtime.machine(),
        "scores": {language: scores(model, tokenizer, language) for language in languages},
        "not good for": "anything but short messages of software; it makes mistakes in them too",
        "command": "python -m kit.pretrain translator",
    }


def scores(
    model: nn.Module, tokenizer: Tokenizer, language: str, most: int = 300
) -> dict[str, float]:
    """BLEU and chrF on the first messages of `validation`."""
    rows = translation.load(language)["validation"]
    rows = rows.select(range(min(most, len(rows))))
    answers = translation.predict(model, tokenizer, rows["english"][:], language)
    return {k: round(v, 2) for k, v in translation.score(answers, rows).items()}
