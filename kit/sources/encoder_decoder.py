"""Encoder-decoders of Hugging Face as kit sources: BART and what is like it.

The encoder becomes the source's body; the decoder stands in its head, a `SequenceHead`, which
reads the encoder's states. Both share one table of token embeddings, and so does the output, where
theirs do. With which token a text begins is a setting of the model there; here the tokenizer
knows it (`Tokenizer.targets`, `Tokenizer.writing`).
"""

import re

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models import SequenceHead, Transformer
from kit.models.positions import sinusoids
from kit.runtime import random_state
from kit.sources.build import (
    Tensors,
    check_must,
    check_room,
    config_of,
    empty,
    fields_of,
    renamed,
    some,
    translate,
    unknown_fields,
)
from kit.sources.checkpoint import Source
from kit.sources.encoder_decoder_maps import PAIRS, Pair
from kit.sources.weight_maps import Family
from kit.tokenizer import Tokenizer

__all__ = ["BIAS", "TABLES", "build_pair"]

TABLES = ("shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head")
"""Their names of the table of token embeddings, which a file may give once or several times."""
BIAS = "final_logits_bias"
POSITIONS = ("encoder.embed_positions.weight", "decoder.embed_positions.weight")
FORCE = "force_bos_token_to_be_generated"
DIFFERENT = {"num_beams": 1, "length_penalty": 1.0, "repetition_penalty": 1.0, "min_length": 0}
DIFFERENT |= dict.fromkeys(("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "do_sample"))
DIFFERENT |= dict.fromkeys(("suppress_tokens", "begin_suppress_tokens", "min_new_tokens"))
DIFFERENT |= dict.fromkeys(("diversity_penalty", "early_stopping"))
"""How `generate` of `transformers` also searches, by default: setting -> the value with which it
is greedy, as the kit's is. A source's card lists what differs, under "generation"."""


def build_pair(
    name: str,
    settings: dict,
    tensors: Tensors,
    tokenizer: Tokenizer,
    strict: bool = True,
    generation: dict | None = None,
) -> Source:
    """The source that a config.json (`settings`) and its tensors describe, with their values.

    generation: the content of generation_config.json, whose fields count before those of
    `settings`. Raises KitError as `kit.sources.build.build_source` does, and strict=False is as
    there; and for a model whose texts begin, or end, in a way that the kit does not have.
    """
    pair = PAIRS[settings["model_type"]]
    settings = pair.read(settings)
    families = pair.sides(pair, settings)
    tied = settings.get("tie_word_embeddings", True)
    _check(pair, settings, tied)
    configs = [config_of(family, settings) for family in families]
    tokenizer.check(configs[0].vocabulary)
    tensors = renamed(name, families[0], tensors)
    parts = [empty(name, config, len(tensors)) for config in configs]
    own_head = TABLES[-1] if f"{TABLES[-1]}.weight" in tensors else ""
    check_room(name, nn.ModuleList(parts), bool(own_head), size=4)
    tables = [_table(tensors, family.tensors["embed.tokens"]) for family in families]
    tensors = dict(tensors)
    problems = _unknown(name, pair, families, settings, tensors)
    for family, table in zip(families, tables, strict=True):
        if table:
            tensors[f"{family.tensors['embed.tokens']}.weight"] = tensors[f"{table}.weight"]
    encoder, decoder = (
        _filled(family, config, part, tensors, problems)
        for family, config, part in zip(families, configs, parts, strict=True)
    )
    if not tied and not own_head:
        problems.append(f"{TABLES[-1]}.weight is missing")
    if problems and strict:
        raise KitError(
            f"{name} does not fit its config.json: {some(problems)}. What is missing was perhaps "
            "not fetched whole: fetch it again. For what is unknown the kit has no place, so its "
            "answers would not be this model's."
        )
    _share(encoder.embed.tokens, decoder.embed.tokens, tied or tables[0] == tables[1])
    scaled = settings.get("scale_decoder_outputs", False)
    if scaled not in (True, False):
        raise KitError(f"scale_decoder_outputs={scaled!r:.40}: it must be true or false.")
    head = _head(decoder, tensors, tied, own_head, decoder.width**-0.5 if scaled else 1.0)
    roles = _roles(settings, generation or {}, tokenizer)
    tokenizer = tokenizer.with_roles(roles)
    left = [name for name in tensors if re.match(families[0].left, name)]
    card = {"from": name, "family": settings["model_type"], "left": left, "problems": problems}
    if unused := _unused(settings, generation or {}):
        card["generation"] = unused
    return Source(name, encoder.eval(), tokenizer, head.eval(), card)


def _check(pair: Pair, settings: dict, tied: object) -> None:
    """Raise KitError for settings that the kit does not have."""
    check_must(pair.must, settings)
    if tied not in (True, False):
        raise KitError(
            f"tie_word_embeddings={tied!r:.40} in config.json: it must be true or false."
        )
    for other, known in pair.same.items():
        if settings.get(other, settings.get(known)) != settings.get(known):
            raise KitError(
                f"{other}={settings[other]!r} and {known}={settings.get(known)!r} in config.json "
                "say the same thing: remove the one that is wrong."
            )


def _table(tensors: Tensors, first: str) -> str:
    """The name under which the file has this table: its own, or that of one which it is tied to;
    "" where it has none."""
    return next((name for name in (first, *TABLES) if f"{name}.weight" in tensors), "")


def _unknown(name: str, pair: Pair, families, settings: dict, tensors: Tensors) -> list[str]:
    """The tensors and fields that the kit neither reads nor knows to change nothing."""
    known = {f"{table}.weight" for table in TABLES} | ({BIAS} if pair.bias else set())
    known |= _fixed_positions(name, tensors) if pair.fixed else set()
    for family in families:
        with_numbers = {
            re.escape(theirs).replace(r"\#", r"\d+") for theirs in family.tensors.values()
        }
        pattern = rf"({'|'.join(with_numbers)})\.(weight|bias)"
        known |= {theirs for theirs in tensors if re.fullmatch(pattern, theirs)}
        known |= {theirs for theirs in tensors if re.match(family.left, theirs)}
    fields = {*pair.must, *pair.ignored, *pair.same, "scale_embedding", FORCE}
    fields = fields.union(*map(fields_of, families))
    problems = [f"{theirs} is unknown" for theirs in tensors if theirs not in known]
    return problems + unknown_fields(fields, settings)


def _fixed_positions(name: str, tensors: Tensors) -> set[str]:
    """The tables of fixed positions in the file; KitError for one with other values."""
    names = {theirs for theirs in POSITIONS if theirs in tensors}
    for theirs in names:
        table = tensors[theirs]().float()
        if not torch.allclose(table, sinusoids(torch.arange(len(table)), table), atol=1e-3):
            raise KitError(
                f"{theirs} of {name} are not the sines and cosines of this family: the kit reads "
                "no others. Give another model."
            )
    return names


def _filled(family: Family, config, part: Transformer, tensors: Tensors, problems: list):
    """The encoder or the decoder with its values; what is missing stays fresh, and is noted."""
    values, missing = translate(family, part, tensors)
    problems += missing
    if len(values) < len(part.state_dict()):
        with random_state():
            part = Transformer(config)
    part.load_state_dict(values, strict=False, assign=True)
    return part


def _share(one: nn.Module, two: nn.Module, tied: bool) -> None:
    """Let both modules have one parameter, where they are tied and have the same values."""
    if tied and torch.equal(one.weight, two.weight):
        two.weight = one.weight


def _head(
    decoder: Transformer, tensors: Tensors, tied: bool, own: str, scale: float
) -> SequenceHead:
    """The head around the decoder: tied to its table or with a matrix of its own, and a bias
    where the file has one that is not zero."""
    table = decoder.embed.tokens.weight
    weight = tensors[f"{own}.weight"]().float() if own else table
    _same_shape(f"{own}.weight", weight, table.shape)
    same = tied and torch.equal(weight, table)
    bias = tensors[BIAS]().float().flatten() if BIAS in tensors else torch.zeros(len(table))
    _same_shape(BIAS, bias, table.shape[:1])
    with random_state():
        options = {"tied": bool(same or not own), "bias": bool(bias.any()), "scale": scale}
        head = SequenceHead(decoder.width, decoder, norm=False, **options)
    if not head.config.get("tied", True):
        head.output.weight = nn.Parameter(weight.contiguous())
    if head.output.bias is not None:
        head.output.bias = nn.Parameter(bias)
    return head


def _same_shape(name: str, tensor: Tensor, shape: torch.Size) -> None:
    if tensor.shape != shape:
        raise KitError(
            f"{name} gives {tuple(tensor.shape)} and not {tuple(shape)}: they do not belong "
            "together. Fetch it again."
        )


def _roles(settings: dict, generation: dict, tokenizer: Tokenizer) -> dict[str, str]:
    """The special pieces with which the model begins and ends a text, by role."""
    fields = settings | generation
    eos = _one("eos_token_id", fields.get("eos_token_id"))
    start = fields.get("decoder_start_token_id")
    start = fields.get("bos_token_id") if start is None else start
    forced_eos = _one("forced_eos_token_id", fields.get("forced_eos_token_id"))
    if forced_eos not in (None, eos):
        raise KitError(
            f"forced_eos_token_id={forced_eos!r} and eos_token_id={eos!r}: a text would end with "
            "another token than that which ends it. Set both to the same in config.json."
        )
    forced_bos = fields.get("forced_bos_token_id")
    if fields.get(FORCE) and forced_bos is None:
        raise KitError(
            f"{FORCE}=True without forced_bos_token_id: transformers no "
            "longer reads the first. Say the second in config.json, or set the first to false."
        )
    never = fields.get("bad_words_ids") or [[]]
    if len(never) > 1 or len(never[0]) > 1:
        raise KitError(f"bad_words_ids={never!r:.60}: the kit leaves out one token at most.")
    ids = {"eos": eos, "decoder_start": start, "forced_bos": forced_bos}
    ids |= {"never": never[0][0]} if never[0] else {}
    if eos is None or start is None:
        raise KitError(
            "config.json does not say eos_token_id or decoder_start_token_id: without them nobody "
            "knows where a text ends and with which token the decoder begins. Add them."
        )
    return {role: _piece(role, i, tokenizer) for role, i in ids.items() if i is not None}


def _one(name: str, value: object) -> object:
    """A token id, or the only one in a list."""
    if isinstance(value, list) and len(value) != 1:
        raise KitError(f"{name}={value!r:.60} in config.json: the kit ends a text with one token.")
    return value[0] if isinstance(value, list) else value


def _piece(role: str, i: object, tokenizer: Tokenizer) -> str:
    pieces = {number: piece for piece, number in tokenizer.vocabulary().items()}
    if i not in pieces:
        raise KitError(
            f"the token id {i!r:.40} ({role}) of config.json is none of the tokenizer's, which has "
            f"0 to {tokenizer.size - 1:,}: take the tokenizer that came with the model."
        )
    return pieces[i]


def _unused(settings: dict, generation: dict) -> dict:
    """How `generate` of `transformers` would search by default, where it is not greedily."""
    fields = settings | generation
    return {k: fields[k] for k, plain in DIFFERENT.items() if fields.get(k) and fields[k] != plain}
