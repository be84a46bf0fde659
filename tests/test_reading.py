"""The token that travels: each number that is shown is one that the model computes."""

import math
import re
from html import unescape

import numpy as np
import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.models import RNN, LanguageHead, Model, RNNConfig, Transformer, TransformerConfig
from kit.models.activations import activations
from kit.widgets import Reading
from kit.widgets.base.svg import number, percent, strip
from kit.widgets.reading import reading_figure

TEXT = "The government said it would"
SHAPE = {"vocabulary": 50, "width": 16, "layers": 2, "heads": 4, "intermediate_size": 24}
SHAPE |= {"block_size": 20, "causal": True, "norm_first": True}
KINDS = {
    "learned positions": {},
    "Llama's": {"positions": "rotary", "norm": "rms", "activation": "swiglu", "kv_heads": 2},
    "normalised queries": {"positions": "rotary", "query_norm": True, "query_scalar": 9},
}


@pytest.fixture(scope="module")
def writers() -> dict:
    return {
        "Transformer": sources.load("transformer_writer"),
        "LSTM": sources.load("rnn_writer"),
    }


@pytest.fixture
def reading(writers) -> Reading:
    return Reading(writers, TEXT)


def by_hand_norm(x: np.ndarray, weights: dict, name: str) -> np.ndarray:
    spread = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x - x.mean(-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[
        f"{name}.bias"
    ]


def by_hand_turn(x: np.ndarray) -> np.ndarray:
    """x (T, W): each pair of numbers i and i + W/2 turned by position / 10,000^(2i / W)."""
    half = x.shape[1] // 2
    angle = np.arange(len(x))[:, None] / 10_000 ** (np.arange(half) / half)
    a, b = x[:, :half], x[:, half:]
    return np.hstack([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)])


def test_a_transformer_by_hand_from_its_weights_gives_the_same_numbers(writers) -> None:
    source = writers["Transformer"]
    w = {name: p.detach().double().numpy() for name, p in source.body.named_parameters()}
    ids = [source.tokenizer.eos, *source.tokenizer.encode(TEXT, special=False)]
    shown = activations(source.body, source.head, ids)
    x = by_hand_norm(w["embed.tokens.weight"][ids], w, "embed.norm")
    assert np.allclose(shown.embedding, x, atol=1e-4)
    for n, layer in enumerate(shown.layers):

        def linear(x: np.ndarray, name: str, n: int = n) -> np.ndarray:
            weight, bias = (w[f"blocks.{n}.{name}.{kind}"] for kind in ("weight", "bias"))
            return x @ weight.T + bias

        read, outputs = by_hand_norm(x, w, f"blocks.{n}.attention_norm"), []
        q, k, v = (linear(read, f"attention.{name}") for name in ("query", "key", "value"))
        for head in range(5):
            part = slice(32 * head, 32 * head + 32)
            scores = by_hand_turn(q[:, part]) @ by_hand_turn(k[:, part]).T / math.sqrt(32)
            assert np.allclose(layer.scores[head], scores, atol=1e-3)
            looks = np.exp(np.where(np.tri(len(ids), dtype=bool), scores, -np.inf))
            looks /= looks.sum(1, keepdims=True)
            assert np.allclose(layer.weights[head], looks, atol=1e-4)
            outputs.append(looks @ v[:, part])
            assert np.allclose(layer.mixed[head], outputs[-1], atol=1e-3)
        x = x + linear(np.hstack(outputs), "attention.output")
        assert np.allclose(layer.middle, x, atol=1e-3)
        hidden = linear(by_hand_norm(x, w, f"blocks.{n}.feed_forward_norm"), "feed_forward.up")
        hidden *= (1 + np.vectorize(math.erf)(hidden / math.sqrt(2))) / 2
        x = x + linear(hidden, "feed_forward.down")
        assert np.allclose(layer.y, x, atol=1e-3)
    head = {name: p.detach().double().numpy() for name, p in source.head.named_parameters()}
    logits = by_hand_norm(x, w, "norm") @ head["weight"].T + head["bias"]
    assert np.allclose(shown.logits, logits, atol=1e-3)


def test_an_lstm_by_hand_from_its_weights_gives_the_same_numbers(writers) -> None:
    source = writers["LSTM"]
    w = {name: p.detach().double().numpy() for name, p in source.body.named_parameters()}
    ids = [source.tokenizer.eos, *source.tokenizer.encode(TEXT, special=False)]
    shown = activations(source.body, source.head, ids)
    x = w["embedding.weight"][ids]
    for n, layer in enumerate(shown.layers):
        names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
        W, U, b, d = (w[f"layers.{n}.rnns.0.{name}_l0"] for name in names)
        h, c, rows = np.zeros(U.shape[1]), np.zeros(U.shape[1]), []
        for t, token in enumerate(x):
            i, f, g, o = np.split(W @ token + U @ h + b + d, 4)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            assert np.allclose(layer.before[t], c, atol=1e-4)
            c = f * c + i * np.tanh(g)
            h = o * np.tanh(c)
            assert np.allclose([layer.i[t], layer.f[t], layer.o[t]], [i, f, o], atol=1e-4)
            assert np.allclose([layer.c[t], layer.h[t]], [c, h], atol=1e-4)
            rows.append(h)
        x = np.stack(rows)
    head = {name: p.detach().double().numpy() for name, p in source.head.named_parameters()}
    assert np.allclose(shown.logits, x @ head["weight"].T + head["bias"], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_other_transformers_compute_what_is_shown(kind: str) -> None:
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**SHAPE, **KINDS[kind]))
    for p in body.parameters():
        p.data += 0.3 * torch.randn_like(p)
    model = Model(body, LanguageHead.tied(body)).eval()
    ids = torch.randint(50, (1, 7))
    shown = activations(body, model.head, ids[0].tolist())
    with torch.inference_mode():
        hidden, weights = body(ids, explain=True)
        assert np.allclose(shown.logits, model.head(hidden, None)[0], atol=1e-4)
    for layer, seen in zip(shown.layers, weights, strict=True):
        assert np.allclose(layer.weights, seen[0], atol=1e-5)
        bias = body.blocks[0].attention.output.bias.detach().numpy()
        if layer is shown.layers[0]:
            assert np.allclose(layer.shares.sum(0) + bias, layer.attention, atol=1e-4)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"causal": False}, "causal=False"),
        ({"norm_first": False}, "norm_first=False"),
        ({"parallel": True}, "parallel=True"),
        ({"softcap": 5.0}, "softcap=5.0"),
        ({"window": 3}, "attention_types="),
    ],
)
def test_an_architecture_that_computes_something_else_is_refused(setting, named) -> None:
    body = Transformer(TransformerConfig(**SHAPE | setting))
    with pytest.raises(KitError, match=named):
        activations(body, LanguageHead.tied(body), [1, 2])


def test_a_gru_and_an_empty_text_are_refused() -> None:
    body = RNN(RNNConfig(vocabulary=50, width=8, cell="gru"))
    with pytest.raises(KitError, match="cell='gru'"):
        activations(body, LanguageHead.tied(body), [1, 2])
    with pytest.raises(KitError, match="no token"):
        activations(body, LanguageHead.tied(body), [])


def plain(html: str) -> str:
    """The text of a page, without its markup."""
    return unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html))


def test_each_step_of_a_transformer_shows_the_models_numbers(reading, writers) -> None:
    reading.show("tokens", layer=2, part=3, token=5)
    body, head = writers["Transformer"].body, writers["Transformer"].head
    with torch.inference_mode():
        hidden, weights = body(torch.tensor([reading.ids]), explain=True)
        p = head(hidden, None)[0, 4].softmax(-1)
    pages = {}
    for _, step in reading.step.options:
        pages[step] = plain(reading.show(step).picture.value)
    assert len(pages) == 11 and "id 848" in pages["tokens"]
    for share in weights[1][0, 2, 4, :5].tolist():
        assert percent(share) in pages["weights"] and percent(share) in pages["values"]
    for score in reading.values.layers[1].scores[2, 4].tolist():
        assert number(score) in pages["scores"]
    assert pages["mask"].count("−∞") == 2, "one hidden token, and the sentence that explains it"
    for share in p.topk(3).values.tolist():
        assert percent(share) in pages["probabilities"]
    assert "␣would ← in the text" in pages["probabilities"]
    assert number(-math.log(p[reading.ids[5]])) + " nats" in pages["probabilities"]


def test_each_step_of_an_lstm_shows_the_models_numbers(reading) -> None:
    reading.model.value = "LSTM"
    reading.show("state", layer=2, part=123, token=6)
    cell = reading.values.layers[1]
    f, i, g, c = (float(part[5, 122]) for part in (cell.f, cell.i, cell.g, cell.c))
    before = float(cell.c[4, 122])
    shown = plain(reading.picture.value)
    assert f"{number(f)} × {number(before)} + {number(i)} × " in shown
    assert f"{number(g)}" in shown and f"= {number(c)}" in shown
    assert number(float(cell.h[5, 122])) in plain(reading.show("output").picture.value)
    assert number(float(cell.o[5, 122])) in plain(reading.show("gates").picture.value)


def test_every_control_of_the_reading(reading) -> None:
    assert [label for label, _ in reading.token.options][-1] == "␣would"
    first = reading.picture.value
    reading.next.click()
    assert reading.step.value == "embedding" and reading.picture.value != first
    reading.back.click()
    reading.back.click()
    assert reading.step.value == "tokens"
    reading.show("weights", layer=1, part=1)
    one = reading.picture.value
    reading.part.value = 2
    assert reading.picture.value != one
    reading.model.value = "LSTM"
    assert reading.step.value == "tokens", "an LSTM has no such step"
    assert (reading.layer.value, reading.part.max) == (2, 192)
    reading.layer.value = 1
    assert reading.part.max == 384
    reading.part.value = 300
    reading.layer.value = 2
    assert reading.part.value == 192, "the layer above has fewer units"
    reading.model.value = "Transformer"
    assert (reading.layer.value, reading.part.value, reading.part.max) == (1, 2, 5)
    reading.texts.value = reading.texts.options[-1]
    assert reading.text.value == reading.texts.value
    assert reading.token.options[reading.token.value][0] == "␣very"


def test_any_text_is_read_and_shown_as_text(reading) -> None:
    reading.text.value = "<script>alert(1)</script> and so on, and so on, for ever"
    for _, step in reading.step.options:
        assert "<script" not in reading.show(step).picture.value
    assert len(reading.words) == 10 and "the model reads the last 9" in reading.status.value
    reading.text.value = "中"
    assert "takes other letters apart" in reading.status.value
    reading.text.value = ""
    assert reading.words == ["‹begin›"] and reading.status.value == ""
    reading.model.value = "LSTM"
    for _, step in reading.step.options:
        reading.show(step)


def test_a_page_without_a_kernel_has_every_step(reading) -> None:
    reading.show("weights")
    still = reading.all_steps()
    assert still.count('type="radio"') == 11 and still.count(" checked>") == 1
    for _, step in reading.step.options:
        assert (
            plain(reading.show(step).picture.value).split() == plain(page_of(still, step)).split()
        )


def page_of(still: str, step: str) -> str:
    """The part of a stepper that shows a step."""
    places = list(reading_figure.transformer_figure.STEPS)
    mark = re.search(r'<div id="(kit-steps\d+)"', still)[1]
    place = places.index(step)
    part = still.split(f'<div class="{mark}-{place}">')[1]
    return part.split(f'<div class="{mark}-{place + 1}">')[0]


def test_a_strip_has_a_cell_for_each_number_that_is_not_0() -> None:
    drawn = strip([1.0, -0.5, 0.0, 0.01, 3.0], limit=1.0, cell=4)
    assert drawn.count("h1v1h-1z") == 3 and 'fill-opacity="0.5"' in drawn
    assert "5 numbers from −0.50 to 3.00" in drawn
