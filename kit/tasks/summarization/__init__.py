"""Summarization: a headline for a news article; 2,050 of the BBC's, of 2004 and 2005.

A *reader* (an encoder) reads the beginning of the article; a *writer* (a decoder) generates the
headline and may copy the article's words (`CopyHead`). Each may come from a source; two sources
must have the same tokenizer. Greene & Cunningham 2006, as in `kit.tasks.topics`; for research.
"""

import copy
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from kit import guards
from kit.data.own import Column
from kit.data.splits import SPLITS, articles
from kit.errors import KitError
from kit.html import escape
from kit.loss import IGNORE
from kit.migrate import STRATEGIES, Migration, check_options, decoder_like, group, migrate
from kit.models import CopyHead, SequenceHead, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.models.retokenized import Retokenized
from kit.runtime import random_state
from kit.sources import Source
from kit.tasks.sampling import sample
from kit.tasks.summarization.keyword_baseline import KeywordBaseline
from kit.texts import WORD, check_texts
from kit.tokenizer import Tokenizer, check_tokenizer
from kit.train import Recipe

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "COLUMNS",
    "METRIC",
    "STRATEGY",
    "WAYS",
    "baselines",
    "encode",
    "head",
    "invented",
    "lead",
    "load",
]
__all__ += ["names", "predict", "read", "recipe", "retokenized", "rouge", "sample", "score", "show"]
__all__ += ["pseudo_headline_recipe", "target", "uniform_groups"]

METRIC = "rouge1"
COLUMNS = {"text": Column("text"), "headline": Column("text")}

LIMIT = 40
"""Tokens of an article that are read: usually its lead sentence, which contains nearly half of
the tokens of the headline."""

MOST = 20
"""Tokens of a headline, at most; 19 of 20 headlines have at most 12."""

WAYS = {
    "scratch": "both halves fresh",
    "parameter": "the reader's values move",
    "structure": "the writer's values move; a reader grows before it",
    "mixed": "both halves move",
}
"""Name of a way to migrate -> what moves. The copy mechanism is always fresh."""


def load() -> "DatasetDict":
    """train, validation and test, with the columns id, topic, headline and text (one paragraph a
    line): the articles of `kit.tasks.topics`. Follow-ups of a story are all in one split."""
    from datasets import Dataset, DatasetDict

    kept = {s: [{**r} for r in articles() if r["split"] == s and r["headline"]] for s in SPLITS}
    return DatasetDict({s: Dataset.from_list(kept[s]).remove_columns("split") for s in SPLITS})


@guards.guarded("head(source.body.width)", width=guards.a_count)
def head(
    width: int, tokenizer: Tokenizer | None = None, *, decoder: nn.Module | None = None
) -> CopyHead:
    """A fresh head that generates and copies.

    decoder: default: a Transformer of 2 layers and width 160 with the vocabulary of `tokenizer`.
    """
    if decoder is None:
        config = TransformerConfig(
            vocabulary=tokenizer.size if tokenizer else 8192,
            width=160,
            layers=2,
            heads=5,
            intermediate_size=640,
            block_size=256,
            causal=True,
            cross=True,
            norm_first=True,
            norm_eps=1e-5,
            positions="rotary",
        )
        decoder = Transformer(config)
    return CopyHead(width, decoder, within_word=tokenizer and within_word(tokenizer))


def within_word(tokenizer: Tokenizer) -> torch.Tensor:
    """(V,): whether a token continues a word, since it begins with a letter or a digit."""
    return torch.tensor([tokenizer.decode([i])[:1].isalnum() for i in range(tokenizer.size)])


def retokenized(reader: Source, tokenizer: Tokenizer) -> Source:
    """A reader whose own tokenizer is another, such as MiniLM, for a writer with `tokenizer`."""
    return Source(reader.name, Retokenized(reader.body, reader.tokenizer, tokenizer), tokenizer)


def target(
    reader: Source,
    strategy: str = "mixed",
    *,
    writer: Source | None = None,
    seed: int = 0,
    **options,
) -> Migration:
    """A summariser: the reader's body encodes the article, a decoder writes the headline.

    strategy: one of `WAYS`, or a strategy of `kit.migrate`; `STRATEGY` tells which strategy each
        of the ways is. "structure" and "mixed" migrate the writer's values. An encoder-decoder of
        Hugging Face's is reader and writer at once, without a copy mechanism.
    writer: the source whose decoder has the shape, and by these two strategies the values, of the
        source's; default: none, and the decoder is the fresh one of `head`.
    options: those of the strategy; the default rates are `RATES`. "mixed" takes
        freeze_encoder=True: the reader is not trained.

    Raises KitError for two sources with different tokenizers.
    """
    if isinstance(strategy, Source):
        raise KitError(f"give the second source by its name: writer={strategy.name}.")
    strategy = STRATEGY.get(strategy, strategy)
    if strategy not in STRATEGIES:
        names = ", ".join(map(repr, [*WAYS, *STRATEGIES]))
        raise KitError(f"strategy {strategy!r} is unknown: choose one of {names}.")
    if isinstance(reader.body, Retokenized) and strategy not in ("full", "warm_start"):
        raise KitError(
            f"{strategy} cannot rebuild {reader.name}, which is retokenized: "
            'take "full" or "mixed", and no control that trains.'
        )
    if writer is None:
        if strategy in ("grow_encoder", "warm_start"):
            raise KitError(f"{strategy} migrates a decoder too: give writer=source.")
        if reader.tokenizer.decoder_start is not None and isinstance(reader.head, SequenceHead):
            return migrate(reader, None, strategy, seed=seed, **options)
        make = partial(head, tokenizer=options.get("new", reader.tokenizer))
        return migrate(reader, make, strategy, seed=seed, **options)
    _same_tokenizer(reader, writer)
    options = RATES.get(strategy, {}) | options
    if strategy == "grow_encoder":
        check_options(strategy, options)
    with random_state(seed):
        fresh = head(reader.body.width, writer.tokenizer, decoder=decoder_like(writer.body))
        if strategy == "grow_encoder":
            body, encoder = copy.deepcopy(writer.body), type(reader.body)(reader.body.config)
            grown = STRATEGIES[strategy](body, fresh, **{"encoder": encoder} | options)
            grown.strategy, grown.source = strategy, writer.name
            grown.tokenizer = writer.tokenizer
            return grown
    if strategy == "warm_start":
        options = {"decoder": writer.body} | options
    return migrate(reader, lambda _: fresh, strategy, seed=seed, **options)


def _same_tokenizer(reader: Source, writer: Source) -> None:
    if reader.tokenizer.to_json() != writer.tokenizer.to_json():
        raise KitError(
            f"{reader.name} and {writer.name} have different tokenizers, so no token could be "
            "copied: retokenized(reader, writer.tokenizer) reads the writer's tokens."
        )


STRATEGY = {
    "scratch": "from_scratch",
    "parameter": "full",
    "structure": "grow_encoder",
    "mixed": "warm_start",
}
"""Way -> the strategy of `kit.migrate` that it is."""

RATES = {
    "from_scratch": {"rate": 1e-3},
    "full": {"rate": 5e-4, "head_rate": 2e-3},
    "grow_encoder": {"rate": 5e-4, "fresh_rate": 2e-3},
    "warm_start": {"rate": 5e-4, "fresh_rate": 2e-3},
}
"""Strategy -> its highest learning rates. Few others were tried, on validation articles
(docs/LOG.md): they are not tuned."""


def read(texts: Iterable[str], tokenizer: Tokenizer, limit: int = LIMIT) -> list[list[int]]:
    """The ids of the first `limit` tokens of each article. A space is put before it, so that its
    first word is tokenized like all others."""
    return tokenizer.encode_many([" " + " ".join(text.split()) for text in texts], limit)


@guards.guarded(
    "encode(rows, tokenizer)",
    rows=guards.rows_with("text", "headline"),
    tokenizer=guards.a_tokenizer,
)
def encode(rows: Iterable[dict], tokenizer: Tokenizer, limit: int = LIMIT) -> list[dict]:
    """Rows with "text" and "headline" as examples for `fit`: ids, at most `limit` tokens of the
    article; target: <s> y₁ … yᵤ; y: y₁ … yᵤ </s>.

    Only tokens of the headline that are among `ids` count in the loss: half are not, and a model
    trained on them learns to guess (docs/LOG.md). A pretrained encoder-decoder of Hugging Face's
    can write: with its tokenizer all tokens count.
    """
    rows = list(rows)
    ids = read([row["text"] for row in rows], tokenizer, limit)
    headlines = [" " + plain(row["headline"], row["text"]) for row in rows]
    pairs = zip(ids, tokenizer.targets(headlines, MOST), strict=True)
    whole = tokenizer.decoder_start is not None
    return [
        {"ids": i, "target": target, "y": [y if whole or y in i else IGNORE for y in written]}
        for i, (target, written) in pairs
    ]


def plain(headline: str, text: str) -> str:
    """The headline with its first word in lower case where the article has it only in lower case,
    so that it can be copied."""
    first = re.match(r"[A-Z][a-z]*", headline)
    if first and f" {first[0].lower()}" in f" {text}" and f" {first[0]}" not in f" {text}":
        return headline[0].lower() + headline[1:]
    return headline


@guards.guarded("recipe(100, 'full')", n=guards.a_count)
def recipe(
    n: int, strategy: str = "full", *, seed: int = 0, source: Source | None = None
) -> Recipe:
    """How to train on n articles: min(5, max(0.75, 800 / n)) epochs, what a slow core can afford;
    not tuned. The parameters of the last update are kept."""
    epochs = min(5.0, max(0.75, 800 / n))
    return Recipe(epochs=epochs, batch_size=8, rate=1e-3, keep_best=False, evaluations=5, seed=seed)


def pseudo_headline_recipe(*, seed: int = 0) -> Recipe:
    """How to train on pseudo-headlines (`kit.tasks.summarization.pseudo_headlines`), before the
    fine-tuning on headlines that people wrote."""
    return Recipe(steps=400, batch_size=8, rate=1e-3, keep_best=False, evaluations=5, seed=seed)


def uniform_groups(target: Migration, rate: float = 1e-4) -> list[dict]:
    """Groups for a second stage of training, where no parameter is fresh: one rate for all."""
    return [group(rate, *(p for p in target.model.parameters() if p.requires_grad))]


@guards.guarded(
    "predict(model, tokenizer, texts)", model=guards.a_model, tokenizer=guards.a_tokenizer
)
def predict(
    model: nn.Module, tokenizer: Tokenizer, texts: str | Iterable[str], *, beams: int = 1
) -> list[str]:
    """A headline of at most 20 tokens for each article: greedy decoding, or beam search with
    `beams` beams. The first 40 tokens of an article are read.

    Raises KitError for what is no text, or empty.
    """
    check_tokenizer(model, tokenizer)
    ids = read(check_texts(texts), tokenizer)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    answers = [""] * len(ids)
    for begin in range(0, len(order), 32):
        rows = order[begin : begin + 32]
        written = generate(
            model.eval(),
            [ids[i] for i in rows],
            MOST,
            beams=beams,
            **tokenizer.writing(),
        )
        for i, row in zip(rows, written, strict=True):
            answers[i] = capital(tokenizer.decode(row))
    return answers


def capital(text: str) -> str:
    """The text with single spaces, none around it, and a capital first letter."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


@cache
def _scorer(unicode: bool = False):
    """Counts words as Lin's script does, English ones stemmed; with `unicode`, words of any
    language, and each character of a script without spaces."""
    from rouge_score.rouge_scorer import RougeScorer

    kinds = ["rouge1", "rouge2", "rougeL"]
    if unicode:
        return RougeScorer(kinds, tokenizer=UnicodeWords())
    return RougeScorer(kinds, use_stemmer=True)


class UnicodeWords:
    """Words of any script, in small letters: what rouge_score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        """The words of a text; of Chinese, Japanese and Thai, its characters."""
        return WORD.findall(unicodedata.normalize("NFC", text).casefold())


def rouge(answer: str, headline: str) -> dict[str, float]:
    """ROUGE-1, -2 and -L of one headline, F1 of words in common, 0 to 1 (Lin 2004).

    Words of a headline in ASCII are stemmed as English. Where it has other letters they are taken
    as they are, and Chinese, Japanese and Thai are counted by characters.
    Raises KitError for a headline without a word: no share of nothing can be counted.
    """
    ascii_only = not any(c.isalpha() and not c.isascii() for c in headline)
    if not re.search(r"\w", headline):
        raise KitError(f"the headline {headline!r:.60} has no word, so no ROUGE: leave it out.")
    scores = _scorer(unicode=not ascii_only).score(headline, answer)
    return {kind: value.fmeasure for kind, value in scores.items()}


@guards.guarded(
    "score(answers, rows)", answers=guards.answers_to, rows=guards.rows_with("text", "headline")
)
def score(answers: Sequence[str], rows: Iterable[dict]) -> dict[str, float]:
    """Means over the articles: rouge1, rouge2, rougeL (0 to 1), and invented, the number of names
    in a headline that are not in the article (`invented`; lower is better).

    Raises KitError where the answers are more or fewer than the rows, and for none.
    """
    rows = list(rows)
    if not rows or len(answers) != len(rows):
        raise KitError(
            f"{len(answers)} answers cannot be scored against {len(rows)} rows: give one answer "
            "for each row, and at least one."
        )
    scores = [rouge(a, row["headline"]) for a, row in zip(answers, rows, strict=True)]
    means = {k: sum(score[k] for score in scores) / len(rows) for k in scores[0]}
    n_invented = sum(len(invented(a, row["text"])) for a, row in zip(answers, rows, strict=True))
    return means | {"invented": n_invented / len(rows)}


def names(headline: str) -> list[str]:
    """The capitalised words of a headline without the first word, which is always capitalised."""
    return [word for word in re.findall(r"[\w']+", headline)[1:] if word[0].isupper()]


def invented(headline: str, text: str) -> list[str]:
    """The `names` in a headline that are not words of the article."""
    words = {word.lower() for word in re.findall(r"\w+", text)}
    parts_of = [(name, re.findall(r"\w+", name.lower())) for name in names(headline)]
    return [name for name, parts in parts_of if parts and parts[0] not in words]


def lead(text: str, words: int | None = None) -> str:
    """The article's first paragraph, usually one sentence, or its first `words` words."""
    first_paragraph = text.strip().split("\n")[0].split()
    return " ".join(first_paragraph[:words])


@guards.guarded(
    "baselines(train_rows, test_rows)",
    train=guards.rows_with("text", "headline"),
    test=guards.rows_with("text", "headline"),
)
def baselines(train: Iterable[dict], test: Iterable[dict]) -> dict[str, float]:
    """ROUGE-1 of the lead sentence, of its first eight words, and of its likeliest keywords
    (`KeywordBaseline`, trained on `train`)."""
    test, train = list(test), list(train)
    texts = [row["text"] for row in test]
    headlines = {
        "lead": [lead(text) for text in texts],
        "eight words": [lead(text, 8) for text in texts],
    }
    if train:
        headlines["chosen words"] = KeywordBaseline(train).headlines(texts)
    return {name: score(answers, test)[METRIC] for name, answers in headlines.items()}


def show(text: str, answer: str) -> str:
    """A headline above the beginning of its article, as HTML; invented names underlined."""
    new = set(invented(answer, text))
    words = []
    for part in re.split(r"([\w']+)", answer):
        word = escape(part)
        words.append(f'<u title="nowhere in the article">{word}</u>' if part in new else word)
    body = escape(text if len(text) < 300 else text[:300] + " …")
    return (
        '<div style="font-size:17px;color:#1A1A1A;background:white;padding:.6em 1em;'
        f'max-width:60em"><b style="font-size:1.3em">{"".join(words)}</b><br>{body}</div>'
    )
