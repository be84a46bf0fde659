"""Write a GGUF file, which llama.cpp and what is built on it (Ollama, LM Studio) run.

Needs the `gguf` package: `pip install "lm-transfer-kit[huggingface]"`.
"""

import contextlib
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import pre_tokenizers
from torch import Tensor

from kit.errors import KitError
from kit.models import LanguageHead
from kit.models.quantized_matrix import check_expanded
from kit.sources.checkpoint import Source
from kit.sources.gguf import CONTROL, SPLITS, splitter
from kit.sources.huggingface import fits, outward
from kit.sources.weight_maps import FAMILIES, GGUF
from kit.tokenizer import Tokenizer

__all__ = ["export"]

ARCHITECTURES = ("llama", "qwen2")
NORMAL, UNUSED = 1, 5
"""Token types of ordinary tokens, and of rows of the embeddings without a token."""


def export(source: Source, path: str | Path, half: bool = False) -> Path:
    """Write a Llama or Qwen2 with its language head, tokenizer and chat template as one file.

    half: matrices in 2 bytes a number (float16); else all numbers in float32, as they are.
    Raises KitError without the `gguf` package, for another architecture, for a model without a
    language head, for a tokenizer that llama.cpp does not have, and if the file exists.
    """
    try:
        import gguf
    except ImportError as error:
        raise KitError('GGUF files need a package: pip install "gguf>=0.17".') from error
    path = Path(path)
    if path.exists():
        raise KitError(f"{path} is there already: give the name of a new file.")
    check_expanded(source.body, source.head)
    kind = _architecture(source)
    part = path.with_name(path.name + ".part")
    file = gguf.GGUFWriter(part, kind)
    try:
        file.add_name(source.name)
        _add_config(file, source.body.config, gguf)
        _add_tokenizer(file, source)
        for name, tensor in _tensors(source, kind).items():
            kept = tensor.half() if half and tensor.dim() == 2 else tensor
            file.add_tensor(name, kept.contiguous().numpy())
        file.write_header_to_file()
        file.write_kv_data_to_file()
        file.write_tensors_to_file()
        file.close()
        part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return path


def _architecture(source: Source) -> str:
    """The architecture of llama.cpp that computes this body; KitError where there is none."""
    head, config = source.head, source.body.config
    if not isinstance(head, LanguageHead) or head.bias is not None or head.softcap is not None:
        raise KitError(
            f"{source.name!r} has no language head without a bias and a cap, and llama.cpp writes "
            "text with such a one: give a source with a LanguageHead."
        )
    for kind in ARCHITECTURES:
        if fits(FAMILIES[kind], source.body, head):
            biased = kind == "llama" and (config.bias or config.query_bias)
            scaling = dict(config.rotary_scaling or {"rope_type": "linear"})["rope_type"]
            ungated = config.activation != "swiglu"
            if biased or config.feed_forward_bias or ungated or config.window:
                break
            if scaling != "linear":
                raise KitError(f"rope_type={scaling!r}: the kit writes linear into GGUF files.")
            return kind
    raise KitError(
        f"llama.cpp's {' and '.join(ARCHITECTURES)} do not compute this body ({config}): give a "
        "Llama or Qwen2 without other biases; merge LoRA first with kit.migrate.merge."
    )


def _add_config(file, config, gguf) -> None:
    file.add_vocab_size(config.vocabulary)
    file.add_context_length(config.block_size)
    file.add_embedding_length(config.width)
    file.add_block_count(config.layers)
    file.add_feed_forward_length(config.intermediate_size)
    file.add_head_count(config.heads)
    file.add_head_count_kv(config.groups)
    file.add_key_length(config.size_per_head)
    file.add_value_length(config.size_per_head)
    file.add_rope_dimension_count(config.size_per_head)
    file.add_rope_freq_base(config.rotary_base)
    file.add_layer_norm_rms_eps(config.norm_eps)
    if config.rotary_scaling:
        file.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        file.add_rope_scaling_factor(dict(config.rotary_scaling)["factor"])


def _tensors(source: Source, kind: str) -> dict[str, Tensor]:
    """The tensors under llama.cpp's names; a tied head has none of its own."""
    config, tensors = source.body.config, outward(source, FAMILIES[kind])
    if source.head.weight is not source.body.embedding.weight:
        tensors["lm_head.weight"] = source.head.weight.detach()
    named = {}
    for name, tensor in tensors.items():
        module, _, role = name.rpartition(".")
        number = next((part for part in module.split(".") if part.isdigit()), "")
        theirs = GGUF[module.replace(f".{number}.", ".#.") if number else module]
        heads = {"attn_q": config.heads, "attn_k": config.groups}.get(theirs.split(".")[-1])
        if heads and kind == "llama":  # the inverse of `kit.sources.gguf._expand`
            tensor = tensor.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)
        named[f"{theirs.replace('#', number)}.{role}"] = tensor.to(torch.float32).cpu()
    return named


def _add_tokenizer(file, source: Source) -> None:
    tokenizer, rows = source.tokenizer, source.body.config.vocabulary
    about = json.loads(tokenizer.to_json())
    pieces = {i: piece for piece, i in tokenizer.vocabulary().items()}
    added = {token["id"] for token in about["added_tokens"]}
    kinds = [CONTROL[0] if i in added else NORMAL if i in pieces else UNUSED for i in range(rows)]
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre(_pre(about))
    file.add_token_list([pieces.get(i, f"[unused{i}]") for i in range(rows)])
    file.add_token_types(kinds)
    merges = about["model"]["merges"]
    file.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    roles = {"bos": file.add_bos_token_id, "eos": file.add_eos_token_id}
    roles |= {"unk": file.add_unk_token_id, "pad": file.add_pad_token_id}
    for role, add in roles.items():
        if getattr(tokenizer, role) is not None:
            add(getattr(tokenizer, role))
    file.add_add_bos_token(_begins_with_bos(tokenizer))
    if "chat_template" in source.card:
        file.add_chat_template(source.card["chat_template"])


def _begins_with_bos(tokenizer: Tokenizer) -> bool:
    return tokenizer.bos is not None and tokenizer.encode("a")[0] == tokenizer.bos


def _pre(about: dict) -> str:
    """llama.cpp's name of the way in which this tokenizer splits a text into words."""
    plain = about["model"]["type"] == "BPE" and not about["normalizer"]
    for name in SPLITS if plain else ():
        empty = FastTokenizer.from_str(json.dumps(about))
        empty.pre_tokenizer = pre_tokenizers.Sequence(splitter(name))
        wanted = json.loads(empty.to_str())["pre_tokenizer"]
        if _steps(wanted) == _steps(about["pre_tokenizer"]):
            return name
    raise KitError(
        f"llama.cpp has no tokenizer like this {about['model']['type']} with pre_tokenizer "
        f"{about['pre_tokenizer']}: it has byte-level BPE that splits as {', '.join(SPLITS)}."
    )


def _steps(splitting: dict | None) -> list[dict]:
    """The steps of a pre_tokenizer, without what changes no token."""
    if splitting is None:
        return []
    if splitting["type"] == "Sequence":
        return [s for part in splitting["pretokenizers"] for s in _steps(part)]
    return [{k: v for k, v in splitting.items() if k != "trim_offsets"}]
