"""Laws of every head on every body: one table of heads, one of bodies."""

from dataclasses import replace

import pytest
import torch

from kit.errors import KitError
from kit.models import (
    RNN,
    ClassHead,
    LanguageHead,
    Model,
    RatingHead,
    RNNConfig,
    SequenceHead,
    TagHead,
    Transformer,
    TransformerConfig,
    VectorHead,
    pool,
)

V, D = 280, 8
TRANSFORMER = TransformerConfig(
    vocabulary=V, width=D, layers=2, heads=2, intermediate_size=16, block_size=32, dropout=0.1
)
SWIGLU = {"norm": "rms", "norm_first": True, "positions": "rotary", "activation": "swiglu"}
RECURRENT = RNNConfig(vocabulary=V, width=D, hidden=12, dropout=0.1, weight_drop=0.1)
BODIES = {
    "bert": lambda: Transformer(TRANSFORMER),
    "llama": lambda: Transformer(replace(TRANSFORMER, causal=True, kv_heads=1, **SWIGLU)),
    "lstm": lambda: RNN(RECURRENT),
    "gru": lambda: RNN(replace(RECURRENT, cell="gru", layers=1)),
    "bidirectional": lambda: RNN(replace(RECURRENT, bidirectional=True)),
}
DECODERS = {
    "transformer": lambda: Transformer(replace(TRANSFORMER, width=12, causal=True, cross=True)),
    "gru": lambda: RNN(replace(RECURRENT, cell="gru", cross=True)),
}
HEADS = {
    "class by mean": (lambda body: ClassHead(D, 3), "B3"),
    "class by first": (lambda body: ClassHead(D, 3, pool="first"), "B3"),
    "class by last": (lambda body: ClassHead(D, 3, pool="last"), "B3"),
    "rating": (lambda body: RatingHead(D), "B"),
    "vector": (lambda body: VectorHead(D, 6), "B6"),
    "pooled vector": (lambda body: VectorHead(D, norm=False), "B8"),
    "tags": (lambda body: TagHead(D, 5), "BT5"),
    "language": (lambda body: LanguageHead(D, V, bias=True), "BTV"),
    "tied language": (LanguageHead.tied, "BTV"),
    "sequence by transformer": (lambda body: SequenceHead(D, DECODERS["transformer"]()), "BUV"),
    "sequence by gru": (lambda body: SequenceHead(D, DECODERS["gru"]()), "BUV"),
}
every_body = pytest.mark.parametrize("body", BODIES)
every_head = pytest.mark.parametrize("head", HEADS)


def model_of(body: str, head: str) -> Model:
    torch.manual_seed(0)
    it = BODIES[body]()
    return Model(it, HEADS[head][0](it)).eval()


def batch(head: str, T: int = 6) -> dict:
    generator = torch.Generator().manual_seed(1)
    read = {
        "ids": torch.randint(V, (2, T), generator=generator),
        "mask": torch.ones(2, T, dtype=torch.bool),
    }
    if head.startswith("sequence"):
        read["target"] = torch.randint(V, (2, 4), generator=generator)
    return read


@every_body
@every_head
def test_the_shape_is_the_heads(body, head):
    sizes = {"B": 2, "T": 6, "U": 4, "V": V}
    logits = model_of(body, head)(**batch(head))
    assert logits.shape == tuple(sizes.get(s) or int(s) for s in HEADS[head][1])


@every_body
@every_head
@pytest.mark.parametrize("left", [0, 3], ids=["right", "left"])
def test_padding_does_not_matter(body, head, left):
    """A text alone, and the same text beside a longer one, padded with any piece."""
    model, read = model_of(body, head), batch(head)
    alone = model(**read)
    ids = torch.full((3, 9), 7)
    ids[:2, left : left + 6] = read["ids"]
    mask = torch.zeros(3, 9, dtype=torch.bool)
    mask[:2, left : left + 6] = mask[2] = True
    target = {k: torch.cat([t, t[:1]]) for k, t in read.items() if k == "target"}
    padded = model(ids, mask, **target)[:2]
    if HEADS[head][1].startswith("BT"):
        padded = padded[:, left : left + 6]
    torch.testing.assert_close(padded, alone, rtol=1e-4, atol=1e-6)


@every_body
@every_head
def test_the_gradient_reaches_every_parameter(body, head):
    model = model_of(body, head).train()
    (model(**batch(head)) ** 2).sum().backward()
    unreached = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not torch.isfinite(p.grad).all() or not p.grad.any()
    ]
    # A softmax does not see what is added to all its scores: the keys' constant has no gradient.
    exempt = ("key.bias",)
    if head in ("class by first", "class by last"):
        # An RNN has no past at the token where it begins: its recurrent weights are not used.
        exempt += ("weight_hh_l0",)
    assert [n for n in unreached if not n.endswith(exempt)] == []


@every_body
@every_head
def test_the_same_seed_gives_the_same_bits(body, head):
    outs = []
    for _ in range(2):
        model = model_of(body, head).train()
        torch.manual_seed(3)
        outs.append(model(**batch(head)))
    assert torch.equal(*outs)


@every_head
def test_the_configuration_makes_the_same_head_again(head):
    model = model_of("lstm", head)
    head = model.head
    again = type(head)(**head.config)
    shapes = {name: t.shape for name, t in head.state_dict().items()}
    assert {name: t.shape for name, t in again.state_dict().items()} == shapes


def test_a_tied_head_is_the_word_table():
    model = model_of("bert", "tied language")
    assert model.head.weight is model.body.embedding.weight
    assert len(list(model.parameters())) == len(list(model.body.parameters()))
    with pytest.raises(KitError, match=r"\(280, 8\) cannot be tied to a matrix W of \(60, 8\)"):
        LanguageHead(D, 60, tie=model.body.embedding.weight)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_target_is_read_from_left_to_right_and_the_source_is_read_at_all(decoder):
    model, read = model_of("bert", f"sequence by {decoder}"), batch("sequence")
    logits = model(**read)
    later = read["target"].clone()
    later[:, 2:] = (later[:, 2:] + 1) % V
    torch.testing.assert_close(
        model(**{**read, "target": later})[:, :2], logits[:, :2], rtol=1e-5, atol=1e-6
    )
    other = (read["ids"] + 1) % V
    assert not torch.allclose(model(**{**read, "ids": other}), logits)


def test_pooling_by_hand():
    hidden = torch.arange(12.0).view(2, 3, 2)
    hidden[0, 2] = torch.nan  # padding may hold anything
    mask = torch.tensor([[True, True, False], [False, True, True]])
    assert pool(hidden, mask).tolist() == [[1, 2], [9, 10]]
    assert pool(hidden, mask, "first").tolist() == [[0, 1], [8, 9]]
    assert pool(hidden, mask, "last").tolist() == [[2, 3], [10, 11]]
    assert pool(hidden[1:], mask[1:] & False, "last").tolist() == [[0, 0]]
    assert pool(hidden[1:], mask[1:] & False).tolist() == [[0, 0]]
    with pytest.raises(KitError, match='"mean", "first" or "last"'):
        pool(hidden, mask, "max")


def texts_backwards(n: int) -> tuple[torch.Tensor, ...]:
    """n texts of 2 to 5 pieces, padded; what the decoder has read, and what it is to say next."""
    ids, mask = torch.randint(3, 10, (n, 5)), torch.arange(5) < torch.randint(2, 6, (n, 1))
    target, y = torch.ones(n, 6, dtype=torch.long), torch.full((n, 6), -100)
    for row, (text, real) in enumerate(zip(ids, mask, strict=True)):
        said = text[real].flip(0)
        target[row, 1 : len(said) + 1] = said
        y[row, : len(said)], y[row, len(said)] = said, 2
    return ids, mask, target, y


@pytest.mark.parametrize("decoder", ["transformer", "gru"])
def test_a_decoder_learns_to_say_a_text_backwards(decoder):
    torch.manual_seed(0)
    shape = {"vocabulary": 10, "width": 64}
    block = {
        **shape,
        "layers": 2,
        "heads": 4,
        "intermediate_size": 128,
        "block_size": 6,
        "norm_first": True,
    }
    make = {
        "transformer": lambda: Transformer(TransformerConfig(**block, causal=True, cross=True)),
        "gru": lambda: RNN(RNNConfig(**shape, cell="gru", cross=True)),
    }
    body = RNN(RNNConfig(**shape, cell="gru", bidirectional=True))
    model = Model(body, SequenceHead(64, make[decoder]()))
    step = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(150):
        *read, y = texts_backwards(64)
        loss = torch.nn.functional.cross_entropy(model(*read).flatten(0, 1), y.flatten())
        step.zero_grad()
        loss.backward()
        step.step()
    *read, y = texts_backwards(200)
    right = (model(*read).argmax(-1) == y)[y != -100]
    assert right.float().mean() > 0.9
