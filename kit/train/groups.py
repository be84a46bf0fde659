"""Parameter groups: are they of the model that is trained, and can they train?"""

import math
from numbers import Real

from torch import nn

from kit.errors import KitError

__all__ = ["check_groups"]

NEEDED, OPTIONAL = {"params", "rate"}, {"start"}
"""Fields of a group."""


def check_groups(model: nn.Module, groups: list[dict]) -> None:
    """Raise KitError for groups that `training_steps` cannot train in this model.

    Those are groups of another model, which would train nothing here; a parameter in two groups;
    a rate that is no number above 0; a start that is no share of the budget; unknown fields.
    """
    if not isinstance(groups, list) or not all(isinstance(g, dict) for g in groups):
        raise KitError(f"groups={_short(groups)} are none: give migration.groups, a list of dicts.")
    names = {p: name for name, p in model.named_parameters()}
    grouped = set()
    for group in groups:
        if group.keys() - NEEDED - OPTIONAL or NEEDED - group.keys():
            raise KitError(
                f"a group has the fields {', '.join(map(str, group))}: give params and rate, and "
                "perhaps start."
            )
        _check_number("rate", group["rate"], 0 < _number(group["rate"]) < math.inf, "above 0")
        start = group.get("start", 0.0)
        _check_number("start", start, 0 <= _number(start) < 1, "a share, from 0 to below 1")
        parameters = list(group["params"])
        if strange := [p for p in parameters if p not in names]:
            raise KitError(
                f"{len(strange)} of the {len(parameters)} parameters of a group are not in this "
                "model, so that nothing would train them: give the groups of its own migration, "
                "as in fit(m.model, ..., **m.training)."
            )
        if twice := grouped & set(parameters):
            raise KitError(f"{names[twice.pop()]} is in two groups: leave it out of one of them.")
        grouped |= set(parameters)


def _check_number(name: str, value: object, fits: bool, wanted: str) -> None:
    if not fits:
        raise KitError(f"{name}={value!r} of a group cannot train: it must be {wanted}.")


def _number(value: object) -> float:
    """The value, or nan where it is no number."""
    return value if isinstance(value, Real) and not isinstance(value, bool) else math.nan


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
