"""WordLSTM: an LSTM that reads words, each by a vector of its own and by its letters.

B batch, T words, V vocabulary, R rows of the table, D width, A letters of the alphabet, E width of
a letter, L letters of the longest word.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.models.sizes import check_ids, check_sizes

__all__ = ["CoupledLSTM", "WordLSTM", "WordLSTMConfig"]


@dataclass(frozen=True, kw_only=True)
class WordLSTMConfig:
    """The shape of a WordLSTM."""

    vocabulary: int
    """V: number of words in the vocabulary."""
    width: int
    """D: numbers of a word's vector, of a state in each direction, and of the output."""
    rows: int
    """R: vectors in the table of words, at most V: several words may share one."""
    letters: int
    """A: number of letters, the unknown one included."""
    longest: int
    """L: letters of the longest word."""
    letter_width: int = 25
    """E: numbers of a letter's vector, and of a state in each direction of a word."""

    layers: ClassVar[int] = 1
    """One layer above the table: it spells, and it reads."""
    bidirectional: ClassVar[bool] = True
    """It reads each text in both directions, and so it cannot write."""

    def __post_init__(self) -> None:
        sizes = ("vocabulary", "width", "rows", "letters", "longest", "letter_width")
        check_sizes(self, dict.fromkeys(sizes, 1))
        if self.rows > self.vocabulary:
            raise KitError(f"rows={self.rows:,} are more than the {self.vocabulary:,} words.")


class WordLSTM(nn.Module):
    """ids (B, T) of words -> hidden (B, T, D).

    A word's input is its row in the table, beside the last states of an LSTM that reads its letters
    in both directions; an LSTM over these inputs reads the text in both directions, and
    h = tanh(W [forward; backward] + b) (Lample et al. 2016, aclanthology.org/N16-1030). `row_of`
    (V,) and `spelling` (V, L) say which row and which letters each word has; `set_words` sets them.
    """

    def __init__(self, config: WordLSTMConfig) -> None:
        super().__init__()
        self.config, self.width = config, config.width
        self.embedding = nn.Embedding(config.rows, config.width)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.layers = nn.ModuleList([Layer(config)])
        # -1: not set, or no letter. A body whose words were not set is refused, never read wrong.
        self.register_buffer("row_of", torch.full((config.vocabulary,), -1).int())
        letters = torch.full((config.vocabulary, config.longest), -1)
        self.register_buffer("spelling", letters.to(torch.int16))

    def set_words(self, rows: Tensor, spelling: Tensor) -> None:
        """Set the row (V,) of each word, 0 to R - 1, and its letters (V, L), 0 to A - 1, then -1.

        Raises KitError for what does not fit the config.
        """
        known = self.config
        fits = rows.shape == self.row_of.shape and spelling.shape == self.spelling.shape
        if not fits or rows.min() < 0 or rows.max() >= known.rows:
            raise KitError(
                f"rows of shape {tuple(rows.shape)} and letters of shape {tuple(spelling.shape)}: "
                f"give rows ({known.vocabulary:,},) from 0 to {known.rows - 1:,}, and letters "
                f"({known.vocabulary:,}, {known.longest})."
            )
        there = spelling >= 0
        gap = (there[:, 1:] & ~there[:, :-1]).any()
        if gap or spelling.max() >= known.letters or not there[:, 0].all():
            raise KitError(
                f"letters from {int(spelling.min())} to {int(spelling.max())}: give each word at "
                f"least one of 0 to {known.letters - 1}, and -1 only behind its last."
            )
        self.row_of.copy_(rows)
        self.spelling.copy_(spelling)

    def fresh(self) -> "WordLSTM":
        """A body of this shape with fresh values, and the same words."""
        body = WordLSTM(self.config)
        body.row_of.copy_(self.row_of)
        body.spelling.copy_(self.spelling)
        return body

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Hidden states (B, T, D), zero where there is no word.

        mask (B, T) is True where there is a word; padding may be anywhere, and is read over.
        Raises KitError for ids that the vocabulary lacks, and where `set_words` was not called.
        """
        check_ids(ids, self.config.vocabulary)
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
        rows = self.row_of[ids]
        if (rows < 0).any():
            raise KitError("nobody said which row a word has: call body.set_words(rows, letters).")
        words, place = ids.unique(return_inverse=True)
        return self.read(self.embedding(rows), self.spell(self.spelling[words])[place], mask)

    def spell(self, letters: Tensor) -> Tensor:
        """Letters (N, L), -1 behind a word's last -> (N, 2E): the last state of each direction."""
        return self.layers[0].spell(letters.long())

    def read(self, vectors: Tensor, spelled: Tensor, mask: Tensor) -> Tensor:
        """Vectors (B, T, D), spelled words (B, T, 2E), mask (B, T) -> hidden (B, T, D)."""
        return self.layers[0].read(torch.cat([spelled, vectors], -1), mask)


class Layer(nn.Module):
    """All that is above the table of words."""

    def __init__(self, config: WordLSTMConfig) -> None:
        super().__init__()
        e, d = config.letter_width, config.width
        self.letters = nn.Embedding(config.letters, e)
        self.spell_forward, self.spell_backward = CoupledLSTM(e, e), CoupledLSTM(e, e)
        self.read_forward = CoupledLSTM(2 * e + d, d)
        self.read_backward = CoupledLSTM(2 * e + d, d)
        self.output = nn.Linear(2 * d, d)

    def spell(self, letters: Tensor) -> Tensor:
        there = letters >= 0
        sizes = there.sum(1)
        letters = letters[:, : int(sizes.max())]
        vectors = self.letters(letters.clamp(min=0))
        forward, backward = two_directions(self.spell_forward, self.spell_backward, vectors, sizes)
        last = forward[torch.arange(len(letters), device=letters.device), sizes - 1]
        return torch.cat([last, backward[:, 0]], -1)

    def read(self, inputs: Tensor, mask: Tensor) -> Tensor:
        # Words first, then padding: so that padding on the left, or a hole, is read over.
        order = (~mask).int().argsort(dim=1, stable=True)[..., None]  # (B, T, 1)
        inputs = inputs.gather(1, order.expand_as(inputs))
        states = two_directions(self.read_forward, self.read_backward, inputs, mask.sum(1))
        hidden = torch.tanh(self.output(torch.cat(states, -1)))
        back = order.argsort(1)
        return hidden.gather(1, back.expand_as(hidden)) * mask[..., None]


class CoupledLSTM(nn.Module):
    """x (B, T, I) -> (B, T, H): an LSTM whose input gate is 1 - its forget gate (Greff et al. 2017,
    arxiv.org/abs/1503.04069):

    j, f, o = [x; h] W + b;  f = σ(f + 1);  c' = f c + (1 - f) tanh(j);  h' = σ(o) tanh(c')
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs + hidden, 3 * hidden))
        nn.init.xavier_uniform_(self.weight)
        self.bias = nn.Parameter(torch.zeros(3 * hidden))
        self.first_cell = nn.Parameter(torch.zeros(hidden))
        self.first_output = nn.Parameter(torch.zeros(hidden))

    def forward(self, x: Tensor) -> Tensor:
        c, h = (first.expand(len(x), -1) for first in (self.first_cell, self.first_output))
        from_input = x @ self.weight[: x.shape[2]] + self.bias  # (B, T, 3H)
        from_state = self.weight[x.shape[2] :]
        states = []
        for step in from_input.unbind(1):
            j, f, o = (step + h @ from_state).chunk(3, -1)
            f = torch.sigmoid(f + 1)
            c = f * c + (1 - f) * torch.tanh(j)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, 1)


def two_directions(
    forward: CoupledLSTM, backward: CoupledLSTM, x: Tensor, sizes: Tensor
) -> tuple[Tensor, Tensor]:
    """The states (B, T, H) of each direction, of texts with `sizes` (B,) words before their
    padding: the one that reads back begins at the last word."""
    places = torch.arange(x.shape[1], device=x.device)
    back = (sizes[:, None] - 1 - places).where(places < sizes[:, None], places)  # (B, T)
    rows = torch.arange(len(x), device=x.device)[:, None]
    return forward(x), backward(x[rows, back])[rows, back]
