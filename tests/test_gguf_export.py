"""GGUF files that the kit writes: read back bit for bit, the tokenizer too; what llama.cpp lacks is
refused.

llama.cpp itself continues a text where its package `xllamacpp` is installed.
"""

import json

import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.migrate import merge, migrate
from kit.models import LanguageHead, Transformer, TransformerConfig
from kit.models.generate import generate
from kit.sources import Source, gguf_export
from kit.tokenizer import Tokenizer

TEXTS = ["Once upon a time there was 1 cat.", "It's 2024, and the cat sleeps 12 hours."]
LLAMA = {"causal": True, "norm": "rms", "norm_first": True, "positions": "rotary", "bias": False}
LLAMA |= {"activation": "swiglu", "kv_heads": 2, "embedding_norm": False, "norm_eps": 1e-5}
SHAPE = {"width": 32, "layers": 2, "heads": 4, "intermediate_size": 48, "block_size": 64}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS * 3, 290).opened()


def source(tokenizer, tied: bool = True, **changes) -> Source:
    """A Llama with values far from those of a fresh one, and more rows than its tokenizer has."""
    torch.manual_seed(0)
    config = {"vocabulary": tokenizer.size + 6} | SHAPE | LLAMA | changes
    body = Transformer(TransformerConfig(**config)).eval()
    for parameter in body.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    head = LanguageHead.tied(body) if tied else LanguageHead(body.width, config["vocabulary"])
    return Source("tiny", body, tokenizer, head, {"chat_template": "{{ messages }}"})


@pytest.mark.parametrize(
    ("tied", "changes"),
    [
        (True, {}),
        (False, {"kv_heads": 4, "head_size": 6}),
        (True, {"query_bias": True}),
        (True, {"rotary_scaling": {"rope_type": "linear", "factor": 2.0}, "rotary_base": 500.0}),
    ],
    ids=["llama", "untied", "qwen2", "scaled"],
)
def test_a_gguf_file_is_read_back_bit_for_bit(tied, changes, tmp_path, tokenizer) -> None:
    given = source(tokenizer, tied, **changes)
    if "query_bias" in changes:  # a Qwen2 splits words as its own tokenizer does
        about = json.loads(tokenizer.to_json())
        about["pre_tokenizer"] = json.loads(_qwen2_words())
        given.tokenizer = Tokenizer.load(json.dumps(about).encode())
    again = sources.load(sources.export(given, tmp_path / "tiny.gguf"))
    values = again.body.state_dict()
    for name, value in given.body.state_dict().items():
        assert torch.equal(values[name], value), name
    assert torch.equal(again.head.weight, given.head.weight)
    assert (again.head.weight is again.body.embedding.weight) == tied
    ids = torch.randint(0, 200, (2, 9))
    torch.testing.assert_close(again.body(ids), given.body(ids), atol=0, rtol=0)
    assert again.card["chat_template"] == "{{ messages }}"
    for text in (*TEXTS, "Wörter, 世界 🙂\n\n  and  spaces<s>", ""):
        ours = given.tokenizer.encode(text)
        assert again.tokenizer.encode(text) == ours or "<s>" in text
        assert again.tokenizer.decode(ours) == given.tokenizer.decode(ours)


def _qwen2_words() -> str:
    import tokenizers

    from kit.sources.gguf import splitter

    empty = tokenizers.Tokenizer(tokenizers.models.BPE())
    empty.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(splitter("qwen2"))
    return json.dumps(json.loads(empty.to_str())["pre_tokenizer"])


def test_half_the_size_and_a_merged_lora(tmp_path, tokenizer) -> None:
    given = source(tokenizer)
    made = migrate(given, None, "lora")
    for name, parameter in made.model.named_parameters():
        if "lora_B" in name:
            parameter.data += 0.1
    lora = Source("lora", made.model.body, tokenizer, made.model.head)
    with pytest.raises(KitError, match=r"merge LoRA first"):
        sources.export(lora, tmp_path / "lora.gguf")
    merge(made.model)
    whole = sources.export(lora, tmp_path / "lora.gguf")
    query = sources.load(whole).body.blocks[0].attention.query.weight
    assert torch.equal(query, made.model.body.blocks[0].attention.query.weight)
    half = gguf_export.export(lora, tmp_path / "half.gguf", half=True)
    assert half.stat().st_size < 0.7 * whole.stat().st_size
    with pytest.raises(KitError, match="is there already"):
        sources.export(lora, whole)
    assert {path.name for path in tmp_path.iterdir()} == {"lora.gguf", "half.gguf"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"causal": False}, "do not compute this body"),
        ({"bias": True}, "do not compute this body"),
        ({"activation": "geglu"}, "do not compute this body"),
        ({"window": 4}, "do not compute this body"),
        ({"rotary_scaling": {"rope_type": "yarn", "factor": 2.0,
                             "original_max_position_embeddings": 32}}, "rope_type='yarn'"),
    ],
)  # fmt: skip
def test_what_llama_cpp_does_not_compute_is_refused(changes, says, tmp_path, tokenizer) -> None:
    with pytest.raises(KitError, match=says):
        sources.export(source(tokenizer, **changes), tmp_path / "odd.gguf")
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_or_head_that_llama_cpp_lacks_is_refused(tmp_path, tokenizer) -> None:
    given = source(tokenizer)
    about = json.loads(tokenizer.to_json()) | {"normalizer": {"type": "Lowercase"}}
    given.tokenizer = Tokenizer.load(json.dumps(about).encode())
    with pytest.raises(KitError, match=r"llama.cpp has no tokenizer like this BPE"):
        sources.export(given, tmp_path / "odd.gguf")
    for head in (None, LanguageHead.tied(given.body, bias=True)):
        given.head = head
        with pytest.raises(KitError, match="no language head without a bias"):
            sources.export(given, tmp_path / "odd.gguf")
    assert not list(tmp_path.iterdir())


def test_llama_cpp_writes_the_same_text(tmp_path, tokenizer) -> None:
    llama = pytest.importorskip("xllamacpp", reason="xllamacpp is not installed")
    given = source(tokenizer)
    options = llama.CommonParams()
    options.model.path = str(sources.export(given, tmp_path / "tiny.gguf"))
    options.cache_type_k = options.cache_type_v = llama.ggml_type.GGML_TYPE_F32
    options.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    options.n_ctx, options.warmup, options.cpuparams.n_threads = 64, False, 1
    asked = {"n_predict": 12, "temperature": 0.0, "ignore_eos": True}
    asked |= {"prompt": tokenizer.encode(TEXTS[0])}
    answer = llama.Server(options).handle_completions(asked)
    [written] = generate(given, [tokenizer.encode(TEXTS[0])], 12)
    assert answer["choices"][0]["text"].encode() == tokenizer.decode(written).encode()
