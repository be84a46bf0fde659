"""Sentiment: is a sentence positive or negative, and how strongly? 23,707 rated sentences.

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

from kit import guards, train
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
"""Name of a loss -> the column of the labels that it takes."""

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
"""Class -> phrases that express it; chosen once, on validation sentences."""

UNLABELLED = 200
"""Sentences of `train` that `from_words` uses, without labels, to centre and scale its logits."""

VERSION = 2  # of the table in the cache: count up when the code that makes it changes


def load(domain: str = "films", least: float = 0.5) -> "DatasetDict":
    """The sentences of a domain as fixed splits `train`, `validation` and `test`.

    Columns:
        id      string, unique within the domain
        text    string, HTML entities undone, runs of spaces made one
        rating  float32, the mean human rating, -4 (most negative) to 4
        label   0 negative, 1 positive: `rating > 0`
        group   string, shared by near-duplicates (`kit.data.duplicates`) and, for products and
                news, by the sentences of a document

    domain: one of `DOMAINS`.
    least: sentences with |rating| < least are left out, since they are neutral: with the default
        533 of 10,605 on films, 723 of 3,708 on products, 2,220 of 5,190 in news and 768 of 4,200
        tweets. least=0 keeps all, for predicting the rating.

    A group is never divided: the groups, in the order of their SHA-256, fill train (80 %), then
    validation and test (10 % each), so that neither a library's version nor `least` moves a
    sentence to another split. Within a split the sentences are shuffled.
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


@guards.guarded("head(source.body.width)", width=guards.a_count)
def head(
    width: int,
    tokenizer: Tokenizer | None = None,
    *,
    loss: str = "cross_entropy",
    pool: str = "mean",
) -> ClassHead | RatingHead:
    """A fresh head for a body of this width: for the two classes, or with loss="squared_error" for
    the rating.

    pool: as in `kit.models.pool`; "last" for a causal body, where only the last token has read the
        whole text. tokenizer: not used.
    Raises KitError for another loss.
    """
    if loss not in ANSWERS:
        raise KitError(f"loss {loss!r} is unknown here: choose one of {', '.join(ANSWERS)}.")
    if loss == "cross_entropy":
        return ClassHead(width, len(CLASSES), pool)
    return RatingHead(width, pool)


def from_words(model: Model, tokenizer: Tokenizer, texts: Iterable[str]) -> Model:
    """Initialise the model's head from the phrases in `WORDS`, in place: a zero-shot classifier
    (label names as classifiers: Yin et al. 2019, arxiv.org/abs/1909.00161). Returns the model.

    With v a sentence's pooled vector, w = mean v(positive) - mean v(negative) over `WORDS`, and m,
    s the mean and standard deviation of w·v over `texts`: logits = ±(w·v - m) / 2s, and a rating is
    (w·v - m) / s. A pretrained body is thus better than chance before any training.

    texts: without labels; some tens. Raises KitError for fewer than two.
    """
    texts = check_texts(texts)
    if len(texts) < 2:
        raise KitError(f"{len(texts)} texts have no deviation: give some tens, without labels.")
    negative, positive = (_vectors(model, tokenizer, WORDS[name]).mean(0) for name in CLASSES)
    w = positive - negative  # (D,)
    z = _vectors(model, tokenizer, texts) @ w  # (N,)
    scale = torch.tensor([[-0.5], [0.5]] if isinstance(model.head, ClassHead) else [[1.0]])
    scale = scale / z.std().clamp(min=1e-6)  # (2, 1) or (1, 1)
    with torch.no_grad():
        model.head.linear.weight.copy_(scale * w)
        model.head.linear.bias.copy_(-scale[:, 0] * z.mean())
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
    """The source migrated to sentiment.

    texts: some tens without labels; with them the head is initialised by `from_words`.
    loss: decides the head: of classes, or with "squared_error" of the rating.
    options: those of the strategy.
    """
    migrated = migrate(source, partial(head, loss=loss), strategy, seed=seed, **options)
    if len(texts):
        from_words(migrated.model, migrated.tokenizer, texts)
    return migrated


def unlabelled(split: "Dataset") -> list[str]:
    """The texts of the first `UNLABELLED` sentences of a split, for `from_words`."""
    return split["text"][:UNLABELLED]


def _vectors(model: Model, tokenizer: Tokenizer, texts: Iterable[str]) -> Tensor:
    """(N, D): each text's pooled vector, the input of the model's head."""
    reader = Model(model.body, VectorHead(model.body.width, pool=model.head.pool, norm=False))
    rows = [{"ids": ids, "y": 0} for ids in tokenizer.encode_many(texts, LIMIT)]
    return torch.from_numpy(np.stack(train.predict(reader, rows)))


@guards.guarded(
    "encode(rows, tokenizer)", rows=guards.rows_with("text"), tokenizer=guards.a_tokenizer
)
def encode(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT, *, loss: str = "cross_entropy"
) -> list[dict]:
    """Rows with a text and a label (for "squared_error": a rating) as examples for `fit`."""
    if loss not in ANSWERS:
        raise KitError(f"loss {loss!r} is unknown here: choose one of {', '.join(ANSWERS)}.")
    return classification.encode(rows, tokenizer, limit, ANSWERS[loss])


@guards.guarded("recipe(100, 'full')", labels=guards.a_count)
def recipe(
    labels: int,
    strategy: str = "full",
    *,
    seed: int = 0,
    source: Source | None = None,
    loss: str = "cross_entropy",
) -> Recipe:
    """How to fine-tune on this many labels: min(12, 3 + 800 / labels) epochs, twice as many for
    "frozen"; chosen on validation sentences.

    The parameters of the last update are kept: to choose the best ones would take a validation
    set that is larger than 50 or 100 labels.
    """
    epochs = min(12.0, 3 + 800 / labels) * (2 if strategy == "frozen" else 1)
    return Recipe(epochs=epochs, keep_best=False, evaluations=5, seed=seed, loss=loss)


@guards.guarded(
    "predict(model, tokenizer, texts)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]
) -> list[str | float]:
    """The class of each text, or its rating where the model's head predicts ratings.

    Of a text 128 tokens are read. Raises KitError for what is no text, or empty.
    """
    outputs = classification.logits(model, tokenizer, texts)  # (N, C) or (N,)
    return [float(y) if y.ndim == 0 else CLASSES[y.argmax()] for y in outputs]


@guards.guarded("score(answers, rows)", answers=guards.answers_to, rows=guards.rows_with("label"))
def score(answers: Sequence[str | float], rows: Iterable[dict]) -> dict[str, float]:
    """accuracy and f1 of the classes, 0 to 1, the class of a rating being its sign; for ratings
    also their correlations with people's, -1 to 1: pearson, and spearman (of the ranks)."""
    from scipy.stats import pearsonr, spearmanr

    rows = list(rows)
    classes = [a if isinstance(a, str) else CLASSES[a > 0] for a in answers]
    scores = classification.score(classes, rows, CLASSES)
    if any(isinstance(a, str) for a in answers):
        return scores
    ratings_by_people = [row["rating"] for row in rows]
    scores["pearson"] = float(pearsonr(answers, ratings_by_people).statistic)
    scores["spearman"] = float(spearmanr(answers, ratings_by_people).statistic)
    return scores


def show(text: str, answer: str | float) -> str:
    """A text with its class or its rating, as HTML."""
    name = answer if isinstance(answer, str) else CLASSES[answer > 0]
    label = name if isinstance(answer, str) else f"{answer:+.1f} of -4 to 4"
    return card(text, label, COLOURS[name])


def scorer(
    rows: Iterable[dict], tokenizer: Tokenizer, limit: int | None = None
) -> Callable[[nn.Module], float]:
    """A function from a model to its accuracy on these rows, or on the first `limit` of them."""
    examples = encode(itertools.islice(rows, limit), tokenizer)
    return lambda model: accuracy(train.predict(model, examples), [e["y"] for e in examples])


@guards.guarded(
    "probabilities(model, tokenizer, text)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def probabilities(model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str]) -> np.ndarray:
    """(N,): P(positive) of each text, the softmax of the two logits, 0 to 1.

    Of a text 128 tokens are read. Raises KitError for what is no text, or empty.
    """
    negative, positive = classification.logits(model, tokenizer, texts).T
    return 1 / (1 + np.exp(negative - positive))


@guards.guarded(
    "probability(model, tokenizer, text)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def probability(model: nn.Module, tokenizer: Tokenizer, text: str) -> float:
    """P(positive) of one text."""
    return float(probabilities(model, tokenizer, [text])[0])


def zero_shot(source: Source, texts: Sequence[str]) -> Source:
    """The source as a zero-shot classifier, with a head by `from_words`. texts: some tens, without
    labels."""
    model = migrate(source, head, "full").model
    from_words(model, source.tokenizer, texts)
    return replace(source, body=model.body.eval(), head=model.head.eval())


@guards.guarded(
    "log_odds(model, tokenizer, text)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def log_odds(model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """(N,): log P(positive) / P(negative) of each text, in nats: the difference of the two logits.

    Computed in float32 on every machine, since bfloat16 cannot represent differences of 1e-5.
    """
    ids = tokenizer.encode_many(texts, LIMIT)
    logits = np.stack(train.predict(model, [{"ids": i, "y": 0} for i in ids], precision="fp32"))
    return logits[:, 1] - logits[:, 0]


def _table(domain: str) -> "Table":
    """All sentences of a domain with their split, from the cache."""
    path = cache_dir() / "sentiment" / f"{domain}-{VERSION}.table"
    return stored(path, partial(ratings, domain))
