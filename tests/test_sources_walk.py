"""A walk through config.json and the tensors of each family: what changes the answers of
`transformers` changes ours in the same way, or is refused."""

import json

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from kit.errors import KitError
from kit.sources.build import build_source
from kit.tokenizer import Tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # transformers' own

SMALL = {"vocab_size": 290, "max_position_embeddings": 24, "initializer_range": 0.3}
WIDE = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
BERT = SMALL | WIDE | {"intermediate_size": 40}
LLAMA = BERT | {"num_key_value_heads": 2}
FAMILIES = {
    "bert": BERT,
    "roberta": BERT,
    "distilbert": SMALL | {"dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 40},
    "gpt2": SMALL | {"n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 24},
    "llama": LLAMA,
    "qwen2": LLAMA,
}
OTHERS = {
    "hidden_act": "relu",
    "activation": "relu",
    "activation_function": "relu",
    "position_embedding_type": "relative_key",
    "n_inner": 48,
    "head_dim": 8,
    "rope_parameters": {"rope_theta": 500.0, "rope_type": "default"},
    "rope_scaling": {"rope_type": "linear", "factor": 2.0},
    "partial_rotary_factor": 0.5,
    "layer_types": ["full_attention", "sliding_attention"],
    "sliding_window": 3,
    "quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True},
    "pruned_heads": {"0": [1]},
    "id2label": {"0": "good", "1": "bad"},
    "label2id": {"good": 0, "bad": 1},
    "auto_map": {"AutoModel": "modeling_other.OtherModel"},
}
"""Field -> a value that is not its default and that a model may have."""
IDS = torch.tensor([[5, 9, 200, 7, 31, 8], [11, 6, 90, 44, 2, 3]])


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["A short one, again and again."] * 3, 262)


def theirs(kind: str, settings: dict):
    """The model of transformers with these settings, in evaluation mode."""
    config = AutoConfig.for_model(kind, **{k: v for k, v in settings.items() if k != "model_type"})
    maker = AutoModelForCausalLM if kind in ("gpt2", "llama", "qwen2") else AutoModel
    return maker.from_config(config, attn_implementation="eager").eval()


def settings_of(kind: str) -> dict:
    """A whole config.json: every field that the family's class writes."""
    config = AutoConfig.for_model(kind, **FAMILIES[kind])
    settings = json.loads(config.to_json_string(use_diff=False))
    settings |= {"layer_types": ["full_attention"] * 2} if kind == "qwen2" else {}
    return settings | {"architectures": ["Some"]}


@torch.no_grad()
def ours(settings: dict, tensors: dict, tokenizer) -> torch.Tensor:
    """The kit's logits, or hidden states where the family has no language head."""
    content = {name: lambda t=t: t.clone() for name, t in tensors.items()}
    source = build_source("small", settings, content, tokenizer)
    hidden = source.body(IDS)
    return hidden if source.head is None else source.head(hidden, None)


@torch.no_grad()
def answers(model) -> torch.Tensor:
    output = model(input_ids=IDS, return_dict=True)
    return output.logits if "logits" in output else output.last_hidden_state


def other(name: str, value):
    """Another value of a field."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 or 1
    return value and f"{value}-other"


def start(kind: str):
    """Settings, tensors with values unlike fresh ones, and the answers."""
    torch.manual_seed(0)
    settings = settings_of(kind)
    model = theirs(kind, settings)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.2 * torch.randn_like(p)
    return settings, model.state_dict(), answers(model)


def near(one: torch.Tensor, two: torch.Tensor) -> bool:
    return one.shape == two.shape and bool((one - two).abs().max() <= 1e-4 * two.abs().max())


@pytest.mark.parametrize("kind", FAMILIES)
def test_each_field_is_used_as_transformers_does_or_refused(kind, tokenizer) -> None:
    settings, tensors, expected = start(kind)
    assert near(ours(settings, tensors, tokenizer), expected)
    # Whether a head is tied is another test's (tests/test_sources_kinds.py), and transformers
    # itself fails with return_dict=False.
    ours_alone = {"model_type", "tie_word_embeddings", "return_dict"}
    for name in sorted({*settings, *OTHERS} - ours_alone):
        changed = settings | {name: other(name, settings.get(name))}
        try:
            found = ours(changed, tensors, tokenizer)
        except KitError:
            continue
        model = theirs(kind, changed)
        model.load_state_dict(tensors)
        assert near(found, answers(model)), f"{name}={changed[name]!r}"


@pytest.mark.parametrize("kind", FAMILIES)
def test_each_tensor_is_used_or_named_as_left(kind, tokenizer) -> None:
    settings, tensors, _ = start(kind)
    model = theirs(kind, settings)
    if settings["tie_word_embeddings"]:
        tensors.pop("lm_head.weight", None)
    for name in tensors:
        changed = tensors | {name: tensors[name] + 0.1 * torch.randn_like(tensors[name])}
        model.load_state_dict(changed, strict=False)
        assert near(ours(settings, changed, tokenizer), answers(model)), name
        if name.startswith("pooler."):  # a head, which is left
            continue
        with pytest.raises(KitError, match="is unknown"):
            ours(settings, tensors | {f"{name}_scale": tensors[name]}, tokenizer)
        if name != "lm_head.weight":
            with pytest.raises(KitError, match="is missing"):
                ours(settings, {n: t for n, t in tensors.items() if n != name}, tokenizer)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logit_scale", 0.1),
        ("attn_logit_softcapping", 50.0),
        ("residual_multiplier", 0.2),
        ("use_alibi", True),
        ("embedding_multiplier", 12),
    ],
)
def test_an_unknown_field_is_refused_by_name_where_it_says_something(
    field, value, tokenizer
) -> None:
    settings, tensors, expected = start("llama")
    with pytest.raises(KitError, match=f"{field}=.* of config.json is unknown"):
        ours(settings | {field: value}, tensors, tokenizer)
    for off in (None, False, 0, "", [], {}):
        assert near(ours(settings | {field: off}, tensors, tokenizer), expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t | {"lm_head.weight": torch.zeros(295, 24)}, "lm_head.weight of small gives"),
        (lambda t: t | {"lm_head.bias": torch.zeros(290)}, "lm_head.bias is unknown"),
        (lambda t: t | {"module.model.norm.weight": torch.ones(24)}, "norm.weight twice"),
        (lambda t: t | {"model.norm.weight": torch.full((24,), torch.nan)}, "not finite"),
        (lambda t: t | {"model.norm.weight": torch.full((24,), -torch.inf)}, "not finite"),
    ],
)
def test_tensors_that_would_change_the_answers_unseen_are_refused(change, says, tokenizer) -> None:
    settings, tensors, _ = start("llama")
    with pytest.raises(KitError, match=says):
        ours(settings, change(tensors), tokenizer)
