"""A student's function, tried on an example: what breaks is said in words."""

from collections.abc import Callable
from copy import deepcopy
from numbers import Integral, Real

from kit.errors import KitError

__all__ = ["call"]

SHOWN = 80
"""Characters of an argument or a value in a message."""


def call(function: Callable, *arguments, signature: str, returns: str):
    """What the function returns for copies of these arguments.

    signature: as the exercise asks for it, "decode(tags)". returns: "a number", "a whole number",
    "a list" (a tuple will do), "a text", or "an array". Raises KitError, in words for a student:
    no function, an exception within it, nothing returned, another type returned.
    """
    if not callable(function):
        raise KitError(f"{_brief(function)} is no function: write def {signature}: …")
    name = signature.partition("(")[0]
    shown = f"{name}({', '.join(_brief(argument) for argument in arguments)})"
    try:
        value = function(*deepcopy(arguments))
    except KitError as error:
        raise KitError(f"{name}: {str(error).rstrip('.')}.") from error
    except Exception as error:  # whatever a student's code raises: the student is told
        raise KitError(f"{shown} stops with {type(error).__name__}: {error}.") from error
    if value is None or value is ...:
        raise KitError(f"{shown} returns nothing: end the function with return and the answer.")
    if not _is(value, returns):
        kind = type(value).__name__
        raise KitError(f"{shown} returns {_brief(value)} ({kind}): it should return {returns}.")
    return list(value) if returns == "a list" else value


def _is(value, kind: str) -> bool:
    if kind == "an array":
        return hasattr(value, "shape")
    if kind == "a number":
        single = getattr(value, "shape", None) == ()  # a number of numpy's, or of torch's
        return (isinstance(value, Real) or single) and not isinstance(value, bool)
    if kind == "a whole number":
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, {"a list": list | tuple, "a text": str}[kind])


def _brief(value) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
