"""LoRA as an adapter folder of `peft`, both ways: the changes alone, some megabytes.

folder/adapter_config.json           rank, alpha, the modules that are changed
folder/adapter_model.safetensors     A (r, D) and B (D', r) of each of them, by Hugging Face's names
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.migrate.mixed.lora import LoRALinear
from kit.sources.build import part_of, tensor_name
from kit.sources.checkpoint import Source
from kit.sources.huggingface import joined, kind_of
from kit.sources.weight_maps import FAMILIES, Family

__all__ = ["read_adapter", "write_adapter"]

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
PLAIN: dict[str, tuple] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "lora_bias": (False, None),
    "modules_to_save": (None, []),
    "layer_replication": (None,),
    "trainable_token_indices": (None,),
    "target_parameters": (None, []),
    "init_lora_weights": (True, False, "gaussian", None),
}
"""Setting of peft -> the values with which W' = W + scale B A is all that the adapter does."""


def write_adapter(model: nn.Module, source: Source, folder: str | Path) -> Path:
    """Write the LoRA in a model's body so that `peft.PeftModel.from_pretrained(base, folder)` adds
    it to the source's own Hugging Face model, with the same hidden states.

    source: what the model was migrated from. The model's head is not written. Where Hugging Face
    has one matrix for several of ours (GPT-2's c_attn), their low-rank parts are put side by side.
    Raises KitError for a body without LoRA, for another source, and if the folder exists.
    """
    folder = Path(folder)
    if folder.exists():
        raise KitError(f"{folder} is there already: give the name of a new folder.")
    parts = {name: p for name, p in model.body.named_modules() if isinstance(p, LoRALinear)}
    if not parts or model.body.config != source.body.config:
        raise KitError(
            "this model is no LoRA of that source: give the model of migrate(..., 'lora')."
        )
    if len({part.scale for part in parts.values()}) > 1:
        raise KitError("these LoRAs have several scales alpha / r: peft's file here has one.")
    kind = kind_of(source)
    family = FAMILIES[kind]
    scale = next(iter(parts.values())).scale
    outer = PREFIX + (family.prefix if source.head is not None and family.head else "")
    tensors, ranks = {}, {}
    for theirs, own in _by_module(family, source.body, parts).items():
        A, B = _side_by_side(family, source.body, own)
        tensors[f"{outer}{theirs}.lora_A.weight"] = A
        tensors[f"{outer}{theirs}.lora_B.weight"] = B
        ranks[theirs] = len(A)
    rank = max(ranks.values())
    about = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": scale * rank,
        "target_modules": sorted(ranks),
        "rank_pattern": {theirs: r for theirs, r in ranks.items() if r != rank},
        "alpha_pattern": {theirs: scale * r for theirs, r in ranks.items() if r != rank},
        "fan_in_fan_out": family.transposed,
        "bias": "none",
        "task_type": "CAUSAL_LM" if outer != PREFIX else "FEATURE_EXTRACTION",
        "base_model_name_or_path": str(source.card.get("from", source.name)),
    }
    folder.mkdir(parents=True)
    content = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    safetensors.torch.save_file(content, folder / WEIGHTS, {"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(about, indent=2), encoding="utf-8")
    return folder


def read_adapter(source: Source, folder: str | Path) -> Source:
    """A copy of the source with the LoRA of a folder that `peft` saved. It goes into the matrices
    by `kit.migrate.merge(Model(source.body, source.head))`.

    Raises KitError for a kind of adapter that does more than W' = W + scale B A, for a folder that
    is none, and for tensors that do not belong to this source.
    """
    folder = Path(folder)
    try:
        about = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = safetensors.torch.load_file(folder / WEIGHTS)
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise KitError(
            f"{folder} is no adapter of peft ({error}): give a folder with {CONFIG} and {WEIGHTS}."
        ) from error
    _check(about)
    body, head = copy.deepcopy((source.body, source.head))
    family = FAMILIES[kind_of(source)]
    left = {_module(family, name): t.float() for name, t in tensors.items()}
    read: set[str] = set()
    for ours in [n for n, p in body.named_modules() if isinstance(p, nn.Linear)]:
        theirs, part = tensor_name(family, f"{ours}.weight")
        theirs = theirs.removesuffix(".weight")
        A, B = (left.get(f"{theirs}.{x}") for x in ("lora_A", "lora_B"))
        if A is None or B is None:
            continue
        B = part_of(family, source.body, f"{ours}.weight", B, int(part)) if part else B
        _put(body, ours, A, B, _scale(about, theirs, len(A)))
        read |= {f"{theirs}.lora_A", f"{theirs}.lora_B"}
    if unknown := left.keys() - read:
        raise KitError(f"{folder} changes {min(unknown)}, which this source does not have.")
    return changed(source, body=body.eval(), head=head)


def _by_module(family: Family, body: nn.Module, parts: dict) -> dict[str, dict[str, LoRALinear]]:
    """Their module -> our names of the LoRAs in it."""
    modules: dict[str, dict[str, LoRALinear]] = {}
    for ours, part in parts.items():
        theirs = tensor_name(family, f"{ours}.weight")[0].removesuffix(".weight")
        modules.setdefault(theirs, {})[ours] = part
    return modules


def _side_by_side(family: Family, body: nn.Module, own: dict) -> tuple[Tensor, Tensor]:
    """A and B of their one matrix, from those of ours that are its parts: the As below each other,
    and each B in its own rows and columns."""
    first = next(iter(own))
    theirs = tensor_name(family, f"{first}.weight")[0]
    rank = sum(len(part.lora_A) for part in own.values())
    blocks, start = {}, 0
    for name, like in body.state_dict().items():
        found, number = tensor_name(family, name)
        if found != theirs:
            continue
        blocks[number] = like.new_zeros(len(like), rank)
        if part := own.get(name.removesuffix(".weight")):
            columns = slice(start, start := start + len(part.lora_A))
            blocks[number][:, columns] = part.lora_B.detach()
    A = torch.cat([own[n].lora_A.detach() for n in _in_order(body, own)])
    return A, joined(changed(family, transposed=False), body.config, blocks)


def _in_order(body: nn.Module, own: dict) -> Iterator[str]:
    return (n for n in (s.removesuffix(".weight") for s in body.state_dict()) if n in own)


def _check(about: dict) -> None:
    for name, values in PLAIN.items():
        if about.get(name, values[0]) not in values:
            raise KitError(
                f"{name}={about[name]!r} in {CONFIG}: the kit reads {values[0]!r} there. Merge the "
                "adapter with peft, merge_and_unload(), and load the whole model."
            )


def _scale(about: dict, theirs: str, rank: int) -> float:
    """alpha / r of a module, whose alpha a pattern may state."""
    alphas = about.get("alpha_pattern") or {}
    matching = [a for key, a in alphas.items() if re.fullmatch(rf"(.*\.)?({key})", theirs)]
    alpha = matching[0] if matching else about["lora_alpha"]
    return alpha / (rank**0.5 if about.get("use_rslora") else rank)


def _module(family: Family, name: str) -> str:
    """A tensor's name in a file of peft's as module.lora_A or module.lora_B."""
    name = name.removeprefix(PREFIX).removeprefix(family.prefix)
    return re.sub(r"(\.default)?\.weight$", "", name)


def _put(body: nn.Module, name: str, A: Tensor, B: Tensor, scale: float) -> None:
    base = body.get_submodule(name)
    if A.shape[1] != base.in_features or B.shape != (base.out_features, len(A)):
        raise KitError(
            f"A {tuple(A.shape)} and B {tuple(B.shape)} do not fit {name} "
            f"({base.out_features}, {base.in_features}): the adapter is of another model."
        )
    part = LoRALinear(base, len(A), scale)
    part.lora_A, part.lora_B = nn.Parameter(A), nn.Parameter(B.clone())
    owner, _, last = name.rpartition(".")
    setattr(body.get_submodule(owner), last, part)
