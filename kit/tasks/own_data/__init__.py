"""The user's own data, of four kinds: texts with classes, words with tags, pairs of texts, articles
with headlines. Each becomes a `kit.tasks.Task`, which a saved model's card describes.

    kind = KINDS["tags"]
    report = own.read("names.conll", kind.columns)
    task = kind.task(report)
    ...                                                # train, as with any task
    folders.save(source, "names-model", task)          # writes the task into the card
    predict(sources.load("names-model"), ["Mara sails to Bergen."])
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

from kit import sources
from kit.data.own import Column
from kit.errors import KitError
from kit.guards import a_source, guarded
from kit.migrate import Migration, migrate
from kit.models import Model, TagHead
from kit.sources import Source
from kit.tasks import entities, summarization, translation
from kit.tasks.classification import ClassificationTask
from kit.tasks.sampling import sample
from kit.tasks.summarization.keyword_baseline import NoKeywords
from kit.tasks.translation.memory import Memory
from kit.tokenizer import Tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import Dataset

    from kit.tasks import Task

__all__ = [
    "KINDS",
    "HeadlinesTask",
    "Kind",
    "PairsTask",
    "TaggingTask",
    "described",
    "predict",
    "task_of",
]


@dataclass(frozen=True)
class TaggingTask:
    """Tags of the user's own words as a `kit.tasks.Task`, from the names of the tags (BIO).

    report = own.read("names.conll", {"words": Column("words"), "tags": Column("tags")})
    task = TaggingTask(report.wants["tags"].names)
    """

    names: tuple[str, ...]
    """The tags, in the order of their numbers: O, and B-… and I-… of each kind."""

    METRIC = "f1"

    def __post_init__(self) -> None:
        others = [n for n in self.names if n != "O" and n[:2] not in ("B-", "I-")]
        if others:
            raise KitError(
                f"the tag {others[0]!r} is none of O, B-… and I-…: write names into the file, "
                "or give those of numbers to own.read, values={'0': 'O', '1': 'B-PER', ...}."
            )
        if "O" not in self.names or len(self.names) < 2:
            raise KitError(
                f"the tags are {', '.join(self.names) or 'none'}: give O, for a word in no name, "
                "and at least one kind of name, such as B-PER."
            )

    @property
    def COLUMNS(self) -> dict[str, Column]:
        """The columns that it learns from."""
        return {"words": Column("words"), "tags": Column("tags", self.names)}

    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n rows: `kit.tasks.sampling.sample`."""
        return sample(split, n, seed)

    def head(self, width: int, tokenizer: Tokenizer | None = None) -> TagHead:
        """A fresh head for these tags."""
        return entities.head(width, tags=self.names)

    def target(self, source: Source, strategy: str = "full", *, seed: int = 0, **own) -> Migration:
        """The source migrated to these tags, at the learning rates of `kit.tasks.entities`."""
        options = entities.options(strategy, source) | own
        return migrate(source, self.head, strategy, seed=seed, **options)

    def encode(self, rows: Iterable[dict], tokenizer: Tokenizer) -> list[dict]:
        """Rows as examples for `fit`."""
        return entities.encode(rows, tokenizer)

    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
    ) -> Recipe:
        """How to fine-tune on n rows: as for named entities, not tuned for these tags."""
        return entities.recipe(n, strategy, seed=seed, source=source)

    def predict(self, model: nn.Module, tokenizer: Tokenizer, texts) -> list[list[str]]:
        """The tags of each text, one a word: of a string, or of a list of words."""
        return entities.predict(model, tokenizer, texts, tags=self.names)

    def score(self, answers: Sequence[Sequence[str]], rows: Iterable[dict]) -> dict[str, float]:
        """f1, precision and recall of whole names, and f1 of each kind."""
        return entities.score(answers, rows, tags=self.names)

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """F1 of giving each word the tag that it most often had in `train`."""
        return entities.baselines(self._by_name(train), self._by_name(test))

    def _by_name(self, rows: Iterable[dict]) -> list[dict]:
        return [row | {"tags": entities.names(row["tags"], self.names)} for row in rows]

    def show(self, text: str | Sequence[str], answer: Sequence[str]) -> str:
        """A text with its names marked, as HTML."""
        return entities.show(text, answer)


@dataclass(frozen=True)
class PairsTask:
    """Translation of the user's own pairs into one language as a `kit.tasks.Task`.

    The score is chrF, which counts characters, and so needs to know no script's words.
    """

    language: str
    """A code in `kit.tasks.translation.LANGUAGES`, or `translation.OTHER` for any other language:
    the source has no tag for that, and learns it from the pairs alone."""

    METRIC = "chrf"
    COLUMNS = translation.COLUMNS

    def __post_init__(self) -> None:
        translation.tag(self.language)  # an unknown one is refused here

    def sample(self, split: "Dataset", n: int, seed: int) -> "Dataset":
        """n rows: `kit.tasks.sampling.sample`."""
        return sample(split, n, seed)

    def head(self, width: int, tokenizer: Tokenizer | None = None) -> nn.Module:
        """A fresh decoder, as in `kit.tasks.translation`."""
        return translation.head(width, tokenizer)

    def target(self, source: Source, strategy: str = "full", *, seed: int = 0, **own) -> Migration:
        """The translator migrated to these pairs, with its decoder."""
        return translation.target(source, strategy, seed=seed, **own)

    def encode(self, rows: Iterable[dict], tokenizer: Tokenizer) -> list[dict]:
        """Rows as examples for `fit`."""
        return translation.encode(self._with_language(rows), tokenizer)

    def recipe(
        self, n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
    ) -> Recipe:
        """How to fine-tune on n pairs: as for the messages of programs."""
        return translation.recipe(n, strategy, seed=seed, source=source)

    def predict(self, model: nn.Module, tokenizer: Tokenizer, texts) -> list[str]:
        """The translation of each text."""
        return translation.predict(model, tokenizer, texts, self.language)

    def score(self, answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
        """chrf and bleu, 0 to 100; for another language than `LANGUAGES` chrf alone, since nobody
        says how its words are told apart."""
        scores = translation.score(answers, self._with_language(rows))
        known = self.language in translation.LANGUAGES
        return {k: v for k, v in scores.items() if k == "chrf" or (k == "bleu" and known)}

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """chrF of the text left as it is, and of the translation of the most similar known text."""
        train, test = list(train), list(test)
        texts = [row["english"] for row in test]
        answers = {"as it is": texts}
        if train:
            answers["memory"] = Memory(train).translate(texts)
        return {name: self.score(given, test)["chrf"] for name, given in answers.items()}

    def _with_language(self, rows: Iterable[dict]) -> list[dict]:
        return [row | {"language": self.language} for row in rows]

    def show(self, text: str, answer: str) -> str:
        """A text and its translation, as HTML."""
        return translation.show(text, answer)


@dataclass(frozen=True)
class HeadlinesTask:
    """Headlines of the user's own articles: `kit.tasks.summarization`, all of whose other parts it
    has, without the keyword baseline where the articles teach no keywords."""

    def __getattr__(self, name: str):
        return getattr(summarization, name)

    def baselines(self, train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
        """ROUGE-1 of the first paragraph, of its first eight words, and of its keywords.

        Raises KitError for a test headline without a word.
        """
        train, test = list(train), list(test)
        scores = summarization.baselines([], test)
        try:
            return scores | summarization.baselines(train, test)
        except NoKeywords:
            return scores


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the four kinds of data: its columns, its task, and how it is trained."""

    columns: dict[str, Column]
    """What a file must have: first the text, last the answer."""
    task: Callable[..., "Task"]
    """task(report, language): the task of the rows that were read."""
    sources: dict[str, str]
    """Name for the user -> name of a source in `kit.sources.NAMED`; the first is the default."""
    strategy: str = "full"
    """How the source is migrated."""
    control: str = "from_scratch"
    """The control: the same architecture with fresh values."""
    options: Callable[[], dict] = field(default=dict)
    """Further options of the task's `target`."""
    test_rows: int = 200
    """Rows of test that are scored, at most; texts that are written take seconds."""


ENCODERS = {"small and fast": "transformer_encoder", "MiniLM, better and slower": "minilm"}
KINDS = {
    "classes": Kind(
        columns={"text": Column("text"), "label": Column("class")},
        task=lambda report, language="": ClassificationTask(report.wants["label"].names),
        sources=ENCODERS,
        test_rows=1000,
    ),
    "tags": Kind(
        columns={"words": Column("words"), "tags": Column("tags")},
        task=lambda report, language="": TaggingTask(report.wants["tags"].names),
        sources=ENCODERS,
    ),
    "pairs": Kind(
        columns=translation.COLUMNS,
        task=lambda report, language: PairsTask(language),
        sources={"a translator from English into 8 languages": "translator"},
    ),
    "headlines": Kind(
        columns=summarization.COLUMNS,
        task=lambda report, language="": HeadlinesTask(),
        sources={"an encoder, and a writer": "transformer_encoder"},
        strategy="mixed",
        control="scratch",
        options=lambda: {"writer": sources.load("transformer_writer")},
    ),
}
"""Every kind of data by name."""


def described(task: "Task") -> dict:
    """The task as plain data, for a source's card; the inverse of `task_of`."""
    if isinstance(task, ClassificationTask):
        return {"kind": "classes", "names": list(task.names)}
    if isinstance(task, TaggingTask):
        return {"kind": "tags", "names": list(task.names)}
    if isinstance(task, PairsTask):
        return {"kind": "pairs", "language": task.language}
    if isinstance(task, HeadlinesTask):
        return {"kind": "headlines"}
    raise KitError(f"{task!r:.80} is none of the kinds of own data: {', '.join(KINDS)}.")


_MADE: dict[str, Callable[[dict], "Task"]] = {
    "classes": lambda about: ClassificationTask(tuple(about["names"])),
    "tags": lambda about: TaggingTask(tuple(about["names"])),
    "pairs": lambda about: PairsTask(about["language"]),
    "headlines": lambda about: HeadlinesTask(),
}


def task_of(source: Source) -> "Task":
    """The task that a source's card describes, with its names. Raises KitError for none."""
    about = source.card.get("task")
    if not isinstance(about, dict) or about.get("kind") not in _MADE:
        raise KitError(
            f"the card of {source.name!r} does not say what it was trained for: give a model that "
            "kit.tasks.own_data.folders.save wrote, or call its task's predict with its names."
        )
    return _MADE[about["kind"]](about)


@guarded("own_data.predict(source, texts)", source=a_source)
def predict(source: Source, texts: str | Iterable) -> list:
    """The answers of a saved model to some texts: classes, tags, translations or headlines.

    Raises KitError for what is no text, or empty, and for a source without a task.
    """
    if source.head is None:
        raise KitError(f"{source.name!r} has no head, so no answers: give one that was trained.")
    texts = [texts] if isinstance(texts, str) else texts
    return task_of(source).predict(Model(source.body, source.head), source.tokenizer, texts)
