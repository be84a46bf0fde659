"""Which old pieces the embedding of each new piece was made of, as HTML."""

from dataclasses import dataclass

from kit.html import FONT, GREY, INK, escape
from kit.migrate.report import DONE

__all__ = ["KINDS", "Piece", "legend", "picture"]

KINDS = {
    "copied": (DONE["copied"], "white", "copied: the same row"),
    "composed": (DONE["composed"], INK, "composed: the mean of the pieces that spell it"),
    "other": (DONE["fresh"], INK, "neither: the mean of all rows"),
}
"""Kind -> background colour, text colour, meaning."""


@dataclass(frozen=True)
class Piece:
    """One piece of the new vocabulary, and the origin of its row."""

    text: str
    """The piece as text, a space as ␣."""
    kind: str
    """A key of `KINDS`, from comparing the values of both tables."""
    parts: tuple[str, ...]
    """The old pieces whose rows its row was made of."""


def picture(pieces: list[Piece]) -> str:
    """A column for each new piece, and beneath it the old pieces that its row was made of."""
    columns = []
    for piece in pieces:
        ground, ink, _ = KINDS[piece.kind]
        parts = "".join(_chip(part, "#ECECEC", INK, 16) for part in piece.parts)
        sign = "=" if piece.kind == "copied" else "mean of"
        columns.append(
            f'<div style="display:flex;flex-direction:column;align-items:center;gap:.15em">'
            f"{_chip(piece.text, ground, ink, 20)}"
            f'<div style="font-size:14px;color:{GREY}">{sign if piece.parts else "?"}</div>'
            f"{parts}</div>"
        )
    look = f"display:flex;flex-wrap:wrap;gap:.5em .7em;font-family:{FONT};padding:.5em 0"
    return f'<div style="{look}">{"".join(columns)}</div>'


def legend(counts: dict[str, dict[str, int]]) -> str:
    """A bar for each way of counting, divided by kind.

    counts: title -> kind -> number of pieces.
    """
    rows = []
    for title, kinds in counts.items():
        whole = sum(kinds.values())
        parts = "".join(
            f'<div style="width:{100 * n / whole:.1f}%;background:{KINDS[kind][0]};'
            f"color:{KINDS[kind][1]};overflow:hidden;white-space:nowrap;text-align:center;"
            f'font-weight:600">{_percent(n / whole)}</div>'
            for kind, n in kinds.items()
            if n
        )
        rows.append(
            f'<div style="display:flex;gap:.8em;align-items:center;margin:.25em 0">'
            f'<div style="width:15em">{escape(title)}</div>'
            f'<div style="flex:1;display:flex;border-radius:.3em;overflow:hidden">{parts}</div>'
            "</div>"
        )
    meanings = " ".join(_chip(words, ground, ink, 14) for ground, ink, words in KINDS.values())
    look = f"font:16px {FONT};color:{INK};max-width:72em"
    return f'<div style="{look}">{"".join(rows)}<div>{meanings}</div></div>'


def _percent(share: float) -> str:
    """The share in percent; empty where the bar has no room for it."""
    return f"{100 * share:.0f} %" if share > 0.04 else ""


def _chip(text: str, ground: str, ink: str, size: int) -> str:
    return (
        f'<span style="display:inline-block;background:{ground};color:{ink};font-size:{size}px;'
        f'padding:.1em .45em;border-radius:.3em;white-space:pre">{escape(text)}</span>'
    )
