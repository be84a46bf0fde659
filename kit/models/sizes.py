"""The sizes in a config, checked before a module is built of them."""

from collections.abc import Mapping
from math import inf
from numbers import Integral, Real

from torch import Tensor

from kit.errors import KitError

__all__ = ["check_ids", "check_numbers", "check_shares", "check_sizes", "check_switches"]

LARGEST = 2**31 - 1
"""The largest size: that of no model is above two billion."""


def check_sizes(config: object, least: Mapping[str, int]) -> None:
    """Raise KitError for a field that is no whole number, below its least value or above
    `LARGEST`.

    least: field -> that value. A field may be None where None is its default.
    """
    for name, lowest in least.items():
        value = getattr(config, name)
        if value is None and getattr(type(config), name, ...) is None:
            continue
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not lowest <= value <= LARGEST:
            raise KitError(
                f"{name}={value!r:.60}: give a whole number, from {lowest} to {LARGEST:,}."
            )


def check_shares(config: object, *names: str) -> None:
    """Raise KitError for a field that is no share, 0 to 1."""
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, Real) or not 0 <= value <= 1:
            raise KitError(f"{name}={value!r:.60}: give a share, from 0 to 1.")


def check_numbers(config: object, *names: str) -> None:
    """Raise KitError for a field that is no finite number above 0."""
    for name in names:
        value = getattr(config, name)
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not 0 < value < inf:
            raise KitError(f"{name}={value!r:.60}: give a number above 0.")


def check_switches(config: object, *names: str) -> None:
    """Raise KitError for a field that is neither True nor False."""
    for name in names:
        if not isinstance(getattr(config, name), bool):
            raise KitError(f"{name}={getattr(config, name)!r:.60}: give True or False.")


def check_ids(ids: Tensor, vocabulary: int) -> None:
    """Raise KitError for ids that are no rows (B, T) of tokens, or that the vocabulary lacks."""
    if ids.ndim != 2 or not ids.numel() or ids.is_floating_point():
        raise KitError(
            f"ids of shape {tuple(ids.shape)} ({str(ids.dtype).removeprefix('torch.')}) are no "
            "rows of tokens: give whole numbers (B, T), at least one token, as "
            "tokenizer.encode(text) does."
        )
    low, high = (int(i) for i in ids.aminmax())
    if low < 0 or high >= vocabulary:
        raise KitError(
            f"A vocabulary that does not fit the model: token id {low if low < 0 else high}, and "
            f"the model has 0 to {vocabulary - 1}. Encode the text with the model's own tokenizer."
        )
