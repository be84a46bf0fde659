"""A ring all-reduce as a picture: which parts of the sum each process holds after each step."""

from collections.abc import Sequence

from kit.errors import KitError
from kit.widgets.base.svg import GREEN, HEAD, POSITIVE, arrow, box, label, svg

__all__ = ["LARGEST", "drawing", "sends", "states", "steps"]

LARGEST = 6
"""Processes that the picture has room for."""
CELL, GAP, LEFT, TOP, ROW = 110, 34, 96, 44, 46
"""Sizes of a cell and of the room around it, in units of the drawing."""

State = list[list[frozenset[int]]]
"""[process][part] -> the processes whose numbers are in its sum of that part."""


def steps(processes: int) -> int:
    """2 (P - 1): P - 1 in which parts are added, P - 1 in which sums are passed on."""
    if not isinstance(processes, int) or not 2 <= processes <= LARGEST:
        raise KitError(f"processes={processes!r} make no ring here: give 2 to {LARGEST}.")
    return 2 * (processes - 1)


def sends(processes: int, step: int) -> list[int]:
    """The part that each process sends to its right neighbour in a step, counted from 1."""
    last = steps(processes)
    if not 1 <= step <= last:
        raise KitError(f"step {step!r} is none of 1 to {last}.")
    return [(p + 1 - step) % processes for p in range(processes)]


def states(processes: int) -> list[State]:
    """What each process holds at the start and after each step."""
    now = [[frozenset({p})] * processes for p in range(processes)]
    found = [now]
    for step in range(1, steps(processes) + 1):
        then = [list(parts) for parts in now]
        for p, part in enumerate(sends(processes, step)):
            right = (p + 1) % processes
            adds = step < processes
            then[right][part] = now[p][part] | (now[right][part] if adds else frozenset())
        now = then
        found.append(now)
    return found


def drawing(processes: int, step: int) -> str:
    """The picture after a step, as SVG: a column for each process, a row for each part."""
    state = states(processes)[step]
    sent = sends(processes, step) if step else []
    shapes = []
    for p in range(processes):
        shapes.append(label(_x(p) + CELL / 2, 26, f"process {p + 1}", 18))
        shapes.append(label(4, TOP + p * ROW + 24, f"part {p + 1}", 16, anchor="start"))
    for p, parts in enumerate(state):
        for part, holds in enumerate(parts):
            came = bool(step) and sent[(p - 1) % processes] == part
            shapes += _cell(p, part, holds, len(holds) == processes, came)
    for p, part in enumerate(sent):
        shapes += _send(p, part, processes)
    width = _x(processes) + 6
    words = f"After step {step}: {_whole(state)} of {processes**2} cells hold the whole sum"
    return svg(shapes, (width, TOP + processes * ROW + 10), words, least=520)


def _cell(p: int, part: int, holds: frozenset[int], whole: bool, came: bool) -> Sequence[str]:
    """One part of one process: whose numbers are summed in it."""
    colour = GREEN if whole else POSITIVE
    share = 0.1 + 0.14 * len(holds)
    name = "whole sum" if whole else " + ".join(str(q + 1) for q in sorted(holds))
    look = {"fill_opacity": 0.75 if whole else share, "stroke_width": 4 if came else 1}
    y = TOP + part * ROW
    ink = {"fill": "white", "font_weight": 700} if whole else {}
    return (
        box(_x(p), y, CELL, ROW - 10, colour, **look),
        label(_x(p) + CELL / 2, y + 24, name, 15, **ink),
    )


def _send(p: int, part: int, processes: int) -> list[str]:
    """An arrow to the right neighbour; that of the last process goes out at the right edge and
    comes in at the left one."""
    y = TOP + part * ROW + (ROW - 10) / 2
    right = (p + 1) % processes
    begins = [_x(p) + CELL + 2] if right else [_x(p) + CELL + 2, _x(0) - GAP + 4]
    ends = [_x(p + 1) - 3] if right else [_x(p + 1) + 2, _x(0) - 3]
    pairs = zip(begins, ends, strict=True)
    return [arrow(f"M{a:g} {y:g}H{b:g}", HEAD, stroke_width=3) for a, b in pairs]


def _whole(state: State) -> int:
    return sum(len(holds) == len(state) for parts in state for holds in parts)


def _x(process: int) -> float:
    return LEFT + process * (CELL + GAP)
