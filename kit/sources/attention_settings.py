"""Rotary positions and types of attention: the settings of a config.json, and the fields of a
`TransformerConfig`, in both directions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

from kit.errors import KitError
from kit.models import TransformerConfig

__all__ = [
    "Rope",
    "Window",
    "attention_fields",
    "read_no_rope",
    "read_rope",
    "read_window",
    "write_attention",
]

FULL, LOCAL = "full_attention", "sliding_attention"
TYPES = {FULL: "full", LOCAL: "local"}
"""Their type of attention: ours."""
LENGTH = "original_max_position_embeddings"


@dataclass(frozen=True, kw_only=True)
class Rope:
    """Where older files of a family state rotary positions, and what they are by default."""

    base: tuple[str, float] = ("rope_theta", 10000.0)
    share: tuple[str, float] = ("partial_rotary_factor", 1.0)
    """Of the numbers of a head: that which is rotated."""
    local: tuple[str, float] | None = None
    """The base in local blocks, in a family whose local blocks have their own."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which blocks of a family are local, and where its files state the window."""

    local: Callable[[dict, int], bool]
    """Whether block i is local where config.json has no `layer_types`."""
    size: tuple[str, int | None] = ("sliding_window", None)
    """Name and default of the window, in tokens."""
    switch: str | None = None
    """The setting without which there is no window."""
    two_sided: bool = False
    """Whether the window is counted from its first token to its last, with the reader in the
    middle."""
    typed: bool = True
    """Whether the family reads `layer_types`."""
    read: tuple[str, ...] = ()
    """The fields that `local` reads."""


def attention_fields(family) -> set[str]:
    """The fields of a config.json of this family that `read_rope`, `read_window` and
    `read_no_rope` read."""
    read = {"layer_types"} if family.window and family.window.typed else set()
    if rope := family.rope:
        read |= {"rope_parameters", "rope_scaling", rope.base[0], rope.share[0], LENGTH}
        read |= {rope.local[0]} if rope.local else set()
    if window := family.window:
        read |= {window.size[0], *window.read} | ({window.switch} if window.switch else set())
    if family.no_rope:
        read |= {"no_rope_layers", "no_rope_layer_interval"}
    return read


def read_rope(rope: Rope, settings: dict, head_size: int) -> dict:
    """Our fields of rotary positions; KitError for a kind of scaling that the kit lacks."""
    scaling, parameters = settings.get("rope_scaling"), settings.get("rope_parameters")
    for name, value in (("rope_scaling", scaling), ("rope_parameters", parameters)):
        if value is not None and not isinstance(value, dict):
            raise KitError(f"{name}={value!r:.60} in config.json: it must be an object there.")
    if scaling and parameters and scaling != parameters:
        raise KitError(
            f"config.json has rope_scaling={scaling} and rope_parameters={parameters}: remove the "
            "one that is wrong."
        )
    given = dict(parameters or scaling or {})
    local = given.pop(LOCAL, None)
    given = given.pop(FULL, None) or given
    kind = given.pop("type", "default")
    kind = given.pop("rope_type", kind) or "default"
    base, share = (
        given.pop(name, None) or settings.get(old) or default
        for name, (old, default) in (
            ("rope_theta", rope.base),
            ("partial_rotary_factor", rope.share),
        )
    )
    for name, value in (("rope_theta", base), ("partial_rotary_factor", share)):
        if not isinstance(value, Real) or not 0 < value < math.inf:
            raise KitError(f"{name}={value!r:.60} in config.json: it must be a number above 0.")
    size = int(head_size * share)
    fields = {"rotary_base": base, "rotary_size": None if size == head_size else size}
    if kind != "default":
        if kind in ("llama3", "yarn"):
            given.setdefault(LENGTH, settings["max_position_embeddings"])
            if settings.get(LENGTH):
                given[LENGTH] = settings[LENGTH]
        fields["rotary_scaling"] = given | {"rope_type": kind}
    elif strange := {k: v for k, v in given.items() if v and k not in (LENGTH, "factor")}:
        raise KitError(f"rope_parameters has {strange}: the kit does not know what they change.")
    if rope.local:
        fields["local_rotary_base"] = _local_base(rope.local, settings, local or {})
    elif local and local != (parameters or scaling)[FULL]:
        raise KitError(f"rope_parameters has {LOCAL}={local}: this family has one kind for all.")
    return fields


def _local_base(where: tuple[str, float], settings: dict, local: dict) -> float:
    if local.get("rope_type", "default") != "default":
        raise KitError(
            f"rope_type={local['rope_type']!r} in {LOCAL} blocks: the kit scales full ones alone."
        )
    return local.get("rope_theta") or settings.get(where[0]) or where[1]


def read_window(window: Window, settings: dict, layers: int) -> dict:
    """Our fields of the window; none where the model has none."""
    name, default = window.size
    size = settings.get(name, default)
    if window.switch and not settings.get(window.switch, False):
        size = None
    types = settings.get("layer_types") if window.typed else None
    types = types or [LOCAL if window.local(settings, i) else FULL for i in range(layers)]
    if unknown := set(types) - TYPES.keys():
        raise KitError(f"layer_types has {sorted(unknown)}: the kit knows {', '.join(TYPES)}.")
    if size is None and settings.get("layer_types") and LOCAL in types:
        raise KitError(f"layer_types has {LOCAL} in config.json, and {name} says no window.")
    if size is None or LOCAL not in types:
        return {}
    size = size // 2 + 1 if window.two_sided else size
    ours = tuple(TYPES[kind] for kind in types)
    return {"window": size, "attention_types": None if set(ours) == {"local"} else ours}


def read_no_rope(settings: dict, layers: int) -> dict:
    """Our field of blocks that rotate nothing (SmolLM3)."""
    rotated = settings.get("no_rope_layers")
    if rotated is None:
        every = settings.get("no_rope_layer_interval", 4)
        rotated = [(i + 1) % every for i in range(layers)]
    types = tuple("full" if r else "nope" for r in rotated[:layers])
    return {"attention_types": types if "nope" in types else None}


def write_attention(family, config: TransformerConfig) -> dict:
    """The settings of a config.json that `read_rope`, `read_window` and `read_no_rope` read."""
    settings = {}
    if family.rope:
        parameters = dict(config.rotary_scaling or {"rope_type": "default"})
        parameters["rope_theta"] = config.rotary_base
        if config.rotary_size or family.rope.share[1] != 1:
            size, whole = config.rotary_size or config.size_per_head, config.size_per_head
            share = size / whole
            # int(whole * share) must be the size again.
            share = share if int(whole * share) == size else math.nextafter(share, 2)
            parameters["partial_rotary_factor"] = share
        if family.rope.local:
            base = config.local_rotary_base or config.rotary_base
            local = {"rope_type": "default", "rope_theta": base}
            parameters = {FULL: parameters, LOCAL: local}
        settings["rope_parameters"] = parameters
    if family.window:
        settings |= _write_window(family.window, config)
    if family.no_rope:
        settings["no_rope_layers"] = [int(kind != "nope") for kind in config.types]
    return settings


def _write_window(window: Window, config: TransformerConfig) -> dict:
    size = config.window
    if window.two_sided and size:
        size = 2 * (size - 1)
    settings: dict = {window.size[0]: size or (config.block_size if window.two_sided else None)}
    if window.switch:
        settings[window.switch] = size is not None
    if window.typed:
        names = {ours: theirs for theirs, ours in TYPES.items()}
        settings["layer_types"] = [names.get(kind, FULL) for kind in config.types]
    return settings
