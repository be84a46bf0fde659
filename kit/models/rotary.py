"""Rotary positions (Su et al. 2021, arxiv.org/abs/2104.09864), and how they are stretched.

T tokens, W width of a head, R numbers of a head that are rotated, usually all W.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from kit.errors import KitError

__all__ = ["SCALINGS", "checked_scaling", "periods", "rotary_angles", "rotate"]

SCALINGS: dict[str, dict[str, object]] = {
    "linear": {"factor": None},
    "dynamic": {"factor": None},
    "llama3": {
        "factor": None,
        "low_freq_factor": None,
        "high_freq_factor": None,
        "original_max_position_embeddings": None,
    },
    "yarn": {
        "factor": None,
        "original_max_position_embeddings": None,
        "attention_factor": 0.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "mscale": 0.0,
        "mscale_all_dim": 0.0,
        "truncate": True,
    },
}
"""`rope_type` -> its settings and their defaults; None where a setting has none.

dynamic: for texts within the length that config.json states, and the kit reads no longer ones,
it is the same as no scaling."""


def checked_scaling(scaling) -> tuple[tuple[str, object], ...] | None:
    """A scaling, as a dict or as pairs, as sorted pairs with `rope_type` first.

    Raises KitError for an unknown kind or setting, a missing one, and one that is no number.
    """
    if scaling is None:
        return None
    given = dict(scaling.items() if isinstance(scaling, Mapping) else scaling)
    kind = given.pop("rope_type", None)
    if kind not in SCALINGS:
        raise KitError(f"rope_type={kind!r}: the kit knows {', '.join(SCALINGS)}.")
    values = {n: v for n, v in given.items() if v is not None}
    for name in SCALINGS[kind].keys() | values.keys():
        value = values.get(name, SCALINGS[kind].get(name))
        if name not in SCALINGS[kind]:
            raise KitError(f"{name}={value!r}: rope_type={kind!r} has no such setting.")
        if not isinstance(value, int | float) or (SCALINGS[kind][name] is None and value <= 0):
            raise KitError(f"{name}={value!r}: rope_type={kind!r} needs a number above 0.")
    return (("rope_type", kind), *sorted(values.items()))


def periods(size: int, base: float, scaling: tuple | None = None) -> tuple[Tensor, float]:
    """Tokens in which each pair rotates by one radian, base^(2 i / R), (R/2,); and the factor by
    which cosine and sine are multiplied, 1 but for yarn.

    size: R. scaling: see `SCALINGS`; the formulas are those of `transformers`.
    """
    pair = torch.arange(0, size, 2, dtype=torch.float)
    plain = base ** (pair / size)
    values = dict(scaling or ())
    kind = values.pop("rope_type", "dynamic")
    values = SCALINGS[kind] | values
    if kind == "linear":
        return plain * values["factor"], 1.0
    if kind == "llama3":
        return _llama3(plain, values), 1.0
    if kind == "yarn":
        return _yarn(plain, base, values), _yarn_factor(values)
    return plain, 1.0


def _llama3(plain: Tensor, values: dict) -> Tensor:
    """Long waves are stretched, short ones are not, and those between in part."""
    low, high = values["low_freq_factor"], values["high_freq_factor"]
    turns = values["original_max_position_embeddings"] / (2 * math.pi * plain)  # in the old length
    share = ((turns - low) / (high - low)).clamp(0, 1)
    return 1 / ((1 - share) / (plain * values["factor"]) + share / plain)


def _yarn(plain: Tensor, base: float, values: dict) -> Tensor:
    """YaRN (Peng et al. 2023, arxiv.org/abs/2309.00071)."""
    size, length = 2 * len(plain), values["original_max_position_embeddings"]

    def pair_of(rotations: float) -> float:
        return size * math.log(length / (rotations * 2 * math.pi)) / (2 * math.log(base))

    low, high = pair_of(values["beta_fast"]), pair_of(values["beta_slow"])
    if values["truncate"]:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    ramp = (torch.arange(len(plain)) - low) / ((high - low) or 0.001)
    stretched = ramp.clamp(0, 1)
    return 1 / (stretched / (plain * values["factor"]) + (1 - stretched) / plain)


def _yarn_factor(values: dict) -> float:
    if values["attention_factor"]:
        return values["attention_factor"]

    def magnitude(scale: float, times: float = 1.0) -> float:
        return 0.1 * times * math.log(scale) + 1 if scale > 1 else 1.0

    factor, above, below = (values[n] for n in ("factor", "mscale", "mscale_all_dim"))
    if above and below:
        return magnitude(factor, above) / magnitude(factor, below)
    return magnitude(factor)


def rotary_angles(
    positions: Tensor, tokens: Tensor, like: Tensor, factor: float = 1.0
) -> tuple[Tensor, Tensor]:
    """cos and ± sin, (T, R) or (B, 1, T, R), of the angles position / tokens, in radians.

    positions (T,) or (B, T); tokens (R/2,) and factor: those of `periods`. Pair i, from 0 to
    R/2 - 1, is the numbers i and i + R / 2 of a head; the sine of its first number has a minus
    sign, as `rotate` needs it. Both have the type of `like`.
    """
    angle = positions[..., None] / tokens.to(positions.device)
    cos, sin = angle.cos() * factor, angle.sin() * factor
    cos = torch.cat((cos, cos), -1).to(like.dtype)
    sin = torch.cat((-sin, sin), -1).to(like.dtype)
    if positions.dim() == 1:
        return cos, sin
    return cos[:, None], sin[:, None]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate each pair of numbers (a, b) of x (..., T, W): (a cos - b sin, b cos + a sin).

    Numbers beyond the first R, the width of cos and sin, stay as they are.
    """
    size = cos.shape[-1]
    if size < x.shape[-1]:
        return torch.cat((rotate(x[..., :size], cos, sin), x[..., size:]), -1)
    return torch.addcmul(x * cos, x.roll(size // 2, -1), sin)
