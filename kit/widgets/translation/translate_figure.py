"""The attention of a translation model to the English words, for each word of its translation.

U words written, T words read. The highlighting of hovered words is CSS and needs no kernel.
"""

import itertools

import numpy as np

from kit.html import FONT, GREY, INK, escape
from kit.tasks.translation.alignment import Alignment

__all__ = ["page"]

BLUE_RGB = (0, 114, 178)
NUMBERS = itertools.count()


def page(shown: Alignment) -> str:
    """Both texts and the attention grid as HTML; hovering or focusing a word highlights it."""
    name = f"align{next(NUMBERS)}"
    lines = [line(shown.read, "r", "English"), line(shown.written, "w", "written")]
    return (
        f'<div id={name!r} style="font:20px {FONT};color:{INK};background:white;padding:.4em">'
        f"<style>{style(name, shown.weights)}</style>{''.join(lines)}{grid(shown)}</div>"
    )


def line(words: list[str], kind: str, what: str) -> str:
    """One of the two texts; the class of each word has its number."""
    boxes = "".join(
        f'<span class="{kind}{i} word" tabindex="0">{escape(word)}</span>'
        for i, word in enumerate(words)
    )
    return f'<div class="line"><span class="what">{what}</span>{boxes}</div>'


def grid(shown: Alignment) -> str:
    """The weights in percent as a table: a column for each English word, a row for each written."""
    head = "".join(f'<th class="r{j}">{escape(word)}</th>' for j, word in enumerate(shown.read))
    rows = [f"<tr><th></th>{head}</tr>"]
    for i, word in enumerate(shown.written):
        cells = "".join(cell(i, j, weight) for j, weight in enumerate(shown.weights[i]))
        rows.append(f'<tr><th class="w{i}">{escape(word)}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"


def cell(i: int, j: int, weight: float) -> str:
    ink = "white" if weight > 0.5 else INK
    text = f"{100 * weight:.0f}" if weight >= 0.05 else ""
    paint = f"background:{shade(weight)};color:{ink}"
    return f'<td class="c{i}_{j}" style="{paint}" title="{100 * weight:.0f} %">{text}</td>'


def shade(weight: float) -> str:
    """White for 0, the course's blue for 1."""
    mixed = (round(255 + (part - 255) * min(1.0, float(weight))) for part in BLUE_RGB)
    return f"rgb({','.join(map(str, mixed))})"


def style(name: str, weights: np.ndarray) -> str:
    """The CSS rules: a hovered word highlights the words of the other text by their weights."""
    rules = [
        f"#{name} .word,#{name} th{{padding:.15em .3em;border-radius:.3em;font-weight:500}}",
        f"#{name} .word{{cursor:default;display:inline-block}}",
        f"#{name} .word:hover,#{name} .word:focus{{outline:3px solid {INK}}}",
        f"#{name} .line{{margin:.35em 0}} #{name} .what{{display:inline-block;width:5em;"
        f"color:{GREY};font-size:16px}}",
        f"#{name} table{{border-collapse:separate;border-spacing:2px;margin-top:.6em}}",
        f"#{name} td{{width:3.2em;height:1.8em;text-align:center;font-size:15px;padding:0}}",
        f"#{name} th{{font-size:16px;text-align:right;background:none}}",
    ]
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            rules += lights(name, i, j, float(weight), weights)
    return "".join(rules)


def lights(name: str, i: int, j: int, weight: float, weights: np.ndarray) -> list[str]:
    """The CSS rules of one pair of words."""
    back = float(weight / max(weights[:, j].max(), 1e-9)) * min(1.0, float(weights[:, j].max()))
    found = []
    for mine, other, strength in ((f"w{i}", f"r{j}", weight), (f"r{j}", f"w{i}", back)):
        if strength >= 0.05:
            ink = "white" if strength > 0.5 else INK
            on = f"#{name}:has(.{mine}:hover) .{other},#{name}:has(.{mine}:focus) .{other}"
            found.append(f"{on}{{background:{shade(strength)};color:{ink}}}")
    if weight >= 0.05:
        on = f"#{name}:has(.c{i}_{j}:hover)"
        found.append(f"{on} .w{i},{on} .r{j}{{outline:3px solid {INK}}}")
    return found
