"""GGUF files: the model that was written, and every field used, harmless, or refused by name."""

import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.sources import gguf
from kit.sources.weight_maps import GGUF

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own

SMALL = {"vocab_size": 256, "max_position_embeddings": 90, "initializer_range": 0.3}
SMALL |= {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6}


def close(ours, theirs):
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


def gguf_file(path, architecture="llama", pre="gpt-2", **fields):
    """What llama.cpp's converter makes of a small Llama, and the Llama. fields: more of them, with
    two underscores for a point."""
    import gguf
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(**SMALL, intermediate_size=40, num_key_value_heads=2)
    model = LlamaForCausalLM(config).eval()
    file = gguf.GGUFWriter(path, architecture)
    file.add_block_count(2)
    file.add_embedding_length(24)
    file.add_feed_forward_length(40)
    file.add_head_count(6)
    file.add_head_count_kv(2)
    file.add_context_length(90)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre(pre)
    file.add_token_list(sorted(ByteLevel.alphabet()))
    file.add_token_types([1] * 256)
    file.add_token_merges([])
    for name, tensor in model.state_dict().items():
        number = next((part for part in name.split(".") if part.isdigit()), "")
        module = name.removeprefix("model.").removesuffix(".weight").replace(f".{number}.", ".#.")
        theirs = GGUF[module].replace("#", number)
        if theirs.endswith(("attn_q", "attn_k")):
            heads = 6 if theirs.endswith("q") else 2
            tensor = tensor.reshape(heads, 2, 2, 24).swapaxes(1, 2).reshape(tensor.shape)
        file.add_tensor(f"{theirs}.weight", tensor.contiguous().numpy())
    for name, value in fields.items():
        kinds = {bool: file.add_bool, int: file.add_uint32, str: file.add_string}
        add = kinds.get(type(value), file.add_float32)
        add(name.replace("__", "."), value)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return model


@torch.no_grad()
def test_gguf_gives_the_model_that_was_written(tmp_path):
    theirs = gguf_file(tmp_path / "small.gguf")
    source = sources.load(tmp_path / "small.gguf")
    ids = torch.randint(0, 256, (2, 9))
    close(source.head(source.body(ids), None), theirs(ids).logits)
    assert source.tokenizer.decode(source.tokenizer.encode("Wörter")) == "Wörter"


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"architecture": "mamba"}, "architecture 'mamba'"), ({"pre": "odd"}, "'gpt2', 'odd'")],
)
def test_gguf_of_another_kind(changes, says, tmp_path):
    gguf_file(tmp_path / "small.gguf", **changes)
    with pytest.raises(KitError, match=says):
        sources.load(tmp_path / "small.gguf")


@torch.no_grad()
def test_the_lowest_blocks_of_a_gguf_file(tmp_path):
    gguf_file(tmp_path / "small.gguf")
    whole, low = (gguf.load(tmp_path / "small.gguf", layers=n) for n in (None, 1))
    chosen = migrate(whole, None, "choose_layers", layers=[0]).model.body
    ids = torch.randint(0, 256, (2, 9))
    assert low.body.config == chosen.config and not low.card["problems"]
    assert torch.equal(low.body(ids), chosen(ids))
    for wrong in (0, 3, 1.0):
        with pytest.raises(KitError, match="this model has 2"):
            gguf.load(tmp_path / "small.gguf", layers=wrong)


def test_gguf_cut_short(tmp_path):
    path = tmp_path / "small.gguf"
    gguf_file(path)
    for size in (0, 3, 500, path.stat().st_size - 100):
        path.write_bytes(path.read_bytes()[:size] if size else b"")
        with pytest.raises(KitError, match="no whole GGUF file"):
            sources.load(path)
        gguf_file(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"llama__rope__dimension_count": 2},
        {"llama__attention__value_length": 8},
        {"llama__expert_count": 4},
        {"llama__attention__scale": 0.5},
        {"llama__attention__sliding_window": 32},
        {"llama__rope__scaling__attn_factor": 0.5},
        {"llama__logit_scale": 2.0},
    ],
)
def test_a_field_that_would_change_the_answers_is_refused_by_name(tmp_path, fields) -> None:
    gguf_file(tmp_path / "small.gguf", **fields)
    [name] = fields
    with pytest.raises(KitError, match=f"{name.replace('__', '.')}=.*does not read"):
        sources.load(tmp_path / "small.gguf")


@torch.no_grad()
def test_fields_that_say_what_is_so_change_nothing(tmp_path) -> None:
    theirs = gguf_file(
        tmp_path / "small.GGUF",
        llama__rope__dimension_count=4,
        llama__attention__key_length=4,
        llama__attention__value_length=4,
        llama__rope__scaling__type="linear",
        llama__rope__scaling__factor=1.0,
        llama__expert_count=0,
    )
    source = sources.load(tmp_path / "small.GGUF")
    ids = torch.randint(0, 256, (2, 9))
    close(source.head(source.body(ids), None), theirs(ids).logits)


@pytest.mark.parametrize("field", ["add_eos_token", "add_sep_token", "add_space_prefix"])
def test_a_vocabulary_that_adds_what_the_kit_does_not_is_refused(tmp_path, field) -> None:
    gguf_file(tmp_path / "small.gguf", **{f"tokenizer__ggml__{field}": True})
    with pytest.raises(KitError, match=field):
        sources.load(tmp_path / "small.gguf")
    gguf_file(tmp_path / "small.gguf", **{f"tokenizer__ggml__{field}": False})
    sources.load(tmp_path / "small.gguf")
