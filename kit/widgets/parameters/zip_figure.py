"""Why pairing two lists of parameters with `zip` goes wrong: they slip by one.

Two columns of tensors; between both states (paired by name, paired by place) the target's column
moves up.
"""

from collections.abc import Sequence

from kit.errors import KitError
from kit.widgets.base.svg import (
    CHOSEN,
    HEAD,
    POSITIVE,
    Drawing,
    arrow,
    box,
    label,
    svg,
    two_states,
)

__all__ = ["Tensor", "drawing", "pairs"]

Tensor = tuple[str, tuple[int, ...]]
"""The name and the shape of a tensor."""
ROW, TOP = 42, 44
"""The height of a row, and of what is above the first one."""
TOP_ROWS, MORE_ROWS = 5, 3
"""The tensors that are shown: so many first ones, and so many others after a gap."""
WRONG = "#E0524A"
FIRST, SECOND = {"class": "first"}, {"class": "second"}
"""What is seen only in one of the states."""


def pairs(source: Sequence[Tensor], target: Sequence[Tensor]) -> list[str]:
    """What `zip` does with each pair: "right" (same name), "wrong" (the shape of another tensor),
    or "not copied" (shapes differ)."""
    return [
        "right" if a == b else "wrong" if a[1] == b[1] else "not copied"
        for a, b in zip(source, target, strict=False)
    ]


def drawing(source: Sequence[Tensor], target: Sequence[Tensor]) -> Drawing:
    """Some tensors of both models, in turn paired by name and paired by their places.

    source, target: name and shape of each tensor, in the order of the models. Raises KitError
    where the target is not the source without one tensor: nothing else slips by one.
    """
    names, ours = [name for name, _ in source], [name for name, _ in target]
    missing = [i for i, name in enumerate(names) if name not in ours]
    if len(missing) != 1 or [n for i, n in enumerate(names) if i not in missing] != ours:
        raise KitError(
            f"the target lacks {len(missing)} of the source's {len(names)} tensors: the picture is "
            "of a target that lacks exactly one and has the others in the same order."
        )
    gap, fates = missing[0], pairs(source, target)
    slots = visible(fates)
    shapes = [
        label(210, 26, "source", 19, font_weight=700),
        label(880, 26, "target", 19, font_weight=700),
        label(545, 26, "by name", 18, font_weight=700, fill=CHOSEN, **FIRST),
        label(545, 26, "zip: by place", 18, font_weight=700, fill=WRONG, **SECOND),
    ]
    for place, slot in slots.items():
        shapes += row(30, slot, source[place])
        shapes += link(slot, fates[place], has_partner=place != gap)
    for place, tensor in enumerate(target):
        shapes += partner(tensor, place if place < gap else place + 1, slots, slips=place >= gap)
    shapes += [label(x, middle(TOP_ROWS) + 6, "⋮", 22, font_weight=700) for x in (210, 880)]
    counts = {fate: fates.count(fate) for fate in ("right", "wrong", "not copied")}
    bottom = TOP + ROW * (1 + max(slots.values()))
    said = (
        f"zip: of {len(fates)} pairs {counts['right']} are right, {counts['wrong']} have the "
        f"values of another tensor, {counts['not copied']} are not copied"
    )
    shapes.append(
        label(
            545,
            bottom + 26,
            f"… and so on. By name all {len(target)} tensors of the target find their own values.",
            17,
            **FIRST,
        )
    )
    shapes.append(label(545, bottom + 26, f"… and so on. {said}.", 17, **SECOND))
    picture = svg(shapes, (1084, bottom + 42), said, least=820)
    return Drawing(two_states(picture, "paired by name", "paired with zip"), said)


def visible(fates: Sequence[str]) -> dict[int, int]:
    """Place of a tensor in the source -> its row in the picture: the first ones, and after a gap
    those around the next two that get wrong values."""
    wrong = next((i for i, fate in enumerate(fates) if i > TOP_ROWS and fate == "wrong"), TOP_ROWS)
    places = [*range(TOP_ROWS), *range(wrong, min(wrong + MORE_ROWS, len(fates)))]
    return {place: row + (row >= TOP_ROWS) for row, place in enumerate(places)}


def partner(tensor: Tensor, by_name: int, slots: dict[int, int], *, slips: bool) -> list[str]:
    """A tensor of the target beside its namesake, and one row above where it `slips`; nothing where
    neither row is shown."""
    before, after = slots.get(by_name), slots.get(by_name - slips)
    if before is None and after is None:
        return []
    start = after + 1 if before is None else before
    kind = "second" if before is None else "first" if after is None else ""
    up = f'<g class="move" style="--dy:{-ROW if slips else 0}px">'
    return [f'<g class="{kind}">', up, *row(700, start, tensor), "</g></g>"]


def middle(slot: int) -> float:
    """The height of the middle of a row."""
    return TOP + ROW * slot + ROW / 2 - 4


def row(x: float, slot: int, tensor: Tensor) -> list[str]:
    """A tensor: its name and its shape."""
    name, shape = tensor
    y = middle(slot)
    return [
        box(x, y - 17, 372, 34, POSITIVE),
        label(x + 8, y + 6, name, 15, anchor="start"),
        label(x + 364, y + 6, " × ".join(f"{n:,}" for n in shape), 15, anchor="end", opacity=0.8),
    ]


def link(slot: int, fate: str, *, has_partner: bool) -> list[str]:
    """The pair of this row by name, and what `zip` does with it."""
    y = middle(slot)
    by_name = label(545, y + 6, "no partner", 17, **FIRST)
    if has_partner:
        by_name = arrow(f"M408 {y}H694", HEAD, stroke=CHOSEN, stroke_width=3, **FIRST)
    if fate == "not copied":
        text = label(545, y - 6, "shapes differ: not copied", 15, fill_opacity=0.8, **SECOND)
        return [by_name, text, arrow(f"M408 {y}H694", stroke_dasharray="4 6", **SECOND)]
    colour = CHOSEN if fate == "right" else WRONG
    words = "" if fate == "right" else "wrong values"
    return [
        by_name,
        arrow(f"M408 {y}H694", HEAD, stroke=colour, stroke_width=3, **SECOND),
        label(545, y - 7, words, 16, fill=colour, font_weight=700, **SECOND),
    ]
