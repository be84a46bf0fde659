"""Frozen blocks are computed once: the same answers, the same training, nothing read twice."""

import copy
from functools import partial

import pytest
import torch

from kit.errors import KitError
from kit.migrate import migrate
from kit.models import ClassHead, FeatureCache, Model, Transformer, TransformerConfig
from kit.sources import Source
from kit.tasks import sentiment
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit, predict

TEXTS = [
    f"{'good' if i % 3 else 'bad'} film number {i} of the {'year' * (i % 4)}" for i in range(40)
]


@pytest.fixture(scope="module")
def source():
    torch.manual_seed(0)
    tokenizer = Tokenizer.train(TEXTS, 280)
    shape = {
        "width": 32,
        "layers": 4,
        "heads": 4,
        "intermediate_size": 64,
        "block_size": 64,
        "causal": True,
    }
    shape |= {"positions": "rotary", "norm_first": True, "embedding_norm": False}
    return Source(
        "small", Transformer(TransformerConfig(vocabulary=tokenizer.size, **shape)), tokenizer
    )


def examples(tokenizer: Tokenizer) -> list[dict]:
    return [{"ids": ids, "y": i % 2} for i, ids in enumerate(tokenizer.encode_many(TEXTS))]


def twice(source, strategy: str, **options):
    """The same migration, plain and remembering."""
    head = partial(sentiment.head, pool="last")
    plain, kept = (migrate(source, head, strategy, seed=0, **options) for _ in range(2))
    kept.model.body = FeatureCache(kept.model.body)
    return plain, kept


@pytest.mark.parametrize("strategy, options", [("frozen", {}), ("top_layers", {"layers": 2})])
def test_the_same_answers_and_the_same_training(source, strategy, options) -> None:
    plain, kept = twice(source, strategy, **options)
    rows, how = examples(source.tokenizer), Recipe(epochs=3, batch_size=8, precision="fp32")
    for made in (plain, kept):
        made.before = predict(made.model, rows, precision="fp32")
        made.run = fit(made.model, rows, how, groups=made.groups)
        made.after = predict(made.model, rows, precision="fp32")
    for one, other in zip(plain.before + plain.after, kept.before + kept.after, strict=True):
        assert abs(one - other).max() < 1e-5
    assert abs(plain.run.steps[-1]["loss"] - kept.run.steps[-1]["loss"]) < 1e-5
    assert len(kept.model.body.known) == len({tuple(row["ids"]) for row in rows})
    moved = [n for n, p in kept.model.named_parameters() if p.requires_grad]
    assert len(moved) == sum(p.requires_grad for p in plain.model.parameters())


def test_nothing_is_read_twice(source, monkeypatch) -> None:
    _, kept = twice(source, "frozen")
    rows, read = examples(source.tokenizer), []
    lower, upper = kept.model.body.lower, kept.model.body.upper
    monkeypatch.setattr(lower.blocks[0], "forward", count(lower.blocks[0].forward, read))
    predict(kept.model, rows)
    first = len(read)
    fit(kept.model, rows, Recipe(epochs=2, batch_size=8), groups=kept.groups)
    assert first and len(read) == first and not upper.blocks
    kept.model.body.known.clear()
    predict(kept.model, rows[:1])
    assert len(read) == first + 1


def count(forward, calls: list):
    def counted(*args, **options):
        calls.append(1)
        return forward(*args, **options)

    return counted


def test_padding_on_either_side_changes_nothing(source) -> None:
    _, kept = twice(source, "top_layers")
    ids = torch.tensor([[5, 6, 7, 0], [0, 8, 9, 10]])
    mask = torch.tensor([[True] * 3 + [False], [False] + [True] * 3])
    hidden = kept.model.body(ids, mask)
    alone = kept.model.body(ids[1:, 1:]), kept.model.body(ids[:1, :3])
    assert torch.allclose(hidden[1:, 1:], alone[0], atol=1e-5)
    assert torch.allclose(hidden[:1, :3], alone[1], atol=1e-5)


def test_what_cannot_be_remembered_is_said(source) -> None:
    full = migrate(source, sentiment.head, "full").model.body
    with pytest.raises(KitError, match="lowest block is to be trained"):
        FeatureCache(full)
    with pytest.raises(KitError, match="FeatureCache: only a Transformer"):
        FeatureCache(twice(source, "frozen")[1].model.body)
    above = copy.deepcopy(full).requires_grad_(False)
    above.embed.requires_grad_(True)
    with pytest.raises(KitError, match="nothing to cache"):
        FeatureCache(above)
    Model(FeatureCache(full.requires_grad_(False)), ClassHead(32, 2)).eval()


def test_a_text_is_opened(source) -> None:
    bare = Tokenizer.load(source.tokenizer.to_json().encode())
    opened = bare.opened()
    assert opened.encode("good film")[0] == opened.bos
    assert opened.encode("good film")[1:] == bare.encode("good film", special=False)
    assert opened.encode("good film", limit=2)[0] == opened.bos
    assert bare.encode("good") != opened.encode("good")  # the first one stays as it was
    words = ["good", "film"]
    assert opened.align(words)[1][0] is None
    bare.bos = None
    with pytest.raises(KitError, match="no piece that begins a text"):
        bare.opened()
