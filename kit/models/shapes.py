"""Modules without values: they have shapes, and need neither memory nor time."""

import contextlib
from collections.abc import Iterator

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["shapes_only"]


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Context in which modules are made on torch's device "meta", without drawing their values.

    To "draw" on "meta" would import torch's compiler: two seconds and 100 MB.
    """
    with torch.device("meta"), _NoFreshValues():
        yield


class _NoFreshValues(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return function(*args, **(kwargs or {}))
