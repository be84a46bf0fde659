"""Weight map of T5 (Raffel et al. 2020, arxiv.org/abs/1910.10683), of T5 v1.1 and of Flan-T5.

The first ties the output to the word table and divides the decoder's states by √width before it;
the later ones have a matrix of its own and a gate in the feed-forward part.
"""

from dataclasses import replace

from kit.errors import KitError
from kit.sources.weight_maps import ACTIVATIONS, Family

__all__ = ["t5_half", "t5_read", "t5_sides", "t5_written"]

GATE = {"up": "wi_1", "gate": "wi_0"}


def t5_half(side: str) -> Family:
    """The encoder or the decoder, without a gate."""
    block = f"{side}.block.#.layer."
    last = block + ("1." if side == "encoder" else "2.")
    layers = {"encoder": ("num_layers",), "decoder": ("num_decoder_layers",)}[side]
    tensors = {
        "embed.tokens": f"{side}.embed_tokens",
        "embed.relative": f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias",
        **_attention("attention", f"{block}0.", "SelfAttention"),
        **(_attention("cross", f"{block}1.", "EncDecAttention") if side == "decoder" else {}),
        "blocks.#.feed_forward.up": last + "DenseReluDense.wi",
        "blocks.#.feed_forward.down": last + "DenseReluDense.wo",
        "blocks.#.feed_forward_norm": last + "layer_norm",
        "norm": f"{side}.final_layer_norm",
    }
    return Family(
        classes=("", None),
        switches={"positions": "relative", "norm": "rms", "norm_first": True, "bias": False}
        | {"embedding_norm": False, "query_scalar": 1.0}
        | {"causal": side == "decoder", "cross": side == "decoder"},
        settings={
            "vocabulary": ("vocab_size",),
            "width": ("d_model",),
            "layers": layers,
            "heads": ("num_heads",),
            "head_size": ("d_kv",),
            "intermediate_size": ("d_ff",),
            "block_size": ("n_positions", 512),
            "norm_eps": ("layer_norm_epsilon", 1e-6),
            "activation": ("activation",),
            "relative_buckets": ("relative_attention_num_buckets", 32),
            "relative_distance": ("relative_attention_max_distance", 128),
        },
        tensors=tensors,
        prefix="transformer.",
        left=r"decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$",
        head="lm_head",
        tied=True,
    )


def _attention(ours: str, layer: str, theirs: str) -> dict[str, str]:
    names = {"query": "q", "key": "k", "value": "v", "output": "o"}
    tensors = {f"blocks.#.{ours}.{part}": f"{layer}{theirs}.{n}" for part, n in names.items()}
    return tensors | {f"blocks.#.{ours}_norm": layer + "layer_norm"}


def t5_sides(pair, settings: dict) -> tuple[Family, Family]:
    """Encoder and decoder of a model with these settings, which `t5_read` has completed."""
    halves = []
    for half in (pair.encoder, pair.decoder):
        tensors = dict(half.tensors)
        if settings["is_gated_act"]:
            up = tensors["blocks.#.feed_forward.up"].removesuffix("wi")
            tensors |= {f"blocks.#.feed_forward.{part}": up + name for part, name in GATE.items()}
        halves.append(replace(half, tensors=tensors))
    return halves[0], halves[1]


def t5_read(settings: dict) -> dict:
    """The settings, with those that `transformers` computes from others; KitError for two that
    contradict each other."""
    gate, _, name = str(settings.get("feed_forward_proj", "relu")).rpartition("-")
    if gate not in ("", "gated"):
        raise KitError(
            f"feed_forward_proj={settings['feed_forward_proj']!r:.60}: the kit knows the name of "
            f"an activation ({', '.join(ACTIVATIONS)}), with or without gated- before it."
        )
    gated = gate == "gated"
    name = "gelu_new" if gated and name == "gelu" else name
    for field, value in (("dense_act_fn", name), ("is_gated_act", gated)):
        if settings.get(field, value) != value:
            raise KitError(
                f"{field}={settings[field]!r:.60} in config.json, and feed_forward_proj says "
                f"{value!r}: remove the one that is wrong."
            )
    layers = settings.get("num_decoder_layers")
    scaled = settings.get("tie_word_embeddings") is not False
    return settings | {
        "activation": name,
        "is_gated_act": gated,
        "num_decoder_layers": settings.get("num_layers") if layers is None else layers,
        "scale_decoder_outputs": settings.get("scale_decoder_outputs", scaled),
        "tie_word_embeddings": True,  # as in transformers: a matrix of its own counts all the same
    }


def t5_written(settings: dict, scale: float) -> dict:
    """The settings as a config.json has them: the inverse of `t5_read`."""
    settings = dict(settings)
    name, gated = settings.pop("activation"), settings["is_gated_act"]
    name = "gelu" if gated and ACTIVATIONS[name] == "gelu_tanh" else name
    return settings | {
        "feed_forward_proj": f"gated-{name}" if gated else name,
        "dense_act_fn": "gelu_new" if gated and name == "gelu" else name,
        "scale_decoder_outputs": scale != 1,
        "tie_word_embeddings": scale != 1,
    }
