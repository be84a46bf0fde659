"""A word's row in a model's vocabulary, and where the word stands in the data, as HTML."""

from collections.abc import Mapping

from kit.html import BLUE, FONT, GREY, INK, ORANGE, escape, table

__all__ = ["page"]


def page(word: str, row: int | None, counts: Mapping[str, int], shares: Mapping[str, tuple]) -> str:
    """The answer for one word, above the shares of all words.

    row: of the word in the file; None where the file does not have it. counts: split -> how often
    the word stands there. shares: which words -> (in the file, all of them).
    """
    where = ", ".join(f"{n:,} × in {split}" for split, n in counts.items() if n)
    seen = f"In the data: {where}." if where else "It stands nowhere in the data."
    only = where and not any(n for split, n in counts.items() if split != "test")
    colour = ORANGE if row is not None and only else BLUE if row is not None else GREY
    said = "not in the file" if row is None else f"row {row:,} of the file"
    if row == 0:
        said = "in the file, with the row of unknown words (0)"
    if only and row is not None:
        seen += " Only the test has it, and the model's file knew it."
    cells = [
        (name, f"{part:,} of {whole:,}", f"{part / max(1, whole):.1%}")
        for name, (part, whole) in shares.items()
    ]
    return (
        f'<div style="font:19px {FONT};color:{INK};background:white;padding:.5em 1em;'
        f'max-width:50em;border-left:.4em solid {colour}"><b>{escape(word)}</b>: '
        f'<b style="color:{colour}">{said}</b><br>{escape(seen)}</div>'
        + table(("words that stand in", "in the file", "share"), cells)
    )
