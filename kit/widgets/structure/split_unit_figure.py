"""A unit that splits into two without changing the answer (Net2Net, Chen et al. 2015).

3 or more numbers in (N), U hidden units, M answers: answer = B relu(A x).
"""

import numpy as np

from kit.widgets.base.svg import (
    CHOSEN,
    NEGATIVE,
    POSITIVE,
    Drawing,
    arrow,
    box,
    label,
    number,
    svg,
    term,
    two_states,
)

__all__ = ["answers", "drawing", "split"]

ROW, TOP = 70, 66
"""The distance of two units, and the height above the first one."""
FIRST, SECOND = {"class": "first"}, {"class": "second"}
"""What is seen only in one of the states."""


def answers(A: np.ndarray, B: np.ndarray, x: np.ndarray) -> np.ndarray:
    """B relu(A x), (M,). A (U, N), B (M, U), x (N,)."""
    return B @ np.maximum(A @ x, 0)


def split(A: np.ndarray, B: np.ndarray, unit: int) -> tuple[np.ndarray, np.ndarray]:
    """A and B with a copy of a unit at the end: its incoming weights are the same, and both of
    them have half of its outgoing weights."""
    wide, read = np.vstack([A, A[unit]]), np.column_stack([B, B[:, unit]])
    read[:, [unit, len(A)]] /= 2
    return wide, read


def drawing(A: np.ndarray, B: np.ndarray, x: np.ndarray) -> Drawing:
    """The network before and after unit 0 splits, with its real numbers.

    A (U, N), B (M, U), x (N,): anything that numpy reads as arrays.
    """
    A, B, x = (np.asarray(values, dtype=float) for values in (A, B, x))
    wide, read = split(A, B, 0)
    units, answer, same = np.maximum(wide @ x, 0), answers(A, B, x), answers(wide, read, x)
    inputs, outputs = len(x), len(answer)
    height = TOP + ROW * (len(units) - 1) + 40
    ends = [(820, TOP + (height - TOP - 40) * (m + 0.5) / outputs) for m in range(outputs)]
    starts = [(150, TOP + (height - TOP - 40) * (n + 0.5) / inputs) for n in range(inputs)]
    # The copy stands directly below the unit, and before the split behind it.
    places = {0: (470, TOP), len(A): (470, TOP + ROW)}
    places |= {u: (470, TOP + ROW * (u + 1)) for u in range(1, len(A))}
    shapes = [
        label(x_at, 24, text, 19, font_weight=700)
        for x_at, text in ((150, "input"), (470, "hidden units (relu)"), (820, "answer"))
    ]
    for u, place in places.items():
        shapes += lines(place, starts, ends, splits=u in (0, len(A)), is_copy=u == len(A))
    for u in (0, len(A)):
        shapes += outgoing(u, places[u], ends, B[:, 0], read[:, u], is_copy=u == len(A))
    shapes += [knot(place, number(value)) for place, value in zip(starts, x, strict=True)]
    for u, (x_at, y) in places.items():
        if u == len(A):
            moved = f'<g class="move" style="--dy:{ROW}px">'
            shapes += [moved, knot((x_at, y - ROW), number(units[u]), CHOSEN), "</g>"]
        else:
            shapes.append(knot((x_at, y), number(units[u]), CHOSEN if u == 0 else POSITIVE))
    shapes += [knot(place, number(v), NEGATIVE) for place, v in zip(ends, same, strict=True)]
    shapes += sums(height, units, B, read, answer)
    said = (
        "unit 0 becomes two units with half of its outgoing weights: the answers stay "
        f"{' and '.join(number(v) for v in same)}"
    )
    picture = svg(shapes, (1000, height + 58), said, least=700)
    return Drawing(two_states(picture, "before", "after the split"), said)


def knot(place: tuple[float, float], text: str, colour: str = POSITIVE) -> str:
    """A number in a round box."""
    x, y = place
    around = box(x - 34, y - 22, 68, 44, colour, rx=22, fill_opacity=0.25)
    return around + label(x, y + 6, text, 17, font_weight=700)


def lines(place: tuple, starts: list, ends: list, *, splits: bool, is_copy: bool) -> list[str]:
    """The connections of a unit."""
    x, y = place
    look = {"stroke": CHOSEN} if splits else {"stroke_opacity": 0.3, "stroke_width": 1.5}
    look |= SECOND if is_copy else {}
    shapes = [arrow(f"M{a + 34} {b}L{x - 34} {y}", **look) for a, b in starts]
    return shapes + [arrow(f"M{x + 34} {y}L{a - 34} {b}", **look) for a, b in ends]


def outgoing(
    u: int, place: tuple, ends: list, before: np.ndarray, after: np.ndarray, *, is_copy: bool
) -> list[str]:
    """The outgoing weights of unit 0, or of its copy, at the lines."""
    x, y = place
    bold_green = {"fill": CHOSEN, "font_weight": 700, "anchor": "start"}
    shapes = []
    for m, ((a, b), old, new) in enumerate(zip(ends, before, after, strict=True)):
        along = (m + 1) / (len(ends) + 1)  # each label at another part of its line
        at = x + 42 + along * (a - x - 68), y + along * (b - y) - 5
        if not is_copy:
            shapes.append(label(*at, number(old, 3), 17, **bold_green, **FIRST))
        shapes.append(label(*at, number(new, 3), 17, **bold_green, **SECOND))
    return shapes


def sums(height: float, units, B, read, answer) -> list[str]:
    """The first answer as a sum, before and after."""
    rest = float(answer[0] - units[0] * B[0, 0])
    half, whole = float(read[0, 0]), float(B[0, 0])
    total = f"rest {number(rest)} = {number(float(answer[0]))}"
    one = f"{number(units[0])} × {term(whole, 3)} + {total}"
    two = f"{number(units[0])} × {term(half, 3)} + {number(units[0])} × {term(half, 3)} + {total}"
    name = "first answer: "
    return [
        label(500, height + 40, name + one, 18, **FIRST),
        label(500, height + 40, name + two, 18, **SECOND),
    ]
