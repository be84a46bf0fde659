"""Attention of a Transformer: positions, masks, the key-value cache, products.

B batch, T new tokens, S tokens so far (new and cached), H query heads, G key-value heads,
W width of a head. mask (B, S) is True where there is a token; None where nothing is padded.
Padding may be anywhere: on the left, on the right, or between tokens.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from kit.models.exporting import is_exporting

__all__ = [
    "Cache",
    "attend",
    "causal_mask",
    "encoder_mask",
    "local_mask",
    "padded_right",
    "positions_of",
    "weights",
]


def positions_of(ids: Tensor, mask: Tensor | None, past: int, more: int = 0) -> Tensor:
    """The position of each new token, (T,) or (B, T), counted over the real tokens alone.

    past: the number of cached tokens, which are left out. more: cached ones that are not.
    """
    if mask is None:
        return torch.arange(past, past + more + ids.shape[1], device=ids.device)
    return (mask.long().cumsum(1) - 1).clamp_(0)[:, past:]


def padded_right(mask: Tensor) -> bool:
    """Whether each row of mask (B, S) has all its tokens before all its padding: no padding on the
    left, and no hole."""
    return not (mask[:, 1:] & ~mask[:, :-1]).any()


def encoder_mask(mask: Tensor | None) -> Tensor | None:
    """The tokens that every token of an encoder sees, (B, 1, 1, S): all but the padding.

    None where nothing is padded. It is also the mask of cross-attention to an encoder's states.
    """
    if mask is None:
        return None
    # A row of nothing but padding sees all of itself: a softmax over no key would be NaN.
    return (mask | ~mask.any(1, keepdim=True))[:, None, None]


def causal_mask(mask: Tensor | None, past: int, ids: Tensor) -> Tensor | None:
    """The tokens that each token of a decoder sees, (B, 1, T, S): itself and those before it.

    past: the number of cached tokens, S - T. None where `attend` needs no mask: all S tokens are
    visible to the one new token, or the kernel's own causal mask (`causal=True`) is enough.
    """
    T = ids.shape[1]
    if mask is None and (past == 0 or T == 1):
        return None
    if not is_exporting() and past == 0 and padded_right(mask):  # padding after all real tokens
        return None
    key = torch.arange(past + T, device=ids.device)
    query = key[past:, None]
    causal = key <= query  # (T, S)
    if mask is None:
        return causal[None, None]
    # Each token of padding sees itself: a softmax over no key would be NaN.
    return ((causal & mask[:, None]) | (key == query))[:, None]


def local_mask(
    visible: Tensor | None, mask: Tensor | None, past: int, ids: Tensor, window: int, causal: bool
) -> Tensor | None:
    """`visible` without the tokens that are `window` or more tokens away, (B, 1, T, S).

    visible: that of `causal_mask` or `encoder_mask`. Distances are those of `positions_of`.
    """
    S = past + ids.shape[1]
    if S <= window and not is_exporting():  # nothing is so far away
        return visible
    places = (
        torch.arange(S, device=ids.device)[None] if mask is None else positions_of(ids, mask, 0)
    )
    near = (places[:, past:, None] - places[:, None]).abs() < window  # (B or 1, T, S)
    if visible is not None:
        return visible & near[:, None]
    return (near.tril(past) if causal else near)[:, None]


class Cache:
    """Key-value cache: keys and values of the tokens so far, so that only new tokens are computed.

    shape: (B, G, length, W). The memory for `length` tokens is allocated once, with the type and
    device of `like`; `used` is the number of tokens in it.
    own: each layer's keys and values. memory: those of an encoder's hidden states, per layer.
    """

    def __init__(self, layers: int, shape: tuple[int, int, int, int], like: Tensor) -> None:
        self.own = [(like.new_empty(shape), like.new_empty(shape)) for _ in range(layers)]
        self.memory: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self.used = 0

    def add(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store the keys and values of new tokens (B, G, T, W); return all so far (B, G, S, W)."""
        end = self.used + key.shape[2]
        keys, values = self.own[layer]
        keys[:, :, self.used : end] = key
        values[:, :, self.used : end] = value
        return keys[:, :, :end], values[:, :, :end]

    def reorder(self, rows: Tensor) -> None:
        """Continue from these rows (B,) of the batch; a row may come several times."""
        self.own = [(key[rows], value[rows]) for key, value in self.own]
        self.memory = [kv and (kv[0][rows], kv[1][rows]) for kv in self.memory]


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    visible: Tensor | None,
    causal: bool,
    scale: float | None = None,
    softcap: float | None = None,
) -> Tensor:
    """softmax(scale Q Kᵀ + M) V by torch's fused kernel: (B, H, T, W).

    q (B, H, T, W), k and v (B, G, S, W). visible: True where a query may see a key, broadcast to
    (B, H, T, S); None for everywhere; or M itself, in numbers. causal=True: token t sees tokens 0
    to t, and `visible` is None. M is 0 where a key is visible and -∞ elsewhere. scale: None for
    1 / √W. softcap: c, with which a score s becomes c tanh(s / c); no fused kernel has it.
    """
    if softcap is not None:
        v = v.repeat_interleave(q.shape[1] // v.shape[1], dim=1)
        return weights(q, k, visible, causal, scale, softcap) @ v
    if visible is not None and visible.is_floating_point():
        visible = visible.to(q.dtype)
    options = {"is_causal": causal, "enable_gqa": q.shape[1] != k.shape[1], "scale": scale}
    if q.device.type == "cpu" and q.requires_grad:
        # On a CPU the kernel's backward pass is five times slower in bfloat16 than in float32.
        # Plain products in bfloat16 are twice as fast as the kernel in float32, but they need
        # memory for all T · S weights: they are used only for short texts.
        if q.dtype == torch.bfloat16 and q.shape[2] * k.shape[2] <= 256**2:
            v = v.repeat_interleave(q.shape[1] // v.shape[1], dim=1)
            return weights(q, k, visible, causal, scale) @ v
        with torch.autocast("cpu", enabled=False):
            if visible is not None and visible.is_floating_point():
                visible = visible.float()
            output = F.scaled_dot_product_attention(
                q.float(), k.float(), v.float(), visible, **options
            )
            return output.to(v.dtype)
    return F.scaled_dot_product_attention(q, k, v, visible, **options)


def weights(
    q: Tensor,
    k: Tensor,
    visible: Tensor | None,
    causal: bool,
    scale: float | None = None,
    softcap: float | None = None,
) -> Tensor:
    """The attention weights softmax(scale Q Kᵀ + M): (B, H, T, S), each row sums to 1.

    The arguments are those of `attend`, whose fused kernel never holds these weights in memory.
    """
    k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    scores = (q * (q.shape[-1] ** -0.5 if scale is None else scale)) @ k.mT
    if softcap is not None:
        scores = softcap * (scores / softcap).tanh()
    if causal:
        visible = torch.ones_like(scores[0, 0], dtype=torch.bool).tril()
    if visible is not None and visible.is_floating_point():
        scores = scores + visible
    elif visible is not None:
        lowest = torch.finfo(scores.dtype).min
        scores = scores + scores.new_zeros(()).masked_fill(~visible, lowest)
    return scores.softmax(-1)
