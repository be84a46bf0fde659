"""Groups that a split cuts: a document, an author, a day of which both sides have rows."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from itertools import combinations

from kit.audit.leaks.report import Finding, Pair
from kit.audit.leaks.rows import Rows

__all__ = ["findings"]


def findings(splits: Mapping[str, Rows], group: str | None) -> tuple[list[Finding], list[str]]:
    """The groups with rows in two splits, and one pair for each row of the later split."""
    if group is None:
        names = sorted(set.intersection(*(set(r.repeated_columns()) for r in splits.values())))
        which = f" The values of {', '.join(map(repr, names))} repeat." if names else ""
        said = "groups were not checked: group=... names the column of a document or an author."
        return [], [said + which]
    pairs: list[Pair] = []
    cut: set[Hashable] = set()
    for one, other in combinations(splits.values(), 2):
        places: dict[Hashable, list[int]] = defaultdict(list)
        for i, value in enumerate(one.groups):
            places[value].append(i)
        used: dict[Hashable, int] = {}
        for j, value in enumerate(other.groups):
            if value in places:
                pairs.append((one.split, one.ids[places[value][0]], other.split, other.ids[j]))
                used.setdefault(value, j)
        for value, j in used.items():
            more = places[value][1:]
            pairs += [(one.split, one.ids[i], other.split, other.ids[j]) for i in more]
        cut |= used.keys()
    if not cut:
        return [], [f"no value of {group!r} has rows in two splits."]
    total = {value for rows in splits.values() for value in rows.groups}
    test = {j for _, _, split, j in pairs if split == "test"}
    text = (
        f"{len(cut):,} of {len(total):,} values of {group!r} have rows in two splits: "
        f"{len(test):,} test rows"
    )
    return [Finding("group", text, tuple(pairs))], []
