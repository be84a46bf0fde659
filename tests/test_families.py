"""Every family of models: the same outputs as `transformers`, on odd shapes and settings; and out
again, and in again, with the same values."""

from dataclasses import replace

import families
import pytest
import torch

from kit import sources
from kit.migrate import migrate
from kit.models import LanguageHead, Model, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.sources import checkpoint
from kit.sources.weight_maps import FAMILIES
from kit.tokenizer import Tokenizer
from kit.train.evaluate import total_loss

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own
CASES = [(kind, number) for kind, drawn in families.DRAWN.items() for number in range(len(drawn))]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["one two three"] * 2, 261)


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Nothing padded, padded on the right, on the left, and as long as all can read."""
    right = torch.arange(11)[None] < torch.tensor([11, 4, 1])[:, None]
    masks = [right | True, right, right.flip(1), torch.ones(1, 36, dtype=torch.bool)]
    return [(torch.randint(4, 280, mask.shape), mask) for mask in masks]


def test_every_family_is_drawn() -> None:
    assert families.DRAWN.keys() == FAMILIES.keys()


@pytest.mark.parametrize(("kind", "number"), CASES, ids=lambda value: str(value))
def test_a_family_in_and_out(kind: str, number: int, tmp_path, tokenizer) -> None:
    theirs = families.drawn(kind, number)
    theirs.save_pretrained(tmp_path / "in")
    tokenizer.save(tmp_path / "in" / "tokenizer.json")
    source = sources.load(tmp_path / "in")
    for ids, mask in batches():
        if kind == "distilbert" and not mask[:, 0].all():
            continue  # it counts padding on the left
        assert families.difference(theirs, source, ids, mask) <= families.TOLERANCE

    out = sources.export(source, tmp_path / "out")
    again = type(theirs).from_pretrained(out, attn_implementation="eager").eval()
    assert families.difference(again, source, ids, mask) <= families.TOLERANCE
    loaded = sources.load(out)
    a, b = (replace(s.body.config, head_size=s.body.config.size_per_head) for s in (source, loaded))
    assert a == b
    checkpoint.save(source, tmp_path / "kit")
    for other in (loaded, checkpoint.load(tmp_path / "kit")):
        for (name, ours), value in zip(
            source.body.state_dict().items(), other.body.state_dict().values(), strict=True
        ):
            assert torch.equal(ours, value), name
    if source.head is not None:  # with a cache, token by token, as without one
        model = source
        prompt = [5, 6, 7, 8, 9, 10, 11]
        written = generate(model, [prompt], 8)[0]
        row = torch.tensor([prompt + written])
        with torch.no_grad():
            logits = model.head(model.body(row), None)[0]
        assert logits[len(prompt) - 1 : -1].argmax(-1).tolist() == written


CONFIG = {"vocabulary": 40, "width": 24, "layers": 3, "heads": 4, "kv_heads": 2}
CONFIG |= {"intermediate_size": 36, "block_size": 32, "norm_first": True, "causal": True}
ODD = {
    "gemma": {"norm": "rms", "positions": "rotary", "activation": "geglu", "bias": False}
    | {"post_norm": True, "query_norm": True, "softcap": 2.0, "embedding_scale": 3.0, "window": 3}
    | {"attention_types": ("local", "full", "nope"), "local_rotary_base": 50.0},
    "neox": {"parallel": True, "positions": "rotary", "rotary_size": 2},
    "electra": {"causal": False, "norm_first": False, "embedding_size": 10, "window": 4},
}

STRATEGIES = ("deepen", "widen", "choose_layers", "narrow", "prefix_tuning")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "strategy", ["deepen", "widen", "choose_layers", "narrow", "prefix_tuning"]
)
@torch.no_grad()
def test_migrations_know_the_settings(name: str, strategy: str, tokenizer) -> None:
    """Blocks keep their type of attention; what keeps the function of a plain body keeps it."""
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**CONFIG | ODD[name])).eval()
    for parameter in body.parameters():
        parameter += 0.2 * torch.randn_like(parameter)
    source = checkpoint.Source("odd", body, tokenizer, LanguageHead(24, 40))
    made = migrate(source, None, strategy).model.eval()
    ids = torch.randint(0, 40, (2, 12))
    logits = made(ids, torch.ones_like(ids).bool())
    if strategy in ("deepen", "widen"):
        torch.testing.assert_close(logits, source.head(body(ids), None), atol=1e-4, rtol=1e-4)
    assert torch.isfinite(logits).all()
    types = body.config.types
    copied = {"deepen": [0, 0, 1, 1, 2, 2], "choose_layers": [2]}.get(strategy, [0, 1, 2])
    assert [block.type for block in made.body.blocks] == [types[i] for i in copied]


def test_a_capped_head_is_trained_on_its_capped_logits(tokenizer) -> None:
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**CONFIG))
    model = Model(body, LanguageHead.tied(body, softcap=0.01))
    row = {"ids": [1, 2, 3], "y": [2, 3, 4]}
    expected = torch.nn.functional.cross_entropy(
        model(torch.tensor([row["ids"]]), None)[0], torch.tensor(row["y"]), reduction="sum"
    )
    assert abs(total_loss(model, [row], "cross_entropy")[0] - float(expected.detach())) < 1e-4
