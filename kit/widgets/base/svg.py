"""Pieces of drawings as SVG and HTML: text, boxes, arrows, vectors of numbers, two-state loops.

Lines and letters are in currentColor and grounds are transparent, so that a drawing is as readable
on a dark page as on a light one. There is no script: what moves is CSS, and stands still where the
reader asks for less motion and on paper.
"""

import itertools
from collections.abc import Iterable, Sequence

from kit.html import FONT, escape

__all__ = [
    "CHOSEN",
    "GREEN",
    "NEGATIVE",
    "POSITIVE",
    "VIOLET",
    "Drawing",
    "arrow",
    "box",
    "label",
    "number",
    "percent",
    "pill",
    "shade",
    "strip",
    "svg",
    "term",
    "two_states",
    "unique",
]

POSITIVE, NEGATIVE = "#3B9BDC", "#E8762D"
"""Numbers above and below 0: a blue and an orange that are seen on white and on black."""
GREEN, CHOSEN, VIOLET = "#0B7A5A", "#1FAE82", "#9B7BE0"
"""The ground of white letters; a line around what is chosen; one more colour."""
LEVELS = 8
"""Steps of colour from 0 to the largest number of a vector."""
NUMBERS = itertools.count()


class Drawing:
    """A picture that a notebook shows: `markup` is its HTML, `words` say the same as a text."""

    def __init__(self, markup: str, words: str) -> None:
        self.markup, self.words = markup, words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.markup


def unique(name: str) -> str:
    """A name that no other drawing of this process has: for the style rules of one drawing."""
    return f"kit-{name}{next(NUMBERS)}"


def number(value: float, digits: int = 2) -> str:
    """A number with a real minus sign; what rounds to 0 has none."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def term(value: float, digits: int = 2) -> str:
    """A number as a part of a sum or a product: in parentheses where it is below 0."""
    text = number(value, digits)
    return f"({text})" if text.startswith("−") else text


def percent(share: float) -> str:
    """A probability in percent, with one decimal."""
    return f"{100 * share:.1f} %"


def label(x: float, y: float, text: str, size: float = 18, **style: object) -> str:
    """A line of text of an SVG; style: attributes such as anchor, fill, font_weight, opacity."""
    style = {"fill": "currentColor", "text_anchor": style.pop("anchor", "middle")} | style
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{_look(style)}>{escape(text)}</text>'


def box(x: float, y: float, width: float, height: float, colour: str, **style: object) -> str:
    """A rounded rectangle, filled with a weak shade of its colour."""
    style = {"fill": colour, "fill_opacity": 0.2, "stroke": colour, "stroke_width": 2} | style
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8"'
    return f"<rect {place}{_look(style)}/>"


def arrow(commands: str, end: str = "", **style: object) -> str:
    """A line along the commands of a path. end: the id of an arrow head's marker (`svg`)."""
    style = {"fill": "none", "stroke": "currentColor", "stroke_width": 2} | style
    head = f' marker-end="url(#{end})"' if end else ""
    return f'<path d="{commands}"{_look(style)}{head}/>'


def pill(x: float, y: float, text: str, *, size: float = 18, colour: str = GREEN) -> str:
    """A word on a solid ground, centred at (x, y)."""
    width = 0.6 * size * len(text) + size
    ground = box(x - width / 2, y - 0.8 * size, width, 1.6 * size, colour, fill_opacity=1)
    return ground + label(x, y + 0.35 * size, text, size, fill="white", font_weight=700)


def svg(shapes: Iterable[str], size: tuple[float, float], words: str, *, least: int = 0) -> str:
    """An SVG of this width and height in units, which shrinks with its page.

    words: what it shows, for those who do not see it. least: its least width in pixels, below
    which the page scrolls it. Its marker `kit-head` is an arrow head.
    """
    width, height = size
    head = (
        '<defs><marker id="kit-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11" '
        'markerHeight="11" markerUnits="userSpaceOnUse" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
    )
    return (
        f'<div style="overflow-x:auto"><svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(words)}" viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        f'style="display:block;width:100%;min-width:{least}px;max-width:{width:g}px;height:auto;'
        f'color:inherit">{head}{"".join(shapes)}</svg></div>'
    )


def strip(values: Sequence[float], *, limit: float, cell: float, height: int = 18) -> str:
    """A vector as a row of cells: blue above 0, orange below, strong where |number| ≥ limit.

    cell: the width of a cell in pixels. limit: above 0.
    """
    cells: dict[tuple[bool, int], list[int]] = {}
    for place, value in enumerate(values):
        level = min(LEVELS, round(LEVELS * abs(float(value)) / limit))
        if level:
            cells.setdefault((value > 0, level), []).append(place)
    paths = "".join(
        f'<path d="{"".join(f"M{x} 0h1v1h-1z" for x in places)}" '
        f'fill="{POSITIVE if above else NEGATIVE}" fill-opacity="{level / LEVELS:g}"/>'
        for (above, level), places in cells.items()
    )
    n = len(values)
    words = f"{n} numbers from {number(min(values))} to {number(max(values))}"
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {n} 1" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges" style="display:inline-block;vertical-align:middle;'
        f'width:{cell * n:g}px;max-width:100%;height:{height}px">'
        f'<rect width="{n}" height="1" fill="currentColor" fill-opacity=".1"/>{paths}</svg>'
    )


def two_states(picture: str, first: str, second: str) -> str:
    """A picture that changes between two states every few seconds, or stays in the chosen one.

    In the picture, what has the class `first` or `second` is seen only in that state; what has the
    class `move` is moved in the second one by --dx and --dy. Without animation (where the reader
    asks for less motion, and on paper) it is the second state. first, second: their names.
    """
    name = unique("states")
    there = "transform:translate(var(--dx,0px),var(--dy,0px))"
    rules = [
        f"#{name} .move{{{there};transition:transform 1s}}",
        f"#{name} .first{{opacity:0;transition:opacity .6s}}",
        f"#{name} .second{{transition:opacity .6s}}",
        f"#{name}:has(.one:checked) .move{{transform:none}}",
        f"#{name}:has(.one:checked) .first{{opacity:1}}",
        f"#{name}:has(.one:checked) .second{{opacity:0}}",
        f"@keyframes {name}-move{{0%,30%,100%{{transform:none}}45%,85%{{{there}}}}}",
        f"@keyframes {name}-first{{0%,30%,100%{{opacity:1}}40%,90%{{opacity:0}}}}",
        f"@keyframes {name}-second{{0%,38%,100%{{opacity:0}}45%,85%{{opacity:1}}}}",
    ]
    moving = "".join(
        f"#{name}:has(.play:checked) .{kind}{{animation:{name}-{kind} 10s ease-in-out infinite}}"
        for kind in ("move", "first", "second")
    )
    rules.append(f"@media screen and (prefers-reduced-motion:no-preference){{{moving}}}")
    choices = (("play", "both in turn", " checked"), ("one", first, ""), ("two", second, ""))
    buttons = "".join(
        f'<label style="margin-right:1.2em;cursor:pointer"><input type="radio" name="{name}" '
        f'class="{kind}"{checked}> {escape(text)}</label>'
        for kind, text, checked in choices
    )
    return (
        f'<div id="{name}" style="font:17px {FONT};color:inherit"><style>{"".join(rules)}</style>'
        f"<div>{buttons}</div>{picture}</div>"
    )


def shade(share: float, colour: str = POSITIVE) -> str:
    """A CSS ground between nothing (0) and a strong shade (1), on which letters stay readable."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"background:rgba({red},{green},{blue},{0.6 * min(1.0, max(0.0, share)):.3f})"


def _look(style: dict[str, object]) -> str:
    names = {name.replace("_", "-"): value for name, value in style.items()}
    return "".join(f' {name}="{escape(str(value))}"' for name, value in names.items())
