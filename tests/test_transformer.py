"""The Transformer against `transformers`, against itself, and against wrong use."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import KitError
from kit.models.transformer import Transformer, TransformerConfig, attend
from kit.tokenizer import Tokenizer

TINY = {
    "vocabulary": 40,
    "width": 24,
    "layers": 2,
    "heads": 4,
    "intermediate_size": 36,
    "block_size": 32,
}
FAMILIES = {
    "bert": {},
    "gpt2": {
        "causal": True,
        "norm_first": True,
        "embedding_norm": False,
        "activation": "gelu_tanh",
    },
    "llama": {
        "causal": True,
        "norm_first": True,
        "norm": "rms",
        "positions": "rotary",
        "activation": "swiglu",
        "kv_heads": 2,
        "embedding_norm": False,
        "bias": False,
        "norm_eps": 1e-6,
    },
}


def tiny(family="bert", seed=0, **changes):
    torch.manual_seed(seed)
    return Transformer(TransformerConfig(**TINY | FAMILIES[family] | changes)).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(["one two three"] * 2, 261)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_padding_and_its_side_change_nothing(family):
    body, ids = tiny(family), torch.randint(0, 40, (1, 6))
    alone = body(ids)
    for left, right in ((0, 5), (5, 0), (25, 0)):
        padded = torch.nn.functional.pad(ids, (left, right), value=7)
        mask = torch.zeros_like(padded, dtype=torch.bool)
        mask[:, left : left + 6] = True
        hidden = body(padded, mask)
        assert torch.isfinite(hidden).all()
        torch.testing.assert_close(hidden[:, left : left + 6], alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_of_padding_alone_stay_finite_and_so_do_their_gradients(family):
    body = tiny(family).train()
    mask = torch.tensor([[True, True, False], [False, False, False], [False, False, True]])
    hidden = body(torch.zeros(3, 3, dtype=torch.long), mask)
    hidden[mask].sum().backward()
    assert torch.isfinite(hidden).all()
    assert all(torch.isfinite(p.grad).all() for p in body.parameters() if p.grad is not None)


@settings(deadline=None, max_examples=30)
@given(
    family=st.sampled_from(["gpt2", "llama"]),
    lengths=st.lists(st.integers(1, 10), min_size=1, max_size=4),
    steps=st.lists(st.integers(1, 4), min_size=1, max_size=6),
)
def test_cached_equals_uncached_whatever_the_padding_and_the_steps(family, lengths, steps):
    body, first = tiny(family), max(lengths)
    total = first + sum(steps)
    mask = torch.arange(total)[None] >= first - torch.tensor(lengths)[:, None]  # padded left
    ids = torch.randint(0, 40, mask.shape)
    cache, hidden, at = body.cache(len(ids), total), [], 0
    with torch.no_grad():
        for step in [first, *steps]:
            hidden.append(body(ids[:, at : at + step], mask[:, : at + step], cache=cache))
            at += step
        whole = body(ids, mask)
    torch.testing.assert_close(torch.cat(hidden, 1)[mask], whole[mask], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_decoder_reads_a_memory_and_nothing_of_its_padding():
    body = tiny("llama", cross=True)
    ids, memory = torch.randint(0, 40, (2, 5)), torch.randn(2, 7, 24)
    mask = torch.arange(7)[None] < torch.tensor([7, 3])[:, None]
    hidden = body(ids, None, memory, mask)
    changed = body(ids, None, torch.where(mask[..., None], memory, 9.0), mask)
    assert torch.equal(hidden, changed)
    assert not torch.allclose(hidden, body(ids, None, memory + 1, mask))
    cache = body.cache(2, 5)
    steps = [body(ids[:, i : i + 1], None, memory, mask, cache) for i in range(5)]
    torch.testing.assert_close(torch.cat(steps, 1), hidden, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_explained_weights_are_those_that_made_the_hidden_states(family):
    body, ids = tiny(family), torch.randint(0, 40, (2, 6))
    mask = torch.arange(6)[None] < torch.tensor([6, 4])[:, None]
    hidden, weights = body(ids, mask, explain=True)
    assert torch.equal(hidden, body(ids, mask))
    assert [w.shape for w in weights] == [(2, 4, 6, 6)] * 2
    torch.testing.assert_close(weights[0].sum(-1), torch.ones(2, 4, 6))
    x = body.embed(ids, torch.arange(6))
    first = body.blocks[0]
    x = first.attention_norm(x) if body.config.norm_first else x
    value = first.attention.split(first.attention.value(x))
    value = value.repeat_interleave(4 // value.shape[1], 1)
    by_hand = first.attention.output((weights[0] @ value).transpose(1, 2).flatten(2))
    turn = body_turn(body, x)
    visible = None if body.config.causal else mask[:, None, None]
    fused = first.attention(x, visible, turn=turn)
    torch.testing.assert_close(by_hand[mask], fused[mask], atol=1e-6, rtol=1e-5)


def body_turn(body, x):
    return body.turn(torch.arange(x.shape[1]), x)


@torch.no_grad()
def test_explained_cross_weights_look_at_the_memory():
    body = tiny("gpt2", cross=True)
    memory = torch.randn(1, 7, 24)
    _, own, cross = body(torch.zeros(1, 3, dtype=torch.long), None, memory, explain=True)
    assert own[1].shape == (1, 4, 3, 3) and cross[1].shape == (1, 4, 3, 7)
    assert own[0][0, 0, 0, 1:].eq(0).all()


def test_training_in_bfloat16_takes_the_gradients_of_float32():
    body, ids, aim = tiny("bert"), torch.randint(0, 40, (3, 8)), torch.randn(3, 8, 24)
    gradients = []
    for on in (False, True):
        body.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=on):
            (body(ids) * aim).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in body.blocks.parameters()]))
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.99


def test_same_seed_same_bits_and_the_config_makes_it_again():
    one, two = tiny(seed=3), tiny(seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    again = type(one)(one.config)
    assert [p.shape for p in again.parameters()] == [p.shape for p in one.parameters()]


def test_names_read_well():
    names = dict(tiny("llama").named_parameters())
    for name in ("embed.tokens", "blocks.0.attention.query", "blocks.1.feed_forward.gate", "norm"):
        assert f"{name}.weight" in names


def test_too_long_names_length_limit_and_remedy():
    with pytest.raises(KitError, match=r"33 tokens.*at most 32.*limit=32"):
        tiny()(torch.zeros(1, 33, dtype=torch.long))
    body = tiny("gpt2")
    cache = body.cache(1, 32)
    body(torch.zeros(1, 30, dtype=torch.long), cache=cache)
    with pytest.raises(KitError, match="33 tokens"):
        body(torch.zeros(1, 3, dtype=torch.long), cache=cache)


@pytest.mark.parametrize("piece", [-1, 40])
def test_a_vocabulary_that_does_not_fit(piece):
    with pytest.raises(KitError, match=rf"vocabulary that does not fit the model.*{piece}"):
        tiny()(torch.tensor([[1, piece]]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"norm": "batch"}, "norm='batch'.*layer, rms"),
        ({"positions": "guessed"}, "learned, sinusoidal, rotary, relative, none"),
        ({"activation": "tanh"}, "gelu, gelu_tanh, relu, swiglu"),
        ({"heads": 5}, "width=24.*heads=5"),
        ({"kv_heads": 3}, "heads=4.*kv_heads=3"),
    ],
)
def test_a_config_that_cannot_be(changes, says):
    with pytest.raises(KitError, match=says):
        TransformerConfig(**TINY | changes)


def test_memory_goes_with_cross_alone():
    memory = torch.zeros(1, 2, 24)
    for body, read in ((tiny("gpt2"), memory), (tiny("gpt2", cross=True), None)):
        with pytest.raises(KitError, match="cross=True"):
            body(torch.zeros(1, 2, dtype=torch.long), None, read)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("groups", [4, 2])
def test_attention_in_bf16_is_near_to_fp32_and_so_are_its_gradients(causal, groups):
    torch.manual_seed(0)
    given = [torch.randn(3, h, 20, 8) for h in (4, groups, groups)]
    seen = None if causal else (torch.arange(20) < torch.tensor([[20], [7], [1]]))[:, None, None]
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        q, k, v = (x.detach().to(dtype).requires_grad_() for x in given)
        out = attend(q, k, v, seen, causal)
        assert out.dtype == dtype
        out.float().square().sum().backward()
        found.append([x.float() for x in (out.detach(), q.grad, k.grad, v.grad)])
    for exact, near in zip(*found, strict=True):
        assert (exact - near).norm() < 0.02 * exact.norm()
