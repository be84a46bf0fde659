"""Prefix and prompt tuning: trained vectors before the text, for a frozen body.

B batch, T tokens, P tokens of a prefix or prompt, D width, H heads, G key-value heads, W width of
a head.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kit.errors import KitError
from kit.migrate.migration import Migration, WeightMap, group, migration
from kit.migrate.mixed.lora import replace
from kit.models import Transformer
from kit.models.transformer import Attention

__all__ = ["Prefixed", "Prompted", "prefix_tuning", "prompt_tuning"]


def prefix_tuning(
    body: nn.Module, head: nn.Module, *, length: int = 16, rate: float = 5e-3
) -> Migration:
    """Copy every value; train `length` keys and values before the text in each attention.

    softmax(q [Pₖ; K]ᵀ / √W) [Pᵥ; V]. Li & Liang 2021, arxiv.org/abs/2101.00190, without their
    reparametrisation, which is discarded after training. Raises KitError for an RNN.
    """
    if not isinstance(body, Transformer):
        raise KitError(
            "a prefix is keys and values of an attention, and an RNN has none: "
            'take "prompt_tuning", which puts vectors before the text.'
        )
    weight_map = WeightMap(body, head)
    replace(body, lambda _, m: isinstance(m, Attention), lambda part: Prefixed(part, length))
    new = [p for name, p in body.named_parameters() if "prefix_" in name]
    return migration(body, head, weight_map, [group(rate, *new, head)])


class Prefixed(nn.Module):
    """An attention with P keys and values of its own before those of the text, (G, P, W) each."""

    def __init__(self, base: Attention, length: int) -> None:
        super().__init__()
        self.base = base
        shape = base.config.groups, length, base.config.size_per_head
        self.prefix_key = nn.Parameter(torch.randn(shape) * 0.02)
        self.prefix_value = nn.Parameter(torch.randn(shape) * 0.02)

    def forward(self, x, visible, memory=None, turn=None, cache=None, seen=None) -> Tensor:
        """x (B, T, D) -> (B, T, D). The prefix has no position: its keys are not rotated."""
        base, T = self.base, x.shape[1]
        q, k, v = base.queries_keys_values(x, turn)
        if cache:
            k, v = cache.add(base.layer, k, v)  # (B, G, S, W)
        if visible is None and base.config.causal and T > 1:
            visible = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()[None, None]
        if visible is not None:
            seen_by_all = 0.0 if visible.is_floating_point() else True
            visible = F.pad(visible, (len(self.prefix_key[0]), 0), value=seen_by_all)
        k = torch.cat([self.prefix_key.to(k.dtype).expand(len(x), -1, -1, -1), k], 2)
        v = torch.cat([self.prefix_value.to(v.dtype).expand(len(x), -1, -1, -1), v], 2)
        return base.read(q, k, v, visible, False, seen)  # weights (B, H, T, P + S)


def prompt_tuning(
    body: nn.Module, head: nn.Module, *, length: int = 16, rate: float = 1e-2
) -> Migration:
    """Copy every value; train `length` vectors that stand before each text like token embeddings.

    They begin as embeddings of random tokens. Lester et al. 2021, arxiv.org/abs/2104.08691.
    A Transformer then has room for `length` tokens less of the text; the head reads only the
    hidden states of the text.
    """
    weight_map = WeightMap(body, head)
    prompted = Prompted(body, length)
    return migration(prompted, head, weight_map, [group(rate, prompted.prompt, head)])


class Prompted(nn.Module):
    """A body with P trained vectors before each text: ids (B, T) -> hidden (B, T, D)."""

    def __init__(self, base: nn.Module, length: int) -> None:
        super().__init__()
        self.base, self.config, self.width = base, base.config, base.width
        with torch.no_grad():
            tokens = base.embedding(torch.randint(base.config.vocabulary, (length,)))
        self.prompt = nn.Parameter(tokens.clone())

    @property
    def embedding(self) -> nn.Embedding:
        """The token embeddings (V, D)."""
        return self.base.embedding

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        P = len(self.prompt)
        if mask is None:
            mask = torch.ones_like(ids).bool()
        placeholders = ids.new_zeros(len(ids), P)
        hook = self.embedding.register_forward_hook(self.put)
        try:
            hidden = self.base(torch.cat([placeholders, ids], 1), F.pad(mask, (P, 0), value=True))
        finally:
            hook.remove()
        return hidden[:, P:]

    def put(self, _: nn.Module, __: tuple, x: Tensor) -> Tensor:
        """(B, P + T, D) with the prompt in place of the first P vectors of each text."""
        P = len(self.prompt)
        return torch.cat([self.prompt.expand(len(x), -1, -1), x[:, P:]], 1)
