"""Bodies, heads, and the model that is one of each."""

from torch import Tensor, nn

from kit.models.copying import CopyHead
from kit.models.heads import (
    ClassHead,
    LanguageHead,
    RatingHead,
    SequenceHead,
    TagHead,
    VectorHead,
    pool,
)
from kit.models.remembered import Remembered
from kit.models.rnn import RNN, RNNConfig
from kit.models.soup import soup
from kit.models.summary import summary
from kit.models.transformer import Transformer, TransformerConfig

__all__ = [
    "RNN",
    "ClassHead",
    "CopyHead",
    "LanguageHead",
    "Model",
    "RNNConfig",
    "RatingHead",
    "Remembered",
    "SequenceHead",
    "TagHead",
    "Transformer",
    "TransformerConfig",
    "VectorHead",
    "pool",
    "soup",
    "summary",
]


class Model(nn.Module):
    """logits = head(body(ids)).

    ids (B, T) int64, mask (B, T) bool, True where there is a token; target (B, U) only for a
    `SequenceHead`; a `CopyHead` also reads the ids. The shape of the logits is the head's.
    """

    def __init__(self, body: nn.Module, head: nn.Module):
        super().__init__()
        self.body = body
        self.head = head

    def forward(self, ids: Tensor, mask: Tensor, target: Tensor | None = None) -> Tensor:
        hidden = self.body(ids, mask)  # (B, T, D)
        extra = () if target is None else (target,)
        return self.head(hidden, mask, *extra, *([ids] if isinstance(self.head, CopyHead) else []))
