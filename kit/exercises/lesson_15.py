"""Exercises of lesson 15: cross frameworks."""

from collections.abc import Callable

import numpy as np

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import number, result

__all__ = ["EXERCISES"]


def place(answer: float) -> Verdict:
    """The first byte of row 3, column 5 of a (200, 100) matrix of float32 at byte 41,044."""
    said = number(answer)
    if said == 41_044 + 4 * (3 * 100 + 5):
        return right("Right: 305 numbers of four bytes stand before it.")
    if said == 41_044 + 305:
        return wrong("305 numbers stand before it. How many bytes has each?")
    if said == 41_044 + 4 * (5 * 200 + 3):
        return wrong("This is how it would be if columns followed each other: here rows do.")
    if said == 4 * 305:
        return wrong("This is the place within the tensor. Where does the tensor begin?")
    return wrong(f"{said:,.0f}: how many numbers stand before it, and how many bytes are these?")


def turn(answer: Callable[[str, np.ndarray], np.ndarray]) -> Verdict:
    """Only a kernel is transposed, whatever its shape."""
    tall, square = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)
    cases = {
        "encoder/layer_0/output/dense/kernel": (tall, tall.T),
        "encoder/layer_0/attention/self/query/kernel": (square, square.T),
        "embeddings/word_embeddings": (tall, tall),
        "embeddings/token_type_embeddings": (square, square),
    }
    for name, (array, wanted) in cases.items():
        said = result(answer, f"my_turn({name!r}, array)", name, array, wanted="an array")
        said = np.asarray(said)
        if said.shape == wanted.shape and np.array_equal(said, wanted):
            continue
        if name.endswith("kernel"):
            return wrong(
                f"{name} is {array.shape} in TensorFlow, (in, out): PyTorch has (out, in), also "
                "where both are equal."
            )
        return wrong(f"{name} is a table with a row for each token, in both frameworks.")
    return right("Right: the name decides, not the shape.")


def parity(answer: Callable[[np.ndarray, np.ndarray], float]) -> Verdict:
    """The largest absolute difference of two arrays of outputs."""
    one = np.array([[0.5, -1.0], [2.0, 0.0]])
    balanced = np.array([[0.1, -0.1], [0.0, 0.0]])
    cases = [(one, one, 0.0), (one, one + balanced, 0.1), (one, one - 3.0, 3.0)]
    for a, b, wanted in cases:
        said = result(answer, "my_parity(a, b)", a, b, wanted="a number")
        if not np.isclose(said, wanted):
            signed = np.isclose(said, float(np.mean(b - a)))
            more = " Differences of opposite signs must not cancel." if signed else ""
            if np.isclose(said, float((b - a).max())):
                more = " A negative difference counts too."
            return wrong(f"The largest difference is {wanted}, and yours is {said:.3g}.{more}")
    return right("Right: one number that is wrong is enough, so the largest counts.")


def choice(answer: int) -> Verdict:
    """What shows that a converted model is the same function."""
    says = {
        1: "Square matrices load in both directions.",
        2: "It can: fine-tuning repairs a part. In the table a faulty copy is above counted words.",
        4: "All values can be there and the function another one: GELU, epsilon, order of norms.",
    }
    if answer == 3:
        return right("Right. And take inputs with padding, capitals and several lengths.")
    return wrong(says.get(answer, f"{answer!r}: give 1, 2, 3 or 4."))


EXERCISES = {
    "1": Exercise(
        judge=place,
        hints=(
            "Rows follow each other. How many numbers have rows 0, 1 and 2 together?",
            "3 × 100 + 5 numbers stand before it, of four bytes each.",
            "41,044 + 4 × 305.",
        ),
    ),
    "2": Exercise(
        judge=turn,
        hints=(
            "Does the shape tell whether a matrix must be transposed? What tells it?",
            "name.endswith('kernel')",
            "return array.T if name.endswith('kernel') else array",
        ),
    ),
    "3": Exercise(
        judge=parity,
        hints=(
            "Subtract the arrays. What do you do with the signs?",
            "np.abs makes all differences positive.",
            "return float(np.abs(a - b).max())",
        ),
    ),
    "4": Exercise(
        judge=choice,
        hints=(
            "Which of them would have failed for each fault of the widget?",
            "Names, shapes and a good score are there with a fault too.",
        ),
    ),
}
