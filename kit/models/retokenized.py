"""Use a body with another tokenizer than its own.

B batch, T tokens of our tokenizer, D width.
"""

from bisect import bisect_right
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kit.tokenizer import Tokenizer

__all__ = ["Retokenized"]


class Retokenized(nn.Module):
    """ids (B, T) of our tokenizer -> hidden (B, T, D) of a body with a tokenizer of its own.

    Our ids are decoded, the text is encoded by the body's own tokenizer, and each of our tokens
    gets the hidden state of the body's token that has its last character. So MiniLM, which knows
    no capitals, can be the encoder for a decoder that copies our tokens. While no parameter of
    the body is trained, the states of each text are cached in `known`.
    """

    def __init__(self, body: nn.Module, own: Tokenizer, ours: Tokenizer) -> None:
        super().__init__()
        self.body, self.own, self.ours = body, own, ours
        self.config, self.width = body.config, body.width
        self.known: dict[tuple[int, ...], Tensor] = {}

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
        rows = [tuple(row[real].tolist()) for row, real in zip(ids, mask, strict=True)]
        frozen = not any(p.requires_grad for p in self.body.parameters())
        known = self.known if frozen else {}
        new = [row for row in dict.fromkeys(rows) if row not in known]
        if new:
            with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
                if frozen:
                    self.body.eval()  # without dropout: this is kept
                known |= zip(new, self.read(new), strict=True)
        hidden = ids.new_zeros(*ids.shape, self.width, dtype=known[rows[0]].dtype)
        return hidden.masked_scatter(mask[..., None], torch.cat([known[row] for row in rows]))

    def read(self, rows: Sequence[Sequence[int]]) -> list[Tensor]:
        """The hidden states of each row's tokens, (T, D) each, without the cache."""
        device = next(self.body.parameters()).device
        texts = [self.ours.decode(row) for row in rows]
        spans = [self.own.spans(text, self.config.block_size) for text in texts]
        ids = pad_sequence([torch.tensor(i) for i, _ in spans], batch_first=True).to(device)
        lengths = torch.tensor([len(i) for i, _ in spans], device=device)
        mask = torch.arange(ids.shape[1], device=device) < lengths[:, None]
        hidden = self.body(ids, mask)
        return [
            states[self.places(row, begins)]
            for states, row, (_, begins) in zip(hidden, rows, spans, strict=True)
        ]

    def places(self, row: Sequence[int], begins: Sequence[int]) -> list[int]:
        """For each of our tokens, the index of the body's token that has its last character.

        begins: the position in the text where each of the body's tokens begins, ascending.
        """
        ends = [len(self.ours.decode(row[: i + 1])) for i in range(len(row))]
        places = [max(0, bisect_right(begins, end - 1) - 1) for end in ends]
        if len(row) > 1 and row[-1] == self.ours.eos:  # our end token gets the body's last one
            places[-1] = len(begins) - 1
        return places
