"""Topics: what is a news article about? 2,050 of the BBC's, of 2004 and 2005, in five classes.

Greene & Cunningham 2006, Practical Solutions to the Problem of Diagonal Dominance in Kernel
Document Clustering, ICML; for research. Any classes do: `kit.data.own` reads the user's.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from torch import nn

from kit import guards
from kit.data.own import Column
from kit.data.splits import SPLITS, articles
from kit.html import card
from kit.models import ClassHead
from kit.tasks import classification
from kit.tasks.classification import baselines, encode, recipe
from kit.tasks.sampling import balanced_sample as sample
from kit.tokenizer import Tokenizer

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["CLASSES", "COLUMNS", "METRIC", "baselines", "encode", "head", "load", "predict"]
__all__ += ["recipe", "sample", "score", "show"]

CLASSES = ("business", "entertainment", "politics", "sports", "tech")
METRIC = "accuracy"
COLUMNS = {"text": Column("text"), "label": Column("class", CLASSES)}


def load() -> "DatasetDict":
    """id, headline, text (without the headline), label: one of `CLASSES`. Follow-ups of a story
    are all in one split."""
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    kinds = dict.fromkeys(("id", "headline", "text"), Value("string"))
    features = Features(kinds | {"label": ClassLabel(names=list(CLASSES))})
    rows = [row | {"label": CLASSES.index(row["topic"])} for row in articles()]
    kept = {s: [{k: r[k] for k in features} for r in rows if r["split"] == s] for s in SPLITS}
    return DatasetDict({s: Dataset.from_list(kept[s], features=features) for s in SPLITS})


@guards.guarded("head(source.body.width)", width=guards.a_count)
def head(
    width: int, tokenizer: Tokenizer | None = None, *, classes: int = len(CLASSES)
) -> ClassHead:
    """A fresh head for the five topics, or for another number of classes."""
    return ClassHead(width, classes)


@guards.guarded(
    "predict(model, tokenizer, texts)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module,
    tokenizer: Tokenizer,
    texts: str | Iterable[str],
    names: Sequence[str] = CLASSES,
) -> list[str]:
    """The topic of each text, of which 128 tokens are read.

    Raises KitError for what is no text, and for fewer or more names than classes.
    """
    return classification.classify(model, tokenizer, texts, names)


def score(answers: Sequence[str], rows: Iterable[dict], names: Sequence[str] = CLASSES) -> dict:
    """accuracy, and f1, the mean over the topics."""
    return classification.score(answers, rows, names)


def show(text: str, answer: str) -> str:
    """The beginning of an article with its topic, as HTML."""
    return card(text if len(text) < 300 else text[:300] + " …", answer)
