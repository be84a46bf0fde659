"""Lesson 02's widgets without a browser: curves, bars, attention and writing against torch."""

import numpy as np
import pytest
import torch

from kit.data import corpora
from kit.errors import KitError
from kit.metrics import bits_per_byte
from kit.models import (
    RNN,
    LanguageHead,
    Model,
    RNNConfig,
    Transformer,
    TransformerConfig,
    VectorHead,
)
from kit.models.ngram import NGram
from kit.objectives import next_token
from kit.results import load
from kit.sources import Source
from kit.tasks.next_token import (
    NeuralPredictor,
    NGramPredictor,
    begin,
    predictor,
    sharpen,
    token_text,
)
from kit.tokenizer import Tokenizer
from kit.train import Run, total_loss
from kit.widgets import NextToken, Pretraining
from kit.widgets.pretraining import next_token_figure, objectives_figure, pretraining_figure
from kit.widgets.pretraining.pretraining import HeldOut

TEXT = "The government said it would"


@pytest.fixture(scope="module")
def tokenizer(data) -> Tokenizer:
    return Tokenizer.train(corpora.pinned("train", "news")["text"][:200], 1000)


@pytest.fixture(scope="module")
def windows(tokenizer) -> np.ndarray:
    corpus = corpora.pinned("train", "news")["text"][:200]
    return corpora.windows(corpus, tokenizer, 33).with_format("numpy")["ids"][:]


def writer(kind: str, tokenizer: Tokenizer) -> Model:
    torch.manual_seed(0)
    if kind == "RNN":
        body = RNN(RNNConfig(vocabulary=tokenizer.size, width=32, layers=1))
    else:
        shape = {"width": 32, "layers": 2, "heads": 4, "intermediate_size": 64, "block_size": 128}
        body = Transformer(TransformerConfig(vocabulary=tokenizer.size, causal=True, **shape))
    return Model(body, LanguageHead.tied(body))


@pytest.fixture(scope="module")
def writers(tokenizer, windows) -> dict:
    models = {kind: writer(kind, tokenizer) for kind in ("RNN", "Transformer")}
    made = {kind: Source(kind, m.body, tokenizer, m.head) for kind, m in models.items()}
    return made | {"trigrams": NGram(windows.ravel(), tokenizer.size, 3)}


def test_surprise_at_held_out_text_by_hand(tokenizer, windows) -> None:
    model, text = writer("RNN", tokenizer), HeldOut(windows[:3], tokenizer)
    nats, n = total_loss(model, next_token(windows[:3]))
    size = sum(len(tokenizer.decode(row[1:]).encode()) for row in windows[:3])
    assert (text.tokens, text.bytes) == (n, size)
    assert text.bits(model) == pytest.approx(nats / np.log(2) / size)


def test_the_axis_of_perplexity_says_the_same_as_that_of_bits() -> None:
    scene = pretraining_figure.Scene({"unigrams": 2.5}, size=4.1, updates=120)
    axis = pretraining_figure.figure(scene).layout.yaxis2
    for place, text in zip(axis.tickvals, axis.ticktext, strict=True):
        assert scene.perplexity(place) == pytest.approx(float(text.replace(",", "")))


def test_the_curves_are_a_pure_function_of_their_scene() -> None:
    scene = pretraining_figure.Scene({"unigrams": 2.5, "trigrams": 1.7}, size=4.0, updates=120)
    empty = pretraining_figure.figure(scene)
    scene.runs["RNN"] = Run(
        evaluations=[{"step": 1, "seconds": 0.5, "score": -2.0}],
        steps=[{"step": 1, "seconds": 0.5, "loss": 7.0}],
        settings={"tokens in an update": 1024},
    )
    scene.texts["RNN"] = "<b>bold</b>"
    drawn = pretraining_figure.figure(scene)
    assert len(drawn.data) == len(empty.data) and drawn.data[0].y == (2.0,)
    assert pretraining_figure.figure(scene) == drawn
    told = pretraining_figure.table(scene)
    assert "256" in told and "1,024" in told and "5.55" in told  # 2⁸, and 8 ln 2
    assert "<b>bold" not in told


def test_both_learn_and_a_second_click_changes_nothing(tokenizer, windows) -> None:
    makers = {kind: lambda kind=kind: writer(kind, tokenizer) for kind in ("RNN", "Transformer")}
    race = Pretraining(makers, windows, windows[:4], tokenizer, {"unigrams": 2.5}, updates=40)
    race.train().train().wait()
    for name, run in race.scene.runs.items():
        assert run.stopped == "budget" and run.evaluations[0]["step"] == 0
        assert run.updates == run.planned == 40
        assert run.evaluations[-1]["score"] > run.evaluations[0]["score"], name
        assert race.bits()[name] == pytest.approx(-run.evaluations[-1]["score"], abs=0.01)
        assert race.source(name).head is race.models[name].head
    assert "Done." in race.status.value and not race.job.button.disabled
    done = race.complete
    race.updates.value = 4000
    race.train()
    while not race.scene.runs.get("Transformer", Run()).updates:
        race.job._thread.join(0.05)
    race.job.stop()
    race.wait()
    said = race.status.value
    assert done and not race.complete and "Stopped early" in said and "of 4000 updates" in said


@pytest.mark.parametrize("name", ["RNN", "Transformer", "trigrams"])
def test_a_voice_says_what_the_model_says(name: str, writers, tokenizer) -> None:
    who = predictor(writers[name], tokenizer)
    ids = who.read(TEXT + " ")
    assert ids == [tokenizer.eos, *tokenizer.encode(TEXT, special=False)]
    p = sharpen(who.next(ids), 1.0)
    assert p.sum() == pytest.approx(1, abs=1e-3) and p.shape == (tokenizer.size,)
    if name == "trigrams":
        assert np.allclose(p, writers[name].next(ids), atol=1e-5)
        nats = -np.log(writers[name].probabilities(ids)[1:]).sum()
    else:
        model = Model(writers[name].body, writers[name].head)
        nats, _ = total_loss(model, [{"ids": ids[:-1], "y": ids[1:]}], precision="fp32")
    assert who.cost(ids) == pytest.approx(nats, rel=1e-3)
    assert list(who.write(ids, 0.8, seed=3)) == list(who.write(ids, 0.8, seed=3))


def test_greedy_writing_takes_the_first_bar(writers, tokenizer) -> None:
    for writer in writers.values():
        who = predictor(writer, tokenizer)
        ids = who.read(TEXT)
        first = int(who.next(ids).argmax())
        wrote = next(who.write(ids, 0.0, seed=0), tokenizer.eos)
        assert wrote == first


def test_temperature_sharpens_and_flattens() -> None:
    logits = torch.tensor([1.0, 2.0, 3.0])
    assert np.allclose(sharpen(logits, 2.0), torch.softmax(logits / 2, 0))
    assert sharpen(logits, 0.0).tolist() == [0, 0, 1]


def test_a_long_text_is_read_from_its_end(tokenizer) -> None:
    ids = begin(TEXT * 50, tokenizer)
    assert len(ids) == 65 and ids[0] == tokenizer.eos
    assert ids[-5:] == tokenizer.encode(TEXT, special=False)[-5:]


def test_pieces_are_shown_as_one_sees_them(tokenizer) -> None:
    [*_, piece] = tokenizer.encode("It said", special=False)
    assert (
        token_text(piece, tokenizer) == "␣said" and token_text(tokenizer.eos, tokenizer) == "‹end›"
    )


def test_who_cannot_write_is_told_so(tokenizer) -> None:
    reader = Source("reader", writer("RNN", tokenizer).body, tokenizer)
    with pytest.raises(KitError, match="reader does not write"):
        predictor(reader, tokenizer)
    body = RNN(RNNConfig(vocabulary=tokenizer.size, width=32, bidirectional=True))
    with pytest.raises(KitError, match="does not write"):
        predictor(Source("both ways", body, tokenizer, VectorHead(32)), tokenizer)


def test_bars_attention_and_numbers_of_a_scene(writers, tokenizer) -> None:
    who = predictor(writers["Transformer"], tokenizer)
    now = next_token_figure.scene(who, TEXT, 1.0)
    p = sharpen(who.next(who.read(TEXT)), 1.0)
    assert now.p == sorted(p, reverse=True)[: next_token_figure.BARS]
    assert now.entropy == pytest.approx(-(p * np.log2(p)).sum())
    ids = who.read(TEXT)
    assert now.bits == pytest.approx(bits_per_byte(who.cost(ids), len(TEXT)))
    assert now.words[0] == "‹begin›" and len(now.words) == len(ids)
    looks = next_token_figure.heads(now)
    assert looks.shape == (8, len(ids)) and np.allclose(looks.sum(1), 1, atol=1e-5)
    drawn = next_token_figure.figure(now)
    assert drawn.layout.yaxis.ticktext == tuple(now.names)
    assert "layer 2" in drawn.layout.yaxis2.ticktext


@pytest.mark.parametrize("name", ["RNN", "trigrams"])
def test_who_does_not_look_back_says_why(name: str, writers, tokenizer) -> None:
    who = predictor(writers[name], tokenizer)
    assert isinstance(who, NGramPredictor if name == "trigrams" else NeuralPredictor)
    now = next_token_figure.scene(who, "", 1.0)
    assert now.attention is None
    assert next_token_figure.figure(now).layout.annotations[-1].text == now.blind != ""
    assert np.isnan(now.bits) and "bits per byte" not in next_token_figure.verdict(now, 1.0)


def test_every_control_of_the_next_token(writers, tokenizer) -> None:
    asked = NextToken(writers, tokenizer, TEXT)
    before = asked.figure.data[0].x
    asked.text.value = "The"
    assert asked.figure.data[0].x != before
    unsure = asked.status.value
    asked.temperature.value = 0.5
    assert asked.status.value != unsure
    for name in writers:
        asked.model.value = name
        assert asked.figure.data[1].z.shape[0] == (8 if name == "Transformer" else 1)
        asked.write().write().wait()
        assert asked.written[name].startswith('<span style="color:#6B6B6B">The</span>')
    assert list(asked.written) == list(writers) and not asked.job.button.disabled
    asked.text.value = "<script>"
    asked.write().wait()
    assert "<script>" not in asked.pages.value


def test_the_minute_shows_every_recorded_mean_and_the_stars() -> None:
    results = load("pretraining_objectives")
    now = [{"body": "rnn", "pretraining": "vectors", "labels": 100, "accuracy": 0.61}]
    drawn = objectives_figure.figure(results, now)
    assert len(drawn.data) == 12 and all(len(bar.y) == 2 for bar in drawn.data[:6])
    taught = [
        row["accuracy"]
        for row in results["rows"]
        if (row["strategy"], row["labels"]) == ("rnn/vectors/words", 100)
    ]
    assert drawn.data[2].y[1] + objectives_figure.FLOOR == pytest.approx(100 * np.mean(taught))
    assert [y for star in drawn.data[6:] for y in star.y] == [61.0]
