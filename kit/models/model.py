"""Model: a head on top of a body."""

from torch import Tensor, nn

__all__ = ["Model"]


class Model(nn.Module):
    """logits = head(body(ids)).

    B batch, T tokens, U tokens of a target. ids (B, T) int64; mask (B, T) bool, True where there
    is a token; target (B, U) int64, only for a `SequenceHead`. A head with `needs_ids = True`
    also takes the ids (`CopyHead`). The head decides the shape of the logits.
    """

    def __init__(self, body: nn.Module, head: nn.Module):
        super().__init__()
        self.body = body
        self.head = head

    def forward(self, ids: Tensor, mask: Tensor, target: Tensor | None = None) -> Tensor:
        hidden = self.body(ids, mask)  # (B, T, D)
        inputs = [hidden, mask]
        if target is not None:
            inputs.append(target)
        if getattr(self.head, "needs_ids", False):  # a head of the user's need not have it
            inputs.append(ids)
        return self.head(*inputs)
