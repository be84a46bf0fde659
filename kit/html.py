"""HTML that reports and widgets share: the palette, a line of status, a card, a table.

Every text that a caller gives is escaped here: what stands in a note, a card or a table is shown as
it is, markup in it included. A module that makes HTML of its own, or texts of a plotly figure,
which have markup too, passes each name and each text through `escape` or `bold`.
`tests/test_html.py` injects script into every such place.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

__all__ = [
    "BLUE",
    "FONT",
    "GREEN",
    "GREY",
    "INK",
    "LIGHT_BLUE",
    "LIGHT_GREY",
    "LOOK",
    "ORANGE",
    "PALE_BLUE",
    "PAPER",
    "WINE",
    "bold",
    "card",
    "download",
    "escape",
    "note",
    "table",
    "with_code",
]

INK, GREY, PAPER = "#1A1A1A", "#595959", "#F5F5F5"
"""Text; text that matters less; the ground of a note."""
BLUE, ORANGE = "#0072B2", "#D55E00"
"""With a source; from scratch (Okabe & Ito 2008: told apart by all eyes)."""
GREEN, LIGHT_BLUE, WINE = "#009E73", "#56B4E9", "#882255"
"""Three more colours of the same kind."""
LIGHT_GREY, PALE_BLUE = "#8C8C8C", "#E3F1FA"
"""Lines that matter less; the ground behind blue text."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"

LOOK = {
    "right": ("✓", "#00513B", "#E2F4EE"),
    "wrong": ("✗", "#8A1C00", "#FDEBE5"),
    "open": ("…", "#1A1A1A", "#F5F5F5"),
}
"""State of an answer -> its sign, the colours of its text and of its ground."""
LINK_BYTES = 3_000_000
"""A longer file is not put into the page as a link."""
NOTES = {"plain": (INK, PAPER), "error": ("#8A1C00", "#FDEBE5")}
"""Kind of a note -> its colour and its ground."""


def bold(text: object) -> str:
    """A name in bold, escaped: as HTML, or as the title of a panel of a plotly figure."""
    return f"<b>{escape(str(text))}</b>"


def with_code(text: str) -> str:
    """A text, escaped, in which what stands between two backticks is code."""
    look = "color:inherit;background:none;font-size:.95em"
    return re.sub(r"`([^`]+)`", rf'<code style="{look}">\1</code>', escape(text))


def note(text: str, kind: str = "plain") -> str:
    """A line of status: "plain", or "error" for what the user can put right."""
    colour, ground = NOTES[kind]
    return (
        f'<div role="status" style="font:16px {FONT};color:{colour};background:{ground};'
        f'padding:.45em .9em;border-radius:.4em">{escape(text)}</div>'
    )


def card(text: str, answer: str, colour: str = BLUE) -> str:
    """A text with an answer above it."""
    return (
        f'<div style="font-size:17px;color:{INK};background:white;padding:.6em 1em;'
        f'max-width:60em;border-left:.4em solid {colour}"><b style="color:{colour}">'
        f"{escape(answer)}</b><br>{escape(text)}</div>"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence], *, title: str = "") -> str:
    """A table in the colours of its page: the first column to the left, numbers to the right."""
    left, right = ("text-align:left", "text-align:right;font-variant-numeric:tabular-nums")
    cell = "padding:.25em .8em"

    def line(kind: str, values: Sequence) -> str:
        looks = [left] + [right] * (len(values) - 1)
        cells = zip(looks, values, strict=True)
        return "".join(
            f'<{kind} style="{look};{cell}">{escape(str(v))}</{kind}>' for look, v in cells
        )

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    above = f'<div style="font-weight:600;font-size:1.15em">{escape(title)}</div>' if title else ""
    return (
        f'<div style="font:16px {FONT};color:inherit">{above}<table style="border-collapse:'
        f'collapse"><thead style="border-bottom:2px solid"><tr>{line("th", heads)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def download(name: str, content: bytes) -> str:
    """A link that saves a file from the page; "" for one that is too large for that."""
    if len(content) > LINK_BYTES:
        return ""
    data = base64.b64encode(content).decode()
    return (
        f'<a download="{escape(name)}" href="data:text/csv;base64,{data}" '
        f'style="font-size:16px;color:{BLUE};text-decoration:underline">download {escape(name)}</a>'
    )
