"""What a student gives, checked for its type before it is judged: a wrong type is said in words."""

from collections.abc import Callable
from numbers import Real

from kit.errors import KitError

__all__ = ["a_function", "a_number", "a_tensor", "brief", "called", "several"]

SHOWN = 80
"""Characters of an answer in a message."""


def brief(answer: object) -> str:
    """The answer as Python shows it, in one line of at most `SHOWN` characters."""
    text = " ".join(repr(answer).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def a_number(answer: object, example: str) -> float:
    """The answer, or KitError where it is no number. example: "a number such as 0.9"."""
    value = answer.item() if getattr(answer, "ndim", None) == 0 else answer
    if not isinstance(value, Real) or isinstance(value, bool):
        raise KitError(f"{brief(answer)} is no number: give {example}.")
    return value


def several(answer: object, example: str) -> tuple:
    """The answer's parts as a tuple; KitError for a text, or for what has no parts."""
    if isinstance(answer, str | bytes | dict) or not hasattr(answer, "__iter__"):
        raise KitError(f"{brief(answer)} is not several answers: give them in brackets, {example}.")
    return tuple(answer)


def a_function(answer: object, signature: str) -> Callable:
    """The answer, or KitError where it is no function. signature: "mean(numbers)"."""
    if not callable(answer):
        raise KitError(
            f"{brief(answer)} is no function. Write def {signature}: … and give its name, without "
            "brackets."
        )
    return answer


def called(answer: object, signature: str, *arguments):
    """What a student's function returns for these arguments, which it may change.

    Raises KitError, in words: no function, an exception inside it, nothing returned.
    """
    function = a_function(answer, signature)
    try:
        value = function(*arguments)
    except Exception as error:  # whatever the student's code raises: the student is told
        raise KitError(
            f"Your {signature} stopped with {type(error).__name__}: {error}. Try it in a cell of "
            "its own."
        ) from error
    if value is None or value is ...:
        raise KitError(f"Your {signature} returned nothing: end it with return and the answer.")
    return value


def a_tensor(value: object, shape: tuple[int, ...], what: str):
    """The value as a tensor of this shape, or KitError. what: "forward(x)"."""
    import torch

    if not isinstance(value, torch.Tensor):
        raise KitError(f"{what} must be a tensor, and is {brief(value)} ({type(value).__name__}).")
    if tuple(value.shape) != shape:
        raise KitError(f"{what} must have the shape {shape}, and has {tuple(value.shape)}.")
    return value
