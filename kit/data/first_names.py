"""First names of the US Census 1990, for templates: which are common, and who has them.

The census asked for one of two sexes, so that is all that these lists know. They say nothing of the
person behind a name, and nothing of names elsewhere.
"""

from functools import cache

from kit.data.archives import read
from kit.errors import KitError

__all__ = ["GROUPS", "first_names", "shares"]

GROUPS = ("female", "male")
"""The groups that the census has."""
AMBIGUOUS = 20
"""A name belongs to a group if its share there is at least so many times its share in the other."""


@cache
def shares(group: str) -> dict[str, float]:
    """Name -> percent of the people of a group who have it, the most common name first.

    group: "female" or "male". Raises KitError for any other.
    """
    if group not in GROUPS:
        raise KitError(f"group={group!r} is unknown: the census has {' and '.join(GROUPS)}.")
    text = read("names", f"names-0.3.0/names/dist.{group}.first").decode("ascii")
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {name.title(): float(percent) for name, percent, *_ in rows}


def first_names(group: str, count: int = 30) -> tuple[str, ...]:
    """The most common first names of a group, without those that are common in the other too.

    Raises KitError for an unknown group and for a count that the list does not have.
    """
    [other] = set(GROUPS) - {group} if group in GROUPS else [GROUPS[0]]
    own, rest = shares(group), shares(other)
    clear = [name for name, share in own.items() if share >= AMBIGUOUS * rest.get(name, 0)]
    if not 1 <= count <= len(clear):
        raise KitError(f"count={count}: the census has 1 to {len(clear):,} clear {group} names.")
    return tuple(clear[:count])
