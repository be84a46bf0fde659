"""Hugging Face models as kit sources, and kit models as Hugging Face folders.

Only config.json, generation_config.json, tokenizer_config.json, tokenizer.json and *.safetensors
are read, of encoder-decoders pytorch_model.bin (`pickled`) and *.spm; without `transformers`: no
file can run a program, and a small machine needs no memory for that library.
"""

import json
import os
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from kit import guards
from kit.errors import KitError, saving
from kit.files import scratch
from kit.models import LanguageHead, Transformer, TransformerConfig
from kit.models.quantized_matrix import check_expanded
from kit.sources.attention_settings import write_attention
from kit.sources.build import build_source, config_of, pattern, tensor_name
from kit.sources.checkpoint import Source
from kit.sources.encoder_decoder import build_pair
from kit.sources.encoder_decoder_maps import PAIRS
from kit.sources.sentencepiece_files import marian_tokenizer
from kit.sources.weight_files import PICKLE, opened, pickled, read_json
from kit.sources.weight_maps import ACTIVATIONS, FAMILIES, GATED, Family
from kit.tokenizer import Tokenizer

__all__ = ["ROLES", "export", "fits", "joined", "kind_of", "load", "outward"]
__all__ += ["settings_of", "special", "write"]

ROLES = ("pad", "unk", "bos", "eos", "mask")
"""Roles of special tokens, as kit.tokenizer names them."""

OPTIONAL = {"embed.project", "blocks.#.attention_norm"}
"""Our modules that some models of a family lack, as their settings say: an ELECTRA whose embeddings
are as wide as its blocks, a ModernBERT of one block."""


def load(name: str | Path, strict: bool = True) -> Source:
    """The model in a folder, or on the hub by its name, `owner/model`.

    Raises KitError for what `kit.sources.build.build_source` refuses (unless `strict=False`), for
    a folder without tokenizer.json, for pickled weights, and for a model of the hub without a
    network.
    """
    folder = Path(name) if Path(name).is_dir() else _fetch(str(name))
    if not (folder / "config.json").exists():
        there = sorted(path.name for path in folder.iterdir())
        raise KitError(
            f"{folder} is no model: it has neither source.json (a checkpoint of the kit) nor "
            f"config.json (a Hugging Face model), but {', '.join(there[:5]) or 'nothing'}. Give "
            "the folder that holds the model."
        )
    settings = read_json(folder / "config.json")
    about = folder / "tokenizer_config.json"
    about = read_json(about) if about.exists() else {}
    tokenizer = _tokenizer(folder, settings, special(about))
    pair = settings.get("model_type") in [*PAIRS]
    tensors = pickled(folder) if pair else opened(folder)
    parts = str(name), settings, tensors, tokenizer, strict
    if pair:
        generation = folder / "generation_config.json"
        source = build_pair(*parts, read_json(generation) if generation.exists() else None)
    else:
        source = build_source(*parts)
    if isinstance(about.get("chat_template"), str):
        source.card["chat_template"] = about["chat_template"]
    return source


@guards.guarded("sources.export(source, 'my_folder')", source=guards.a_source, folder=guards.a_path)
def export(source: Source, folder: str | Path) -> Path:
    """Write a folder that AutoModel and AutoTokenizer of `transformers` load; outputs are equal.

    A language head is written too where the family has one (AutoModelForCausalLM loads it).
    Raises KitError if the folder exists, for a body whose settings no family has, and for a head
    that the family has no place for: with `dataclasses.replace(source, head=None)` the body alone
    is written.
    """
    folder, config = Path(folder), source.body.config
    if folder.exists():
        raise KitError(f"{folder} is there already: give the name of a new folder.")
    check_expanded(source.body, source.head)
    kind = kind_of(source)
    family = FAMILIES[kind]
    whole = outward(source, family)
    head = source.head
    _check_head(source, kind)
    tied = head is not None and head.weight is source.body.embedding.weight
    if head is not None:
        whole = {family.prefix + k: v for k, v in whole.items()}
        if not tied:
            whole[f"{family.head}.weight"] = head.weight.detach()
    ids = {f"{role}_token_id": getattr(source.tokenizer, role) for role in ("pad", "bos", "eos")}
    settings = ids | settings_of(family, config)  # RoBERTa counts positions from its padding id
    settings |= {"model_type": kind, "architectures": [family.classes[head is not None]]}
    settings |= {"tie_word_embeddings": tied}
    if family.head_softcap:
        settings[family.head_softcap[0]] = getattr(source.head, "softcap", None)
    write(folder, source, settings, {k: v.contiguous() for k, v in whole.items()})
    return folder


def _check_head(source: Source, kind: str) -> None:
    """Raise KitError for a head that a folder of this family cannot hold whole."""
    head, table = source.head, source.body.embedding.weight
    if head is None:
        return
    why = ""
    if not isinstance(head, LanguageHead) or not FAMILIES[kind].head:
        why = f"has no {type(head).__name__}"
    elif head.bias is not None:
        why = "has a language head without a bias, and this one has one"
    elif head.weight.shape != table.shape:
        why = f"has a language head of {tuple(table.shape)} and not {tuple(head.weight.shape)}"
    if why:
        raise KitError(
            f"a {kind} of Hugging Face's {why}: kit.sources.checkpoint.save writes all of the "
            "model. To write the body alone, give dataclasses.replace(source, head=None)."
        )


def outward(source: Source, family: Family) -> dict[str, Tensor]:
    """The tensors of the body under the family's names, without its prefix."""
    tensors: dict[str, dict[str, Tensor]] = {}
    for ours, tensor in source.body.state_dict().items():
        theirs, part = tensor_name(family, ours)
        tensors.setdefault(theirs, {})[part] = _outward(family, ours, tensor)
    return {name: joined(family, source.body.config, parts) for name, parts in tensors.items()}


def _tokenizer(folder: Path, settings: dict, special: dict[str, str]) -> Tokenizer:
    """The tokenizer of tokenizer.json, or of Marian's three files; KitError without both."""
    if (folder / "tokenizer.json").exists():
        return Tokenizer.load(folder / "tokenizer.json", **special)
    if settings.get("model_type") == "marian":
        return marian_tokenizer(folder, **special)
    raise KitError(
        f"{folder} has no tokenizer.json: write one with transformers, "
        "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)."
    )


def special(about: dict) -> dict[str, str]:
    """Role -> special token, from the content of a tokenizer_config.json; KitError for no text."""
    tokens = {role: about.get(f"{role}_token") for role in ROLES}
    tokens = {r: t.get("content") if isinstance(t, dict) else t for r, t in tokens.items() if t}
    for role, token in tokens.items():
        if not isinstance(token, str):
            raise KitError(
                f"{role}_token in tokenizer_config.json is {token!r:.40}, no text: fetch it again."
            )
    return tokens


def _fetch(name: str) -> Path:
    """The folder of a model on the hub: in its cache, or downloaded into it."""
    from huggingface_hub import snapshot_download

    try:
        files = ["*.json", "*.safetensors", "*.spm"]
        folder = Path(snapshot_download(name, allow_patterns=files, ignore_patterns=["*/*"]))
        about = folder / "config.json"
        pair = about.exists() and read_json(about).get("model_type") in [*PAIRS]
        if pair and not list(folder.glob("*.safetensors")):
            snapshot_download(name, allow_patterns=[PICKLE])
        return folder
    except (OSError, ValueError) as error:
        raise KitError(
            f"{name!r} is no folder here, and the hub gave no such model "
            f"({type(error).__name__}). Check the name (owner/model) and the network, or "
            "give a folder that holds the model."
        ) from error


def kind_of(source: Source) -> str:
    """The family with the body's settings: the one it was read from, else the first that fits."""
    config = source.body.config
    if getattr(config, "embedding_bits", None) is not None:
        raise KitError(
            "a Hugging Face folder has no token embeddings in 4 bits: read the source with its "
            "table in float32, as sources.e5(expanded=True) does, or write it with "
            "kit.sources.checkpoint.save."
        )
    kinds = sorted(FAMILIES, key=lambda kind: kind != source.card.get("family"))
    if isinstance(config, TransformerConfig):
        for kind in kinds:
            if fits(FAMILIES[kind], source.body, source.head):
                return kind
    raise KitError(
        f"no family of Hugging Face's has the settings of this body ({config}); known are "
        f"{', '.join(kinds)}. Save it with kit.sources.checkpoint.save instead."
    )


def fits(family: Family, body: Transformer, head: nn.Module | None) -> bool:
    """Whether the family has the same modules, and its settings, read again, the same function."""
    config = body.config
    gated = any("gate" in ours for ours in family.tensors)
    modules = {pattern(ours) for ours in body.state_dict()}
    if modules - set(family.tensors) or set(family.tensors) - modules - OPTIONAL:
        return False
    if gated != (config.activation in GATED.values()):
        return False
    settings = settings_of(family, config)
    again = config_of(family, settings)
    free = {"kv_heads", "head_size", "query_bias", "feed_forward_bias", "query_scalar", "dropout"}
    free |= {"types", "attention_types"}
    same = [getattr(again, f) == getattr(config, f) for f in vars(config) if f not in free]
    softcap = getattr(head, "softcap", None)
    if head is not None and family.head and softcap and not family.head_softcap:
        return False
    return all(same) and _effective(again) == _effective(config)


def _effective(config: TransformerConfig) -> tuple:
    """What the fields mean whose default is the value of another."""
    biases = [
        config.bias if b is None else b for b in (config.query_bias, config.feed_forward_bias)
    ]
    return (
        *biases,
        config.groups,
        config.size_per_head,
        config.query_scalar or config.size_per_head,
        config.types,
    )


def settings_of(family: Family, config: TransformerConfig) -> dict:
    """The settings of a config.json: the inverse of `config_of`."""
    names = {ours: theirs for theirs, ours in ACTIVATIONS.items()}
    names |= {gated: names[ours] for ours, gated in GATED.items()}
    settings = {theirs: getattr(config, ours) for ours, (theirs, *_) in family.settings.items()}
    if "embedding_size" in family.settings:
        settings["embedding_size"] = config.embedding_size or config.width
    if "query_scalar" in family.settings and config.query_scalar is None:
        settings[family.settings["query_scalar"][0]] = config.size_per_head
    if "feed_forward_bias" in family.settings and config.feed_forward_bias is None:
        settings[family.settings["feed_forward_bias"][0]] = config.bias
    settings[family.settings["activation"][0]] = names[config.activation]
    if family.skipped_are_counted:
        settings[family.settings["block_size"][0]] += family.skipped
    if "kv_heads" in family.settings:
        settings |= {"num_key_value_heads": config.groups, "head_dim": config.size_per_head}
    return family.must | settings | write_attention(family, config)


def joined(family: Family, config: TransformerConfig, parts: dict[str, Tensor]) -> Tensor:
    """One tensor of theirs from those of ours that are its parts."""
    tensors = [parts[number] for number in sorted(parts)]
    if family.parts_by_head and len(tensors) > 1:
        by_head = [tensor.unflatten(0, (config.heads, -1)) for tensor in tensors]
        return torch.stack(by_head, 1).flatten(0, 2)
    return torch.cat(tensors, -1 if family.transposed else 0)


def _outward(family: Family, ours: str, tensor: Tensor) -> Tensor:
    """Our tensor as Hugging Face's: the inverse of `_inward` in `kit.sources.build`."""
    if family.norm_offset and "norm" in ours:
        return tensor - family.norm_offset
    if ours == "embed.positions.weight":
        return torch.cat((tensor.new_zeros(family.skipped, tensor.shape[1]), tensor))
    if family.transposed and tensor.dim() == 2 and ours.startswith("blocks."):
        return tensor.T
    return tensor


def write(
    folder: Path,
    source: Source,
    settings: dict,
    tensors: dict[str, Tensor],
    generation: dict | None = None,
) -> None:
    """Write the folder whole or not at all; raises KitError for a full disk.

    generation: the content of generation_config.json, None for no such file.
    """
    special = {f"{r}_token": source.tokenizer.special.get(r) for r in ROLES}
    about = {k: v for k, v in special.items() if v} | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": source.body.config.block_size,
    }
    if "chat_template" in source.card:
        about["chat_template"] = source.card["chat_template"]
    with saving(f"{source.name!r}", folder), scratch(folder) as space:
        new = space / "new"
        new.mkdir()
        safetensors.torch.save_file(tensors, new / "model.safetensors", {"format": "pt"})
        (new / "config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
        if generation is not None:
            (new / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
        (new / "tokenizer_config.json").write_text(json.dumps(about, indent=2), encoding="utf-8")
        source.tokenizer.save(new / "tokenizer.json")
        os.replace(new, folder)
