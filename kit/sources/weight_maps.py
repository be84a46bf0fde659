"""Weight maps: Hugging Face's names of settings and tensors, one table per family of models.

`#` stands for the number of a block. `name:i` is the i-th part of one of their tensors.
"Their" names are Hugging Face's, "our" names the kit's.
"""

import re
from dataclasses import dataclass, field, replace

from kit.sources.attention_settings import Rope, Window
from kit.sources.newer_maps import like_bert, like_gpt2, like_llama

__all__ = ["ACTIVATIONS", "FAMILIES", "GATED", "GGUF", "HARMLESS", "Family"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a family of Hugging Face models is read as a kit Transformer."""

    classes: tuple[str, str | None]
    """Their classes: the body, and the body with its language head."""
    switches: dict[str, object]
    """Fields of a `TransformerConfig` that are the same for the whole family."""
    settings: dict[str, tuple]
    """Field of a `TransformerConfig`: its name in their config.json, and their default if any."""
    tensors: dict[str, str]
    """Our module: theirs."""
    prefix: str
    """Prefix of their names in a file that also has a head."""
    must: dict[str, object] = field(default_factory=dict)
    """Settings of theirs that only work with this value, which is also their default."""
    left: str = "$^"
    """A pattern of those of their tensors that the kit does not read: heads, constants."""
    head: str | None = None
    """Their name of the language head, where its shape is that of a `LanguageHead`."""
    tied: bool = False
    """Their default: whether the language head is tied to the token embeddings."""
    transposed: bool = False
    """Whether their linear layers store the transposed matrix."""
    skipped: int = 0
    """Rows of their position embeddings before that of the first token."""
    skipped_are_counted: bool = True
    """Whether their number of positions includes these rows."""
    parts_by_head: bool = False
    """Whether `name:0`, `name:1`, ... alternate from head to head, and do not follow each other."""
    rope: Rope | None = None
    """Their rotary positions."""
    window: Window | None = None
    """Their local attention."""
    no_rope: bool = False
    """Whether they list blocks that rotate nothing."""
    norm_offset: float = 0.0
    """What is added to the stored weight of each norm."""
    scaled_embeddings: bool = False
    """Whether token embeddings are multiplied by √width."""
    head_softcap: tuple[str, float | None] | None = None
    """Name and default of the cap of their logits."""


ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "swish": "silu",
    "silu": "silu",
}
"""Their activation: ours, without a gate."""

GATED = {"gelu": "geglu", "gelu_tanh": "geglu_tanh", "relu": "reglu", "silu": "swiglu"}
"""Our activation: the same with a gate, in families that have one."""

HARMLESS = re.compile(
    # where the file is from, and what loads it
    r"_name_or_path|architectures|(transformers|unsloth)_version|_commit_hash|tokenizer_class|"
    r"transformers\.js_config|(torch_)?dtype|_?attn_implementation\w*|torchscript|language|"
    r"unsloth_\w+|is_llama_config|tie_weights_|keys_to_ignore_at_inference|n_special|"
    r"predict_special_tokens|"
    # training alone
    r"\w*dropout\w*|\w+_pdrop|initializer_\w+|init_std|\w*layerdrop|save_step|gradient_checkpointing|use_cache|pretraining_tp|"
    # heads that the kit does not read, and their classes
    r"summary_\w+|pooler_\w+|directionality|_?num_labels|id2label|label2id|problem_type|"
    r"finetuning_task|task_specific_params|classifier_\w+|decoder_bias|sparse_pred\w*|"
    # how texts are generated, and what a call returns
    r"\w+_token_id|(max|min)_(new_tokens|length)|model_max_length|do_sample|early_stopping|"
    r"num_(beams|beam_groups|return_sequences)|temperature|top_[kp]|typical_p|"
    r"(repetition|length|diversity|encoder_repetition)_penalty|(encoder_)?no_repeat_ngram_size|"
    r"(begin_)?suppress_tokens|bad_words_ids|remove_invalid_values|prefix|output_\w+|"
    r"(use_)?return_dict\w*|"
    # the order in which the same numbers are computed, and limits that a file repeats
    r"chunk_size_feed_forward|reorder_and_upcast_attn|sinusoidal_pos_embds|n_ctx|"
    r"deterministic_flash_attn|reference_compile|repad_logits_with_grad|cache_implementation|"
    # what a family that has it reads, and the others ignore; OPT's tensors show its width
    r"hidden_act|word_embed_proj_dim|_sliding_window_pattern|"
    # windows of attention, which `use_sliding_window` switches on
    r"sliding_window|max_window_layers|original_max_position_embeddings"
)
"""Fields of a config.json under which these families compute the same logits, whatever they say."""

_BLOCK = "encoder.layer.#."
_BERT = Family(
    classes=("BertModel", None),
    switches={"positions": "learned", "norm": "layer", "norm_first": False, "causal": False},
    settings={
        "vocabulary": ("vocab_size",),
        "width": ("hidden_size",),
        "layers": ("num_hidden_layers",),
        "heads": ("num_attention_heads",),
        "intermediate_size": ("intermediate_size",),
        "block_size": ("max_position_embeddings",),
        "token_types": ("type_vocab_size", 2),
        "norm_eps": ("layer_norm_eps", 1e-12),
        "activation": ("hidden_act", "gelu"),
    },
    tensors={
        "embed.tokens": "embeddings.word_embeddings",
        "embed.positions": "embeddings.position_embeddings",
        "embed.types": "embeddings.token_type_embeddings",
        "embed.norm": "embeddings.LayerNorm",
        "blocks.#.attention.query": _BLOCK + "attention.self.query",
        "blocks.#.attention.key": _BLOCK + "attention.self.key",
        "blocks.#.attention.value": _BLOCK + "attention.self.value",
        "blocks.#.attention.output": _BLOCK + "attention.output.dense",
        "blocks.#.attention_norm": _BLOCK + "attention.output.LayerNorm",
        "blocks.#.feed_forward.up": _BLOCK + "intermediate.dense",
        "blocks.#.feed_forward.down": _BLOCK + "output.dense",
        "blocks.#.feed_forward_norm": _BLOCK + "output.LayerNorm",
    },
    prefix="bert.",
    must={"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False},
    left=r"pooler\.|cls\.|classifier\.|qa_outputs\.|embeddings\.position_ids",
)

_ROBERTA = replace(
    _BERT,
    classes=("RobertaModel", None),
    prefix="roberta.",
    must=_BERT.must | {"pad_token_id": 1},
    left=_BERT.left + r"|lm_head\.",
    skipped=2,
)

_BLOCK = "transformer.layer.#."
_DISTILBERT = Family(
    classes=("DistilBertModel", None),
    switches=_BERT.switches | {"token_types": 0, "norm_eps": 1e-12},
    settings={
        "vocabulary": ("vocab_size",),
        "width": ("dim",),
        "layers": ("n_layers",),
        "heads": ("n_heads",),
        "intermediate_size": ("hidden_dim",),
        "block_size": ("max_position_embeddings",),
        "activation": ("activation", "gelu"),
    },
    tensors={
        "embed.tokens": "embeddings.word_embeddings",
        "embed.positions": "embeddings.position_embeddings",
        "embed.norm": "embeddings.LayerNorm",
        "blocks.#.attention.query": _BLOCK + "attention.q_lin",
        "blocks.#.attention.key": _BLOCK + "attention.k_lin",
        "blocks.#.attention.value": _BLOCK + "attention.v_lin",
        "blocks.#.attention.output": _BLOCK + "attention.out_lin",
        "blocks.#.attention_norm": _BLOCK + "sa_layer_norm",
        "blocks.#.feed_forward.up": _BLOCK + "ffn.lin1",
        "blocks.#.feed_forward.down": _BLOCK + "ffn.lin2",
        "blocks.#.feed_forward_norm": _BLOCK + "output_layer_norm",
    },
    prefix="distilbert.",
    left=r"vocab_\w+\.|(pre_)?classifier\.|qa_outputs\.|embeddings\.position_ids",
)

_GPT2 = Family(
    classes=("GPT2Model", "GPT2LMHeadModel"),
    switches={
        "positions": "learned",
        "norm": "layer",
        "norm_first": True,
        "causal": True,
        "embedding_norm": False,
    },
    settings={
        "vocabulary": ("vocab_size",),
        "width": ("n_embd",),
        "layers": ("n_layer",),
        "heads": ("n_head",),
        "intermediate_size": ("n_inner", None),
        "block_size": ("n_positions",),
        "norm_eps": ("layer_norm_epsilon", 1e-5),
        "activation": ("activation_function", "gelu_new"),
    },
    tensors={
        "embed.tokens": "wte",
        "embed.positions": "wpe",
        "blocks.#.attention.query": "h.#.attn.c_attn:0",
        "blocks.#.attention.key": "h.#.attn.c_attn:1",
        "blocks.#.attention.value": "h.#.attn.c_attn:2",
        "blocks.#.attention.output": "h.#.attn.c_proj",
        "blocks.#.attention_norm": "h.#.ln_1",
        "blocks.#.feed_forward.up": "h.#.mlp.c_fc",
        "blocks.#.feed_forward.down": "h.#.mlp.c_proj",
        "blocks.#.feed_forward_norm": "h.#.ln_2",
        "norm": "ln_f",
    },
    prefix="transformer.",
    must={
        "add_cross_attention": False,
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
    },
    left=r"h\.\d+\.attn\.(masked_)?bias$|score\.",
    head="lm_head",
    tied=True,
    transposed=True,
)

_LLAMA = Family(
    classes=("LlamaModel", "LlamaForCausalLM"),
    switches={
        "positions": "rotary",
        "norm": "rms",
        "norm_first": True,
        "causal": True,
        "embedding_norm": False,
        "bias": False,
    },
    settings={
        "vocabulary": ("vocab_size",),
        "width": ("hidden_size",),
        "layers": ("num_hidden_layers",),
        "heads": ("num_attention_heads",),
        "kv_heads": ("num_key_value_heads", None),
        "head_size": ("head_dim", None),
        "intermediate_size": ("intermediate_size",),
        "block_size": ("max_position_embeddings",),
        "norm_eps": ("rms_norm_eps", 1e-6),
        "activation": ("hidden_act", "silu"),
        "bias": ("attention_bias", False),
        "feed_forward_bias": ("mlp_bias", False),
    },
    tensors={
        "embed.tokens": "embed_tokens",
        "blocks.#.attention.query": "layers.#.self_attn.q_proj",
        "blocks.#.attention.key": "layers.#.self_attn.k_proj",
        "blocks.#.attention.value": "layers.#.self_attn.v_proj",
        "blocks.#.attention.output": "layers.#.self_attn.o_proj",
        "blocks.#.attention_norm": "layers.#.input_layernorm",
        "blocks.#.feed_forward.gate": "layers.#.mlp.gate_proj",
        "blocks.#.feed_forward.up": "layers.#.mlp.up_proj",
        "blocks.#.feed_forward.down": "layers.#.mlp.down_proj",
        "blocks.#.feed_forward_norm": "layers.#.post_attention_layernorm",
        "norm": "norm",
    },
    prefix="model.",
    must={"rope_interleaved": False},
    left=r"layers\.\d+\.self_attn\.rotary_emb\.inv_freq|score\.",
    head="lm_head",
    rope=Rope(),
)

_QWEN2 = replace(
    _LLAMA,
    classes=("Qwen2Model", "Qwen2ForCausalLM"),
    switches=_LLAMA.switches | {"query_bias": True},
    must=_LLAMA.must | {"use_mrope": False},
    settings={k: v for k, v in _LLAMA.settings.items() if "bias" not in k},
    window=Window(
        local=lambda settings, i: i >= settings.get("max_window_layers", 28),
        read=("max_window_layers",),
        size=("sliding_window", 4096),
        switch="use_sliding_window",
    ),
)

FAMILIES = {
    "bert": _BERT,
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "distilbert": _DISTILBERT,
    "gpt2": _GPT2,
    "llama": _LLAMA,
    "qwen2": _QWEN2,
    **like_bert(_BERT),
    **like_gpt2(_GPT2),
    **like_llama(_LLAMA),
}
"""Family by the `model_type` of its config.json."""

GGUF = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "layers.#.self_attn.q_proj": "blk.#.attn_q",
    "layers.#.self_attn.k_proj": "blk.#.attn_k",
    "layers.#.self_attn.v_proj": "blk.#.attn_v",
    "layers.#.self_attn.o_proj": "blk.#.attn_output",
    "layers.#.input_layernorm": "blk.#.attn_norm",
    "layers.#.mlp.gate_proj": "blk.#.ffn_gate",
    "layers.#.mlp.up_proj": "blk.#.ffn_up",
    "layers.#.mlp.down_proj": "blk.#.ffn_down",
    "layers.#.post_attention_layernorm": "blk.#.ffn_norm",
}
"""Llama's and Qwen2's name of a module: its name in a GGUF file."""
