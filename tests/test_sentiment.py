"""Sentiment from a source to an opinion, on the real MiniLM, and what it says to bad input."""

import numpy as np
import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.results import see_it_work
from kit.tasks import sentiment
from kit.train import Recipe, fit


@pytest.fixture(scope="module")
def source(data):
    return sources.minilm()


@pytest.fixture(scope="module")
def target(source):
    return migrate(source, sentiment.head, "full").model


@pytest.mark.parametrize(
    "text",
    [
        "Fine.",
        "fine " * 10_000,
        "🎬🍿 👍👍👍",
        "这部电影太好看了",
        "فيلم رائع",
        "\x00\x01 \ufffd",
        "a" * 5000,
    ],
    ids=["one word", "ten thousand words", "emoji", "Chinese", "Arabic", "control", "no space"],
)
def test_any_text_gets_an_opinion(target, source, text):
    assert 0 <= sentiment.probability(target, source.tokenizer, text) <= 1


@pytest.mark.parametrize(
    ("text", "says"), [("", "empty"), (" \n", "empty"), (7, "7"), (None, "None")]
)
def test_what_is_no_text_is_named(target, source, text, says):
    with pytest.raises(KitError, match=says):
        sentiment.probability(target, source.tokenizer, text)


def test_a_few_updates_lower_the_loss_on_real_sentences(source, films):
    examples = sentiment.encode(sentiment.sample(films["train"], 32, seed=0), source.tokenizer)
    made = migrate(source, sentiment.head, "full")
    run = fit(made.model, examples, Recipe(steps=12, rate=5e-5), groups=made.groups)
    losses = [step["loss"] for step in run.steps]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert torch.equal(source.body.embed.tokens.weight, sources.minilm().body.embed.tokens.weight)


def test_the_baselines_are_the_textbooks(films):
    train = sentiment.sample(films["train"], 1600, seed=0)
    found = sentiment.baselines(train, films["test"])
    assert 0.45 < found["majority"] < 0.55 < 0.65 < found["tfidf"] < 0.8


def test_recorded_results_hold_what_the_lesson_says():
    found = see_it_work.summary()
    for labels, scores in found.items():
        mean, half = scores["full"]
        assert mean - half > scores["from_scratch"][0] + scores["from_scratch"][1], labels


@pytest.mark.parametrize("texts", [[], ["One sentence."]])
def test_words_need_a_middle(texts, source):
    model = migrate(source, sentiment.head, seed=0).model
    with pytest.raises(KitError, match=r"no deviation|no text"):
        sentiment.from_words(model, source.tokenizer, texts)
