"""Weight maps of encoder-decoders: Hugging Face's names of settings and tensors, one `Pair` each.

A pair has two tables, as `kit.sources.weight_maps` describes them: one of the encoder, which
becomes the source's body, and one of the decoder, which stands in its head.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kit.errors import KitError
from kit.sources.t5_map import t5_half, t5_read, t5_sides, t5_written
from kit.sources.weight_maps import Family

__all__ = ["PAIRS", "Pair"]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """How a family of encoder-decoders of Hugging Face is read."""

    classes: tuple[str, str]
    """Their classes: without the language head, and with it."""
    encoder: Family
    decoder: Family
    sides: Callable[["Pair", dict], tuple[Family, Family]]
    """Encoder and decoder of a model with these settings."""
    read: Callable[[dict], dict] = dict
    """Their settings, completed."""
    written: Callable[[dict, float], dict] = lambda settings, scale: settings
    """The inverse of `read`, from the settings and the scale of the head."""
    must: dict[str, object] = field(default_factory=dict)
    """Settings of theirs that only work with this value, which is also their default."""
    ignored: tuple[str, ...] = ()
    """Settings that change nothing in this family."""
    same: dict[str, str] = field(default_factory=lambda: {"num_hidden_layers": "encoder_layers"})
    """Settings that must say the same as another, or nothing."""
    bias: bool = True
    """Whether the logits have a bias, `final_logits_bias`."""
    fixed: bool = False
    """Whether a file may have a table of positions, which are those of `sinusoids`."""


def _half(side: str, switches: dict, norm: bool = False) -> Family:
    """The encoder or the decoder of BART and of what is like it; norm: one after the last block."""
    block = f"{side}.layers.#."
    tensors = {
        "embed.tokens": f"{side}.embed_tokens",
        **_attention("attention", block + "self_attn"),
        **(_attention("cross", block + "encoder_attn") if side == "decoder" else {}),
        "blocks.#.feed_forward.up": block + "fc1",
        "blocks.#.feed_forward.down": block + "fc2",
        "blocks.#.feed_forward_norm": block + "final_layer_norm",
    }
    if switches["positions"] == "learned":
        tensors["embed.positions"] = f"{side}.embed_positions"
    if switches["embedding_norm"]:
        tensors["embed.norm"] = f"{side}.layernorm_embedding"
    if norm:
        tensors["norm"] = f"{side}.layer_norm"
    return Family(
        classes=("", None),
        switches=switches
        | {"norm": "layer", "norm_eps": 1e-5, "norm_first": norm}
        | {"causal": side == "decoder", "cross": side == "decoder"},
        settings={
            "vocabulary": ("vocab_size",),
            "width": ("d_model",),
            "layers": (f"{side}_layers",),
            "heads": (f"{side}_attention_heads",),
            "intermediate_size": (f"{side}_ffn_dim",),
            "block_size": ("max_position_embeddings",),
            "activation": ("activation_function", "gelu"),
        },
        tensors=tensors,
        prefix="model.",
        left=r"classification_head\.|qa_outputs\.|(encoder|decoder)\.version$",
        head="lm_head",
        tied=True,
        skipped=2 * (switches["positions"] == "learned"),
        skipped_are_counted=False,
    )


def _attention(ours: str, theirs: str) -> dict[str, str]:
    names = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "out_proj"}
    tensors = {f"blocks.#.{ours}.{part}": f"{theirs}.{name}" for part, name in names.items()}
    return tensors | {f"blocks.#.{ours}_norm": f"{theirs}_layer_norm"}


def _scaled(pair: Pair, settings: dict) -> tuple[Family, Family]:
    """BART's halves, whose embeddings may be multiplied by √width."""
    scaled = settings.get("scale_embedding", False)
    if scaled not in (True, False):
        raise KitError(f"scale_embedding={scaled!r:.40} in config.json: it must be true or false.")
    halves = pair.encoder, pair.decoder
    encoder, decoder = (replace(half, scaled_embeddings=bool(scaled)) for half in halves)
    return encoder, decoder


_LEARNED = {"positions": "learned", "embedding_norm": True}
_FIXED = {"positions": "sinusoidal", "embedding_norm": False}
_MUST = {
    "is_encoder_decoder": True,
    "is_decoder": False,
    "add_bias_logits": False,
    "do_blenderbot_90_layernorm": False,
}

_LEARNED_MUST = {
    "normalize_embedding": True,
    "static_position_embeddings": False,
    "extra_pos_embeddings": 2,
}

PAIRS = {
    "t5": Pair(
        classes=("T5Model", "T5ForConditionalGeneration"),
        encoder=t5_half("encoder"),
        decoder=t5_half("decoder"),
        sides=t5_sides,
        read=t5_read,
        written=t5_written,
        must={"is_encoder_decoder": True, "is_decoder": False},
        ignored=("feed_forward_proj", "dense_act_fn", "is_gated_act", "scale_decoder_outputs"),
        same={"num_hidden_layers": "num_layers"},
        bias=False,
    ),
    "bart": Pair(
        classes=("BartModel", "BartForConditionalGeneration"),
        encoder=_half("encoder", _LEARNED),
        decoder=_half("decoder", _LEARNED),
        sides=_scaled,
        must=_MUST | _LEARNED_MUST | {"normalize_before": False, "add_final_layer_norm": False},
    ),
    "mbart": Pair(
        classes=("MBartModel", "MBartForConditionalGeneration"),
        encoder=_half("encoder", _LEARNED, norm=True),
        decoder=_half("decoder", _LEARNED, norm=True),
        sides=_scaled,
        must=_MUST | _LEARNED_MUST | {"normalize_before": True, "add_final_layer_norm": True},
    ),
    "marian": Pair(
        classes=("MarianModel", "MarianMTModel"),
        encoder=_half("encoder", _FIXED),
        decoder=_half("decoder", _FIXED),
        sides=_scaled,
        must=_MUST
        | {"normalize_before": False, "add_final_layer_norm": False, "normalize_embedding": False}
        | {"static_position_embeddings": True, "share_encoder_decoder_embeddings": True},
        ignored=("extra_pos_embeddings",),
        fixed=True,
        same={"num_hidden_layers": "encoder_layers", "decoder_vocab_size": "vocab_size"},
    ),
}
"""Encoder-decoders by the `model_type` of their config.json."""
