"""Checkpoints: a source as a folder of two files, neither of which can run a program.

folder/tensors.safetensors   the tensors of `state_dict`, each once
folder/source.json           format, name, configs of body and head, tokenizer, card, SHA-256
"""

import json
import os
from dataclasses import asdict, dataclass, field, is_dataclass
from hashlib import sha256
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from kit import guards, models
from kit.errors import KitError
from kit.files import left_over, scratch
from kit.interrupts import held
from kit.memory import check_memory
from kit.models.quantized_matrix import check_expanded, matrices
from kit.models.shapes import shapes_only
from kit.runtime import random_state
from kit.sources.header import count_numbers
from kit.tokenizer import Tokenizer, remember_tokenizer

__all__ = ["FORMAT", "Source", "load", "save"]

FORMAT = 2
"""The version that `save` writes and the newest that `load` reads."""

RENAMED = {
    "inner": "intermediate_size",
    "longest": "block_size",
    "epsilon": "norm_eps",
    "head_width": "head_size",
}
"""Config fields of a Transformer in format 1 -> their names since format 2."""

BODIES = {
    "Transformer": models.TransformerConfig,
    "RNN": models.RNNConfig,
    "WordVectors": models.WordVectorsConfig,
    "WordLSTM": models.WordLSTMConfig,
}
HEADS = (
    "ClassHead",
    "CopyHead",
    "LanguageHead",
    "RatingHead",
    "SequenceHead",
    "TagHead",
    "VectorHead",
)
"""The only classes that a checkpoint may name: no other name in a file is looked up or called."""

JSON, TENSORS = "source.json", "tensors.safetensors"


@dataclass
class Source:
    """A pretrained model: body, tokenizer, head and card. Migration starts from it."""

    name: str
    """Its name in figures and messages."""
    body: nn.Module
    """A Transformer, an RNN, a table of word vectors or a WordLSTM."""
    tokenizer: Tokenizer
    """The tokenizer that it was trained with."""
    head: nn.Module | None = None
    """Its own head, if it has one."""
    card: dict = field(default_factory=dict)
    """Where it is from: data, licence, recipe, seed, scores."""

    def __post_init__(self) -> None:
        remember_tokenizer(self.body, self.tokenizer)

    def __repr__(self) -> str:
        parts = (*self.body.parameters(), *(self.head.parameters() if self.head else ()))
        size = sum(p.numel() for p in {id(p): p for p in parts}.values())
        tables = [m for m in self.body.modules() if isinstance(m, models.QuantizedEmbedding)]
        fixed = sum(m.num_embeddings * m.embedding_dim for m in tables)
        quantized = sum(matrix.numel() for matrix in matrices(self.body).values())
        more = f" and {fixed:,} in 4 bits" if fixed else ""
        more += f" and {quantized:,} in 4 to 8 bits" if quantized else ""
        return (
            f"Source({self.name}: {type(self.body).__name__}, {size:,} parameters{more}, width "
            f"{self.body.width}, {self.tokenizer.size if self.tokenizer else 0:,} pieces; "
            f"{self.card.get('licence', 'licence unknown')})"
        )


@guards.guarded(
    "checkpoint.save(source, 'my_folder')", source=guards.a_source, folder=guards.a_path
)
def save(source: Source, folder: str | Path, half: bool = False) -> Path:
    """Write the source as a folder, whole or not at all; an earlier checkpoint there is replaced.

    half=True stores numbers in 2 bytes each (float16, 3 digits); `load` gives float32 again.
    Raises KitError for a folder of something else, for a tokenizer with more tokens than the
    model, for a model with parts that its config does not describe, and for a full disk.
    """
    folder = Path(folder).absolute()
    if folder.exists() and not (folder / JSON).exists():
        raise KitError(f"{folder} is there and is no checkpoint: give a folder that is not there.")
    source.tokenizer.check(source.body.config.vocabulary)
    check_expanded(source.body, source.head)
    try:
        _recover(folder)
        with scratch(folder) as space:
            new, old = space / "new", space / "old"
            new.mkdir()
            _write(source, new, half)
            with held():
                _replace(folder, new, old)
    except OSError as error:
        raise KitError(
            f"{source.name!r} cannot be saved as {folder} ({error}): free some space there, or "
            "give another folder. The model in memory is whole, and so is an earlier checkpoint."
        ) from error
    return folder


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Move the new checkpoint to its place, and an earlier one to `old`; both moves or none."""
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(new, folder)
    except OSError:
        if old.exists():
            os.replace(old, folder)
        raise


def _recover(folder: Path) -> None:
    """Put the new checkpoint in its place where a process was killed between the two moves."""
    for part in left_over(folder):
        if not folder.exists() and (part / "old").exists() and (part / "new").exists():
            os.replace(part / "new", folder)


@guards.guarded("checkpoint.load('my_folder')", folder=guards.a_path)
def load(folder: str | Path) -> Source:
    """The source that `save` wrote (format 1 or 2), in evaluation mode.

    torch's random state does not change.

    Raises KitError for anything else, before any of it is used.
    """
    folder = Path(folder)
    if not folder.exists():
        _recover(folder.absolute())
    about, tensors = _read(folder)
    try:
        _check_sizes(about, tensors)
        with random_state():
            body = _build(about["body"])
            head = about["head"] and _build(about["head"])
        _fill(_parts(body, head), tensors, about["shared"])
        tokenizer = _tokenizer(about, "tokenizer")
        if "target_tokenizer" in about:
            tokenizer.target_side = _tokenizer(about, "target_tokenizer")
        tokenizer.check(body.config.vocabulary)
        head = head and head.eval()
        return Source(about["name"], body.eval(), tokenizer, head, about["card"])
    except (KeyError, TypeError, AttributeError, RuntimeError, ArithmeticError) as error:
        why = str(error).partition("\n")[0][:300]
        raise KitError(
            f"{folder / JSON} does not describe its tensors ({why}): save or fetch it again."
        ) from error


def _tokenizer(about: dict, name: str) -> Tokenizer:
    special = about["special" if name == "tokenizer" else "target_special"]
    return Tokenizer.load(json.dumps(about[name]).encode(), **special)


def _check_sizes(about: dict, tensors: dict[str, Tensor]) -> None:
    """Compare all shapes with those of the tensors, before a module with values is built.

    Raises RuntimeError for the first that differs. A module on the "meta" device has shapes and
    needs no memory; only its number of layers takes time.
    """
    for described in (about["body"], about["head"]):
        if (layers := _most_layers(described)) > len(tensors):
            raise RuntimeError(f"{layers:,} layers, and {len(tensors):,} tensors in all")
    with shapes_only():
        parts = _parts(_build(about["body"]), about["head"] and _build(about["head"]))
    wanted = {name: tuple(t.shape) for name, t in parts.state_dict().items()}
    there = {name: tuple(t.shape) for name, t in tensors.items()}
    there |= {again: there[first] for again, first in about["shared"].items()}
    for name in wanted | there:
        if wanted.get(name) != there.get(name):
            raise RuntimeError(f"{name} is {there.get(name)} and not {wanted.get(name)}")


def _most_layers(described: object) -> int:
    """The largest number of layers of a described module or of one among its fields."""
    if not isinstance(described, dict):
        return 0
    config = described["config"]
    layers = config.get("layers", 0)
    return max(layers if isinstance(layers, int) else 0, *map(_most_layers, config.values()))


def _parts(body: nn.Module, head: nn.Module | None) -> nn.ModuleDict:
    return nn.ModuleDict({"body": body} if head is None else {"body": body, "head": head})


def _fill(parts: nn.ModuleDict, tensors: dict[str, Tensor], shared: dict[str, str]) -> None:
    for again, first in shared.items():
        parts.get_parameter(again)  # raises for what is no parameter
        owner, _, name = again.rpartition(".")
        setattr(parts.get_submodule(owner), name, parts.get_parameter(first))
    parts.load_state_dict(tensors | {again: tensors[first] for again, first in shared.items()})


def _write(source: Source, folder: Path, half: bool) -> None:
    own = _parts(source.body, source.head).state_dict(keep_vars=True)
    first_of: dict[int, str] = {}  # a tied tensor has two names, and is written once
    shared = {
        name: first
        for name, t in own.items()
        if (first := first_of.setdefault(id(t), name)) != name
    }
    content = safetensors.torch.save(
        {name: _stored(t, half) for name, t in own.items() if name not in shared}
    )
    about = {
        "format": FORMAT,
        "name": source.name,
        "body": _described(source.body),
        "head": source.head and _described(source.head),
        "shared": shared,
        "card": source.card,
        "special": source.tokenizer.special,
        "sha256": sha256(content).hexdigest(),
        "tokenizer": json.loads(source.tokenizer.to_json()),
    }
    if other := source.tokenizer.target_side:
        about["target_special"] = other.special
        about["target_tokenizer"] = json.loads(other.to_json())
    _same_parts(source, about)
    (folder / TENSORS).write_bytes(content)
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    (folder / JSON).write_text(text, encoding="utf-8")


def _same_parts(source: Source, about: dict) -> None:
    """Refuse a model that `load` could not build again, such as a body with adapters."""
    with shapes_only():
        again = _parts(_build(about["body"]), about["head"] and _build(about["head"]))
    own = _parts(source.body, source.head).state_dict().keys()
    if strange := own ^ again.state_dict().keys():
        raise KitError(
            f"{source.name!r} has other parts than its config describes ({min(strange)}, "
            f"{len(strange)} in all): merge LoRA with kit.migrate.merge, take adapters, prefixes "
            "and added layers out, or keep the model in memory."
        )


def _stored(tensor: Tensor, half: bool) -> Tensor:
    number = torch.float16 if half else torch.float32
    tensor = tensor.detach().to("cpu", number if tensor.is_floating_point() else tensor.dtype)
    return tensor.contiguous()


def _described(module: nn.Module) -> dict:
    """{"class": name, "config": its fields}; a module among the fields is described likewise."""
    name = type(module).__name__
    if name not in BODIES and name not in HEADS:
        raise KitError(f"a {name} cannot be saved: the kit's bodies and heads can.")
    config = asdict(module.config) if is_dataclass(module.config) else module.config
    return {
        "class": name,
        "config": {k: _described(v) if isinstance(v, nn.Module) else v for k, v in config.items()},
    }


def _build(described: dict) -> nn.Module:
    """The module that `_described` described, with fresh values."""
    name, config = described["class"], described["config"]
    config = {k: _build(v) if isinstance(v, dict) else v for k, v in config.items()}
    if name in BODIES:
        return getattr(models, name)(BODIES[name](**config))
    if name in HEADS:
        return getattr(models, name)(**config)
    raise KitError(f"a checkpoint cannot hold a {name!r}: it may be of a newer kit, or harmful.")


def _read(folder: Path) -> tuple[dict, dict[str, Tensor]]:
    for path in (folder / JSON, folder / TENSORS):
        if not path.is_file():
            raise KitError(
                f"{path} is not there: a checkpoint is a folder with {JSON} and {TENSORS}. "
                "A .bin, .pt or .pkl file (a pickle can run a program) is never read."
            )
    about = _about(folder / JSON)
    _check_room(folder / TENSORS)
    content = (folder / TENSORS).read_bytes()
    if sha256(content).hexdigest() != about["sha256"]:
        raise KitError(
            f"{folder / TENSORS} is not what was saved (its SHA-256 differs: cut short, or "
            "changed): save or fetch it again."
        )
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        pickle = content.startswith((b"\x80", b"PK"))
        what = "a pickle, which can run a program: it is not read" if pickle else str(error)
        raise KitError(f"{folder / TENSORS} is no safetensors file: {what}.") from error
    return about, {k: t.float() if t.is_floating_point() else t for k, t in tensors.items()}


def _check_room(path: Path) -> None:
    """Raise KitError where loading needs more memory than there is: the file's content twice, as
    bytes and as tensors, and the values in float32."""
    numbers = count_numbers(path)
    check_memory(
        2 * path.stat().st_size + 4 * numbers,
        f"The checkpoint {path.parent.name} ({numbers:,} numbers)",
        "load a smaller source, or on a larger machine.",
    )


def _about(path: Path) -> dict:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        version, _ = int(about["format"]), about["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KitError(f"{path} is cut short or no checkpoint: save or fetch it again.") from error
    if version > FORMAT:
        raise KitError(f"{path} has format {version}, newer than {FORMAT}: update the kit.")
    if version == 1:
        for part in ("body", "head"):
            about[part] = _renamed(about.get(part))
    return about


def _renamed(described: object) -> object:
    """A description of format 1 with the field names of format 2."""
    if not isinstance(described, dict) or "config" not in described:
        return described
    config = {name: _renamed(value) for name, value in described["config"].items()}
    if described.get("class") == "Transformer":
        config = {RENAMED.get(name, name): value for name, value in config.items()}
    return described | {"config": config}
