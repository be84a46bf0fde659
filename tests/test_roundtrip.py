"""load → export → load, and load → save → load, are the identity: random small models."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import sources
from kit.models import (
    RNN,
    ClassHead,
    LanguageHead,
    RatingHead,
    RNNConfig,
    TagHead,
    Transformer,
    TransformerConfig,
)
from kit.sources import Source, checkpoint
from kit.tokenizer import Tokenizer

TOKENS = Tokenizer.train(["A short one, again and again."] * 3, 262)
IDS = torch.tensor([[5, 9, 200, 7], [11, 6, 90, 44]])
MASK = torch.ones_like(IDS, dtype=torch.bool)

GPT = {"causal": True, "norm_first": True, "embedding_norm": False}
LLAMA = GPT | {"norm": "rms", "positions": "rotary", "activation": "swiglu", "bias": False}
ACTIVATIONS = st.sampled_from(["gelu", "gelu_tanh", "relu"])
FAMILIES = st.one_of(
    st.fixed_dictionaries({"token_types": st.sampled_from([1, 2]), "activation": ACTIVATIONS}),
    st.fixed_dictionaries({"token_types": st.just(0), "activation": ACTIVATIONS}),
    st.fixed_dictionaries({k: st.just(v) for k, v in GPT.items()} | {"activation": ACTIVATIONS}),
    st.fixed_dictionaries(
        {k: st.just(v) for k, v in LLAMA.items()}
        | {
            "kv_heads": st.sampled_from([None, 1, 2]),
            "head_size": st.sampled_from([None, 6]),
            "query_bias": st.sampled_from([None, True]),
            "rotary_base": st.sampled_from([500.0, 10000.0]),
        }
    ),
)
SIZES = st.fixed_dictionaries(
    {
        "vocabulary": st.sampled_from([262, 270]),
        "width": st.sampled_from([8, 16]),
        "layers": st.integers(1, 3),
        "heads": st.sampled_from([2, 4]),
        "intermediate_size": st.sampled_from([8, 24]),
        "block_size": st.sampled_from([8, 24]),
    }
)
RNNS = st.fixed_dictionaries(
    {
        "vocabulary": st.just(262),
        "width": st.sampled_from([8, 16]),
        "layers": st.integers(1, 3),
        "hidden": st.sampled_from([None, 12]),
        "cell": st.sampled_from(["lstm", "gru"]),
        "bidirectional": st.booleans(),
    }
)
HEADS = {
    "none": lambda body: None,
    "tied": LanguageHead.tied,
    "tied with a bias": lambda body: LanguageHead.tied(body, bias=True),
    "language": lambda body: LanguageHead(body.width, body.config.vocabulary),
    "class": lambda body: ClassHead(body.width, 3, pool="last"),
    "tag": lambda body: TagHead(body.width, 3),
    "rating": lambda body: RatingHead(body.width),
}
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


def made(body: torch.nn.Module, head: str) -> Source:
    """A source none of whose values is that of a fresh model."""
    source = Source("tiny", body.eval(), TOKENS, HEADS[head](body))
    with torch.no_grad():
        for p in {*body.parameters(), *(source.head.parameters() if source.head else ())}:
            p += 0.2 * torch.randn_like(p)
    if source.head is not None:
        source.head.eval()
    return source


@torch.no_grad()
def check_same(one: Source, two: Source) -> None:
    """The same tensors by the same names, tied alike, and the same answers."""
    for a, b in ((one.body, two.body), (one.head, two.head)):
        assert (a is None) == (b is None)
        if a is not None:
            left, right = a.state_dict(), b.state_dict()
            assert left.keys() == right.keys()
            assert all(torch.equal(left[name], right[name]) for name in left)
    tied = [getattr(s.head, "weight", 0) is s.body.embedding.weight for s in (one, two)]
    assert tied[0] == tied[1]
    torch.testing.assert_close(two.body(IDS, MASK), one.body(IDS, MASK))
    assert one.tokenizer.to_json() == two.tokenizer.to_json()


@given(FAMILIES, SIZES, st.sampled_from(["none", "tied", "language"]))
@QUICK
def test_export_and_load_is_the_identity(family, sizes, head) -> None:
    torch.manual_seed(0)
    eps = {"norm_eps": 1e-12 if "causal" not in family else 1e-5}
    body = Transformer(TransformerConfig(**sizes | family | eps))
    given_source = made(body, head if "causal" in family else "none")
    with TemporaryDirectory() as space:
        first = sources.load(sources.export(given_source, Path(space, "first")))
        check_same(given_source, first)
        second = sources.load(sources.export(first, Path(space, "second")))
        check_same(first, second)
        assert first.body.config == second.body.config


@given(st.one_of(FAMILIES, RNNS), SIZES, st.sampled_from(sorted(HEADS)))
@QUICK
def test_save_and_load_is_the_identity(config, sizes, head) -> None:
    torch.manual_seed(0)
    if "cell" in config:
        body = RNN(RNNConfig(**config))
    else:
        body = Transformer(TransformerConfig(**sizes | config))
    given_source = made(body, head)
    with TemporaryDirectory() as space:
        again = sources.load(checkpoint.save(given_source, Path(space, "saved")))
        check_same(given_source, again)
        assert again.body.config == body.config
        assert again.head is None or again.head.config == given_source.head.config
