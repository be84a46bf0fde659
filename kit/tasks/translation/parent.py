"""Parent models for translation: encoder-decoders trained on languages with many pairs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import nn

from kit import runtime
from kit.data.archives import ARCHIVES
from kit.migrate import decoder_like
from kit.models import RNN, Model, RNNConfig, SequenceHead, Transformer, TransformerConfig
from kit.sources import Source
from kit.tasks import translation
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit

__all__ = ["RECIPE", "examples", "rnn", "train_parent", "transformer"]

RECIPE = Recipe(steps=16_000, rate=4e-3, batch_size=64)
"""Recipe of `python -m kit.pretrain translator`: 27 epochs over 38,054 pairs."""


def transformer(tokenizer: Tokenizer, width: int = 192) -> Model:
    """A pre-norm Transformer with rotary positions: an encoder of two blocks, a decoder of one.

    A shallow decoder is faster and translates nearly as well (Kasai et al. 2020,
    arxiv.org/abs/2006.10369).
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
    """A bidirectional LSTM as encoder, and an LSTM with attention to it as decoder."""
    shape = {"width": width, "layers": 1, "bidirectional": True, "dropout": 0.2}
    config = RNNConfig(vocabulary=tokenizer.size, **shape)
    body = RNN(config)
    return Model(body, SequenceHead(width, decoder_like(body)))


def examples(
    tokenizer: Tokenizer, languages: Sequence[str], max_pairs: int | None = None
) -> list[dict]:
    """The training pairs of these languages as examples for `fit`.

    max_pairs: pairs of each language; default: all.
    """
    splits = [translation.load(language)["train"] for language in languages]
    if max_pairs:
        splits = [translation.sample(split, max_pairs, 0) for split in splits]
    return [example for split in splits for example in translation.encode(split, tokenizer)]


def train_parent(
    name: str,
    tokenizer: Tokenizer,
    languages: Sequence[str] = translation.PARENTS,
    make: Callable[[Tokenizer], Model] = rnn,
    recipe: Recipe = RECIPE,
    max_pairs: int | None = None,
    folder: Path | None = None,
) -> Source:
    """Train a parent, score it, and write its card.

    make: from the tokenizer to a fresh model. max_pairs: as in `examples`.
    folder: where the state of the training is saved; a run that was stopped resumes from it.
    """
    with runtime.random_state(recipe.seed):
        model = make(tokenizer)
    run = fit(model, examples(tokenizer, languages, max_pairs), recipe, name=name, folder=folder)
    source = Source(name, model.body.cpu(), tokenizer, model.head.cpu())
    source.card = card(model, tokenizer, languages, run)
    return source


def card(model: nn.Module, tokenizer: Tokenizer, languages: Sequence[str], run) -> dict:
    """The model card: data, licence, recipe, scores and limits."""
    archives = ("plone", "django", "wagtail", *(f"jupyterlab-{language}" for language in languages))
    return {
        "objective": "the translation, piece by piece, given the English and a language's tag",
        "data": f"the train split of kit.tasks.translation in {', '.join(languages)}: no English "
        "text of a test, and no translation into any other language; its pieces were cut for all "
        f"{len(translation.LANGUAGES)} languages, from what stands in train",
        "licence": "; ".join(sorted({ARCHIVES[name].licence for name in archives})),
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
    model: nn.Module, tokenizer: Tokenizer, language: str, max_rows: int = 300
) -> dict[str, float]:
    """The scores on the first `max_rows` messages of `validation`."""
    rows = translation.load(language)["validation"]
    rows = rows.select(range(min(max_rows, len(rows))))
    answers = translation.predict(model, tokenizer, rows["english"][:], language)
    return {k: round(v, 2) for k, v in translation.score(answers, rows).items()}
