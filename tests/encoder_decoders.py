"""Small encoder-decoders of `transformers`, of odd shapes and settings, as the kit reads them."""

import random
from collections.abc import Callable

import torch

from kit.sources.encoder_decoder_maps import PAIRS

__all__ = ["DRAWN", "batch", "difference", "drawn", "from_folder"]

ACTIVATIONS = ("silu", "gelu", "gelu_new", "relu", "swish")
IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}


def bart(draw: random.Random, **more) -> dict:
    """A BART or what is like it: encoder and decoder of different sizes."""
    width = 12 * draw.choice([2, 3])
    settings = {"vocab_size": draw.randint(300, 340), "d_model": width, "init_std": 0.2}
    for side in ("encoder", "decoder"):
        settings |= {
            f"{side}_layers": draw.randint(1, 3),
            f"{side}_attention_heads": draw.choice([1, 2, 3, 4]),
            f"{side}_ffn_dim": draw.randint(9, 40),
        }
    settings |= {"max_position_embeddings": draw.randint(40, 60), "forced_eos_token_id": 2}
    settings |= {"scale_embedding": draw.choice([True, False])}
    return settings | {"activation_function": draw.choice(ACTIVATIONS)} | IDS | more


def t5(draw: random.Random, **more) -> dict:
    """A T5: heads whose width is not that of the model."""
    settings = {"vocab_size": draw.randint(300, 340), "d_model": draw.choice([18, 25])}
    settings |= {"d_kv": draw.choice([4, 6]), "d_ff": draw.randint(9, 40), "num_layers": 2}
    settings |= {"num_heads": draw.choice([2, 3]), "feed_forward_proj": "relu"}
    settings |= {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 12}
    settings |= {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0}
    return settings | more


DRAWN: dict[str, tuple[Callable, ...]] = {
    "bart": (
        bart,
        lambda d: bart(d, scale_embedding=True, tie_word_embeddings=False),
        lambda d: bart(d, activation_function="gelu", decoder_start_token_id=200),
    ),
    "mbart": (
        lambda d: bart(d, decoder_start_token_id=200),
        lambda d: bart(d, scale_embedding=True),
    ),
    "t5": (
        t5,
        lambda d: t5(d, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
        lambda d: t5(d, feed_forward_proj="gated-silu", relative_attention_max_distance=9),
        lambda d: t5(d, num_decoder_layers=3, relative_attention_num_buckets=7),
    ),
    "marian": (
        lambda d: bart(d, pad_token_id=200, decoder_start_token_id=200, scale_embedding=True),
        lambda d: bart(d, decoder_start_token_id=0, d_model=15, **dict.fromkeys(ODD_HEADS, 3)),
    ),
}
"""`model_type` -> functions that draw settings of a small model."""

ODD_HEADS = ("encoder_attention_heads", "decoder_attention_heads")
GENERATION = {
    ("bart", 0): {"forced_bos_token_id": 1},
    ("mbart", 1): {"forced_bos_token_id": 201},
    ("marian", 0): {"bad_words_ids": [[200]]},
}
"""Settings of `generate` that the class of the config does not have."""


def drawn(kind: str, number: int):
    """A model of `transformers` whose values are far from those of a fresh model, with a bias of
    its logits."""
    import transformers

    torch.manual_seed(number)
    settings = DRAWN[kind][number](random.Random(f"{kind} {number}"))
    maker = getattr(transformers, PAIRS[kind].classes[1])
    model = maker(maker.config_class(**settings, attn_implementation="eager")).eval()
    for name, parameter in model.named_parameters():
        if kind != "marian" or "embed_positions" not in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.normal_(std=0.5)
    for name, value in GENERATION.get((kind, number), {}).items():
        setattr(model.generation_config, name, value)
    return model


def from_folder(model, folder):
    """The model as its own class reads it from the folder."""
    return type(model).from_pretrained(folder, attn_implementation="eager").eval()


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ids and mask, padded on the right (their encoders count padding on the left), and target."""
    mask = torch.arange(13)[None] < torch.tensor([13, 5, 1, 9])[:, None]
    return torch.randint(4, 280, mask.shape), mask, torch.randint(4, 280, (4, 8))


@torch.no_grad()
def difference(model, source) -> float:
    """The largest difference of the logits, as a share of the largest one."""
    worst = 0.0
    for ids, mask, target in (batch(), batch()):
        options = {"attention_mask": mask.long(), "decoder_input_ids": target}
        expected = model(input_ids=ids, **options).logits
        ours = source.head(source.body(ids, mask), mask, target)
        worst = max(worst, float((ours - expected).abs().max() / expected.abs().max()))
    return worst
