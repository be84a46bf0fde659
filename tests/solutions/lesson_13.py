"""What solves the exercises of lesson 13, and what does not."""

import numpy as np


def p_value(one: np.ndarray, other: np.ndarray) -> float:
    generator, every = np.random.default_rng(0), np.concatenate([one, other])
    real, count = abs(one.mean() - other.mean()), 0
    for _ in range(1000):
        dealt = generator.permutation(every)
        count += abs(dealt[: len(one)].mean() - dealt[len(one) :].mean()) >= real
    return count / 1000


def one_sided(one: np.ndarray, other: np.ndarray) -> float:
    generator, every = np.random.default_rng(0), np.concatenate([one, other])
    dealt = generator.permuted(np.tile(every, (1000, 1)), axis=1)
    lot = dealt[:, : len(one)].mean(1) - dealt[:, len(one) :].mean(1)
    return float((lot >= one.mean() - other.mean()).mean())


def project(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    unit = direction / np.linalg.norm(direction)
    return vectors - np.outer(vectors @ unit, unit)


SOLUTIONS = {"1": lambda: (p_value,), "2": lambda: (project,), "3": lambda: ("a, B c",)}
WRONG = {
    "1": [
        (one_sided,),
        (lambda a, b: abs(a.mean() - b.mean()),),
        (lambda a, b: 0.03,),
        (0.05,),
        (lambda a, b: None,),
    ],
    "2": [
        (lambda vectors, direction: vectors - np.outer(vectors @ direction, direction),),
        (lambda vectors, direction: vectors,),
        (lambda vectors, direction: vectors @ direction,),
        (lambda vectors, direction: 0 * vectors,),
        (lambda vectors, direction: vectors - direction,),
        ("project",),
        (lambda vectors, direction: None,),
    ],
    "3": [("ab",), ("abcd",), ("e",), ("xyz",), ("",)],
}
