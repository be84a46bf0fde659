"""Translation of the messages of programs from English into twelve languages, some low-resource.

The messages are those of JupyterLab and its extensions, Plone, Django and Wagtail, with their
translations. No English text of validation or test is in the training split of any language. A
*parent* model is trained on `PARENTS`; a *child* model is initialised from it and trained on a few
pairs of another language (Zoph et al. 2016, arxiv.org/abs/1604.02201). The first token of the input
is a tag for the target language (Johnson et al. 2017, arxiv.org/abs/1611.04558).
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from torch import nn

from kit import guards
from kit.data import placeholders
from kit.data.cache import stored
from kit.data.own import Column
from kit.data.placeholders import hide, restore
from kit.data.splits import SPLITS, digest, messages
from kit.errors import KitError
from kit.html import escape
from kit.migrate import Migration, migrate
from kit.models import SequenceHead, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.runtime import cache_dir
from kit.sources import Source
from kit.tasks.sampling import sample
from kit.tasks.translation.memory import Memory
from kit.texts import check_texts
from kit.tokenizer import Tokenizer, check_tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "CHILDREN",
    "COLUMNS",
    "LANGUAGES",
    "METRIC",
    "OTHER",
    "PARENTS",
    "baselines",
    "encode",
    "head",
    "load",
    "marked",
    "pieces",
    "predict",
    "predict_options",
    "rate",
    "recipe",
    "sample",
    "score",
    "show",
    "signature",
    "tag",
    "target",
]

METRIC = "bleu"
COLUMNS = {
    "english": Column("text"),
    "language": Column("text", optional=True),
    "translation": Column("text"),
}
LANGUAGES = {
    "ca": "Catalan",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
PARENTS = ("de", "es", "fr", "ja", "pl", "pt", "ru", "zh")
CHILDREN = ("ca", "it", "ro", "uk")
"""The languages of the built-in parent, and those that it was not trained on."""

OTHER = "other"
"""Any other language: without a tag, so that a model learns it from its pairs alone."""

WORDS = 10
"""English words of a message, at most; longer ones are left out."""

LIMIT = 64
"""Tokens that are read, and written, at most, special ones included."""

LONGEST = 128
"""The block size of the models of this task."""

PIECES = 4096
"""V: one vocabulary for all languages and both sides."""

VERSION = 2  # of the table in the cache: count up when the code that makes it changes


def load(language: str = "it") -> "DatasetDict":
    """Messages and their translations as fixed splits `train`, `validation` and `test`.

    language: a code in `LANGUAGES`; default: Italian.

    Columns:
        id           string, unique within the language
        english      string, 1 to 10 words, one line
        translation  string; where there are several the first one
        language     string, the code of the translation's language
        origin       string: jupyterlab, plone, django or wagtail

    Left out are longer messages, and those whose translation has a placeholder that the English
    has not. A message's split depends on its English words alone: it is the same in all languages.
    Raises KitError for an unknown language.
    """
    from datasets import Dataset, DatasetDict
    from pyarrow import compute

    if language not in LANGUAGES:
        raise KitError(f"language {language!r} is unknown: choose one of {', '.join(LANGUAGES)}.")
    path = cache_dir() / "translation" / f"{language}-{VERSION}.table"
    table = stored(path, partial(_rows, language))
    splits = {}
    for name in SPLITS:
        rows = table.filter(compute.equal(table["split"], name)).drop_columns(["split"])
        splits[name] = Dataset(rows, split=name)
    return DatasetDict(splits)


def _rows(language: str) -> list[dict]:
    rows: dict[str, dict] = {}
    for row in messages(language):
        english, translation = row["english"], row["translation"]
        short = len(english.split()) <= WORDS and "\n" not in english + translation
        whole = {*placeholders.found(translation)} <= {*placeholders.found(english)}
        if short and whole and english not in rows:
            name = {"id": digest(f"{language}/{english}")[:12], "language": language}
            rows[english] = name | row
    return sorted(rows.values(), key=lambda row: row["id"])


def tag(language: str) -> str:
    """The character that stands for a target language, at the beginning of the input; "" for
    `OTHER`.

    Raises KitError for an unknown language.
    """
    if language == OTHER:
        return ""
    if language not in LANGUAGES:
        raise KitError(f"language {language!r} is unknown: choose one of {', '.join(LANGUAGES)}.")
    return chr(placeholders.FIRST + 256 + list(LANGUAGES).index(language))


def pieces(size: int = PIECES) -> Tokenizer:
    """The tokenizer: byte-level BPE of the training texts in all languages, English included.

    A tag and a slot for a placeholder are always tokens of their own. The texts of the children's
    languages are among them, as is usual, so that a child with the parent and one from scratch have
    the same tokenizer.
    """
    texts: dict[str, None] = {}
    for language in LANGUAGES:
        for row in load(language)["train"]:
            english, names = hide(row["english"])
            texts |= dict.fromkeys((english, hide(row["translation"], names)[0]))
    alone = [tag(name) for name in LANGUAGES]
    alone += [placeholders.slot(i) for i in range(placeholders.SLOTS)]
    return Tokenizer.train([*texts, *alone * 500], size, alone=placeholders.PRIVATE.pattern)


@guards.guarded("head(source.body.width)", width=guards.a_count)
def head(
    width: int, tokenizer: Tokenizer | None = None, *, layers: int = 1, heads: int = 4, **shape
) -> SequenceHead:
    """A fresh head for a body of this width: a Transformer decoder with cross-attention and the
    vocabulary of `tokenizer`. shape: further values of its config."""
    config = TransformerConfig(
        vocabulary=tokenizer.size if tokenizer else PIECES,
        width=width,
        layers=layers,
        heads=heads if width % heads == 0 else 1,
        intermediate_size=4 * width,
        block_size=LONGEST,
        causal=True,
        cross=True,
        **{"positions": "rotary", "norm_first": True, "norm_eps": 1e-5, "dropout": 0.1} | shape,
    )
    return SequenceHead(width, Transformer(config))


@guards.guarded(
    "encode(rows, tokenizer)",
    rows=guards.rows_with("english", "translation"),
    tokenizer=guards.a_tokenizer,
)
def encode(rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT) -> list[dict]:
    """Rows with "english", "translation" and "language" as examples for `fit`, for teacher
    forcing: the decoder reads the right tokens up to t and predicts token t + 1.

    ids: the language's tag and the English; target: <s> y₁ … yᵤ₋₁; y: y₁ … yᵤ with yᵤ = </s>;
    at most `limit` tokens each. An encoder-decoder of Hugging Face's has no tags and no slots of
    the kit: it reads the text as it is. Raises KitError for a row without a language.
    """
    sources, targets = [], []
    plain = tokenizer.decoder_start is not None
    for row in rows:
        if "language" not in row:
            raise KitError(
                'a row has no "language": add the code of the language that it is translated '
                f"into, one of {', '.join(LANGUAGES)}."
            )
        english, names = (row["english"], []) if plain else hide(row["english"])
        sources.append(english if plain else tag(row["language"]) + english)
        targets.append(row["translation"] if plain else hide(row["translation"], names)[0])
    pairs = zip(
        tokenizer.encode_many(sources, limit), tokenizer.targets(targets, limit), strict=True
    )
    return [{"ids": ids, "target": target, "y": y} for ids, (target, y) in pairs]


@guards.guarded("recipe(100, 'full')", n=guards.a_count)
def recipe(
    n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
) -> Recipe:
    """How to train a child on `n` pairs, with any strategy: 36 √n updates (360 for 100 pairs, 624
    for 300, 1,138 for 1,000) of 16 pairs each."""
    steps = round(36 * n**0.5)
    return Recipe(steps=steps, batch_size=min(n, 16), keep_best=False, evaluations=5, seed=seed)


RATES = {
    "RNN": {
        "full": 2e-3,
        "reinitialised": 4e-3,
        "frozen": 4e-3,
        "lora": 4e-3,
        "from_scratch": 8e-3,
    },
    "Transformer": {"full": 1e-3, "lora": 1e-3, "from_scratch": 2e-3},
}
"""Class of the body -> strategy -> rate for a child, chosen on validation."""


def rate(source: Source, strategy: str) -> dict[str, float]:
    """{"rate": r} for a child of this parent; {} where none was chosen."""
    known = RATES[type(source.body).__name__]
    return {"rate": known[strategy]} if strategy in known else {}


def target(
    source: Source, strategy: str = "full", *, head: bool = False, seed: int = 0, **options
) -> Migration:
    """A child of a parent (`source`), at this task's rates (`RATES`). The parent's decoder is
    migrated too, or with head=True replaced by a fresh one of its shape.

    A source that is no translator gets the fresh decoder of `kit.tasks.translation.head`, at the
    strategy's own rates.
    """
    if not isinstance(source.head, SequenceHead):
        make = partial(_fresh_head, tokenizer=options.get("new", source.tokenizer))
        return migrate(source, make, strategy, seed=seed, **options)
    if source.tokenizer.decoder_start is None:  # what was chosen for the kit's own parents
        options = rate(source, strategy) | options
        if strategy == "lora" and not head:
            options = {"train_head": True} | options  # the head is the decoder, not a word table
    make = None
    if head:
        decoder = source.head.decoder
        make = lambda width: SequenceHead(width, type(decoder)(decoder.config))  # noqa: E731
    return migrate(source, make, strategy, seed=seed, **options)


_fresh_head = head
"""`head`, where an argument has the same name."""


@guards.guarded(
    "predict(model, tokenizer, texts, 'it')", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module,
    tokenizer: Tokenizer,
    texts: str | Iterable[str],
    language: str,
    *,
    beams: int = 1,
) -> list[str]:
    """The translation of each text into `language`, a code in `LANGUAGES`: greedy decoding, or
    beam search with `beams` beams. Placeholders are copied; of a text 64 tokens are read.

    Raises KitError for an input that is no text, or empty, and for an unknown language.
    """
    check_tokenizer(model, tokenizer)
    plain = tokenizer.decoder_start is not None
    texts = check_texts(texts)
    hidden, names = zip(*((t, []) if plain else hide(t) for t in texts), strict=True)
    first = "" if plain else tag(language)
    ids = tokenizer.encode_many([first + text for text in hidden], LIMIT)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    answers = [""] * len(ids)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        max_tokens = min(LIMIT, 10 + 3 * max(len(ids[i]) for i in rows))
        written = generate(
            model.eval(),
            [ids[i] for i in rows],
            max_tokens,
            beams=beams,
            **tokenizer.writing(),
        )
        for i, row in zip(rows, written, strict=True):
            answer = tokenizer.decode(row)
            answers[i] = (answer if plain else restore(answer, names[i])).strip()
    return answers


def predict_options(rows: Iterable[dict]) -> dict[str, str]:
    """{"language": code}: the option of `predict` that the rows decide.

    Raises KitError where they have no language, or several.
    """
    languages = sorted({row.get("language", "") for row in rows})
    if len(languages) != 1 or not languages[0]:
        raise KitError(
            f"the rows have the languages {languages}: give rows of one language, with its code "
            'as "language".'
        )
    return {"language": languages[0]}


@guards.guarded(
    "score(answers, rows)",
    answers=guards.answers_to,
    rows=guards.rows_with("english", "translation"),
)
def score(answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
    """Of the whole corpus: bleu and chrf (0 to 100), and placeholders, the share of the English
    messages' placeholders that is in the answers (0 to 1; 1 where there are none).

    BLEU: Papineni et al. 2002; chrF: Popović 2015; both by sacrebleu (Post 2018,
    arxiv.org/abs/1804.08771), Chinese and Japanese by characters. The rows are of one language.
    Raises KitError where the answers are more or fewer than the rows, and for none.
    """
    rows = list(rows)
    if len(answers) != len(rows):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(rows)} rows: give one answer "
            "for each row."
        )
    bleu, chrf = _metrics(rows)
    references = [[row["translation"] for row in rows]]
    copied = total = 0
    for answer, row in zip(answers, rows, strict=True):
        names = placeholders.found(row["english"])
        total += len(names)
        copied += sum(name in answer for name in names)
    return {
        "bleu": bleu.corpus_score(answers, references).score,
        "chrf": chrf.corpus_score(answers, references).score,
        "placeholders": copied / total if total else 1.0,
    }


def signature(language: str) -> str:
    """sacrebleu's signature for a language: the settings that two comparable BLEU scores share."""
    bleu, _ = _metrics([{"language": language}])
    bleu.corpus_score(["a"], [["a"]])  # the signature contains the number of references
    return str(bleu.get_signature())


def _metrics(rows: Sequence[dict]) -> tuple:
    from sacrebleu.metrics import BLEU, CHRF

    if not rows:
        raise KitError("no rows to score: give at least one.")
    tokenize = {"zh": "zh", "ja": "char"}.get(rows[0].get("language"), "13a")
    return BLEU(tokenize=tokenize), CHRF()


@guards.guarded(
    "baselines(train_rows, test_rows)",
    train=guards.rows_with("english", "translation"),
    test=guards.rows_with("english", "translation"),
)
def baselines(train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
    """BLEU of the untranslated English, and of the translation memory (`Memory`: the translation of
    the most similar message of `train`)."""
    test, train = list(test), list(train)
    texts = [row["english"] for row in test]
    scores = {"English": score(texts, test)["bleu"]}
    if train:
        scores["memory"] = score(Memory(train).translate(texts), test)["bleu"]
    return scores


def show(text: str, answer: str) -> str:
    """A message and its translation as HTML, with the placeholders marked."""
    return f"<p>{marked(text)}<br><b>{marked(answer)}</b></p>"


def marked(text: str) -> str:
    """A text as HTML, with the placeholders marked."""
    parts = placeholders.PLACEHOLDER.split(text)
    names = [f"<mark>{escape(name)}</mark>" for name in placeholders.found(text)]
    pairs = zip(parts, [*names, ""], strict=True)
    return "".join(escape(part) + name for part, name in pairs)
