"""Weight maps of newer families: each is BERT, GPT-2 or Llama with other names or settings."""

from dataclasses import replace

from kit.sources.attention_settings import Rope, Window

__all__ = ["like_bert", "like_gpt2", "like_llama"]

WINDOW = ("sliding_window", 4096)


def like_bert(bert) -> dict:
    """ELECTRA and ModernBERT, from the `Family` of BERT."""
    return {"electra": _electra(bert), "modernbert": _modern_bert(bert)}


def _electra(bert):
    return replace(
        bert,
        classes=("ElectraModel", None),
        settings=bert.settings | {"embedding_size": ("embedding_size", 128)},
        tensors=bert.tensors | {"embed.project": "embeddings_project"},
        prefix="electra.",
        left=bert.left + r"|(discriminator|generator)_\w+\.|summary\.",
    )


def _modern_bert(bert):
    return replace(
        bert,
        classes=("ModernBertModel", None),
        switches={
            "positions": "rotary",
            "norm_first": True,
            "first_norm": False,
            "causal": False,
        },
        settings={
            "vocabulary": ("vocab_size",),
            "width": ("hidden_size",),
            "layers": ("num_hidden_layers",),
            "heads": ("num_attention_heads",),
            "intermediate_size": ("intermediate_size",),
            "block_size": ("max_position_embeddings",),
            "norm_eps": ("norm_eps", 1e-5),
            "norm_bias": ("norm_bias", False),
            "activation": ("hidden_activation", "gelu"),
            "bias": ("attention_bias", False),
            "feed_forward_bias": ("mlp_bias", False),
        },
        tensors={
            "embed.tokens": "embeddings.tok_embeddings",
            "embed.norm": "embeddings.norm",
            "blocks.#.attention.query": "layers.#.attn.Wqkv:0",
            "blocks.#.attention.key": "layers.#.attn.Wqkv:1",
            "blocks.#.attention.value": "layers.#.attn.Wqkv:2",
            "blocks.#.attention.output": "layers.#.attn.Wo",
            "blocks.#.attention_norm": "layers.#.attn_norm",
            "blocks.#.feed_forward.gate": "layers.#.mlp.Wi:0",
            "blocks.#.feed_forward.up": "layers.#.mlp.Wi:1",
            "blocks.#.feed_forward.down": "layers.#.mlp.Wo",
            "blocks.#.feed_forward_norm": "layers.#.mlp_norm",
            "norm": "final_norm",
        },
        prefix="model.",
        must={},
        left=r"head\.|decoder\.|classifier\.",
        rope=Rope(base=("global_rope_theta", 160000.0), local=("local_rope_theta", 10000.0)),
        window=Window(
            local=lambda settings, i: i % settings.get("global_attn_every_n_layers", 3) > 0,
            read=("global_attn_every_n_layers",),
            size=("local_attention", 128),
            two_sided=True,
        ),
    )


def like_gpt2(gpt2) -> dict:
    """OPT and GPT-NeoX (Pythia), from the `Family` of GPT-2."""
    return {"opt": _opt(gpt2), "gpt_neox": _gpt_neox(gpt2)}


_NAMES = {
    "vocabulary": ("vocab_size",),
    "width": ("hidden_size",),
    "layers": ("num_hidden_layers",),
    "heads": ("num_attention_heads",),
    "block_size": ("max_position_embeddings",),
}


def _opt(gpt2):
    block = "decoder.layers.#."
    return replace(
        gpt2,
        classes=("OPTModel", "OPTForCausalLM"),
        switches=gpt2.switches | {"norm_eps": 1e-5},
        settings=_NAMES
        | {
            "intermediate_size": ("ffn_dim",),
            "activation": ("activation_function", "relu"),
        },
        tensors={
            "embed.tokens": "decoder.embed_tokens",
            "embed.positions": "decoder.embed_positions",
            "blocks.#.attention.query": block + "self_attn.q_proj",
            "blocks.#.attention.key": block + "self_attn.k_proj",
            "blocks.#.attention.value": block + "self_attn.v_proj",
            "blocks.#.attention.output": block + "self_attn.out_proj",
            "blocks.#.attention_norm": block + "self_attn_layer_norm",
            "blocks.#.feed_forward.up": block + "fc1",
            "blocks.#.feed_forward.down": block + "fc2",
            "blocks.#.feed_forward_norm": block + "final_layer_norm",
            "norm": "decoder.final_layer_norm",
        },
        prefix="model.",
        must={
            "do_layer_norm_before": True,
            "_remove_final_layer_norm": False,
            "enable_bias": True,
            "layer_norm_elementwise_affine": True,
        },
        left=r"score\.|qa_outputs\.",
        transposed=False,
        skipped=2,
        skipped_are_counted=False,
    )


def _gpt_neox(gpt2):
    block = "layers.#."
    return replace(
        gpt2,
        classes=("GPTNeoXModel", "GPTNeoXForCausalLM"),
        switches=gpt2.switches | {"positions": "rotary"},
        settings=_NAMES
        | {
            "intermediate_size": ("intermediate_size",),
            "norm_eps": ("layer_norm_eps", 1e-5),
            "activation": ("hidden_act", "gelu"),
            "parallel": ("use_parallel_residual", True),
        },
        tensors={
            "embed.tokens": "embed_in",
            "blocks.#.attention.query": block + "attention.query_key_value:0",
            "blocks.#.attention.key": block + "attention.query_key_value:1",
            "blocks.#.attention.value": block + "attention.query_key_value:2",
            "blocks.#.attention.output": block + "attention.dense",
            "blocks.#.attention_norm": block + "input_layernorm",
            "blocks.#.feed_forward.up": block + "mlp.dense_h_to_4h",
            "blocks.#.feed_forward.down": block + "mlp.dense_4h_to_h",
            "blocks.#.feed_forward_norm": block + "post_attention_layernorm",
            "norm": "final_layer_norm",
        },
        prefix="gpt_neox.",
        must={"attention_bias": True},
        left=r"layers\.\d+\.attention\.((masked_)?bias|rotary_emb\.inv_freq)$|score\.",
        head="embed_out",
        tied=False,
        transposed=False,
        parts_by_head=True,
        rope=Rope(base=("rotary_emb_base", 10000.0), share=("rotary_pct", 0.25)),
    )


def like_llama(llama) -> dict:
    """Mistral, Qwen3, Phi-3, SmolLM3, Gemma 2 and 3, from the `Family` of Llama."""
    no_bias = {k: v for k, v in llama.settings.items() if k not in ("bias", "feed_forward_bias")}
    attention_bias = no_bias | {"bias": ("attention_bias", False)}
    mistral = replace(
        llama,
        classes=("MistralModel", "MistralForCausalLM"),
        settings=no_bias | {"kv_heads": ("num_key_value_heads", 8)},
        must={"layer_types": None},
        window=Window(local=lambda settings, i: True, size=WINDOW, typed=False),
    )
    qwen3 = replace(
        llama,
        classes=("Qwen3Model", "Qwen3ForCausalLM"),
        switches=llama.switches | {"query_norm": True, "feed_forward_bias": False},
        settings=attention_bias | {"head_size": ("head_dim", 128)},
        tensors=llama.tensors | _QUERY_NORM,
        window=Window(
            local=lambda settings, i: i >= settings.get("max_window_layers", 28),
            read=("max_window_layers",),
            size=WINDOW,
            switch="use_sliding_window",
        ),
    )
    phi3 = replace(
        llama,
        classes=("Phi3Model", "Phi3ForCausalLM"),
        settings=no_bias | {"norm_eps": ("rms_norm_eps", 1e-5)},
        tensors=llama.tensors
        | {
            "blocks.#.attention.query": "layers.#.self_attn.qkv_proj:0",
            "blocks.#.attention.key": "layers.#.self_attn.qkv_proj:1",
            "blocks.#.attention.value": "layers.#.self_attn.qkv_proj:2",
            "blocks.#.feed_forward.gate": "layers.#.mlp.gate_up_proj:0",
            "blocks.#.feed_forward.up": "layers.#.mlp.gate_up_proj:1",
        },
        must={"layer_types": None},
        window=Window(local=lambda settings, i: True, typed=False),
    )
    smollm3 = replace(
        llama,
        classes=("SmolLM3Model", "SmolLM3ForCausalLM"),
        must={"use_sliding_window": False},
        tied=True,
        rope=Rope(base=("rope_theta", 2000000.0)),
        no_rope=True,
    )
    return {"mistral": mistral, "qwen3": qwen3, "phi3": phi3, "smollm3": smollm3} | _gemmas(
        llama, attention_bias
    )


_QUERY_NORM = {
    "blocks.#.attention.query_norm": "layers.#.self_attn.q_norm",
    "blocks.#.attention.key_norm": "layers.#.self_attn.k_norm",
}


def _gemmas(llama, settings: dict) -> dict:
    gemma2 = replace(
        llama,
        classes=("Gemma2Model", "Gemma2ForCausalLM"),
        switches=llama.switches | {"post_norm": True, "feed_forward_bias": False},
        settings=settings
        | {
            "kv_heads": ("num_key_value_heads", 4),
            "head_size": ("head_dim", 256),
            "activation": ("hidden_activation", "gelu_pytorch_tanh"),
            "query_scalar": ("query_pre_attn_scalar", 256),
            "softcap": ("attn_logit_softcapping", 50.0),
        },
        tensors=llama.tensors
        | {
            "blocks.#.attention_post_norm": "layers.#.post_attention_layernorm",
            "blocks.#.feed_forward_norm": "layers.#.pre_feedforward_layernorm",
            "blocks.#.feed_forward_post_norm": "layers.#.post_feedforward_layernorm",
        },
        must={"use_bidirectional_attention": False},
        tied=True,
        norm_offset=1.0,
        scaled_embeddings=True,
        head_softcap=("final_logit_softcapping", 30.0),
        window=Window(local=lambda settings, i: i % 2 == 0, size=WINDOW),
    )
    gemma3 = replace(
        gemma2,
        classes=("Gemma3TextModel", "Gemma3ForCausalLM"),
        switches=gemma2.switches | {"query_norm": True},
        settings={k: v for k, v in gemma2.settings.items() if k != "softcap"},
        tensors=gemma2.tensors | _QUERY_NORM,
        must=gemma2.must | {"attn_logit_softcapping": None},
        head_softcap=("final_logit_softcapping", None),
        rope=Rope(base=("rope_theta", 1000000.0), local=("rope_local_base_freq", 10000.0)),
        window=Window(
            local=lambda settings, i: (i + 1) % settings.get("sliding_window_pattern", 6) > 0,
            read=("sliding_window_pattern",),
            size=WINDOW,
        ),
    )
    return {"gemma2": gemma2, "gemma3_text": gemma3}
