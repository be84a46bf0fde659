"""Writing: cached as uncached, alone as in a batch, drawn as asked, and beams that find more."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kit.errors import KitError
from kit.models import RNN, LanguageHead, Model, RNNConfig, SequenceHead
from kit.models.generate import choose, generate, stream
from kit.models.linear import Linear, linear
from kit.models.transformer import Transformer, TransformerConfig

SHAPE = {
    "vocabulary": 11,
    "width": 16,
    "layers": 2,
    "heads": 2,
    "intermediate_size": 24,
    "block_size": 40,
}
BODIES = {
    "gpt2": {"norm_first": True, "causal": True, "embedding_norm": False},
    "llama": {
        "norm_first": True,
        "norm": "rms",
        "positions": "rotary",
        "activation": "swiglu",
        "kv_heads": 1,
        "causal": True,
    },
}


def shaken(model):
    """Values large enough that the likeliest piece changes from step to step."""
    for parameter in model.parameters():
        parameter.data += 0.4 * torch.randn_like(parameter)
    return model.eval()


def writer(kind="llama", seed=0, **changes):
    torch.manual_seed(seed)
    if kind == "rnn":
        body = RNN(RNNConfig(vocabulary=11, width=16))
    else:
        body = Transformer(TransformerConfig(**SHAPE | BODIES[kind] | changes))
    return shaken(Model(body, LanguageHead(16, body.config.vocabulary)))


def translator():
    torch.manual_seed(0)
    encoder = Transformer(TransformerConfig(**SHAPE))
    decoder = Transformer(TransformerConfig(**SHAPE | BODIES["llama"] | {"cross": True}))
    return shaken(Model(encoder, SequenceHead(16, decoder)))


@torch.no_grad()
def uncached(model, prompt, max_tokens):
    ids = list(prompt)
    for _ in range(max_tokens):
        whole = torch.tensor([ids])
        ids.append(int(model(whole, torch.ones_like(whole, dtype=torch.bool))[0, -1].argmax()))
    return ids[len(prompt) :]


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(["gpt2", "llama", "rnn"]),
    seed=st.integers(0, 5),
    prompts=st.lists(st.lists(st.integers(0, 10), min_size=1, max_size=9), min_size=1, max_size=4),
)
def test_cached_in_a_batch_equals_uncached_alone(kind, seed, prompts):
    model = writer(kind, seed)
    assert generate(model, prompts, 12) == [uncached(model, prompt, 12) for prompt in prompts]


def test_a_stop_piece_ends_its_row_alone_and_is_not_written():
    model, prompts = writer(), [[1], [2, 3], [4]]
    whole = generate(model, prompts, 12)
    stop = whole[0][4]
    cut = [list(itertools.takewhile(lambda piece: piece != stop, row)) for row in whole]
    assert generate(model, prompts, 12, stop=[stop]) == cut
    assert {len(row) for row in cut} != {12}


def test_the_stream_yields_a_step_at_a_time():
    model, prompts = writer(), [[1], [2, 3]]
    steps = stream(model, prompts, 9)
    first = next(steps)
    rows = zip(first, *steps, strict=True)
    assert [list(row) for row in rows] == generate(model, prompts, 9)


@torch.no_grad()
def test_a_sequence_head_writes_after_reading():
    model, sources = translator(), [[1, 2, 3, 4], [5]]
    for prompt, found in zip(sources, generate(model, sources, 8, start=[2]), strict=True):
        ids, target = torch.tensor([prompt]), [2]
        for _ in range(8):
            logits = model(ids, torch.ones_like(ids, dtype=torch.bool), torch.tensor([target]))
            target.append(int(logits[0, -1].argmax()))
        assert found == target[1:]


def test_same_seed_same_text_and_another_seed_another():
    drawn = [generate(writer(), [[1], [2]], 20, temperature=1.5, seed=s) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


LOGITS = torch.tensor([[2.0, 1.0, 0.0, -1.0, -30.0]])


def draws(n=4000, **how):
    generator = torch.Generator().manual_seed(0)
    found = choose(LOGITS.expand(n, -1), generator=generator, **how)
    return torch.bincount(found, minlength=5) / n


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax(temperature):
    expected = (LOGITS[0] / temperature).softmax(-1)
    torch.testing.assert_close(draws(temperature=temperature), expected, atol=0.03, rtol=0)


def test_top_k_and_top_p_draw_from_those_that_they_name():
    p = LOGITS[0].softmax(-1)
    assert draws(temperature=1.0, top_k=2).nonzero().flatten().tolist() == [0, 1]
    just = float(p[:2].sum())
    assert draws(temperature=1.0, top_p=just - 0.01).nonzero().flatten().tolist() == [0, 1]
    assert draws(temperature=1.0, top_p=just + 0.01).nonzero().flatten().tolist() == [0, 1, 2]
    assert draws(temperature=1.0, top_p=1e-9).nonzero().flatten().tolist() == [0]
    torch.testing.assert_close(
        draws(temperature=1.0, top_k=2)[:2], p[:2] / p[:2].sum(), atol=0.03, rtol=0
    )


@torch.no_grad()
def log_p(model, prompt, written):
    ids = torch.tensor([[*prompt, *written]])
    scores = model(ids, torch.ones_like(ids, dtype=torch.bool)).log_softmax(-1)[0]
    places = range(len(prompt) - 1, ids.shape[1] - 1)
    return sum(float(scores[i, ids[0, i + 1]]) for i in places)


def every(stop, max_tokens):
    """All that may be written over pieces 0 to 4: with a stop at the end, or `max_tokens` long."""
    for length in range(1, max_tokens + 1):
        for row in itertools.product(range(5), repeat=length):
            if stop not in row[:-1] and (row[-1] == stop or length == max_tokens):
                yield row


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_beams_wide_enough_find_the_best_of_all(penalty, seed):
    model, stop, prompts = writer("gpt2", seed, vocabulary=5), 3, [[1, 2], [4]]
    found = generate(model, prompts, 3, beams=25, length_penalty=penalty, stop=[stop])
    for prompt, written in zip(prompts, found, strict=True):
        best = max(
            every(stop, 3),
            key=lambda row: log_p(model, prompt, row) / len(row) ** penalty,
        )
        assert written == [piece for piece in best if piece != stop]


def test_one_beam_is_greedy_and_more_are_no_less_likely_here():
    model, prompts = writer("gpt2"), [[1], [2, 3], [7]]
    greedy, beams = generate(model, prompts, 8), generate(model, prompts, 8, beams=8)
    pairs = zip(prompts, greedy, beams, strict=True)
    gains = [log_p(model, p, b) - log_p(model, p, g) for p, g, b in pairs]
    assert min(gains) > -1e-4 and max(gains) > 0.01
    assert math.isfinite(sum(gains))


@pytest.mark.parametrize("kind", ["rnn", "translator"])
def test_beams_for_an_rnn_and_for_a_sequence_head(kind):
    model = translator() if kind == "translator" else writer("rnn")
    start = [2] if kind == "translator" else []
    alone = [generate(model, [p], 6, beams=3, start=start, stop=[4])[0] for p in ([1, 2], [5])]
    assert generate(model, [[1, 2], [5]], 6, beams=3, start=start, stop=[4]) == alone


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"temperature": 1.0, "top_k": 0}, "top_k=0"),
        ({"temperature": 1.0, "top_p": 1.5}, "top_p=1.5"),
        ({"beams": 0}, "beams=0: give a whole number"),
        ({"beams": 2, "temperature": 1.0}, "beams=2"),
        ({"max_tokens": 60}, "61 tokens.*at most 40"),
    ],
)
def test_wrong_wishes_name_their_remedy(how, says):
    with pytest.raises(KitError, match=says):
        generate(writer(), [[1]], **how)


def test_an_empty_prompt_and_a_setting_without_effect():
    with pytest.raises(KitError, match="without a token"):
        generate(writer(), [[1], []])
    with pytest.warns(UserWarning, match="change nothing"):
        generate(writer(), [[1]], 2, top_k=3)


@pytest.mark.parametrize("rows", [1, 2, 4, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_few_rows_at_a_time_are_multiplied_alike(rows, bias):
    torch.manual_seed(0)
    layer, x = Linear(24, 10, bias=bias), torch.randn(rows, 1, 24)
    expected = nn.functional.linear(x, layer.weight, layer.bias)
    with torch.inference_mode():
        for weight in (layer.weight, layer.weight.t().contiguous().t()):
            assert torch.allclose(linear(x, weight, layer.bias), expected, atol=1e-6)
        assert linear(x[:0], layer.weight, layer.bias).shape == (0, 1, 10)
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(x).dtype == torch.bfloat16
