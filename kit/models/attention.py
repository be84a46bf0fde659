"""What each token of a Transformer has in view: where it stands, whom it sees, what it remembers.

B batch, T new tokens, S tokens so far, G key-value heads, W width of a head.
mask (B, S) is True where there is a token; None where nothing is padded.
"""

import torch
from torch import Tensor

__all__ = ["Cache", "look_around", "look_back", "places_of", "rotate", "rotation"]


def places_of(ids: Tensor, mask: Tensor | None, past: int) -> Tensor:
    """The position of each token (T,) or (B, T), counted from the first that is not padding."""
    if mask is None:
        return torch.arange(past, past + ids.shape[1], device=ids.device)
    return (mask.long().cumsum(1) - 1).clamp_(0)[:, past:]


def look_around(mask: Tensor | None) -> Tensor | None:
    """What every token sees of an encoder's, (B, 1, 1, S): all but the padding; None: all."""
    if mask is None:
        return None
    # A row of padding alone sees itself: a softmax over nothing would be NaN.
    return (mask | ~mask.any(1, keepdim=True))[:, None, None]


def look_back(mask: Tensor | None, past: int, ids: Tensor) -> Tensor | None:
    """What each token of a decoder sees, (B, 1, T, S); None: just itself and all before it."""
    new = ids.shape[1]
    if mask is None and (past == 0 or new == 1):
        return None
    if past == 0 and mask[:, 0].all():  # padding on the right comes after all real tokens
        return None
    before = torch.ones(new, past + new, dtype=torch.bool, device=ids.device).tril(past)
    if mask is None:
        return before[None, None]
    # Padding sees itself: a softmax over nothing would be NaN.
    return ((before & mask[:, None]) | (before ^ before.tril(past - 1)))[:, None]


class Cache:
    """Keys and values of the tokens read so far, so that each new token is read alone.

    Room for `length` tokens is taken once; `used` tells how much of it is filled.
    """

    def __init__(self, layers: int, shape: tuple[int, int, int, int], like: Tensor) -> None:
        self.own = [(like.new_empty(shape), like.new_empty(shape)) for _ in range(layers)]
        self.memory: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self.used = 0

    def add(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the new keys and values (B, G, T, W); return all so far (B, G, S, W)."""
        end = self.used + key.shape[2]
        keys, values = self.own[layer]
        keys[:, :, self.used : end] = key
        values[:, :, self.used : end] = value
        return keys[:, :, :end], values[:, :, :end]

    def reorder(self, rows: Tensor) -> None:
        """Continue from these rows (B,) of the batch; a row may come several times."""
        self.own = [(key[rows], value[rows]) for key, value in self.own]
        self.memory = [kv and (kv[0][rows], kv[1][rows]) for kv in self.memory]


def rotation(places: Tensor, width: int, base: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """cos and ± sin (T, W) or (B, 1, T, W) of the angles place · base^(-2 i / W).

    Su et al. 2021, arxiv.org/abs/2104.09864. The pair i is the numbers i and i + W / 2.
    """
    i = torch.arange(0, width, 2, device=places.device, dtype=torch.float)
    angle = places[..., None] / base ** (i / width)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.cat((cos, cos), -1).to(like.dtype), torch.cat((-sin, sin), -1).to(like.dtype)
    return turn if places.dim() == 1 else (turn[0][:, None], turn[1][:, None])


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of numbers (a, b) of x (..., T, W): (a cos - b sin, b cos + a sin)."""
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), sin)
