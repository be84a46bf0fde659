"""Long texts: what is read of them is bounded and said, and their answers are the same."""

import random
import time
from collections.abc import Callable
from itertools import islice, pairwise
from typing import ClassVar

import numpy as np
import pytest
import torch
from migrations import TOKENS
from test_experiment import source as reading_source
from tqdm import auto

from kit import sources
from kit.data import own
from kit.migrate import migrate
from kit.models import ClassHead
from kit.progress import progress
from kit.runtime import peak_memory
from kit.tasks import classification, entities, next_token, tagging
from kit.tokenizer import Tokenizer
from kit.widgets.pretraining.next_token import NextToken
from kit.widgets.sentiment.words import Words

WORDS = ("Anna", "saw", "a", "film", "of", "Paris", "and", "it", "was", "not", "bad", ".", "\n\n")
LONG = " ".join(random.Random(0).choices(WORDS, k=1_100_000))
"""5 MB."""


def bounded(call: Callable, seconds: float = 10.0, megabytes: float = 150.0) -> object:
    """What the call returns; it takes little time and memory."""
    memory, began = peak_memory(), time.perf_counter()
    result = call()
    assert time.perf_counter() - began < seconds
    assert peak_memory() - memory < megabytes
    return result


@pytest.fixture(scope="module")
def writer():
    return sources.load("transformer_writer")


@pytest.mark.parametrize("limit", [3, 20, 128])
@pytest.mark.parametrize("name", ["bytes", "shipped", "wordpiece"])
def test_the_first_pieces_are_those_of_the_whole_text(name: str, limit: int, writer) -> None:
    tokenizer = {"bytes": TOKENS, "shipped": writer.tokenizer}.get(name) or wordpiece()
    draw = random.Random(limit)
    for _ in range(20):
        gaps = [" ", "  ", "\n", " \t ", "é ", "🙂 "]
        text = "".join(draw.choice(WORDS) + draw.choice(gaps) for _ in range(30 * limit))
        whole = tokenizer.encode(text)
        special = 2 if name != "shipped" else len(tokenizer.encode(""))
        assert tokenizer.encode(text, limit + special)[: limit - 1] == whole[: limit - 1]
        assert len(tokenizer.encode(text, limit + special)) == limit + special
        assert len(tokenizer._beginning(text, limit)) < len(text)


def wordpiece() -> Tokenizer:
    """A small tokenizer of BERT's kind."""
    import tokenizers
    from tokenizers import models, normalizers, pre_tokenizers, processors

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz."]
    pieces += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    made = tokenizers.Tokenizer(
        models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return Tokenizer(made)


def test_a_long_text_is_classified_by_its_beginning() -> None:
    given = reading_source()
    model = migrate(given, lambda width: ClassHead(width, 2)).model
    long = bounded(lambda: classification.logits(model, TOKENS, LONG))
    assert np.array_equal(long, classification.logits(model, TOKENS, LONG[:20_000]))


def test_the_words_widget_says_what_it_does_not_read() -> None:
    model = migrate(reading_source(), lambda width: ClassHead(width, 2)).model
    shown = Words({"full": model}, TOKENS, "a short film")
    assert shown.status.value == ""
    bounded(lambda: shown.ask(LONG))
    assert f"{len(LONG) - 2000:,} were not: give a shorter one" in shown.status.value
    assert len(shown.answer.value) < 50_000


def test_the_next_token_widget_reads_the_end(writer) -> None:
    shown = NextToken({"writer": writer}, writer.tokenizer, "a film")
    assert "not read" not in shown.status.value
    bounded(lambda: setattr(shown.text, "value", LONG))
    assert f"the first {len(LONG) - 10_000:,} characters are not read" in shown.status.value
    assert next_token.begin(LONG, writer.tokenizer) == next_token.begin(
        LONG[-50_000:], writer.tokenizer
    )
    whole = writer.tokenizer.encode(LONG[-30_000:].rstrip(" "), special=False)
    assert next_token.begin(LONG, writer.tokenizer)[1:] == whole[-next_token.READ :]
    bounded(lambda: shown.write().wait())
    assert len(shown.pages.value) < 10_000


def test_entities_are_the_same_however_many_windows_are_in_memory(monkeypatch) -> None:
    given = reading_source()
    torch.manual_seed(0)
    model = migrate(given, entities.head).model
    text = LONG[:6_000]
    answers = entities.predict(model, TOKENS, [text, "Anna saw Paris"])
    monkeypatch.setattr(entities, "WINDOWS", 3)
    assert entities.predict(model, TOKENS, [text, "Anna saw Paris"]) == answers
    assert len(answers[0]) == len(entities.words(text))


def test_many_words_are_decoded_in_little_memory() -> None:
    logits = np.random.default_rng(0).normal(size=(50_000, 9)).astype(np.float32)
    tags = bounded(lambda: tagging.best(logits, entities.TAGS), megabytes=30)
    assert len(tags) == 50_000
    names = [entities.TAGS[i] for i in tags]
    follows = pairwise(names)
    assert all(not b.startswith("I-") or a[2:] == b[2:] for a, b in follows)


class Bar(auto.tqdm):
    """A bar that is told of."""

    made: ClassVar[list[dict]] = []

    def __init__(self, *given, **about) -> None:
        self.made.append(about)
        super().__init__(*given, **about)


def test_reading_and_tagging_show_a_bar_and_can_be_stopped(monkeypatch) -> None:
    Bar.made.clear()
    monkeypatch.setattr(auto, "tqdm", Bar)
    rows = [{"text": f"film {i}"} for i in range(30)]
    report = own.read(rows, {"text": own.Column("text")})
    assert len(report.good) == 30 and "reading the rows" in Bar.made[0]["desc"]
    model = migrate(reading_source(), entities.head).model
    entities.predict(model, TOKENS, LONG[:3_000])
    assert Bar.made[1]["desc"] == "tagging" and Bar.made[1]["total"] >= 1

    def interrupted():
        yield from islice(rows, 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own.read(interrupted(), {"text": own.Column("text")})
    assert len(own.read(rows, {"text": own.Column("text")}).good) == 30


def test_a_bar_changes_nothing() -> None:
    assert list(progress(range(5), "counting", 5)) == [0, 1, 2, 3, 4]
    assert list(progress(iter("ab"), "counting")) == ["a", "b"]
