"""Sources from elsewhere, kind by kind: every tensor and field is used, harmless, or refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from kit import sources
from kit.errors import KitError
from kit.models import ClassHead, LanguageHead, TagHead, Transformer, TransformerConfig
from kit.sources import Source
from kit.tokenizer import Tokenizer

SHAPE = {"width": 16, "layers": 2, "heads": 2, "intermediate_size": 32, "block_size": 32}
BERT = {"token_types": 2, "norm_eps": 1e-12}
LLAMA = {
    "causal": True,
    "norm": "rms",
    "norm_first": True,
    "norm_eps": 1e-6,
    "positions": "rotary",
    "activation": "swiglu",
    "embedding_norm": False,
    "bias": False,
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return sources.load("transformer_encoder").tokenizer


def source(tokenizer, switches: dict, head: bool = False) -> Source:
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(vocabulary=tokenizer.size, **SHAPE, **switches))
    own = LanguageHead(body.width, tokenizer.size) if head else None
    return Source("tiny", body.eval(), tokenizer, own)


def changed(folder, rename=None, **settings) -> None:
    """Rename the tensors of a folder, and change its config.json."""
    path = folder / "model.safetensors"
    if rename:
        save_file({rename(k): v for k, v in load_file(path).items()}, path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | settings))


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    "rename",
    [
        lambda n: "bert." + n.replace("LayerNorm.weight", "LayerNorm.gamma"),
        lambda n: n.replace("LayerNorm.bias", "LayerNorm.beta"),
        lambda n: "module." + n,
        lambda n: "_orig_mod.module.bert." + n,
    ],
    ids=["gamma", "beta", "DataParallel", "compiled"],
)
def test_old_names_and_wrappers_are_translated(tmp_path, tokenizer, rename) -> None:
    given = source(tokenizer, BERT)
    folder = sources.export(given, tmp_path / "bert")
    changed(folder, rename)
    assert same(sources.load(folder).body, given.body)


def test_the_index_decides_and_a_missing_part_is_named(tmp_path, tokenizer) -> None:
    given = source(tokenizer, LLAMA)
    folder = sources.export(given, tmp_path / "llama")
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {f"model-0000{i}-of-00002.safetensors": names[i - 1 :: 2] for i in (1, 2)}
    for file, part in parts.items():
        save_file({n: tensors[n] for n in part}, folder / file)
    for stale in ("model.safetensors", "consolidated.safetensors"):
        save_file({n: torch.zeros_like(t) for n, t in tensors.items()}, folder / stale)
    where = {n: file for file, part in parts.items() for n in part}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    assert same(sources.load(folder).body, given.body)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(KitError, match="lacks model-00002-of-00002"):
        sources.load(folder)
    index.unlink()
    (folder / "model.safetensors").unlink()
    with pytest.raises(KitError, match="1 of 2 parts"):
        sources.load(folder)


@pytest.mark.parametrize("wrong", ["other folder", "absent tensor", "no map", "no JSON"])
def test_an_index_that_is_not_of_these_files_is_refused(tmp_path, tokenizer, wrong) -> None:
    folder = sources.export(source(tokenizer, LLAMA), tmp_path / "llama")
    names = sorted(load_file(folder / "model.safetensors"))
    where = dict.fromkeys(names, "model.safetensors")
    if wrong == "other folder":
        where[names[0]] = "../model.safetensors"
    if wrong == "absent tensor":
        where["model.layers.9.mlp.up_proj.weight"] = "model.safetensors"
    content = json.dumps({} if wrong == "no map" else {"weight_map": where})
    path = folder / "model.safetensors.index.json"
    path.write_text("{" if wrong == "no JSON" else content)
    with pytest.raises(KitError):
        sources.load(folder)


def test_a_head_of_its_own_counts_whatever_the_config_says_of_tying(tmp_path, tokenizer) -> None:
    given = source(tokenizer, LLAMA, head=True)
    folder = sources.export(given, tmp_path / "llama")
    for tied in (True, False):
        changed(folder, tie_word_embeddings=tied)
        loaded = sources.load(folder)
        assert torch.equal(loaded.head.weight, given.head.weight)
        assert loaded.head.weight is not loaded.body.embedding.weight


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rope_parameters": {"type": "longrope", "factor": 2.0}}, "rope_type='longrope'"),
        ({"rope_scaling": {"type": "linear"}}, "factor=None: rope_type='linear' needs a number"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0, "new": 1}}, "has no such setting"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "freq_factor=None"),
        ({"rope_parameters": {"rope_theta": 9.0, "partial_rotary_factor": 0.4}}, "rotary_size=3"),
        (
            {"rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_theta": 5.0}}},
            "this family has one kind for all",
        ),
        ({"model_type": "mistral", "layer_types": ["full_attention"] * 2}, "layer_types="),
        (
            {"model_type": "qwen2", "use_sliding_window": True, "layer_types": ["chunked"] * 2},
            r"layer_types has \['chunked'\]",
        ),
        ({"model_type": "smollm3", "use_sliding_window": True}, "use_sliding_window=True"),
        ({"hidden_act": "quick_gelu"}, "activation 'quick_gelu'"),
    ],
)
def test_settings_that_change_the_function_are_refused(tmp_path, tokenizer, settings, message):
    folder = sources.export(source(tokenizer, LLAMA), tmp_path / "llama")
    changed(folder, **settings)
    if "rope_parameters" not in settings:
        changed(folder, rope_parameters=None)
    with pytest.raises(KitError, match=message):
        sources.load(folder)


def test_two_statements_of_rotary_scaling_must_agree(tmp_path, tokenizer) -> None:
    folder = sources.export(source(tokenizer, LLAMA), tmp_path / "llama")
    changed(folder, rope_scaling={"type": "linear", "factor": 2.0})
    with pytest.raises(KitError, match="remove the one that is wrong"):
        sources.load(folder)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn])
def test_quantised_numbers_are_not_read_as_weights(tmp_path, tokenizer, dtype) -> None:
    folder = sources.export(source(tokenizer, LLAMA), tmp_path / "llama")
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(n for n in tensors if "down_proj" in n)
    save_file(tensors | {name: tensors[name].to(dtype)}, path)
    with pytest.raises(KitError, match="quantised numbers"):
        sources.load(folder)


@pytest.mark.parametrize("strict", [True, False])
def test_scaled_rotary_frequencies_are_never_left_out(tmp_path, tokenizer, strict: bool) -> None:
    folder = sources.export(source(tokenizer, LLAMA), tmp_path / "llama")
    path = folder / "model.safetensors"
    save_file(load_file(path) | {"rope_freqs.weight": torch.linspace(1, 8, 4)}, path)
    with pytest.raises(KitError, match="rope scaling by frequencies"):
        sources.load(folder, strict=strict)


def plain_bpe():
    from tokenizers import Tokenizer, models

    return Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))


def llama_2():
    """As Llama 2 and TinyLlama: spaces become ▁ before the pieces are cut, and bytes fall back."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    pieces = ["<unk>", "▁", "a", "b", "▁a", "▁ab"] + [f"<0x{i:02X}>" for i in range(256)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    merges = [("▁", "a"), ("▁a", "b")]
    bpe = models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True)
    made = Tokenizer(bpe)
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return made


def unigram():
    from tokenizers import Tokenizer, models

    return Tokenizer(models.Unigram([("<unk>", 0.0), ("ab", -1.0), ("a", -2.0), ("b", -2.0)], 0))


def word_piece():
    from tokenizers import Tokenizer, models

    return Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "##b": 2}, unk_token="[UNK]"))


@pytest.mark.parametrize("make", [plain_bpe, llama_2, unigram, word_piece])
def test_a_tokenizer_without_a_splitter_is_read(make) -> None:
    made = make()
    assert made.pre_tokenizer is None
    again = Tokenizer.load(made.to_str().encode())
    for text in ("ab", "ab a"):
        assert again.encode(text) == made.encode(text, add_special_tokens=False).ids
    assert again.pieces("ab") == made.encode("ab", add_special_tokens=False).tokens


GPT = {
    "causal": True,
    "norm_first": True,
    "norm_eps": 1e-5,
    "activation": "gelu_tanh",
    "embedding_norm": False,
}


@pytest.mark.parametrize(
    ("switches", "head", "says"),
    [
        (BERT, lambda b: ClassHead(16, 2), "a bert of Hugging Face's has no ClassHead"),
        (BERT, lambda b: TagHead(16, 3), "has no TagHead"),
        (BERT, lambda b: LanguageHead.tied(b, bias=True), "has no LanguageHead"),
        (GPT, lambda b: ClassHead(16, 2), "a gpt2 of Hugging Face's has no ClassHead"),
        (GPT, lambda b: LanguageHead.tied(b, bias=True), "without a bias, and this one has one"),
        (LLAMA, lambda b: LanguageHead(16, 99), r"a language head of \(8192, 16\) and not \(99"),
        (GPT | {"kv_heads": 1}, lambda b: None, "no family of Hugging Face's has the settings"),
        (GPT | {"head_size": 4}, lambda b: None, "no family of Hugging Face's has the settings"),
        (GPT | {"query_bias": False}, lambda b: None, "no family"),
    ],
)
def test_what_a_folder_of_a_family_cannot_hold_is_not_left_out(
    tmp_path, tokenizer, switches, head, says
) -> None:
    given = source(tokenizer, switches)
    given.head = head(given.body)
    with pytest.raises(KitError, match=says):
        sources.export(given, tmp_path / "out")
    assert not list(tmp_path.iterdir())
