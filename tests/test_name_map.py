"""Name maps: the values of plain PyTorch models reach ours, and what is unclear is not guessed."""

from copy import deepcopy

import families
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from kit import sources
from kit.errors import KitError
from kit.models import RNN, RNNConfig, Transformer, TransformerConfig
from kit.sources.name_map import propose, read_state
from kit.tokenizer import Tokenizer

V, D, H, T, LAYERS = 50, 24, 3, 9, 2
IDS = torch.randint(V, (2, T), generator=torch.Generator().manual_seed(1))


def body(**settings) -> Transformer:
    sizes = {"vocabulary": V, "width": D, "heads": H, "layers": LAYERS, "block_size": T}
    sizes |= {"embedding_norm": False}
    return Transformer(TransformerConfig(**(sizes | {"intermediate_size": 4 * D} | settings)))


class Encoder(nn.Module):
    """What one writes after the tutorial on nn.TransformerEncoder."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(V, D)
        self.pos_emb = nn.Parameter(torch.randn(1, T, D))
        layer = nn.TransformerEncoderLayer(D, H, 4 * D, 0.0, batch_first=True, norm_first=first)
        last = nn.LayerNorm(D) if first else None
        self.encoder = nn.TransformerEncoder(layer, LAYERS, last, enable_nested_tensor=False)

    def forward(self, ids):
        return self.encoder(self.tok_emb(ids) + self.pos_emb[:, : ids.shape[1]])


class Gpt(nn.Module):
    """A GPT in the names of nanoGPT; turned: with matrices stored as (in, out), as GPT-2's are."""

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.turned = turned
        block = {"ln_1": nn.LayerNorm(D), "ln_2": nn.LayerNorm(D)}
        sizes = {"attn.c_attn": (D, 3 * D), "attn.c_proj": (D, D)}
        sizes |= {"mlp.c_fc": (D, 4 * D), "mlp.c_proj": (4 * D, D)}
        self.transformer = nn.ModuleDict({"wte": nn.Embedding(V, D), "wpe": nn.Embedding(T, D)})
        self.transformer["h"] = nn.ModuleList()
        for _ in range(LAYERS):
            made = nn.ModuleDict({k: nn.LayerNorm(D) for k in block})
            for name, (i, o) in sizes.items():
                part, name = name.split(".")
                made[part] = made[part] if part in made else nn.ModuleDict()
                made[part][name] = nn.Linear(i, o)
            self.transformer["h"].append(made)
        self.transformer["ln_f"] = nn.LayerNorm(D)
        self.lm_head = nn.Linear(D, V, bias=False)

    def forward(self, ids):
        t = self.transformer
        x = t["wte"](ids) + t["wpe"](torch.arange(ids.shape[1]))
        for b in t["h"]:
            qkv = b["attn"]["c_attn"](b["ln_1"](x)).chunk(3, -1)
            q, k, v = (y.unflatten(-1, (H, -1)).transpose(1, 2) for y in qkv)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + b["attn"]["c_proj"](y.transpose(1, 2).flatten(2))
            y = F.gelu(b["mlp"]["c_fc"](b["ln_2"](x)))
            x = x + b["mlp"]["c_proj"](y)
        return t["ln_f"](x)

    def state(self) -> dict:
        state = self.state_dict()
        if self.turned:
            state = {
                k: v.t().contiguous() if ".h." in k and v.ndim == 2 else v for k, v in state.items()
            }
        mask = {f"transformer.h.{i}.attn.bias": torch.ones(1, 1, T, T) for i in range(LAYERS)}
        return state | mask


@torch.no_grad()
def hidden(model: nn.Module) -> torch.Tensor:
    torch.manual_seed(0)
    for p in model.parameters():
        nn.init.normal_(p, std=0.3)
    return model.eval()(IDS)


@pytest.mark.parametrize("first", [True, False])
def test_an_encoder_of_pytorchs_own_layers(first: bool, tmp_path) -> None:
    other = Encoder(first)
    expected = hidden(other)
    state = {f"module.{k}": v for k, v in other.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "model.pt")
    settings = {"causal": False, "activation": "relu", "norm_first": first, "positions": "learned"}
    plan = propose(tmp_path / "model.pt", body(**settings))
    assert not plan.left and not [p for p in plan.pairs if p.open], plan
    plan.copy()
    assert plan.compare(IDS, expected) < 1e-4
    other_order = propose(other.state_dict(), body(**settings | {"activation": "gelu"}))
    other_order.copy()
    assert other_order.compare(IDS, expected) > 1e-2  # no name tells of the activation


@pytest.mark.parametrize("turned", [True, False])
def test_a_gpt_in_nanogpts_names(turned: bool) -> None:
    other = Gpt(turned)
    expected = hidden(other)
    model = body(causal=True, norm_first=True, positions="learned", activation="gelu")
    plan = propose(other.state(), model)
    assert sum(pair.transposed for pair in plan.pairs) == (6 * LAYERS if turned else 0)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(KitError, match=r"tensors of the file have no place: .*lm_head"):
        plan.copy()
    with pytest.raises(KitError, match="'score' fits no tensor"):
        plan.copy(ignore=["score"])
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    plan.copy(ignore=["lm_head.weight", "*.attn.bias"])
    assert plan.compare(IDS, expected) < 1e-4


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_an_rnn_of_two_layers_and_two_directions(cell: str) -> None:
    kind = nn.LSTM if cell == "lstm" else nn.GRU
    rnn = kind(D, D // 2, 2, bidirectional=True, batch_first=True)
    other = nn.ModuleDict({"embedding": nn.Embedding(V, D), "rnn": rnn})
    with torch.no_grad():
        expected = rnn(other["embedding"](IDS))[0]
    config = RNNConfig(vocabulary=V, width=D, layers=2, cell=cell, bidirectional=True)
    plan = propose(other.state_dict(), RNN(config))
    plan.copy()
    assert plan.compare(IDS, expected) < 1e-4


def test_names_of_nobody_are_chosen_by_hand_and_shown() -> None:
    other = Encoder(True)
    state = {k.replace("linear1", "alpha<b>"): v for k, v in other.state_dict().items()}
    expected = hidden(other)
    state = dict(zip(state, other.state_dict().values(), strict=True))
    settings = {"causal": False, "activation": "relu", "norm_first": True, "positions": "learned"}
    plan = propose(state, body(**settings))
    still = [pair.ours for pair in plan.pairs if pair.open]
    assert still and all("feed_forward.up" in name for name in still)
    assert "alpha&lt;b&gt;" in plan._repr_html_() and "choose: " in str(plan)
    with pytest.raises(KitError, match=r"tensors have no values yet: blocks.0.feed_forward.up"):
        plan.copy()
    with pytest.raises(KitError, match="they do not belong together"):
        plan.choose("blocks.0.feed_forward.up.weight", "tok_emb.weight")
    for name in still:
        number, kind = name.split(".")[1], name.split(".")[-1]
        plan = plan.choose(name, f"encoder.layers.{number}.alpha<b>.{kind}")
    plan.copy()
    assert plan.compare(IDS, expected) < 1e-4


def test_what_cannot_be_copied_is_refused(tmp_path) -> None:
    state = Encoder(True).state_dict()
    settings = {"causal": False, "norm_first": True, "positions": "learned"}
    with pytest.raises(KitError, match=r"the file has 2 blocks, and this model 3: .*layers=2"):
        propose(state, body(**settings, layers=3))
    packed = state | {"tok_emb.weight": torch.zeros(V, D, dtype=torch.int8)}
    with pytest.raises(KitError, match=r"holds torch\.int8"):
        propose(packed, body(**settings)).copy()
    lost = state | {"tok_emb.weight": torch.full((V, D), torch.nan)}
    with pytest.raises(KitError, match="not finite"):
        propose(lost, body(**settings)).copy()
    with pytest.raises(KitError, match="no entries"):
        propose({}, body(**settings))
    torch.save(Encoder(True), tmp_path / "whole.pt")  # a pickle of a class
    with pytest.raises(KitError, match="read safely"):
        read_state(tmp_path / "whole.pt")
    with pytest.raises(KitError, match="there is no file"):
        read_state(tmp_path / "none.pt")
    with pytest.raises(KitError, match=r"give a list of patterns"):
        propose(state, body(**settings)).copy(ignore="head")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own
def test_no_family_gets_a_wrong_pair(tmp_path) -> None:
    """Open pairs may be: then someone is asked. Of Gemma's norms the names do not tell that one is
    to be added to their weights; `compare` does."""
    complete = set()
    for kind in families.DRAWN:
        theirs = families.drawn(kind, 0)
        theirs.save_pretrained(tmp_path / kind)
        Tokenizer.train(["one two three"] * 2, 261).save(tmp_path / kind / "tokenizer.json")
        source = sources.load(tmp_path / kind)
        right = source.body.state_dict()
        fresh = deepcopy(source.body)
        for parameter in fresh.parameters():
            nn.init.zeros_(parameter)
        plan = propose(theirs.state_dict(), fresh)
        still = [pair.ours for pair in plan.pairs if pair.open]
        plan.copy(ignore=plan.left, fresh=still)
        offset = "norm" if kind.startswith("gemma") else "none"
        for name, value in fresh.state_dict().items():
            assert name in still or offset in name or torch.equal(value, right[name]), (kind, name)
        complete |= set() if still else {kind}
    assert complete >= {"bert", "distilbert", "gpt2", "llama", "qwen2", "mistral", "smollm3"}
