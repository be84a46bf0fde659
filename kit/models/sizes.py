"""The sizes in a config, checked before a module is built of them."""

from collections.abc import Mapping
from numbers import Integral, Real

from kit.errors import KitError

__all__ = ["check_shares", "check_sizes"]

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
