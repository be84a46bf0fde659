"""Model: a body and a head, one after the other."""

from torch import Tensor, nn

__all__ = ["Model"]


class Model(nn.Module):
    """logits = head(body(ids)).

    ids (B, T) int64, mask (B, T) bool, True where there is a token; target (B, U) only for a
    `SequenceHead`. A head with `needs_ids` also reads the ids (`CopyHead`). The shape of the
    logits is the head's.
    """

    def __init__(self, body: nn.Module, head: nn.Module):
        super().__init__()
        self.body = body
        self.head = head

    def forward(self, ids: Tensor, mask: Tensor, target: Tensor | None = None) -> Tensor:
        hidden = self.body(ids, mask)  # (B, T, D)
        extra = () if target is None else (target,)
        if getattr(self.head, "needs_ids", False):
            extra = (*extra, ids)
        return self.head(hidden, mask, *extra)
