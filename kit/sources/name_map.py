"""Name map: the values of somebody's PyTorch model for a model of the kit, shown before they move.

A state_dict has names and shapes and says nothing else. So a pairing is proposed, and nothing is
copied while a pair is open. What the names cannot tell (the order of norms, the activation, the
epsilon, the number of heads) `NameMap.compare` finds: it needs one output of the other model.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from kit import guards
from kit.errors import KitError
from kit.html import table

__all__ = ["NameMap", "Pair", "propose", "read_state"]

QKV = r"qkv|c_attn|in_proj|query_key_value"
"""Names of a matrix that holds the queries', keys' and values' one after the other."""
NORM = r"((layer_?|rms_?)?norm\w*|ln\w*)"
WAYS = {
    "embed.tokens": r"(?<!pos_)(?<!type_)(wte|tok\w*|word\w*|emb\w*|src_emb\w*|lut)$",
    "embed.positions": r"(wpe|\bpos\w*|\w+_pos\w*)(\.\w+)*$",
    "embed.types": r"(token_type\w*|segment\w*|types?)$",
    "embed.norm": rf"(emb\w*\.{NORM}|emb\w*_norm|norm_emb\w*|ln_emb\w*)$",
    "attention.query": r"(attn|attention)\w*\.(\w+\.)*(q|wq|query|q_proj|q_lin|to_q)$",
    "attention.key": r"(attn|attention)\w*\.(\w+\.)*(k|wk|key|k_proj|k_lin|to_k)$",
    "attention.value": r"(attn|attention)\w*\.(\w+\.)*(v|wv|value|v_proj|v_lin|to_v)$",
    "attention.output": (
        r"(attn|attention)\w*\.(\w+\.)*(o|wo|out|out_proj|o_proj|c_proj|proj|out_lin|to_out|dense)$"
    ),
    "attention_norm": (
        rf"(norm_?1|ln_?1|input_{NORM}|(?<!post_)(attn|attention|sa)_{NORM}|"
        rf"(attn|attention)\w*\.(\w+\.)*{NORM})$"
    ),
    "feed_forward.up": (
        r"((fc|linear|lin)_?1|w3|c_fc|up|up_proj|wi|intermediate\.dense|dense_h_to_4h|"
        r"(mlp|ffn?|feed_?forward|net)\.0)$"
    ),
    "feed_forward.gate": r"(gate|gate_proj|w1)$",
    "feed_forward.down": (
        r"((fc|linear|lin)_?2|w2|(mlp|ffn?|feed_?forward)\.c_proj|down|down_proj|wo|"
        r"(?<!attention\.)output\.dense|dense_4h_to_h|(mlp|ffn?|feed_?forward|net)\.[234])$"
    ),
    "feed_forward_norm": (
        rf"(norm_?2|ln_?2|post_attention_{NORM}|(ffn?|mlp|output|feed_?forward)_{NORM}|"
        rf"(?<!attention\.)output\.{NORM})$"
    ),
    "norm": rf"^(\w+\.)*(ln_f|{NORM}|final_\w*{NORM}|norm_f)$",
    "embedding": r"(emb\w*|encoder|tok\w*|word\w*|lut)$",
}
"""Our module, without the number of its block -> what other people call it."""
RECURRENT = re.compile(r"(?:^|\.)(weight|bias)_(ih|hh)_l(\d+)(_reverse)?$")
OWN_RECURRENT = re.compile(r"layers\.(\d+)\.rnns\.(\d)\.(weight|bias)_(ih|hh)_l0$")


@dataclass(frozen=True)
class Pair:
    """One tensor of the kit's model, and where its values come from."""

    ours: str
    shape: tuple[int, ...]
    theirs: str | None = None
    """None: nothing was found, or several that fit (`choices`)."""
    part: tuple[int, int] | None = None
    """Rows from, to, of their tensor; None: all of it."""
    transposed: bool = False
    """Whether theirs is stored as (in, out)."""
    choices: tuple[str, ...] = ()
    """What else fits by its shape."""

    @property
    def open(self) -> bool:
        """Whether someone must say what belongs here."""
        return self.theirs is None

    @property
    def how(self) -> str:
        """Where the values come from, in words."""
        if self.open:
            return f"choose: {', '.join(self.choices[:4])}" if self.choices else "nothing fits"
        text = self.theirs
        if self.part:
            text += f", rows {self.part[0]:,} to {self.part[1] - 1:,}"
        return text + (", transposed" if self.transposed else "")


@dataclass(frozen=True)
class NameMap:
    """A proposal: for each tensor of `model` one of `state`, or what is open. It shows itself as a
    table in a notebook, and as lines of text elsewhere."""

    model: nn.Module
    state: Mapping[str, Tensor]
    pairs: tuple[Pair, ...]

    @property
    def left(self) -> list[str]:
        """Their tensors that no pair uses."""
        used = {pair.theirs for pair in self.pairs}
        return [name for name in self.state if name not in used]

    def choose(self, ours: str, theirs: str, *, transposed: bool = False) -> "NameMap":
        """The same with this pair. Raises KitError for a name or a shape that does not fit."""
        known = {pair.ours: pair for pair in self.pairs}
        for name, names in ((ours, known), (theirs, self.state)):
            if name not in names:
                raise KitError(f"{name!r} is no tensor here: there are {_some(names)}.")
        shape = tuple(self.state[theirs].shape)
        if (shape[::-1] if transposed else _plain(shape)) != known[ours].shape:
            raise KitError(
                f"{theirs} is {shape}{', to be transposed' if transposed else ''}, and {ours} "
                f"{known[ours].shape}: they do not belong together."
            )
        new = Pair(ours, known[ours].shape, theirs, transposed=transposed)
        return replace(self, pairs=tuple(new if p.ours == ours else p for p in self.pairs))

    def copy(self, *, ignore: Iterable[str] = (), fresh: Iterable[str] = ()) -> nn.Module:
        """Copy the values into the model, in its precision, and return it.

        ignore: patterns (`*`) of their tensors that are not wanted, such as heads. fresh: patterns
        of ours that keep the values that they have. Raises KitError, and copies nothing, while a
        pair is open, a tensor of theirs is left, or a pattern fits nothing.
        """
        ignore, fresh = _patterns(ignore, "ignore"), _patterns(fresh, "fresh")
        _each_fits(ignore, self.state, "ignore")
        _each_fits(fresh, [pair.ours for pair in self.pairs], "fresh")
        wanted = [pair for pair in self.pairs if not _among(pair.ours, fresh)]
        if missing := [pair.ours for pair in wanted if pair.open]:
            raise KitError(
                f"{len(missing)} tensors have no values yet: {_some(missing)}. Give them, "
                "m.choose(ours, theirs), or say that they stay as they are, fresh=[...]."
            )
        if left := [name for name in self.left if not _among(name, ignore)]:
            raise KitError(
                f"{len(left)} tensors of the file have no place: {_some(left)}. If the model does "
                "not need them (a head, a constant mask), say so: ignore=[...]."
            )
        values = {pair.ours: self._value(pair) for pair in wanted}
        for name, value in values.items():
            if not value.isfinite().all():
                raise KitError(f"{name} would have values that are not finite: look at the file.")
        own = self.model.state_dict()
        with torch.no_grad():
            for name, value in values.items():
                own[name].copy_(value)
        return self.model

    def compare(self, ids: Tensor, expected: Tensor) -> float:
        """max |h - expected| over the hidden states h (B, T, D) of the model, in evaluation mode.

        ids (B, T): tokens without padding. expected (B, T, D): what the other model makes of them.
        Below 1e-4 both are the same function of these ids; else a setting differs (the order of
        norms, the activation, the epsilon, the number of heads), which no name tells.
        """
        training = self.model.training
        try:
            with torch.no_grad():
                made = self.model.eval()(ids)
        finally:
            self.model.train(training)
        if made.shape != expected.shape:
            raise KitError(
                f"expected is {tuple(expected.shape)}, and the model makes {tuple(made.shape)}: "
                "give the last hidden states of the other model, (B, T, D)."
            )
        return float((made - expected.to(made)).abs().max())

    def _value(self, pair: Pair) -> Tensor:
        value = self.state[pair.theirs]
        if not value.is_floating_point():
            raise KitError(
                f"{pair.theirs} holds {value.dtype}, packed or whole numbers: the kit does not "
                "know what they mean. Save the model in float32 first."
            )
        value = value.t() if pair.transposed else value.reshape(_plain(tuple(value.shape)))
        value = value[slice(*pair.part)] if pair.part else value
        return value.float()

    def __str__(self) -> str:
        lines = [f"{pair.ours} {pair.shape} <- {pair.how}" for pair in self.pairs]
        return "\n".join([*lines, *(f"left: {name}" for name in self.left)])

    def _repr_html_(self) -> str:
        rows = [(p.ours, " × ".join(map(str, p.shape)), p.how) for p in self.pairs]
        rows += [("(no place)", " × ".join(map(str, self.state[n].shape)), n) for n in self.left]
        open_pairs = sum(pair.open for pair in self.pairs)
        title = f"{len(self.pairs)} tensors, {open_pairs} open; {len(self.left)} of theirs are left"
        shown = table(("the kit's", "shape", "its values come from"), rows, title=title)
        return f'<div style="max-height:28em;overflow:auto">{shown}</div>'


@guards.guarded("sources.name_map.propose('model.pt', body)", model=guards.a_model)
def propose(state: Mapping[str, Tensor] | str | Path, model: nn.Module) -> NameMap:
    """Which tensor of a plain PyTorch model belongs where in a model of the kit, by names and
    shapes. Nothing is copied: look at it, then `copy()`.

    state: a state_dict, or the path of one (`read_state`). model: a body of the kit with the shape
    of the other model. Of a matrix for queries, keys and values together each gets its third.
    Raises KitError for another number of blocks.
    """
    tensors = dict(state) if isinstance(state, Mapping) else read_state(state)
    bad = [name for name, value in tensors.items() if not isinstance(value, Tensor)]
    if bad or not tensors:
        raise KitError(
            f"the state has {_some(bad) if bad else 'no entries'} where tensors belong: give "
            "model.state_dict() of the other model."
        )
    theirs = {name: tuple(value.shape) for name, value in tensors.items()}
    ours = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    blocks = _check_blocks(theirs, ours)
    pairs = tuple(_pair(name, shape, theirs, blocks) for name, shape in ours.items())
    return NameMap(model, tensors, _without_doubles(_turned(pairs, theirs)))


@guards.guarded("sources.name_map.read_state('model.pt')", path=guards.a_path)
def read_state(path: str | Path) -> dict[str, Tensor]:
    """The state_dict in a .safetensors file or in a file of `torch.save` (.pt, .pth, .bin, .ckpt):
    at its top, or under "state_dict", "model_state_dict" or "model".

    A pickle is read with `weights_only=True`, so that it cannot run a program. Raises KitError for
    a file that holds anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise KitError(f"there is no file {path}.")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        first = str(error).strip().splitlines()[0][:150] if str(error).strip() else ""
        raise KitError(
            f"{path} holds no tensors that can be read safely ({type(error).__name__}: {first}). "
            "Write them where the model is: torch.save(model.state_dict(), 'model.pt')."
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise KitError(
            f"{path} holds a {type(content).__name__}, no state_dict: write one, "
            "torch.save(model.state_dict(), 'model.pt')."
        )
    return {str(k): v for k, v in content.items() if isinstance(v, Tensor)}


def _numbered(name: str) -> tuple[str, int | None]:
    """A name with `#` in place of the number of its block, and that number."""
    parts = name.split(".")
    at = next((i for i, part in enumerate(parts) if part.isdigit()), None)
    if at is None or RECURRENT.search(name):
        return name, None
    return ".".join([*parts[:at], "#", *parts[at + 1 :]]), int(parts[at])


def _check_blocks(theirs: Mapping, ours: Mapping) -> dict[str, list[int]]:
    """What stands before the number of their blocks -> these numbers, in order. A block may lack
    a tensor that others have. Raises KitError for more blocks, or fewer, than ours."""
    numbers: dict[str, dict[str, set]] = {"ours": defaultdict(set), "theirs": defaultdict(set)}
    for side, names in (("ours", ours), ("theirs", theirs)):
        for pattern, number in map(_numbered, names):
            if number is not None:
                numbers[side][pattern.partition("#")[0]].add(number)
    own = max((len(n) for n in numbers["ours"].values()), default=0)
    there = max((len(n) for n in numbers["theirs"].values()), default=0)
    if own and there and own != there and not any(map(RECURRENT.search, theirs)):
        raise KitError(
            f"the file has {there} blocks, and this model {own}: make it with layers={there}."
        )
    return {prefix: sorted(found) for prefix, found in numbers["theirs"].items()}


def _pair(name: str, shape: tuple, theirs: Mapping, blocks: Mapping) -> Pair:
    """The proposal for one of our tensors."""
    if own := OWN_RECURRENT.search(name):
        layer, direction, kind, gate = own.groups()
        wanted = (kind, gate, layer, "_reverse" if direction == "1" else None)
        fits = [n for n in theirs if (m := RECURRENT.search(n)) and m.groups() == wanted]
        return _decided(name, shape, [n for n in fits if theirs[n] == shape])
    pattern, number = _numbered(name)
    module, _, kind = pattern.rpartition(".")
    module = module.removeprefix("blocks.#.")
    way = WAYS.get(module)
    here = [n for n in theirs if _same_block(n, number, blocks)]
    named = [n for n in here if way and re.search(way, _stem(n, kind) or "", re.IGNORECASE)]
    fits = [n for n in named if shape in (_plain(theirs[n]), theirs[n][::-1])]
    if fits or not module.startswith("attention."):
        others = [n for n in here if shape in (_plain(theirs[n]), theirs[n][::-1])]
        return _decided(name, shape, fits, others)
    return _third(name, shape, module, kind, here, theirs)


def _decided(name: str, shape: tuple, fits: list[str], others: Iterable[str] = ()) -> Pair:
    """A pair where one fits; else open, with what could be chosen."""
    if len(fits) == 1:
        return Pair(name, shape, fits[0])
    return Pair(name, shape, choices=tuple(fits or others))


def _third(name, shape, module, kind, here, theirs) -> Pair:
    """The part for queries, keys or values of one matrix of all three."""
    place = ("attention.query", "attention.key", "attention.value")
    if module not in place:
        return Pair(name, shape)
    i, size = place.index(module), shape[0]
    for other in here:
        whole = (3 * size, *shape[1:])
        if not re.search(QKV, other) or _stem(other, kind) is None:
            continue
        turned = theirs[other] == whole[::-1] and theirs[other] != whole
        if theirs[other] != whole and not turned:
            continue
        if "query_key_value" in other:  # some have the three of each head together
            return Pair(name, shape, choices=(other,))
        return Pair(name, shape, other, (i * size, (i + 1) * size), turned)
    return Pair(name, shape)


def _stem(name: str, kind: str) -> str | None:
    """A name without its last part, where that is a weight, or a bias, as ours is."""
    for end in (f".{kind}", f"_{kind}"):
        if name.endswith(end):
            return name[: -len(end)]
    last = re.search(r"(weight|bias)$", name)
    return name if kind == "weight" and not last else None


def _same_block(name: str, number: int | None, blocks: Mapping) -> bool:
    """Whether their tensor is of the block that has our number, counted from the first."""
    pattern, theirs = _numbered(name)
    numbers = blocks.get(pattern.partition("#")[0], [])
    if number is None or theirs is None:
        return number is None and (theirs is None or len(numbers) == 1)
    return number < len(numbers) and numbers[number] == theirs


def _turned(pairs: Iterable[Pair], theirs: Mapping) -> list[Pair]:
    """The pairs with whether their matrices are transposed: where one that is not square says so,
    the square ones of its blocks are as well."""
    pairs = list(pairs)
    matrices = [p for p in pairs if p.ours.startswith("blocks.") and len(p.shape) == 2 and p.theirs]
    turned = [p.transposed or theirs[p.theirs] == p.shape[::-1] != p.shape for p in matrices]
    long = [t for p, t in zip(matrices, turned, strict=True) if p.part or p.shape[0] != p.shape[1]]
    every = bool(long) and all(long)
    all_turned = {
        p.ours: every if p.shape[0] == p.shape[1] and not p.part else t
        for p, t in zip(matrices, turned, strict=True)
    }
    return [replace(p, transposed=all_turned.get(p.ours, False)) for p in pairs]


def _without_doubles(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """The pairs, open where one of their tensors would go to two places."""
    pairs, users = list(pairs), defaultdict(list)
    for pair in pairs:
        if pair.theirs:
            users[pair.theirs, pair.part].append(pair.ours)
    return tuple(
        Pair(p.ours, p.shape, choices=(p.theirs,))
        if p.theirs and len(users[p.theirs, p.part]) > 1
        else p
        for p in pairs
    )


def _plain(shape: tuple) -> tuple:
    """A shape without a first axis of one: positions are often stored as (1, T, D)."""
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape


def _patterns(given: Iterable[str], what: str) -> list[str]:
    if isinstance(given, str):
        raise KitError(f"{what}={given!r} is one text: give a list of patterns, [{given!r}].")
    return list(given)


def _each_fits(patterns: Iterable[str], names: Iterable[str], what: str) -> None:
    names = list(names)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise KitError(f"{what}: {pattern!r} fits no tensor: there are {_some(names)}.")


def _among(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
