"""Transfer: copy values from one module to another, tensor by tensor, by their names."""

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
    """Copy into each tensor of `target` the values of the tensor of that name in `source`, and note
    it in `weight_map`. What is not trained (a table in 4 bits) is copied too, where it has the same
    name and shape.

    names: {name in the target: name in the source} where they differ; the name of a module,
        "blocks.1", renames all tensors in it.
    fresh: names of tensors and modules of the target that keep their own values.
    word: the first part of the source's names in the report.

    Raises KitError, before anything is copied, with all tensors that have no tensor of that name
    and shape in the source.
    """
    source_tensors = dict(source.named_parameters())
    pairs, wrong = [], []
    weight_map.source |= {f"{word}.{n}": tuple(p.shape) for n, p in source_tensors.items()}
    for name, p in target.named_parameters():
        if _renamed(name, dict.fromkeys(fresh, "")) != name:
            continue
        twin = _renamed(name, names or {})
        tensor = source_tensors.get(twin)
        if tensor is None or tensor.shape != p.shape:
            shape = "nothing" if tensor is None else tuple(tensor.shape)
            wrong.append(f"{name} {tuple(p.shape)} (the source has {shape} as {twin})")
        pairs.append((p, tensor, f"{word}.{twin}"))
    if wrong:
        raise KitError(
            f"these do not match, so nothing was copied: {'; '.join(wrong[:6])}"
            f"{f' and {len(wrong) - 6} more' if len(wrong) > 6 else ''}. "
            "Map them with names={name in the target: name in the source}, or keep their fresh "
            "values with fresh=[name in the target]."
        )
    with torch.no_grad():
        for p, tensor, name in pairs:
            p.copy_(tensor)
            weight_map.add(p, name, "copied")
        buffers = dict(source.named_buffers())
        for name, b in target.named_buffers():
            values = buffers.get(_renamed(name, names or {}))
            kept = _renamed(name, dict.fromkeys(fresh, "")) != name
            if values is not None and values.shape == b.shape and not kept:
                b.copy_(values)


def _renamed(name: str, names: dict[str, str]) -> str:
    """The name with its longest prefix among `names` replaced."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        if (prefix := ".".join(parts[:n])) in names:
            return ".".join([names[prefix], *parts[n:]])
    return name
