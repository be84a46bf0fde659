"""WordVectors: a table with one vector for each word, and no layer above it.

B batch, T words, D width, V vocabulary, R rows of the table.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models.sizes import check_ids, check_sizes

__all__ = ["WordVectors", "WordVectorsConfig"]


@dataclass(frozen=True, kw_only=True)
class WordVectorsConfig:
    """The shape of a table of word vectors."""

    vocabulary: int
    """V: number of words in the vocabulary."""
    width: int
    """D: numbers in the vector of a word."""
    rows: int | None = None
    """R: vectors in the table, where several words share one; None for V, one for each word."""

    layers: ClassVar[int] = 0
    """A table has no layers."""

    def __post_init__(self) -> None:
        check_sizes(self, dict.fromkeys(("vocabulary", "width", "rows"), 1))
        if self.rows is not None and self.rows > self.vocabulary:
            raise KitError(
                f"rows={self.rows:,} are more than the {self.vocabulary:,} words: give rows=None, "
                "a vector for each word."
            )


class WordVectors(nn.Module):
    """ids (B, T) -> hidden (B, T, D): h = E[id], the vector of each word, in any text the same.

    The mean of a text's vectors, which `kit.models.pool` takes, is the oldest vector of a text that
    transfers (GloVe: Pennington et al. 2014, doi:10.3115/v1/D14-1162). Where several words share a
    vector, `row_of` (V,) says which row each has, h = E[row_of[id]]; `share` sets it.
    """

    def __init__(self, config: WordVectorsConfig) -> None:
        super().__init__()
        self.config, self.width = config, config.width
        self.embedding = nn.Embedding(config.rows or config.vocabulary, config.width)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.layers = nn.ModuleList()
        # -1: no row yet. A table whose words have none is refused, and never read wrong.
        rows = None if config.rows is None else torch.full((config.vocabulary,), -1).int()
        self.register_buffer("row_of", rows)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Hidden states (B, T, D). The mask changes nothing: no word sees another.

        Raises KitError for ids that the vocabulary lacks, and where words share rows and nobody
        said which.
        """
        check_ids(ids, self.config.vocabulary)
        if self.row_of is not None:
            ids = self.row_of[ids]
            if (ids < 0).any():
                raise KitError(
                    f"this table has {self.config.rows:,} rows for {self.config.vocabulary:,} "
                    "words, and does not know which word has which: call body.share(rows)."
                )
        return self.embedding(ids)

    def share(self, rows: Tensor) -> None:
        """Set the row of each word: rows (V,), whole numbers from 0 to R - 1.

        Raises KitError for a table with a vector for each word, and for rows that it lacks.
        """
        if self.row_of is None:
            raise KitError("each word of this table has its own vector: give rows= in its config.")
        if rows.shape != self.row_of.shape or rows.min() < 0 or rows.max() >= self.config.rows:
            raise KitError(
                f"rows of shape {tuple(rows.shape)}: give one of 0 to {self.config.rows - 1:,} for "
                f"each of the {self.config.vocabulary:,} words."
            )
        self.row_of.copy_(rows)

    def fresh(self) -> "WordVectors":
        """A table of this shape with fresh values, in which the same words share a vector."""
        table = WordVectors(self.config)
        if self.row_of is not None:
            table.row_of.copy_(self.row_of)
        return table
