"""Small models of `transformers` of each family that the kit reads, of odd shapes and settings."""

import random
from collections.abc import Callable

import torch

from kit.sources.weight_maps import FAMILIES

__all__ = ["DRAWN", "TOLERANCE", "difference", "drawn"]

TOLERANCE = 1e-5
"""The largest difference to `transformers`, as a share of the largest output."""

ACTIVATIONS = ("silu", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu")
YARN = {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 16}
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
ROPES = (
    {"rope_type": "default", "rope_theta": 500.0},
    {"rope_type": "linear", "factor": 2.5, "rope_theta": 700.0},
    {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
    {"rope_type": "llama3", "factor": 8.0, "rope_theta": 50.0} | LLAMA3,
    YARN | {"rope_theta": 20.0},
    YARN | {"rope_theta": 90.0, "beta_fast": 4.0, "beta_slow": 0.5, "truncate": False},
    YARN | {"rope_theta": 90.0, "mscale": 0.7, "mscale_all_dim": 1.5},
    YARN | {"rope_theta": 90.0, "attention_factor": 0.6},
)
BOTH = {"full_attention": {"rope_theta": 90.0}, "sliding_attention": {"rope_theta": 30.0}}


def shape(draw: random.Random, layers: int) -> dict:
    """Sizes by the names that most families have."""
    heads = draw.choice([2, 3, 4])
    return {
        "vocab_size": draw.randint(300, 340),
        "hidden_size": heads * draw.choice([4, 6, 8]),
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": draw.randint(9, 40),
        "max_position_embeddings": draw.randint(40, 60),
        "initializer_range": 0.3,
    }


def llama(draw: random.Random, **more) -> dict:
    """A Llama or what is like it: grouped heads, an activation."""
    settings = shape(draw, 3)
    heads = settings["num_attention_heads"]
    settings["num_key_value_heads"] = draw.choice([n for n in (1, 2, heads) if heads % n == 0])
    return (
        settings | {"rms_norm_eps": 1e-5, "tie_word_embeddings": draw.choice([True, False])} | more
    )


def gemma(draw: random.Random, **more) -> dict:
    """A Gemma: a scale, caps, a window in some blocks."""
    settings = llama(draw, tie_word_embeddings=True, head_dim=8, query_pre_attn_scalar=5)
    settings |= {"sliding_window": 3, "final_logit_softcapping": draw.choice([None, 2.0])}
    return settings | {"hidden_activation": draw.choice(ACTIVATIONS)} | more


def bert(draw: random.Random, **more) -> dict:
    """A BERT or what is like it."""
    return shape(draw, 2) | {"hidden_act": draw.choice(ACTIVATIONS)} | more


def gpt2(draw: random.Random) -> dict:
    """A GPT-2, by its own names."""
    s = shape(draw, 2)
    names = {
        "n_embd": "hidden_size",
        "n_layer": "num_hidden_layers",
        "n_head": "num_attention_heads",
    }
    names |= {"n_positions": "max_position_embeddings", "n_inner": "intermediate_size"}
    names |= {"vocab_size": "vocab_size", "initializer_range": "initializer_range"}
    return {new: s[old] for new, old in names.items()}


def distilbert(draw: random.Random) -> dict:
    """A DistilBERT, by its own names."""
    s = shape(draw, 2)
    names = {
        "dim": "hidden_size",
        "n_layers": "num_hidden_layers",
        "n_heads": "num_attention_heads",
    }
    names |= {"hidden_dim": "intermediate_size", "vocab_size": "vocab_size"}
    return {new: s[old] for new, old in names.items()} | {"max_position_embeddings": 44}


DRAWN: dict[str, tuple[Callable, ...]] = {
    "bert": (lambda d: bert(d, type_vocab_size=3),),
    "roberta": (lambda d: bert(d, type_vocab_size=1),),
    "xlm-roberta": (lambda d: bert(d),),
    "camembert": (lambda d: bert(d),),
    "distilbert": (distilbert,),
    "gpt2": (gpt2,),
    "llama": (
        lambda d: llama(d, hidden_act=d.choice(ACTIVATIONS), attention_bias=True, head_dim=6),
        lambda d: llama(d, mlp_bias=True),
        *(lambda d, rope=rope: llama(d, head_dim=16, rope_parameters=dict(rope)) for rope in ROPES),
    ),
    "qwen2": (
        lambda d: llama(d),
        lambda d: llama(d, use_sliding_window=True, sliding_window=3, max_window_layers=1),
    ),
    "electra": (
        lambda d: bert(d, embedding_size=10),
        lambda d: bert(d, hidden_size=24, embedding_size=24, num_attention_heads=3),
    ),
    "modernbert": (
        lambda d: shape(d, 4) | {"local_attention": 4, "pad_token_id": 0, "rope_parameters": BOTH},
        lambda d: (
            shape(d, 4)
            | {"local_attention": 7, "pad_token_id": 0, "norm_bias": True, "attention_bias": True}
            | {"mlp_bias": True, "hidden_activation": d.choice(ACTIVATIONS)}
        ),
    ),
    "opt": (
        lambda d: (
            {k: v for k, v in bert(d).items() if k != "intermediate_size"}
            | {"ffn_dim": 21, "init_std": 0.3, "activation_function": d.choice(ACTIVATIONS)}
        ),
    ),
    "gpt_neox": (
        lambda d: bert(d, hidden_size=24, num_attention_heads=3, rotary_pct=0.25),
        lambda d: bert(d, use_parallel_residual=False, rotary_pct=1.0),
        lambda d: bert(d, hidden_size=48, num_attention_heads=3, rotary_pct=0.375),
    ),
    "mistral": (
        lambda d: llama(d, sliding_window=4, rope_parameters=dict(ROPES[4])),
        lambda d: llama(d, sliding_window=None, head_dim=10),
    ),
    "qwen3": (
        lambda d: llama(d, head_dim=8, attention_bias=True),
        lambda d: (
            llama(d, head_dim=8, use_sliding_window=True, sliding_window=3)
            | {"max_window_layers": 2}
        ),
    ),
    "phi3": (
        lambda d: (
            llama(d, sliding_window=5, hidden_size=48, num_attention_heads=3)
            | {"num_key_value_heads": 1, "partial_rotary_factor": 0.75, "pad_token_id": 0}
        ),
    ),
    "smollm3": (
        lambda d: llama(d, no_rope_layer_interval=2, pad_token_id=0, attention_bias=True),
        lambda d: llama(d, no_rope_layers=[0, 1, 1], pad_token_id=0, mlp_bias=True),
    ),
    "gemma2": (
        lambda d: gemma(d, attn_logit_softcapping=1.5),
        lambda d: gemma(d, attn_logit_softcapping=None, attention_bias=True),
    ),
    "gemma3_text": (
        lambda d: gemma(d, sliding_window_pattern=2),
        lambda d: (
            gemma(d)
            | {"layer_types": ["full_attention", "sliding_attention", "full_attention"]}
            | {"rope_parameters": {"full_attention": dict(ROPES[1]), "sliding_attention": {}}}
        ),
    ),
}
"""`model_type` -> functions that draw settings of a small model."""


def drawn(kind: str, number: int):
    """A model of `transformers`, with its language head where it has one, whose values are far
    from those of a fresh model."""
    import transformers

    torch.manual_seed(number)
    draw = random.Random(f"{kind} {number}")
    settings = DRAWN[kind][number](draw) | {"attn_implementation": "eager"}
    settings |= {"eos_token_id": 3} if kind == "modernbert" else {}
    body, with_head = FAMILIES[kind].classes
    maker = getattr(transformers, with_head or body)
    model = maker(maker.config_class(**settings)).eval()
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model


@torch.no_grad()
def difference(model, source, ids, mask) -> float:
    """The largest difference of hidden states, or of logits where there is a head, at real
    tokens, as a share of the largest number."""
    kind = source.card["family"]
    places = (mask.long().cumsum(1) - 1).clamp(0) + FAMILIES[kind].skipped * (kind != "opt")
    options = {} if kind == "distilbert" else {"position_ids": places}
    expected = model(input_ids=ids, attention_mask=mask.long(), **options)[0][mask]
    hidden = source.body(ids, mask)
    ours = (hidden if source.head is None else source.head(hidden, mask))[mask]
    return float((ours - expected).abs().max() / expected.abs().max())
