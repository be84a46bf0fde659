"""Hugging Face models as kit sources, and kit models as Hugging Face folders.

Nothing but config.json, tokenizer.json and *.safetensors is read, and without `transformers`:
no file can run a program, and a small machine needs no memory for a second library.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models import LanguageHead, Transformer, TransformerConfig
from kit.sources.checkpoint import Source
from kit.sources.weight_maps import ACTIVATIONS, FAMILIES, Family
from kit.tokenizer import Tokenizer

__all__ = ["build", "export", "load", "opened", "special"]

Tensors = Mapping[str, Callable[[], Tensor]]
"""Their tensors by name; each is read when it is asked for, so that one at a time is in memory."""

ROLES = ("pad", "unk", "bos", "eos", "mask")


def load(name: str | Path, strict: bool = True) -> Source:
    """The model in a folder, or on the hub by its name, `owner/model`.

    Raises KitError for a family that the kit does not know, for a tensor that is unknown,
    missing or of another shape (all listed by name; with `strict=False` they are left or start
    with fresh values, and `card` lists them), for pickled weights, and without a network.
    """
    folder = Path(name) if Path(name).is_dir() else _fetch(str(name))
    settings = _json(folder / "config.json")
    about = folder / "tokenizer_config.json"
    about = _json(about) if about.exists() else {}
    if not (folder / "tokenizer.json").exists():
        raise KitError(
            f"{folder} has no tokenizer.json: write one with transformers, "
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)."
        )
    tokenizer = Tokenizer.load(folder / "tokenizer.json", **special(about))
    source = build(str(name), settings, opened(folder), tokenizer, strict)
    if isinstance(about.get("chat_template"), str):
        source.card["chat_template"] = about["chat_template"]
    return source


def build(
    name: str, settings: dict, tensors: Tensors, tokenizer: Tokenizer, strict: bool = True
) -> Source:
    """A source from the content of a config.json and tensors with Hugging Face's names."""
    settings = settings | (settings.get("rope_parameters") or {})
    family = _family(settings)
    config = _config(family, settings)
    tokenizer.check(config.vocabulary)
    tensors = {theirs.removeprefix(family.prefix): tensor for theirs, tensor in tensors.items()}
    with torch.device("meta"):
        body = Transformer(config)
    values, problems = _translate(family, body, tensors)
    known = {_theirs(family, ours)[0] for ours in body.state_dict()}
    head_name = f"{family.head}.weight"
    tied = family.head and settings.get("tie_word_embeddings", family.tied)
    unknown = [t for t in tensors if t not in known | {head_name} and not re.match(family.left, t)]
    problems += [f"{theirs} is unknown" for theirs in unknown]
    if problems and strict:
        raise KitError(
            f"{name} does not fit its config.json: {_some(problems)}. Load it with "
            "strict=False to leave what is unknown and to begin the rest with fresh values."
        )
    if len(values) < len(body.state_dict()):
        body = Transformer(config)
    body.load_state_dict(values, strict=False, assign=True)
    head = None
    if tied or head_name in tensors:
        head = LanguageHead.tied(body)
        if not tied:
            head.weight = nn.Parameter(_inward(family, head_name, tensors[head_name](), ""))
    left = [t for t in tensors if re.match(family.left, t)]
    card = {"from": name, "family": settings["model_type"], "left": left, "problems": problems}
    return Source(name, body.eval(), tokenizer, head, card)


def export(source: Source, folder: str | Path) -> Path:
    """Writes a folder that AutoModel and AutoTokenizer load, with the same outputs.

    A language head goes along where the family has one (AutoModelForCausalLM loads it).
    Raises KitError if the folder is there, and for a body that no family has the switches of.
    """
    folder, config = Path(folder), source.body.config
    if folder.exists():
        raise KitError(f"{folder} is there already: give the name of a new folder.")
    kind = _kind(source)
    family = FAMILIES[kind]
    tensors: dict[str, list[Tensor]] = {}
    for ours, tensor in source.body.state_dict().items():
        theirs, _ = _theirs(family, ours)
        tensors.setdefault(theirs, []).append(_outward(family, ours, tensor))
    whole = {k: torch.cat(v, -1 if family.transposed else 0) for k, v in tensors.items()}
    head = source.head if family.head else None
    tied = head is not None and head.weight is source.body.embedding.weight
    if head is not None:
        whole = {family.prefix + k: v for k, v in whole.items()}
        if not tied:
            whole[f"{family.head}.weight"] = head.weight.detach()
    ids = {f"{role}_token_id": getattr(source.tokenizer, role) for role in ("pad", "bos", "eos")}
    settings = ids | _settings(family, config)  # a RoBERTa finds its places by its own padding
    settings |= {"model_type": kind, "architectures": [family.classes[head is not None]]}
    settings |= {"tie_word_embeddings": tied}
    _write(folder, source, settings, {k: v.contiguous() for k, v in whole.items()})
    return folder


def opened(folder: Path) -> Tensors:
    """The tensors of all safetensors files in a folder."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickles = [p.name for p in folder.glob("*") if p.suffix in (".bin", ".pt", ".pth", ".pkl")]
        why = f" but {pickles[0]}, a pickle, which can run a program: it is not read" * bool(
            pickles
        )
        raise KitError(
            f"{folder} has no *.safetensors file{why}. Write one with transformers, "
            "model.save_pretrained(folder)."
        )
    return {name: read for file in files for name, read in _entries(file)}


def special(about: dict) -> dict[str, str]:
    """Which pieces have which role, from a tokenizer_config.json."""
    found = {role: about.get(f"{role}_token") for role in ROLES}
    return {r: p if isinstance(p, str) else p["content"] for r, p in found.items() if p}


def _entries(file: Path) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    try:
        content = safetensors.safe_open(file, framework="pt")
    except (safetensors.SafetensorError, OSError) as error:
        raise KitError(f"{file} is no whole safetensors file ({error}): fetch it again.") from error
    for name in content.keys():  # noqa: SIM118 (the file is no dict)
        yield name, lambda name=name: content.get_tensor(name)


def _fetch(name: str) -> Path:
    """The folder of a model on the hub: in its cache, or downloaded into it."""
    from huggingface_hub import snapshot_download

    try:
        files = ["*.json", "*.safetensors"]
        return Path(snapshot_download(name, allow_patterns=files, ignore_patterns=["*/*"]))
    except (OSError, ValueError) as error:
        raise KitError(
            f"{name!r} is no folder here, and the hub gave no such model "
            f"({type(error).__name__}). Check the name (owner/model) and the network, or "
            "give a folder that holds the model."
        ) from error


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KitError(f"{path} cannot be read as JSON ({error}): fetch it again.") from error


def _family(settings: dict) -> Family:
    kind = settings.get("model_type")
    if kind not in FAMILIES:
        raise KitError(
            f"model_type={kind!r} is a family that the kit does not read: {', '.join(FAMILIES)} "
            "it does."
        )
    for name, value in FAMILIES[kind].must.items():
        if settings.get(name, value) != value:
            raise KitError(
                f"{name}={settings[name]!r} in config.json: the kit reads only {value!r} there."
            )
    return FAMILIES[kind]


def _config(family: Family, settings: dict) -> TransformerConfig:
    values = dict(family.switches)
    for ours, (theirs, *default) in family.settings.items():
        if theirs not in settings and not default:
            raise KitError(f"config.json does not say {theirs}: fetch it again.")
        values[ours] = settings.get(theirs, *default)
    if values["activation"] not in ACTIVATIONS:
        raise KitError(
            f"activation {values['activation']!r}: the kit knows {', '.join(ACTIVATIONS)}."
        )
    values["activation"] = ACTIVATIONS[values["activation"]]
    values["intermediate_size"] = values["intermediate_size"] or 4 * values["width"]
    values["block_size"] -= family.skipped
    return TransformerConfig(**values)


def _settings(family: Family, config: TransformerConfig) -> dict:
    """The opposite of `_config`."""
    names = {ours: theirs for theirs, ours in ACTIVATIONS.items()}
    found = {theirs: getattr(config, ours) for ours, (theirs, *_) in family.settings.items()}
    found[family.settings["activation"][0]] = names[config.activation]
    found[family.settings["block_size"][0]] += family.skipped
    if "kv_heads" in family.settings:
        found |= {"num_key_value_heads": config.groups, "head_dim": config.size_per_head}
        found["rope_parameters"] = {"rope_type": "default", "rope_theta": config.rotary_base}
    return family.must | found


def _kind(source: Source) -> str:
    """The family with a body's switches: that which it came from, or else the first that fits."""
    config = source.body.config
    kinds = sorted(FAMILIES, key=lambda kind: kind != source.card.get("family"))
    if isinstance(config, TransformerConfig):
        for kind in kinds:
            if config.activation in ACTIVATIONS.values() and _fits(FAMILIES[kind], source.body):
                return kind
    raise KitError(
        f"no family of Hugging Face's has the switches of this body ({config}): {', '.join(kinds)} "
        "are known. kit.sources.checkpoint.save keeps it as it is."
    )


def _fits(family: Family, body: Transformer) -> bool:
    """The same modules, and reading what we would write gives the same function again."""
    config = body.config
    if {_pattern(ours) for ours in body.state_dict()} != set(family.tensors):
        return False
    again = _config(family, _settings(family, config))
    free = {"kv_heads", "head_size", "query_bias", "dropout"}
    same = [getattr(again, f) == getattr(config, f) for f in vars(config) if f not in free]
    bias = [c.bias if c.query_bias is None else c.query_bias for c in (again, config)]
    return all(same) and bias[0] == bias[1] and again.size_per_head == config.size_per_head


def _theirs(family: Family, ours: str) -> tuple[str, str]:
    """Their name of our tensor, and which third of theirs it is ("" for all of it)."""
    number = next((part for part in ours.split(".") if part.isdigit()), "")
    theirs, _, third = family.tensors[_pattern(ours)].partition(":")
    return f"{theirs.replace('#', number)}.{ours.rpartition('.')[2]}", third


def _pattern(ours: str) -> str:
    """blocks.3.attention.query.weight -> blocks.#.attention.query"""
    return re.sub(r"\d+", "#", ours.rpartition(".")[0])


def _translate(family: Family, body: nn.Module, tensors: Tensors) -> tuple[dict, list[str]]:
    """Our values by name, and what is missing or of another shape."""
    values, problems = {}, []
    for ours, like in body.state_dict().items():
        theirs, third = _theirs(family, ours)
        if theirs not in tensors:
            problems.append(f"{theirs} is missing")
            continue
        value = _inward(family, ours, tensors[theirs](), third)
        if value.shape == like.shape:
            values[ours] = value
        else:
            problems.append(f"{theirs} gives {tuple(value.shape)} and not {tuple(like.shape)}")
    return values, problems


def _inward(family: Family, ours: str, tensor: Tensor, third: str) -> Tensor:
    if family.transposed and tensor.dim() == 2 and ours.startswith("blocks."):
        tensor = tensor.T
    if third:
        tensor = tensor.chunk(3)[int(third)]
    if ours == "embed.positions.weight":
        tensor = tensor[family.skipped :]
    tensor = tensor.float()
    if family.head and tensor.dim() == 2 and tensor.shape[0] > tensor.shape[1]:
        # Writing multiplies one row at a time: with a tall matrix that is up to twice as fast
        # where its columns lie in order in memory.
        return tensor.T.contiguous().T
    return tensor.contiguous()


def _outward(family: Family, ours: str, tensor: Tensor) -> Tensor:
    if ours == "embed.positions.weight":
        return torch.cat((tensor.new_zeros(family.skipped, tensor.shape[1]), tensor))
    if family.transposed and tensor.dim() == 2 and ours.startswith("blocks."):
        return tensor.T
    return tensor


def _write(folder: Path, source: Source, settings: dict, tensors: dict[str, Tensor]) -> None:
    """A folder whole or not at all."""
    special = {f"{r}_token": source.tokenizer.special.get(r) for r in ROLES}
    about = {k: v for k, v in special.items() if v} | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": source.body.config.block_size,
    }
    if "chat_template" in source.card:
        about["chat_template"] = source.card["chat_template"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as space:
        new = Path(space, "new")
        new.mkdir()
        safetensors.torch.save_file(tensors, new / "model.safetensors", {"format": "pt"})
        (new / "config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
        (new / "tokenizer_config.json").write_text(json.dumps(about, indent=2), encoding="utf-8")
        source.tokenizer.save(new / "tokenizer.json")
        os.replace(new, folder)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "; ".join(names[:8]) + more
