"""Values from one module to another, tensor by tensor and by name: never without a word."""

from collections.abc import Iterable

import torch
from torch import nn

from kit.errors import KitError
from kit.migrate.migration import WeightMap

__all__ = ["transfer"]


def transfer(
    source: nn.Module,
    target: nn.Module,
    weight_map: WeightMap,
    *,
    word: str = "body",
    names: dict[str, str] | None = None,
    fresh: Iterable[str] = (),
) -> None:
    """Copy each value of `target` from the tensor of that name in `source`, and note it in
    `weight_map`.

    names: {name in the target: name in the source} where they differ; a name may be that of a
        part, "blocks.1", and then stands for all that is in it.
    fresh: names of parts of the target that keep the values they have.
    word: what the report calls the source.

    Raises KitError, before anything is copied, for each tensor that has no twin or another shape.
    """
    theirs, pairs, wrong = dict(source.named_parameters()), [], []
    weight_map.source |= {f"{word}.{n}": tuple(p.shape) for n, p in theirs.items()}
    for name, p in target.named_parameters():
        if _renamed(name, dict.fromkeys(fresh, "")) != name:
            continue
        twin = _renamed(name, names or {})
        there = theirs.get(twin)
        if there is None or there.shape != p.shape:
            has = "nothing" if there is None else tuple(there.shape)
            wrong.append(f"{name} {tuple(p.shape)} (the source has {has} as {twin})")
        pairs.append((p, there, f"{word}.{twin}"))
    if wrong:
        raise KitError(
            f"these do not match, so nothing was copied: {'; '.join(wrong[:6])}"
            f"{f' and {len(wrong) - 6} more' if len(wrong) > 6 else ''}. "
            "Map them with names={name here: name there}, or leave them with fresh=[name here]."
        )
    with torch.no_grad():
        for p, there, name in pairs:
            p.copy_(there)
            weight_map.add(p, name, "copied")


def _renamed(name: str, names: dict[str, str]) -> str:
    """The name, or what the longest of `names` that it begins with makes of it."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        if (front := ".".join(parts[:n])) in names:
            return ".".join([names[front], *parts[n:]])
    return name
