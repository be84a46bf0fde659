"""Another vocabulary, piece by piece: what each new row of the word table was made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import torch
from torch import Tensor

from kit.errors import KitError
from kit.html import FONT, note
from kit.migrate import Migration
from kit.migrate.report import DONE
from kit.sources import Source
from kit.tasks.next_token import token_text
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.widgets.base.static import Shown

__all__ = ["Piece", "Pieces", "Tables", "legend", "picture"]

KINDS = {
    "copied": (DONE["copied"], "white", "copied: the same row"),
    "composed": (DONE["composed"], "#1A1A1A", "composed: the mean of the pieces that spell it"),
    "other": (DONE["fresh"], "#1A1A1A", "neither: the mean of all rows"),
}
"""Kind -> ground, text and meaning."""


@dataclass(frozen=True)
class Piece:
    """One piece of the new vocabulary, and what its row is."""

    text: str
    """As a reader sees it, a blank as ␣."""
    kind: str
    """A key of `KINDS`, read off the values of both tables."""
    parts: tuple[str, ...]
    """The old pieces that its row was made of."""


class Tables:
    """Both word tables, and what of the one is in the other."""

    def __init__(self, source: Source, made: Migration, new: Tokenizer) -> None:
        self.old, self.new = source.tokenizer, new
        self.there: Tensor = source.body.embedding.weight.detach()
        self.here: Tensor = made.model.body.embedding.weight.detach()
        rows = self.there.numpy()
        self.twin = {row.tobytes(): i for i, row in enumerate(rows)}

    def piece(self, i: int) -> Piece:
        """What the new piece number i was made of, by comparing its row with the old table."""
        text, row = self.new.decode([i]), self.here[i]
        said = token_text(i, self.new)
        if (twin := self.twin.get(row.numpy().tobytes())) is not None:
            return Piece(said, "copied", (self._old(twin),))
        ids = [p for p in self.old.encode(text, special=False) if p != self.old.unk]
        if ids and torch.allclose(self.there[ids].mean(0), row, atol=1e-6):
            return Piece(said, "composed", tuple(map(self._old, ids)))
        return Piece(said, "other", ())

    def pieces(self, text: str) -> list[Piece]:
        """Those of a text, in order, without the special ones around it."""
        [text] = check_texts([text])
        return [self.piece(i) for i in self.new.encode(text, special=False)]

    def count(self, texts: Iterable[str] | None = None) -> dict[str, int]:
        """How many pieces are of each kind: in the vocabulary, or in running text."""
        kinds = [self.piece(i).kind for i in range(self.new.size)]
        if texts is None:
            ids = range(self.new.size)
        else:
            ids = [i for text in self.new.encode_many(texts, special=False) for i in text]
        found = [kinds[i] for i in ids]
        return {kind: found.count(kind) for kind in KINDS}

    def _old(self, i: int) -> str:
        return self.old.decode([i]) or "‹special›"


def picture(pieces: list[Piece]) -> str:
    """A column for each new piece: itself, and beneath it the old ones that its row is made of."""
    columns = []
    for piece in pieces:
        ground, ink, _ = KINDS[piece.kind]
        parts = "".join(_chip(part, "#ECECEC", "#1A1A1A", 16) for part in piece.parts)
        sign = "=" if piece.kind == "copied" else "mean of"
        columns.append(
            f'<div style="display:flex;flex-direction:column;align-items:center;gap:.15em">'
            f"{_chip(piece.text, ground, ink, 20)}"
            f'<div style="font-size:14px;color:#595959">{sign if piece.parts else "?"}</div>'
            f"{parts}</div>"
        )
    look = f"display:flex;flex-wrap:wrap;gap:.5em .7em;font-family:{FONT};padding:.5em 0"
    return f'<div style="{look}">{"".join(columns)}</div>'


def legend(counts: dict[str, dict[str, int]]) -> str:
    """A bar for each way of counting, divided by kind. counts: title -> kind -> how many."""
    rows = []
    for title, found in counts.items():
        whole = sum(found.values())
        parts = "".join(
            f'<div style="width:{100 * n / whole:.1f}%;background:{KINDS[kind][0]};'
            f"color:{KINDS[kind][1]};overflow:hidden;white-space:nowrap;text-align:center;"
            f'font-weight:600">{_percent(n / whole)}</div>'
            for kind, n in found.items()
            if n
        )
        rows.append(
            f'<div style="display:flex;gap:.8em;align-items:center;margin:.25em 0">'
            f'<div style="width:15em">{escape(title)}</div>'
            f'<div style="flex:1;display:flex;border-radius:.3em;overflow:hidden">{parts}</div>'
            "</div>"
        )
    kinds = " ".join(_chip(words, ground, ink, 14) for ground, ink, words in KINDS.values())
    look = f"font:16px {FONT};color:#1A1A1A;max-width:72em"
    return f'<div style="{look}">{"".join(rows)}<div>{kinds}</div></div>'


def _percent(share: float) -> str:
    """Nothing where there is no room for it."""
    return f"{100 * share:.0f} %" if share > 0.04 else ""


def _chip(text: str, ground: str, ink: str, size: int) -> str:
    return (
        f'<span style="display:inline-block;background:{ground};color:{ink};font-size:{size}px;'
        f'padding:.1em .45em;border-radius:.3em;white-space:pre">{escape(text)}</span>'
    )


class Pieces(Shown):
    """The widget: type a text, and see what its pieces were made of."""

    def __init__(self, source: Source, made: Migration, new: Tokenizer, texts: list[str]) -> None:
        """made: `migrate(source, head, "move_vocabulary", old=source.tokenizer, new=new)`.
        texts: running text of the task, to count in."""
        import ipywidgets as w

        self.tables = Tables(source, made, new)
        running = self.tables.count(texts)
        self.counts = {
            f"of {new.size:,} new pieces": self.tables.count(),
            f"of {sum(running.values()):,} in film reviews": running,
        }
        self.text = w.Text(
            value="Hilary Swank, incredulous and vulnerable: a masterpiece.",
            description="Your own sentence:",
            style={"description_width": "initial"},
            layout={"width": "820px"},
        )
        self.said = w.HTML()
        self.view = w.VBox([w.HTML(legend(self.counts)), self.text, self.said])
        self.text.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        try:
            self.said.value = picture(self.tables.pieces(self.text.value)[:60])
        except KitError as error:
            self.said.value = note(str(error), "error")
