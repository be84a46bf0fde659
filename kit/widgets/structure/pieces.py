"""A new vocabulary, piece by piece: what each row of the new embedding table was made of."""

from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor

from kit.errors import KitError
from kit.html import note
from kit.migrate import Migration
from kit.sources import Source
from kit.tasks.next_token import token_text
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.widgets.base.static import Widget
from kit.widgets.structure.pieces_figure import KINDS, Piece, legend, picture

__all__ = ["Pieces", "Tables"]

MOST_PIECES = 60
"""Pieces of a text that are shown."""


class Tables:
    """The embedding tables of the source and of the target, compared row by row."""

    def __init__(self, source: Source, target: Migration, new: Tokenizer) -> None:
        self.old = source.tokenizer
        self.new = new
        self.old_table: Tensor = source.body.embedding.weight.detach()
        self.new_table: Tensor = target.model.body.embedding.weight.detach()
        self.old_row = {row.tobytes(): i for i, row in enumerate(self.old_table.numpy())}

    def piece(self, i: int) -> Piece:
        """The old pieces whose rows the row of new piece i is equal to, or is the mean of."""
        row = self.new_table[i]
        text = token_text(i, self.new)
        equal = self.old_row.get(row.numpy().tobytes())
        if equal is not None:
            return Piece(text, "copied", (self._old(equal),))
        ids = self.old.encode(self.new.decode([i]), special=False)
        ids = [p for p in ids if p != self.old.unk]
        if ids and torch.allclose(self.old_table[ids].mean(0), row, atol=1e-6):
            return Piece(text, "composed", tuple(map(self._old, ids)))
        return Piece(text, "other", ())

    def pieces(self, text: str) -> list[Piece]:
        """The new pieces of a text, in order, without special pieces."""
        [text] = check_texts([text])
        return [self.piece(i) for i in self.new.encode(text, special=False)]

    def count(self, texts: Iterable[str] | None = None) -> dict[str, int]:
        """Kind -> the number of its pieces, in the vocabulary or in running text."""
        kinds = [self.piece(i).kind for i in range(self.new.size)]
        if texts is None:
            ids = range(self.new.size)
        else:
            ids = [i for text in self.new.encode_many(texts, special=False) for i in text]
        counts = Counter(kinds[i] for i in ids)
        return {kind: counts[kind] for kind in KINDS}

    def _old(self, i: int) -> str:
        return self.old.decode([i]) or "‹special›"


class Pieces(Widget):
    """The widget: type a text, and see the old pieces that each new piece was made of."""

    def __init__(self, source: Source, target: Migration, new: Tokenizer, texts: list[str]) -> None:
        """target: `migrate(source, head, "move_vocabulary", old=source.tokenizer, new=new)`.
        texts: running text of the task, in which the pieces are counted."""
        import ipywidgets as w

        self.tables = Tables(source, target, new)
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
        self.columns = w.HTML()
        self.view = w.VBox([w.HTML(legend(self.counts)), self.text, self.columns])
        self.text.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        try:
            self.columns.value = picture(self.tables.pieces(self.text.value)[:MOST_PIECES])
        except KitError as error:
            self.columns.value = note(str(error), "error")
