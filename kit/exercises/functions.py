"""Functions and numbers that a student gives: tried on examples, their faults said in words."""

import inspect
from collections.abc import Callable, Iterable
from copy import deepcopy
from numbers import Real

__all__ = [
    "NotAnswered",
    "Refusal",
    "call",
    "kind",
    "number",
    "numbers",
    "result",
    "several",
    "tensor",
]


class Refusal(Exception):
    """An answer that cannot be judged, because of its type or of an error: why, in words."""


class NotAnswered(Exception):
    """A function that still returns three dots."""


def call(function: Callable, text: str, *arguments):
    """What the function returns for these arguments. text: the call as the student reads it.

    Raises `Refusal` for what is no function, takes other arguments, raises an error or returns
    nothing; `NotAnswered` for one that returns `...`, alone or in a tuple.
    """
    if not callable(function):
        raise Refusal(
            f"{kind(function)}, is no function: give the name of your function, without brackets."
        )
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError:
        count = len(signature.parameters)
        raise Refusal(
            f"The exercise calls `{text}`, with {len(arguments)} arguments. Your function has "
            f"{count}: write its first line as the exercise has it."
        ) from None
    try:
        result = function(*arguments)
    except Refusal:  # of a function that the exercise gave to it
        raise
    except Exception as error:
        raise Refusal(f"`{text}` stops with {type(error).__name__}: {error}") from error
    if result is None:
        raise Refusal(f"`{text}` returns nothing: end your function with `return` and a value.")
    if any(part is ... for part in (result if isinstance(result, tuple) else (result,))):
        raise NotAnswered
    return result


def result(function: Callable, text: str, *arguments, wanted: str):
    """What `call` returns for copies of these arguments, where it is of the wanted type.

    wanted: "a number"; "a list", of whatever has parts; "a text"; or "an array". Raises `Refusal`
    for another type, and whatever `call` raises.
    """
    value = call(function, text, *deepcopy(arguments))
    if wanted == "a number":
        return number(value, f"`{text}`")
    if wanted == "a list" and isinstance(value, Iterable) and not isinstance(value, str | dict):
        return list(value)
    if (wanted == "an array" and hasattr(value, "shape")) or (
        wanted == "a text" and isinstance(value, str)
    ):
        return value
    raise Refusal(f"`{text}` returns {kind(value)}: it should return {wanted}.")


def number(value: object, name: str = "Your answer", wanted: str = "one number") -> float:
    """The value, if it is a number. Raises `Refusal` for everything else, a truth value too.

    wanted: what to give in its place, "a whole number, such as 12".
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # of NumPy or torch
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Refusal(f"{name} is {kind(value)}: give {wanted}.")
    if value != value:
        raise Refusal(f"{name} is nan, which is no number: a division of 0 by 0, perhaps?")
    return float(value)


def several(value: object, example: str) -> tuple:
    """The parts of the value as a tuple. Raises `Refusal` for a text, or for what has no parts."""
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
        raise Refusal(f"{kind(value)}, is not several answers: give them in brackets, {example}.")
    return tuple(value)


def tensor(value: object, shape: tuple[int, ...], name: str):
    """The value, if it is a tensor of this shape; else `Refusal`. name: "forward(x)"."""
    import torch

    if not isinstance(value, torch.Tensor):
        raise Refusal(f"{name} must be a tensor, and is {kind(value)}.")
    if tuple(value.shape) != shape:
        raise Refusal(f"{name} must have the shape {shape}, and has {tuple(value.shape)}.")
    return value


def numbers(values) -> str:
    """The numbers of a tensor, with two decimals."""
    return "[" + ", ".join(f"{value:.2f}" for value in values.tolist()) + "]"


def kind(value: object) -> str:
    """A value and what it is, in words: "'a', a text"."""
    names = {str: "a text", bool: "a truth value", dict: "a dictionary", type(None): "nothing"}
    names |= {list: "a list", tuple: "a tuple", int: "a number", float: "a number", set: "a set"}
    name = names.get(type(value), f"an object of the type {type(value).__name__}")
    shown = repr(value)
    return f"{shown if len(shown) <= 40 else shown[:40] + ' …'}, {name}"
