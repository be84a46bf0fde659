"""What solves the exercises of lesson 09, and what does not."""

import torch


def mix(g, vocabulary, attention, ids):
    """Each place adds its share."""
    return (g * vocabulary).index_add(0, ids, (1 - g) * attention)


def once(g, vocabulary, attention, ids):
    """A piece that stands twice is counted once."""
    p = g * vocabulary
    p[ids] += (1 - g) * attention
    return p


def turned(g, vocabulary, attention, ids):
    """The shares the wrong way round."""
    return mix(1 - g, vocabulary, attention, ids)


def broken(g, vocabulary, attention, ids):
    """Shapes that do not fit."""
    return g * vocabulary + (1 - g) * attention


SOLUTIONS = {
    "1": lambda: (0.5,),
    "2": lambda: (mix,),
    "3": lambda: ({"weighty words", "chosen words"},),
}
WRONG = {
    "1": [(0.25,), (0.9,), (2,), ("half",)],
    "2": [(once,), (turned,), (broken,), (3,), (lambda *_: torch.ones(3),)],
    "3": [({"lead"},), ({"chosen words"},), ("people",)],
}
