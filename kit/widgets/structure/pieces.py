"""A new vocabulary, piece by piece: what each row of the new embedding table was made of."""

from collections.abc import Iterable

import torch
from torch import Tensor

from kit.errors import KitError
from kit.html import note
from kit.migrate import Migration
from kit.sources import Source
from kit.tasks.next_token import shown
from kit.texts import check_texts
from kit.tokenizer import Tokenizer
from kit.widgets.base.static import Shown
from kit.widgets.structure.pieces_figure import KINDS, Piece, legend, picture

__all__ = ["Pieces", "Tables"]


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
        said = shown(i, self.new)
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
