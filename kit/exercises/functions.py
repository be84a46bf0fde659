"""Functions and numbers that a student gives: tried on examples, their faults said in words."""

import inspect
from collections.abc import Callable
from numbers import Real

__all__ = ["NotAnswered", "Refusal", "call", "kind", "number", "numbers"]


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
            f"{kind(function)} is no function: give the name of your function, without brackets."
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
    except Exception as error:
        raise Refusal(f"`{text}` stops with {type(error).__name__}: {error}") from error
    if result is None:
        raise Refusal(f"`{text}` returns nothing: end your function with `return` and a value.")
    if any(part is ... for part in (result if isinstance(result, tuple) else (result,))):
        raise NotAnswered
    return result


def number(value: object, name: str) -> float:
    """The value as a number. Raises `Refusal` for everything else, a truth value too."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # of NumPy or torch
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Refusal(f"{name} is {kind(value)}: give one number.")
    if value != value:
        raise Refusal(f"{name} is nan, which is no number: a division of 0 by 0, perhaps?")
    return float(value)


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
