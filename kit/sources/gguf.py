"""GGUF files (llama.cpp's format): Llamas and Qwen2s in one file, often in 4 or 8 bits.

Needs the `gguf` package: `pip install "lm-transfer-kit[huggingface]"`.
"""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy
import tokenizers
import torch
from tokenizers import Regex, decoders, models, pre_tokenizers, processors
from torch import Tensor

from kit.errors import KitError
from kit.models.quantized_matrix import KINDS, QuantizedMatrix
from kit.sources import gguf_header
from kit.sources.build import build_source
from kit.sources.checkpoint import Source
from kit.sources.gguf_header import GGUFTensor
from kit.sources.huggingface import ROLES
from kit.sources.weight_maps import GGUF
from kit.tokenizer import Tokenizer

__all__ = ["CONTROL", "SPLITS", "load", "splitter"]

_WORDS = (  # the pattern of Llama 3 and Qwen2; they differ in how many digits form one word
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}|"
    r" ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPLITS = {
    "gpt-2": [],
    "smollm": [pre_tokenizers.Digits(individual_digits=True)],
    "llama-bpe": [pre_tokenizers.Split(Regex(_WORDS.format(digits="{1,3}")), "isolated")],
    "qwen2": [pre_tokenizers.Split(Regex(_WORDS.format(digits="")), "isolated")],
}
"""`tokenizer.ggml.pre` of the file -> how a text is split into words before BPE merges bytes."""

PIECE = 1 << 19
"""Numbers that are expanded at once: what fits the processor's cache."""

READ = {
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "feed_forward_length": "intermediate_size",
    "context_length": "max_position_embeddings",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
    "rope.scaling.type": "rope_type",
    "rope.scaling.factor": "factor",
}
"""Field of a GGUF file, after its architecture and a point: its name in a config.json."""
HARMLESS = ("vocab_size", "rope.scaling.original_context_length", "rope.scaling.finetuned")
"""Fields that repeat what another says, or only tell of it."""

CONTROL = (3, 4)
"""Token types of special tokens: control tokens, and those that a user added."""


def load(
    path: str | Path,
    strict: bool = True,
    layers: int | None = None,
    quantized: bool = False,
) -> Source:
    """The model in a .gguf file, its numbers expanded to float32.

    layers: read only the lowest blocks, so many; None for all. Memory is needed for these alone.
    quantized: keep matrices of 4 to 8 bits as they are stored (`kit.models.quantized_matrix`):
        the same answers in a quarter of the memory or less. They are not trained.
    Raises KitError without the `gguf` package, for other architectures than llama and qwen2,
    for more blocks than there are, and for what `kit.sources.build.build_source` refuses.
    """
    if not find_spec("gguf"):
        raise KitError('GGUF files need a package: pip install "gguf>=0.17".')
    try:
        about, stored = gguf_header.read(path)
    except (OSError, ValueError, OverflowError) as error:
        raise KitError(f"{path} is no whole GGUF file ({error}): fetch it again.") from error
    settings = _settings(about)
    wanted = _lowest(stored, settings, layers)
    names = {ours: theirs for theirs, ours in GGUF.items()}
    read = _kept if quantized else _expand
    tensors = {_name(names, t.name): partial(read, t, settings) for t in wanted}
    settings["tie_word_embeddings"] = "lm_head.weight" not in tensors
    tokenizer = _tokenizer(about)
    source = build_source(Path(path).stem, settings, tensors, tokenizer, strict, quantized)
    if "tokenizer.chat_template" in about:
        source.card["chat_template"] = about["tokenizer.chat_template"]
    return source


def _settings(about: dict) -> dict:
    """The same settings under the names of Hugging Face's config.json.

    Raises KitError for another architecture, and for a field that the kit neither reads nor knows
    to change nothing.
    """
    kind = about.get("general.architecture")
    if kind not in ("llama", "qwen2"):
        raise KitError(f"a GGUF file of architecture {kind!r}: the kit reads llama and qwen2.")
    fields = {
        key.removeprefix(f"{kind}."): value
        for key, value in about.items()
        if key.startswith(f"{kind}.")
    }
    settings = {"model_type": kind, "vocab_size": len(about["tokenizer.ggml.tokens"])}
    settings |= {theirs: fields.pop(name) for name, theirs in READ.items() if name in fields}
    rope = {"rope_theta": settings.pop("rope_theta", 10000.0)}
    if (scaling := settings.pop("rope_type", "none")) == "linear":
        rope |= {"rope_type": scaling, "factor": settings.pop("factor", 1.0)}
    elif scaling != "none":
        raise KitError(f"rope.scaling.type={scaling!r} in a GGUF file: the kit reads linear there.")
    settings["rope_parameters"] = rope
    heads = settings.get("num_attention_heads")
    if isinstance(heads, int) and heads > 0:
        # All numbers of a head are rotated, and values have as many numbers as keys.
        whole = settings.get("head_dim") or settings.get("hidden_size", 0) // heads
        same = {"rope.dimension_count": whole, "attention.value_length": whole}
        fields = {name: value for name, value in fields.items() if same.get(name) != value}
    strange = [f"{kind}.{n}={v!r:.40}" for n, v in fields.items() if v and n not in HARMLESS]
    if strange:
        raise KitError(
            f"this GGUF file says {', '.join(strange[:5])}, which the kit does not read: its "
            "answers would not be this model's. Give another model."
        )
    return settings


def _lowest(tensors: list, settings: dict, layers: int | None) -> list:
    """The tensors outside all blocks and of the lowest `layers`; sets num_hidden_layers to that."""
    blocks = settings["num_hidden_layers"]
    if layers is None:
        return tensors
    if not isinstance(layers, int) or not 1 <= layers <= blocks:
        raise KitError(f"layers={layers!r}: this model has {blocks}; give a number from 1 to that.")
    settings["num_hidden_layers"] = layers
    return [t for t in tensors if int(_block(t.name) or 0) < layers]


def _block(name: str) -> str:
    """The number of a tensor's block, as the name writes it; "" outside all blocks."""
    return next((part for part in name.split(".") if part.isdigit()), "")


def _name(names: dict[str, str], theirs: str) -> str:
    """Hugging Face's name of a tensor; an unknown tensor keeps its own, for the error message."""
    module, _, kind = theirs.rpartition(".")
    number = _block(module)
    known = names.get(module.replace(f".{number}.", ".#.") if number else module)
    return f"{known.replace('#', number)}.{kind}" if known else theirs


def _expand(tensor: GGUFTensor, settings: dict) -> Tensor:
    """The numbers (rows, columns) in float32.

    llama.cpp rotates the pairs (0, 1), (2, 3), ... of a head (rotary positions), Hugging Face and
    the kit the pairs (0, W/2), (1, W/2 + 1), ...: the rows of Llama's query and key are permuted
    back to that order.
    """
    return _in_order(torch.from_numpy(_numbers(tensor)).view(tensor.shape), tensor, settings)


def _kept(tensor: GGUFTensor, settings: dict) -> Tensor | QuantizedMatrix:
    """A matrix of 4 to 8 bits as it is stored, its rows in the order of `_expand`; another tensor
    expanded."""
    kind = {kind.number: name for name, kind in KINDS.items()}.get(tensor.kind)
    if kind is None or len(tensor.shape) != 2:
        return _expand(tensor, settings)
    blocks = torch.from_numpy(numpy.array(tensor.data)).view(len(tensor.data), -1)
    return QuantizedMatrix(_in_order(blocks, tensor, settings).contiguous(), kind)


def _in_order(value: Tensor, tensor: GGUFTensor, settings: dict) -> Tensor:
    """The rows of a tensor as the kit has them: those of Llama's query and key change places."""
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    part = tensor.name.split(".")[-2]
    if settings["model_type"] == "llama" and part in heads:
        value = value.unflatten(0, (settings[heads[part]], -1, 2)).transpose(1, 2).flatten(0, 2)
    return value


def _numbers(tensor: GGUFTensor) -> numpy.ndarray:
    """The numbers in float32, flat; expanded a few megabytes at a time."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

    kind = GGMLQuantizationType(tensor.kind)
    block_numbers, block_bytes = GGML_QUANT_SIZES[kind]
    stored = tensor.data.reshape(-1)
    numbers = numpy.empty(len(stored) // block_bytes * block_numbers, numpy.float32)
    step = max(1, PIECE // block_numbers)
    try:
        for at in range(0, len(stored) // block_bytes, step):
            piece = dequantize(stored[at * block_bytes : (at + step) * block_bytes], kind)
            numbers[at * block_numbers :][: piece.size] = piece
    except NotImplementedError as error:
        raise KitError(
            f"{tensor.name} is stored as {kind.name}, which the gguf package does not expand: give "
            "a file in another quantisation, such as Q4_K_M or Q8_0."
        ) from error
    return numbers


def splitter(pre: str) -> list:
    """The steps in which a tokenizer of this kind splits a text into words."""
    own_words = pre in ("gpt-2", "smollm")
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=own_words)
    return [*SPLITS[pre], words]


def _tokenizer(about: dict) -> Tokenizer:
    get = {key.removeprefix("tokenizer.ggml."): value for key, value in about.items()}.get
    if get("model") != "gpt2" or get("pre") not in SPLITS:
        raise KitError(
            f"a GGUF vocabulary of kind {get('model')!r}, {get('pre')!r}: the kit reads gpt2 with "
            f"{', '.join(SPLITS)}. Load the model's Hugging Face folder instead."
        )
    if get("add_eos_token") or get("add_sep_token") or get("add_space_prefix"):
        raise KitError(
            "this GGUF vocabulary puts a token after each text, or a space before it "
            "(add_eos_token, add_sep_token, add_space_prefix), which the kit does not do: load the "
            "model's Hugging Face folder instead."
        )
    pieces = get("tokens")
    merges = [tuple(pair.split(" ")) for pair in get("merges", [])]
    tokenizer = tokenizers.Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splitter(get("pre")))
    tokenizer.decoder = decoders.ByteLevel()
    kinds = zip(pieces, get("token_type"), strict=True)
    tokenizer.add_special_tokens([piece for piece, kind in kinds if kind in CONTROL])
    names = {"unk": "unknown", "pad": "padding"}
    ids = {role: get(f"{names.get(role, role)}_token_id") for role in ROLES}
    special = {role: pieces[i] for role, i in ids.items() if i is not None}
    if get("add_bos_token") and "bos" in special:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{special['bos']} $A", special_tokens=[(special["bos"], ids["bos"])]
        )
    return Tokenizer(tokenizer, **special)
