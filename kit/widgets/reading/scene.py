"""What a step-by-step picture of a language model shows, as plain values, and its shared pieces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from kit.html import FONT, escape
from kit.models.activations import Activations
from kit.widgets.base.svg import CHOSEN, POSITIVE, shade, strip

__all__ = ["Next", "Scene", "arithmetic", "panel", "quoted", "shaded", "table", "vector"]


@dataclass(frozen=True)
class Next:
    """A token that may come next."""

    text: str
    logit: float
    bias: float
    """The part of the logit that does not depend on the text."""
    p: float
    """softmax of all logits at this token."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The data of the picture."""

    words: Sequence[str]
    """The tokens of the text, as one sees them."""
    ids: Sequence[int]
    vocabulary: int
    """The number of tokens that the model knows."""
    tied: bool
    """Whether the head's matrix is the embedding table."""
    positions: str
    """How the model knows the order of the tokens: as in `TransformerConfig`; "none" for an LSTM,
    which reads one after the other."""
    values: Activations
    following: Sequence[Next]
    """The most probable tokens after the chosen one, the most probable one first."""
    actual: Next | None
    """The token that follows the chosen one in the text; None after the last one."""
    step: str
    previous: str
    """The step that was shown before: the token travels from there."""
    token: int
    """The place of the chosen token, from 0."""
    layer: int
    """The chosen layer, from 0."""
    part: int
    """The chosen head of a Transformer, or unit of an LSTM, from 0."""

    @property
    def word(self) -> str:
        """The chosen token, in quotation marks."""
        return quoted(self.words[self.token])


def quoted(word: str) -> str:
    """A token in quotation marks."""
    return f"“{word}”"


def vector(values: np.ndarray, *, wide: int = 640, limit: float | None = None) -> str:
    """A vector as a strip of this width in pixels. limit: the number that has the full colour, by
    default the largest one of the vector."""
    limit = limit or float(np.abs(values).max()) or 1.0
    return strip(values, limit=limit, cell=wide / len(values))


def panel(title: str, text: str, *parts: str) -> str:
    """A step: its title, what happens in it, and the pictures below. Text is escaped, parts not."""
    boxes = "".join(f'<div style="overflow-x:auto;max-width:100%">{part}</div>' for part in parts)
    return (
        f'<div style="font:17px/1.4 {FONT};color:inherit;padding:.2em .4em">'
        f'<div style="font-size:1.2em;font-weight:700">{escape(title)}</div>'
        f'<div style="max-width:62em;margin:.1em 0 .5em">{escape(text)}</div>'
        '<div style="display:flex;flex-wrap:wrap;gap:.8em 2em;align-items:flex-start">'
        f"{boxes}</div></div>"
    )


def arithmetic(text: str) -> str:
    """A line of numbers that a reader can compute again."""
    style = f"border-left:4px solid {POSITIVE};padding:.15em .7em;font-variant-numeric:tabular-nums"
    return f'<div style="{style};overflow-x:auto">{escape(text)}</div>'


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: Collection[int] = (),
    chosen: int | None = None,
    faded: int | None = None,
) -> str:
    """A table of prepared cells (HTML). left: columns that are not aligned to the right. chosen:
    the row of the token that travels. faded: the first of the rows that play no part."""
    sides = ["left" if column in left else "right" for column in range(len(heads))]
    cell = "padding:.1em .6em;white-space:nowrap;text-align:"
    head = "".join(
        f'<th style="{cell}{side};font-weight:600">{escape(text)}</th>'
        for text, side in zip(heads, sides, strict=True)
    )
    body = ""
    for place, row in enumerate(rows):
        look = f"outline:2px solid {CHOSEN};outline-offset:-2px" if place == chosen else ""
        if faded is not None and place >= faded:
            look += ";opacity:.45"
        cells = "".join(
            f'<td style="{cell}{side}">{content}</td>'
            for content, side in zip(row, sides, strict=True)
        )
        body += f'<tr style="{look}">{cells}</tr>'
    return (
        '<table style="border-collapse:collapse;font-size:1em;font-variant-numeric:tabular-nums;'
        f'margin:0"><thead style="border-bottom:2px solid"><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def shaded(text: str, share: float) -> str:
    """A number on a ground that is the stronger, the larger its share is."""
    return f'<div style="{shade(share)};padding:0 .4em;border-radius:.2em">{text}</div>'
