"""Translation: what a programme says, from English into a dozen languages; few sentences in some.

Messages of JupyterLab and its extensions, Plone, Django and Wagtail, and what their translators
made of them. No English text of validation or test is in anybody's training, whatever the
language. A *parent* speaks `PARENTS`; a *child* begins from it with a few pairs of a language
that it has never seen (Zoph et al. 2016, arxiv.org/abs/1604.02201). What a message shall become
is said by its first piece, a tag for the language (Johnson et al. 2017, arxiv.org/abs/1611.04558).
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from torch import nn

from kit.data import placeholders
from kit.data.cache import stored
from kit.data.own import Column
from kit.data.placeholders import hide, restore
from kit.data.splits import SPLITS, digest, messages
from kit.errors import KitError
from kit.migrate import Migration, migrate
from kit.models import SequenceHead, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.runtime import cache_dir
from kit.sources import Source
from kit.tasks.sampling import sample
from kit.tasks.translation.memory import Memory
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "CHILDREN",
    "COLUMNS",
    "LANGUAGES",
    "METRIC",
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
"""What the baked parent speaks, and what it has never seen a translation into."""

WORDS = 10
"""English words of a message, at most; longer ones are left out."""

LIMIT = 64
"""Pieces that are read, and written, at most, special ones included."""

LONGEST = 128
"""Pieces that the models of this task have room for."""

PIECES = 4096
"""V: one vocabulary for all languages and both sides."""

VERSION = 2  # of the table in the cache: count up when the code that makes it changes


def load(language: str = "it") -> "DatasetDict":
    """Messages and their translation, as `train`, `validation` and `test`, for ever the same.

    Columns:
        id           string, unique within the language
        english      string, 1 to 10 words, one line
        translation  string; where there are several the first one
        language     string, the code of the translation's language
        origin       string: jupyterlab, plone, django or wagtail

    Left out: longer messages, and those whose translation has a placeholder that the English
    has not. The side of a message hangs on its English words alone, the same for all languages.
    """
    from datasets import Dataset, DatasetDict
    from pyarrow import compute

    if language not in LANGUAGES:
        raise KitError(f"language {language!r} is unknown: choose one of {', '.join(LANGUAGES)}.")
    path = cache_dir() / "translation" / f"{language}-{VERSION}.parquet"
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
    """The character that says what a message shall become, before its first piece."""
    if language not in LANGUAGES:
        raise KitError(f"language {language!r} is unknown: choose one of {', '.join(LANGUAGES)}.")
    return chr(placeholders.FIRST + 256 + list(LANGUAGES).index(language))


def pieces(size: int = PIECES) -> Tokenizer:
    """The vocabulary: byte-level BPE of what stands in `train` in all languages, both sides.

    A tag or a slot for a placeholder is a piece of its own, whatever stands beside it. The
    children's texts are read too (their own, never whose translation they are), as is usual:
    a child with the parent and one from scratch cut words alike.
    """
    texts: dict[str, None] = {}
    for language in LANGUAGES:
        for row in load(language)["train"]:
            english, names = hide(row["english"])
            texts |= dict.fromkeys((english, hide(row["translation"], names)[0]))
    alone = [tag(name) for name in LANGUAGES]
    alone += [placeholders.slot(i) for i in range(placeholders.SLOTS)]
    return Tokenizer.train([*texts, *alone * 500], size, alone=placeholders.PRIVATE.pattern)


def head(
    width: int, tokenizer: Tokenizer | None = None, *, layers: int = 1, heads: int = 4, **shape
) -> SequenceHead:
    """A fresh head: a decoder, with one row for each of `tokenizer`, that attends to what a body of
    this width says."""
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


def encode(rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT) -> list[dict]:
    """Rows with "english", "translation" and "language" as examples for `fit`, for teacher
    forcing: the decoder reads the right tokens up to t and predicts token t + 1.

    ids: the language's tag and the English; target: <s> y₁ … yᵤ₋₁; y: y₁ … yᵤ with yᵤ = </s>;
    at most `limit` tokens each. Raises KitError for a row without a language.
    """
    sources, targets = [], []
    for row in rows:
        if "language" not in row:
            raise KitError(
                'a row has no "language": add the code of the language that it is translated '
                f"into, one of {', '.join(LANGUAGES)}."
            )
        english, names = hide(row["english"])
        sources.append(tag(row["language"]) + english)
        targets.append(hide(row["translation"], names)[0])
    ids, written = (tokenizer.encode_many(texts, limit) for texts in (sources, targets))
    pairs = zip(ids, written, strict=True)
    return [{"ids": i, "target": w[:-1], "y": w[1:]} for i, w in pairs]


def recipe(
    n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
) -> Recipe:
    """How to train a child on `n` pairs, whatever it begins with: 36 √n updates (360 for 100
    pairs, 624 for 300, 1,138 for 1,000) of 16 pairs each."""
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
"""The rate of a strategy for a child, chosen on validation; others keep theirs."""


def rate(source: Source, strategy: str) -> dict[str, float]:
    """{"rate": r} for a child of this parent, where one was chosen."""
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
    options = rate(source, strategy) | options
    make = None
    if head:
        decoder = source.head.decoder
        make = lambda width: SequenceHead(width, type(decoder)(decoder.config))  # noqa: E731
    return migrate(source, make, strategy, seed=seed, **options)


_fresh_head = head
"""`head`, where an argument has the same name."""


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
    hidden, names = zip(*map(hide, check_texts(texts)), strict=True)
    ids = tokenizer.encode_many([tag(language) + text for text in hidden], LIMIT)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    answers = [""] * len(ids)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        max_tokens = min(LIMIT, 10 + 3 * max(len(ids[i]) for i in rows))
        written = generate(
            model.eval(),
            [ids[i] for i in rows],
            max_tokens,
            start=[tokenizer.bos],
            beams=beams,
            stop=[tokenizer.eos],
        )
        for i, row in zip(rows, written, strict=True):
            answers[i] = restore(tokenizer.decode(row), names[i]).strip()
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


def score(answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
    """Of all answers together: BLEU and chrF (0 to 100), and the share of the English messages'
    placeholders that is in the answer (0 to 1; 1 where there are none).

    BLEU: Papineni et al. 2002; chrF: Popović 2015; both as sacrebleu counts them (Post 2018,
    arxiv.org/abs/1804.08771), in Chinese and Japanese by characters.
    """
    rows = list(rows)
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
    bleu.corpus_score(["a"], [["a"]])  # it knows how many references there are once it counted
    return str(bleu.get_signature())


def _metrics(rows: Sequence[dict]) -> tuple:
    from sacrebleu.metrics import BLEU, CHRF

    if not rows:
        raise KitError("there is nothing to score: give at least one row.")
    cut = {"zh": "zh", "ja": "char"}.get(rows[0].get("language"), "13a")
    return BLEU(tokenize=cut), CHRF()


def baselines(train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
    """BLEU of what costs nothing: the English as it is, and the translation memory
    (`Memory`: the translation of the nearest message of `train`)."""
    test = list(test)
    texts = [row["english"] for row in test]
    found = {"English": score(texts, test)["bleu"]}
    if train := list(train):
        found["memory"] = score(Memory(train).translate(texts), test)["bleu"]
    return found


def show(text: str, answer: str) -> str:
    """HTML of one translation, placeholders marked."""
    return f"<p>{marked(text)}<br><b>{marked(answer)}</b></p>"


def marked(text: str) -> str:
    """A text as HTML, its placeholders marked."""
    from html import escape

    parts = placeholders.PLACEHOLDER.split(text)
    names = [f"<mark>{escape(name)}</mark>" for name in placeholders.found(text)]
    pairs = zip(parts, [*names, ""], strict=True)
    return "".join(escape(part) + name for part, name in pairs)
