"""Write an encoder-decoder of the kit as a Hugging Face folder: BART and what is like it."""

from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import Tensor

from kit.errors import KitError
from kit.models import SequenceHead, TransformerConfig
from kit.models.quantized_matrix import check_expanded
from kit.sources.build import config_of, pattern
from kit.sources.checkpoint import Source
from kit.sources.encoder_decoder import BIAS, TABLES
from kit.sources.encoder_decoder_maps import PAIRS, Pair
from kit.sources.huggingface import outward, settings_of, write
from kit.sources.weight_maps import GATED
from kit.tokenizer import Tokenizer

__all__ = ["export"]


def export(source: Source, folder: str | Path) -> Path:
    """Write a folder that AutoModelForSeq2SeqLM of `transformers` loads; outputs are equal.

    The family is that which the source was read from. Raises KitError if the folder exists, and
    for a model that this family does not have.
    """
    folder, kind = Path(folder), source.card["family"]
    if folder.exists():
        raise KitError(f"{folder} is there already: give the name of a new folder.")
    if source.tokenizer.target_side is not None:
        raise KitError(
            f"the tokenizer of {source.name!r} is that of source.spm, target.spm and vocab.json, "
            "which the kit does not write: kit.sources.checkpoint.save keeps all of the source, "
            "and dataclasses.replace(source, tokenizer=...) one with another tokenizer."
        )
    check_expanded(source.body, source.head)
    pair = PAIRS[kind]
    settings = _settings(pair, source) | {"model_type": kind, "architectures": [pair.classes[1]]}
    tensors, tied = _tensors(pair, source, settings)
    ids = _ids(source.tokenizer)
    settings = (
        {"tie_word_embeddings": tied}
        | settings
        | {name: ids[name] for name in ids if name != "bad_words_ids"}
    )
    write(folder, source, settings, tensors, generation=ids)
    return folder


def _settings(pair: Pair, source: Source) -> dict:
    """The content of config.json; KitError where, read again, it would be another model."""
    head = source.head
    configs = source.body.config, head.decoder.config
    scale = head.output.scale
    gated = {config.activation in GATED.values() for config in configs}
    settings = pair.must | {"is_gated_act": True in gated}
    settings["scale_embedding"] = any(config.embedding_scale != 1 for config in configs)
    same = type(head) is SequenceHead and not head.config["norm"] and len(gated) == 1
    same = same and source.body.width == head.decoder.width
    same = same and scale in ((1, source.body.width**-0.5) if not pair.bias else (1,))
    same = same and (pair.bias or head.output.bias is None)
    for family, config in zip(pair.sides(pair, settings), configs, strict=True):
        same = same and {pattern(n) for n in _state(source, config)} == set(family.tensors)
        if same:
            settings |= settings_of(family, config)
    settings = pair.written(settings, scale)
    again = pair.read(settings)
    for family, config in zip(pair.sides(pair, again), configs, strict=True):
        same = same and _same(config_of(family, again), config)
    if not same:
        raise KitError(
            f"a {source.card['family']} of Hugging Face's has not the settings of this model "
            f"({configs[0]}; {configs[1]}): save it with kit.sources.checkpoint.save instead."
        )
    return settings


def _state(source: Source, config: TransformerConfig) -> list[str]:
    """The names of the tensors of the encoder or of the decoder."""
    part = source.body if source.body.config is config else source.head.decoder
    return list(part.state_dict())


def _same(one: TransformerConfig, two: TransformerConfig) -> bool:
    names = [field.name for field in fields(one) if field.name != "dropout"]
    return all(getattr(one, name) == getattr(two, name) for name in names)


def _tensors(pair: Pair, source: Source, settings: dict) -> tuple[dict[str, Tensor], bool]:
    """The tensors by their names, and whether all tables are tied: then they are written once."""
    head, decoder = source.head, source.head.decoder
    sources = source, replace(source, body=decoder)
    tensors: dict[str, Tensor] = {}
    settings = pair.read(settings)
    for family, part in zip(pair.sides(pair, settings), sources, strict=True):
        tensors |= outward(part, family)
    tied = source.body.embed.tokens.weight is decoder.embed.tokens.weight is head.output.weight
    tensors["shared.weight"] = tensors["encoder.embed_tokens.weight"]
    if tied:
        tensors = {name: t for name, t in tensors.items() if name[:-7] not in TABLES[1:]}
    prefix = pair.encoder.prefix if pair.bias else ""
    tensors = {prefix + name: t for name, t in tensors.items()}
    if not tied:
        tensors[f"{TABLES[-1]}.weight"] = head.output.weight.detach()
    if pair.bias:
        bias = head.output.bias
        bias = torch.zeros(decoder.config.vocabulary) if bias is None else bias.detach()
        tensors[BIAS] = bias[None]
    return {
        name: t.clone(memory_format=torch.contiguous_format) for name, t in tensors.items()
    }, tied


def _ids(tokenizer: Tokenizer) -> dict[str, object]:
    """How `generate` begins and ends a text."""
    ids: dict[str, object] = {
        f"{role}_token_id": getattr(tokenizer, role)
        for role in ("pad", "bos", "eos", "decoder_start", "forced_bos")
    }
    ids["decoder_start_token_id"] = tokenizer.writing()["start"][0]
    if tokenizer.never is not None:
        ids["bad_words_ids"] = [[tokenizer.never]]
    return ids
