"""Sentiment: is a sentence for or against, and how strongly; 23,707 sentences, rated by people.

Each rating is the mean of about twenty people's, from -4 to 4 (Hutto & Gilbert 2014, VADER: A
Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text, ICWSM; MIT licence).
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kit import train
from kit.data.archives import ARCHIVES
from kit.data.cache import stored
from kit.data.own import Column
from kit.data.splits import DOMAINS, SPLITS, ratings
from kit.errors import KitError
from kit.html import card
from kit.metrics import accuracy
from kit.migrate import Migration, migrate
from kit.models import ClassHead, Model, RatingHead, VectorHead
from kit.runtime import cache_dir
from kit.sources import Source
from kit.tasks import classification
from kit.tasks.classification import LIMIT, baselines
from kit.tasks.sampling import balanced_sample as sample
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from pyarrow import Table

__all__ = [
    "CLASSES",
    "COLUMNS",
    "DOMAINS",
    "METRIC",
    "baselines",
    "encode",
    "from_words",
    "head",
    "load",
    "log_odds",
    "predict",
    "probabilities",
    "probability",
    "recipe",
    "sample",
    "score",
    "scorer",
    "show",
    "target",
    "unlabelled",
    "zero_shot",
]

CLASSES = ("negative", "positive")
COLOURS = {"negative": "#B34A00", "positive": "#0072B2"}
METRIC = "accuracy"
COLUMNS = {"text": Column("text"), "label": Column("class", CLASSES)}
ANSWERS = {"cross_entropy": "label", "squared_error": "rating"}
"""ℓ -> the column that it compares answers with."""

WORDS = {
    "negative": (
        "I hated this movie",
        "a terrible, boring and disappointing film",
        "bad acting and a stupid plot",
        "a waste of time",
    ),
    "positive": (
        "I loved this movie",
        "a wonderful, moving and entertaining film",
        "great acting and a clever plot",
        "worth seeing",
    ),
}
"""What a reviewer might say of either class: chosen once, on validation sentences."""

UNLABELLED = 200
"""Sentences of `train` whose texts, without labels, tell `from_words` where the middle is."""

VERSION = 2  # of the table in the cache: count up when the code that makes it changes


def load(domain: str = "films", least: float = 0.5) -> "DatasetDict":
    """The sentences of a domain, as `train`, `validation` and `test`, for ever the same.

    Columns:
        id      string, unique within the domain
        text    string, HTML entities undone, runs of spaces made one
        rating  float32, the mean human rating, -4 (most negative) to 4
        label   0 negative, 1 positive: `rating > 0`
        group   string, shared by near-duplicates (`kit.data.duplicates`) and, for products and
                news, by the sentences of a document

    `least` leaves out sentences with |rating| < least, which are neither for nor against: by
    itself 533 of 10,605 on films, 723 of 3,708 on products, 2,220 of 5,190 in news and 768 of
    4,200 tweets. `least=0` keeps all, for predicting the rating itself.
    A group is never divided: the groups, in the order of their SHA-256, fill train (80 %), then
    validation and test (10 % each), so neither a library's version nor `least` ever moves a
    sentence. Within a split the sentences are mixed.
    Raises KitError for an unknown domain and for a `least` that leaves a split empty.
    """
    from datasets import ClassLabel, Dataset, DatasetDict, DatasetInfo, Features, Value
    from pyarrow import compute

    if domain not in DOMAINS:
        raise KitError(f"domain {domain!r} is unknown: choose one of {', '.join(DOMAINS)}.")
    kinds = {"id": Value("string"), "text": Value("string"), "rating": Value("float32")}
    kinds |= {"label": ClassLabel(names=list(CLASSES)), "group": Value("string")}
    features, source = Features(kinds), ARCHIVES["ratings"]
    about = {"citation": source.citation, "license": source.licence}
    info = DatasetInfo(description=source.what, features=features, **about)
    table = _table(domain)
    table = table.filter(compute.greater_equal(compute.abs(table["rating"]), float(least)))
    splits = {}
    for name in SPLITS:
        rows = table.filter(compute.equal(table["split"], name)).select(list(features))
        if not len(rows):
            raise KitError(f"least={least} leaves {name} empty: ratings end at 4; try 0.5.")
        splits[name] = Dataset(rows.cast(features.arrow_schema), info=info, split=name)
    return DatasetDict(splits)


def head(
    width: int,
    tokenizer: Tokenizer | None = None,
    *,
    loss: str = "cross_entropy",
    pool: str = "mean",
) -> ClassHead | RatingHead:
    """A fresh head: from a body of this width to the two classes, or, where the loss is
    "squared_error", to the rating itself. pool: as in `kit.models.pool`; "last" for a decoder,
    whose last token alone has seen the whole text. (`tokenizer` are for heads that write.)"""
    if loss not in ANSWERS:
        raise KitError(f"loss {loss!r} is unknown here: choose one of {', '.join(ANSWERS)}.")
    if loss == "cross_entropy":
        return ClassHead(width, len(CLASSES), pool)
    return RatingHead(width, pool)


def from_words(model: Model, tokenizer: Tokenizer, texts: Iterable[str]) -> Model:
    """The same model, its head asking: is this sentence nearer to praise or to blame?

    With v a sentence's pooled vector, w = mean v(praise) - mean v(blame) over `WORDS`, and m, s
    the mean and deviation of w·v over `texts`: logits = ±(w·v - m) / 2s. So a source that knows
    what words mean answers before it has seen a label, and a random start does not. (Label
    names as classifiers: Yin et al. 2019, arxiv.org/abs/1909.00161.) A rating begins as
    (w·v - m) / s.
    The head is changed in place, and is trained from these values like any other.
    """
    texts = check_texts(texts)
    if len(texts) < 2:
        raise KitError(f"{len(texts)} texts have no middle: give some tens, without their labels.")
    sides = [_vectors(model, tokenizer, WORDS[name]).mean(0) for name in CLASSES]
    w = sides[1] - sides[0]  # (D,)
    z = _vectors(model, tokenizer, texts) @ w  # (N,)
    sides = torch.tensor([[-0.5], [0.5]] if isinstance(model.head, ClassHead) else [[1.0]])
    sides = sides / z.std().clamp(min=1e-6)  # (2, 1) or (1, 1)
    with torch.no_grad():
        model.head.linear.weight.copy_(sides * w)
        model.head.linear.bias.copy_(-sides[:, 0] * z.mean())
    return model


def target(
    source: Source,
    strategy: str = "full",
    *,
    seed: int = 0,
    texts: Sequence[str] = (),
    loss: str = "cross_entropy",
    **options,
) -> Migration:
    """The source migrated to sentiment. texts: a few tens without labels; with them the head
    begins from words (`from_words`), so that the target answers before it has seen a label."""
    made = migrate(source, partial(head, loss=loss), strategy, seed=seed, **options)
    if len(texts):
        from_words(made.model, made.tokenizer, texts)
    return made


def unlabelled(split: "Dataset") -> list[str]:
    """The texts of the first sentences of a split, as `from_words` wants them."""
    return split["text"][:UNLABELLED]


def _vectors(model: Model, tokenizer: Tokenizer, texts: Iterable[str]) -> Tensor:
    """(N, D): the vector of each text that the model's head reads."""
    reader = Model(model.body, VectorHead(model.body.width, pool=model.head.pool, norm=False))
    rows = [{"ids": ids, "y": 0} for ids in tokenizer.encode_many(texts, LIMIT)]
    return torch.from_numpy(np.stack(train.predict(reader, rows)))


def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT, *, loss: str = "cross_entropy"
) -> list[dict]:
    """Rows with a text and a label (for "squared_error": a rating) as examples for `fit`."""
    return classification.encode(rows, tokenizer, limit, ANSWERS[loss])


def recipe(
    labels: int,
    strategy: str = "full",
    *,
    seed: int = 0,
    source: Source | None = None,
    loss: str = "cross_entropy",
) -> Recipe:
    """How to fine-tune on this many labels: chosen on validation sentences, never on the test.

    Few labels are seen more often. Nothing is chosen along the way: with 50 labels, a thousand
    more to stop by would be the larger half of the experiment.
    """
    epochs = min(12.0, 3 + 800 / labels) * (2 if strategy == "frozen" else 1)
    return Recipe(epochs=epochs, keep_best=False, evaluations=5, seed=seed, loss=loss)


def predict(
    model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]
) -> list[str | float]:
    """The class of each text, or its rating where that is what the model was trained on.

    A long text is read up to its first 128 tokens. Raises KitError for what is no text, or empty.
    """
    found = classification.logits(model, tokenizer, texts)  # (N, C) or (N,)
    return [float(y) if y.ndim == 0 else CLASSES[y.argmax()] for y in found]


def score(answers: Sequence[str | float], rows: Iterable[dict]) -> dict[str, float]:
    """accuracy and f1 of the classes, a rating's class being its sign; of ratings also their
    correlations with people's: pearson (along a line) and spearman (of the ranks)."""
    from scipy.stats import pearsonr, spearmanr

    rows = list(rows)
    named = [a if isinstance(a, str) else CLASSES[a > 0] for a in answers]
    found = classification.score(named, rows, CLASSES)
    if any(isinstance(a, str) for a in answers):
        return found
    human = [row["rating"] for row in rows]
    found["pearson"] = float(pearsonr(answers, human).statistic)
    return found | {"spearman": float(spearmanr(answers, human).statistic)}


def show(text: str, answer: str | float) -> str:
    """A text with its class or its rating, as HTML."""
    named = answer if isinstance(answer, str) else CLASSES[answer > 0]
    said = named if isinstance(answer, str) else f"{answer:+.1f} of -4 to 4"
    return card(text, said, COLOURS[named])


def scorer(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int | None = None
) -> Callable[[nn.Module], float]:
    """From a model to its accuracy on these rows, or on the first `limit` of them."""
    examples = encode(itertools.islice(rows, limit), tokenizer)
    return lambda model: accuracy(train.predict(model, examples), [e["y"] for e in examples])


def probabilities(model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> np.ndarray:
    """(N,): P(positive) of each text, from 0 to 1: softmax of the two logits.

    A long text is read up to its first 128 tokens. Raises KitError for what is no text, or empty.
    """
    negative, positive = classification.logits(model, tokenizer, texts).T
    return 1 / (1 + np.exp(negative - positive))


def probability(model: nn.Module, tokenizer: Tokenizer, text: str) -> float:
    """P(positive) of one text."""
    return float(probabilities(model, tokenizer, [text])[0])


def zero_shot(source: Source, texts: Sequence[str]) -> Source:
    """The source with a head for or against a sentence that begins from words, so that it answers
    before it has seen a label. texts: a few tens, for `from_words`."""
    model = migrate(source, head, "full").model
    from_words(model, source.tokenizer, texts)
    return replace(source, body=model.body.eval(), head=model.head.eval())


def log_odds(model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """(N,): log P(positive) / P(negative) of each text, in nats: the difference of both logits.
    In float32 whatever the machine prefers, for 1e-5 is below what bfloat16 can hold."""
    ids = tokenizer.encode_many(texts, LIMIT)
    logits = np.stack(train.predict(model, [{"ids": i, "y": 0} for i in ids], precision="fp32"))
    return logits[:, 1] - logits[:, 0]


def _table(domain: str) -> "Table":
    """All sentences of a domain with their split, made once and then read from the cache."""
    path = cache_dir() / "sentiment" / f"{domain}-{VERSION}.parquet"
    return stored(path, partial(ratings, domain))
