"""Answers that solve lesson 02's exercises, and answers that do not."""

import numpy as np

WINDOWS = np.tile(np.arange(10, 43), (64, 1))
"""Text that can be learnt by heart in a moment: always the same 33 tokens."""
SIZE, V = WINDOWS[:8, 1:].size * 4, 64
BLIND = np.log2(V) / 4  # bits per byte of who knows nothing


def writer(width: int):
    from kit.models import RNN, LanguageHead, Model, RNNConfig

    body = RNN(RNNConfig(vocabulary=V, width=width, layers=1))
    return Model(body, LanguageHead.tied(body, bias=True))


def given(make, theirs: float, updates: int) -> tuple:
    return make, WINDOWS, WINDOWS[:8], SIZE, theirs, updates


def top_p(p, mass):
    values, places = p.sort(descending=True)
    stay = values.cumsum(0) - values < mass
    kept = p * 0
    kept[places[stay]] = values[stay]
    return kept / kept.sum()


def too_few(p, mass):
    values, places = p.sort(descending=True)
    kept = p * 0
    kept[places[values.cumsum(0) < mass]] = values[values.cumsum(0) < mass]
    return kept / kept.sum()


def too_many(p, mass):
    return top_p(p, mass + 0.15)


def in_order_of_size(p, mass):
    return top_p(p, mass).sort(descending=True).values


def all_of_it(p, mass):
    return top_p(p, min(mass, 0.9))


SOLUTIONS = {
    "1": lambda: ("B", 1.58),
    "2": lambda: (0.7,),
    "3": lambda: (top_p,),
    "4": lambda: given(lambda: writer(32), BLIND, 40),
}
WRONG = {
    "1": [("A", 2.16), ("B", 2.16), ("C", 1.58), ("B", "two")],
    "2": [(1.0,), (0.1,), (7,), ("low",)],
    "3": [
        (lambda p, mass: p,),
        (too_few,),
        (too_many,),
        (in_order_of_size,),
        (all_of_it,),
        (lambda p, mass: top_p(p, mass) * 0.7,),
        (lambda p, mass: p**2,),
        (lambda p, mass: p * (p >= mass),),
        (lambda p, mass: [0.5, 0.5],),
        (lambda p: p,),
        (0.6,),
    ],
    "4": [
        given(lambda: writer(32), 0.0, 5),
        given("a model", BLIND, 5),
        given(lambda: None, BLIND, 5),
        given(lambda: 7, BLIND, 5),
    ],
}
