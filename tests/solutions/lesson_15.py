"""What solves the exercises of lesson 15, and what does not."""

import numpy as np


def my_turn(name: str, array: np.ndarray) -> np.ndarray:
    return array.T if name.endswith("kernel") else array


def my_parity(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


SOLUTIONS = {
    "1": lambda: (42_264,),
    "2": lambda: (my_turn,),
    "3": lambda: (my_parity,),
    "4": lambda: (3,),
}
WRONG = {
    "1": [(41_349,), (45_056,), (1_220,), (0,), ("here",)],
    "2": [
        (lambda name, array: array,),
        (lambda name, array: array.T,),
        (lambda name, array: array if array.shape[0] == array.shape[1] else array.T,),
        (lambda name, array: None,),
        (3,),
    ],
    "3": [
        (lambda a, b: float(np.mean(a - b)),),
        (lambda a, b: float((b - a).max()),),
        (lambda a, b: a - b,),
        (0.1,),
    ],
    "4": [(1,), (2,), (4,), (7,)],
}
