"""Adapters: small trained bottlenecks after each module of a frozen body.

B batch, T tokens, D width.
"""

from torch import Tensor, nn

from kit.migrate.migration import Migration, WeightMap, group, migration
from kit.migrate.mixed.lora import replace
from kit.models.rnn import Layer
from kit.models.transformer import Attention, FeedForward

__all__ = ["Adapted", "adapter"]


def adapter(body: nn.Module, head: nn.Module, *, size: int = 32, rate: float = 1e-3) -> Migration:
    """Copy every value; train small bottlenecks, the norms, and the head.

    y + U gelu(V y) after each attention and feed-forward module, or each layer of an RNN; U is
    zero at first, so that the target begins as the source.
    size: the width of the bottleneck. Houlsby et al. 2019, arxiv.org/abs/1902.00751.
    """
    weight_map = WeightMap(body, head)
    norms = [p for name, p in body.named_parameters() if "norm" in name]
    replace(
        body,
        lambda _, part: isinstance(part, Attention | FeedForward | Layer),
        lambda part: Adapted(part, _output_width(part), size),
    )
    new = [m.adapter for m in body.modules() if isinstance(m, Adapted)]
    notes = {p: "zero: it adds nothing yet" for m in new for p in m[2].parameters()}
    return migration(body, head, weight_map, [group(rate, *new, *norms, head)], notes=notes)


def _output_width(part: nn.Module) -> int:
    """The size of a module's output for each token."""
    if isinstance(part, Layer):
        return sum(rnn.hidden_size for rnn in part.rnns)
    last = part.output if isinstance(part, Attention) else part.down
    return last.out_features


class Adapted(nn.Module):
    """x -> y + U gelu(V y), y = base(x): of the base's shape (B, T, D)."""

    def __init__(self, base: nn.Module, width: int, size: int) -> None:
        super().__init__()
        self.base = base
        self.adapter = nn.Sequential(nn.Linear(width, size), nn.GELU(), nn.Linear(size, width))
        nn.init.normal_(self.adapter[0].weight, std=0.02)
        for p in (self.adapter[0].bias, *self.adapter[2].parameters()):
            nn.init.zeros_(p)

    def forward(self, *args, **options) -> Tensor:
        y = self.base(*args, **options)
        return y + self.adapter(y)
