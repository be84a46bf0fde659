"""Build a source from Hugging Face's description of a model: its settings and its tensors.

The settings are the content of a config.json; the tensors have Hugging Face's names. Both come
from a folder (`kit.sources.huggingface`), an archive, or a GGUF file (`kit.sources.gguf`).
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from kit import guards
from kit.errors import KitError
from kit.memory import check_memory
from kit.models import LanguageHead, Transformer, TransformerConfig
from kit.models.quantized_matrix import QuantizedMatrix, dense, put_matrix
from kit.models.shapes import shapes_only
from kit.runtime import random_state
from kit.sources.attention_settings import (
    attention_fields,
    read_no_rope,
    read_rope,
    read_window,
)
from kit.sources.checkpoint import Source
from kit.sources.encoder_decoder_maps import PAIRS
from kit.sources.weight_maps import ACTIVATIONS, FAMILIES, GATED, HARMLESS, Family
from kit.tokenizer import Tokenizer

__all__ = [
    "Tensors",
    "build_source",
    "check_must",
    "check_room",
    "config_of",
    "empty",
    "fields_of",
    "head_softcap",
    "part_of",
    "pattern",
    "renamed",
    "some",
    "tensor_name",
    "translate",
    "unknown_fields",
]

Tensors = Mapping[str, Callable[[], Tensor | QuantizedMatrix]]
"""Hugging Face's name of a tensor -> a function that reads it: only one is in memory at a time."""


def build_source(
    name: str,
    settings: dict,
    tensors: Tensors,
    tokenizer: Tokenizer,
    strict: bool = True,
    quantized: bool = False,
) -> Source:
    """The source that a config.json (`settings`) and its tensors describe, with their values.

    Raises KitError for a family or a setting that the kit does not know, for a tokenizer with
    more tokens than the model, for tensors that are unknown, missing or of another shape, and for
    fields that the kit neither reads nor knows to change nothing.
    With `strict=False` unknown tensors and fields are left out, missing tensors start with fresh
    values, and the card lists them under "problems".
    quantized: some tensors are `QuantizedMatrix`es, which stay so; the rest is in float32.
    """
    family = _family(settings)
    config = config_of(family, settings)
    tokenizer.check(config.vocabulary)
    tensors = renamed(name, family, tensors)
    _same_function(name, tensors)
    body = empty(name, config, len(tensors))
    head_name = f"{family.head}.weight"
    own_head = head_name in tensors
    check_room(name, body, own_head, size=MOST_BYTES if quantized else 4)
    values, problems = translate(family, body, tensors)
    body_names = {tensor_name(family, ours)[0] for ours in body.state_dict()}
    tied = family.head and settings.get("tie_word_embeddings", family.tied)
    if tied not in (None, True, False):
        raise KitError(
            f"tie_word_embeddings={tied!r:.40} in config.json: it must be true or false."
        )
    left = [name for name in tensors if re.match(family.left, name)]
    known = {*body_names, *left, *([head_name] if family.head else [])}
    problems += [f"{name} is unknown" for name in tensors if name not in known]
    problems += unknown_fields(fields_of(family), settings)
    if problems and strict:
        raise KitError(
            f"{name} does not fit its config.json: {some(problems)}. What is missing was perhaps "
            "not fetched whole: fetch it again. For what is unknown the kit has no place, so its "
            "answers would not be this model's."
        )
    if len(values) < len(body.state_dict()):
        with random_state():
            body = Transformer(config)
    stored = {ours: v for ours, v in values.items() if isinstance(v, QuantizedMatrix)}
    expanded = {ours: v for ours, v in values.items() if ours not in stored}
    body.load_state_dict(expanded, strict=False, assign=True)
    for ours, matrix in stored.items():
        put_matrix(body, ours, matrix)
    head = None
    if tied or own_head:
        head = LanguageHead.tied(body, softcap=head_softcap(family, settings))
    if own_head:
        own = _inward(family, body, head_name, tensors[head_name]())
        _untie(f"{head_name} of {name}", head, own, tied)
    card = {"from": name, "family": settings["model_type"], "left": left, "problems": problems}
    return Source(name, body.eval(), tokenizer, head, card)


def _untie(name: str, head: LanguageHead, own: Tensor | QuantizedMatrix, tied: bool) -> None:
    """Give a tied head the matrix of its own that the file has: it counts, whatever config.json
    says of tying, unless both say the same."""
    table = head.weight
    if own.shape != table.shape:
        raise KitError(
            f"{name} gives {tuple(own.shape)} and not {tuple(table.shape)}: they do not belong "
            "together. Fetch it again."
        )
    if isinstance(own, QuantizedMatrix):
        put_matrix(head, "weight", own)
    elif not (tied and torch.equal(own, dense(table))):
        head.weight = nn.Parameter(own)


def empty(name: str, config: TransformerConfig, tensors: int) -> Transformer:
    """The body without values, which needs no memory: its shapes are then compared with those of
    the `tensors` tensors. Raises KitError for more layers than these can be."""
    if config.layers > tensors:
        raise KitError(
            f"{name} says {config.layers:,} layers, and its files have {tensors:,} tensors in all: "
            "they do not belong together. Fetch it again."
        )
    try:
        with shapes_only():
            return Transformer(config)
    except (RuntimeError, OverflowError) as error:
        raise KitError(
            f"{name} says sizes that no model has ({config}): fetch its config.json again."
        ) from error


MOST_BYTES = 1.1
"""Of a quantized number: 8 bits and its share of a scale."""


def check_room(name: str, body: Transformer, separate_head: bool, size: float) -> None:
    """Raise KitError where the values, of `size` bytes each, need more memory than there is: those
    of the body, and once more those of the largest tensor while it is read and of a separate head.
    """
    sizes = [p.numel() for p in body.parameters()]
    numbers = sum(sizes) + max(sizes) * (1 + separate_head)
    check_memory(
        size * numbers,
        f"{name} ({sum(sizes):,} parameters)",
        "load a smaller source (transformer_encoder, transformer_writer), or of a GGUF file or of "
        "SmolLM the lowest layers alone (layers=) or the numbers as they are stored "
        "(quantized=True).",
    )


WRAPPERS = ("module.", "_orig_mod.", "base_model.model.")
"""What DataParallel, torch.compile and peft put before the names of a model's tensors."""

OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""End of a tensor's name in old checkpoints (bert-base-uncased) -> in newer ones."""

CHANGES_ROPE = re.compile(r"rope_freqs\.weight$")
"""Tensors that scale the frequencies of rotary positions (Llama 3.1)."""


def _modern(name: str) -> str:
    """A tensor's name without the prefixes of wrappers, and as newer checkpoints write it."""
    while wrapper := next((w for w in WRAPPERS if name.startswith(w)), ""):
        name = name.removeprefix(wrapper)
    for old, new in OLD_NAMES.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def renamed(name: str, family: Family, tensors: Tensors) -> Tensors:
    """The tensors by the names of a body alone; raises KitError where two have the same one."""
    modern: dict[str, Callable[[], Tensor]] = {}
    for theirs, read in tensors.items():
        ours = _modern(theirs).removeprefix(family.prefix)
        if ours in modern:
            raise KitError(
                f"{name} has {ours} twice, the second as {theirs}: remove the one that is old."
            )
        modern[ours] = read
    return modern


def _same_function(name: str, tensors: Tensors) -> None:
    """Raise KitError for a tensor without which the model is another function."""
    for tensor in tensors:
        if CHANGES_ROPE.search(tensor):
            raise KitError(
                f"{name} has {tensor}, a rope scaling by frequencies (as in Llama 3.1), which the "
                "kit does not have: its answers would not be this model's. Give another model."
            )


def head_softcap(family: Family, settings: dict) -> float | None:
    """The cap of the logits, None for none."""
    return settings.get(*family.head_softcap) if family.head_softcap else None


def _family(settings: dict) -> Family:
    """The family of `model_type`, whose fixed settings the model must have."""
    kind = settings.get("model_type")
    if not isinstance(kind, str) or kind not in FAMILIES:
        raise KitError(
            f"model_type={kind!r} is a family that the kit does not read: give a model of one of "
            f"{', '.join([*FAMILIES, *PAIRS])}."
        )
    check_must(FAMILIES[kind].must, settings)
    return FAMILIES[kind]


def check_must(must: dict, settings: dict) -> None:
    """Raise KitError for a setting that only works with one value, and has another."""
    for name, value in must.items():
        stated = settings.get(name, value)
        if stated != value and not (stated is None and value is False):
            raise KitError(
                f"{name}={settings[name]!r} in config.json: the kit reads only {value!r} there."
            )


def fields_of(family: Family) -> set[str]:
    """The fields of a config.json that are read for this family."""
    read = {theirs for theirs, *_ in family.settings.values()} | set(family.must)
    if family.head_softcap:
        read.add(family.head_softcap[0])
    return read | attention_fields(family)


def unknown_fields(read: set[str], settings: dict) -> list[str]:
    """The fields of a config.json that the kit neither reads nor knows to change nothing, and that
    switch something on."""
    read = read | {"model_type", "tie_word_embeddings"}
    if set(map(str, settings.get("layer_types") or ())) == {"full_attention"}:
        read.add("layer_types")  # all blocks attend to the whole text, as they do without it
    return [
        f"{name}={value!r:.60} of config.json is unknown"
        for name, value in settings.items()
        if value and name not in read and not HARMLESS.fullmatch(name)
    ]


def config_of(family: Family, settings: dict) -> TransformerConfig:
    """The shape of the body that the settings of a config.json describe."""
    values = dict(family.switches)
    for ours, (theirs, *default) in family.settings.items():
        if theirs not in settings and not default:
            raise KitError(f"config.json does not say {theirs}: fetch it again.")
        values[ours] = settings.get(theirs, *default)
    if values["activation"] not in list(ACTIVATIONS):  # a list, for a value that has no hash
        raise KitError(
            f"activation {values['activation']!r}: the kit knows {', '.join(ACTIVATIONS)}."
        )
    values["activation"] = ACTIVATIONS[values["activation"]]
    if any("gate" in ours for ours in family.tensors):
        values["activation"] = GATED[values["activation"]]
    for field in ("block_size", "width", "heads", "layers", "head_size"):
        if guards.a_count(values.get(field)) and (field != "head_size" or values.get(field)):
            name = family.settings[field][0]
            raise KitError(
                f"{name}={values[field]!r:.40} in config.json: it must be a whole number."
            )
    values["intermediate_size"] = values["intermediate_size"] or 4 * values["width"]
    if family.skipped_are_counted:
        values["block_size"] -= family.skipped
    if values.get("embedding_size") == values["width"]:
        values["embedding_size"] = None
    if family.scaled_embeddings:
        values["embedding_scale"] = values["width"] ** 0.5
    if family.rope:
        size = values.get("head_size") or values["width"] // values["heads"]
        values |= read_rope(family.rope, settings, size)
    if family.window:
        values |= read_window(family.window, settings, values["layers"])
    if family.no_rope:
        values |= read_no_rope(settings, values["layers"])
    return TransformerConfig(**values)


def translate(family: Family, body: nn.Module, tensors: Tensors) -> tuple[dict, list[str]]:
    """The values of our tensors by name, and which are missing or of another shape."""
    values, problems = {}, []
    for ours, like in body.state_dict().items():
        theirs, part = tensor_name(family, ours)
        if theirs not in tensors:
            problems.append(f"{theirs} is missing")
            continue
        value = _inward(family, body, ours, tensors[theirs](), part)
        if value.shape == like.shape:
            values[ours] = value
        else:
            problems.append(f"{theirs} gives {tuple(value.shape)} and not {tuple(like.shape)}")
    return values, problems


def tensor_name(family: Family, ours: str) -> tuple[str, str]:
    """Hugging Face's name of our tensor, and which part of that tensor ours is ("" for all)."""
    number = next((part for part in ours.split(".") if part.isdigit()), "")
    theirs, _, part = family.tensors[pattern(ours)].partition(":")
    return f"{theirs.replace('#', number)}.{ours.rpartition('.')[2]}", part


def pattern(ours: str) -> str:
    """blocks.3.attention.query.weight -> blocks.#.attention.query"""
    return re.sub(r"\d+", "#", ours.rpartition(".")[0])


def part_of(family: Family, body: nn.Module, ours: str, tensor: Tensor, part: int) -> Tensor:
    """Our part of a tensor that holds several of ours; of another size, it is returned whole."""
    theirs = tensor_name(family, ours)[0]
    sizes = {
        int(number): len(like)
        for name, like in body.state_dict().items()
        if (found := tensor_name(family, name))[0] == theirs and (number := found[1])
    }
    if sum(sizes.values()) != len(tensor):
        return tensor
    if family.parts_by_head:
        by_head = tensor.unflatten(0, (body.config.heads, len(sizes), -1))
        return by_head[:, part].flatten(0, 1)
    return tensor.split([sizes[number] for number in sorted(sizes)])[part]


def _inward(
    family: Family, body: nn.Module, ours: str, tensor: Tensor | QuantizedMatrix, part: str = ""
) -> Tensor | QuantizedMatrix:
    """Hugging Face's tensor as ours, in float32; part "0", "1", ... takes that part of it. A
    quantized matrix stays as it is: those of GGUF files are whole and not transposed."""
    if isinstance(tensor, QuantizedMatrix):
        if not tensor.is_finite():
            raise _not_finite(ours)
        return tensor
    if family.transposed and tensor.dim() == 2 and ours.startswith("blocks."):
        tensor = tensor.T
    if part:
        tensor = part_of(family, body, ours, tensor, int(part))
    if ours == "embed.positions.weight":
        tensor = tensor[family.skipped :]
    if not tensor.is_floating_point() or tensor.itemsize < 2:
        raise KitError(
            f"{ours} is stored as {str(tensor.dtype).removeprefix('torch.')}, quantised numbers "
            "that need their scales: give the model in float32, float16 or bfloat16."
        )
    tensor = tensor.float()
    # A sum is finite where all are, and needs no second tensor.
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
        raise _not_finite(ours)
    if family.norm_offset and "norm" in ours:
        tensor = tensor + family.norm_offset
    if family.head and tensor.dim() == 2 and tensor.shape[0] > tensor.shape[1]:
        # Generation multiplies one row at a time. With a tall matrix that is up to twice as fast
        # where its columns are contiguous in memory.
        return tensor.T.contiguous().T
    return tensor.contiguous()


def _not_finite(ours: str) -> KitError:
    return KitError(
        f"{ours} has numbers that are not finite (nan or inf), so that every answer would be "
        "nan: fetch the model again, or give another one."
    )


def some(names: list[str]) -> str:
    """The first eight, and how many more there are."""
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "; ".join(names[:8]) + more
