"""What solves the exercises of lesson 08, and what does not."""

import numpy as np

from kit.exercises.lesson_08 import MEMORY, TRUTH, Q

SCORES = MEMORY @ Q / len(Q) ** 0.5
SHARES = np.exp(SCORES) / np.exp(SCORES).sum()
UNSCALED = np.exp(MEMORY @ Q) / np.exp(MEMORY @ Q).sum()


def greedy(step, start, end, limit):
    """The likeliest piece, again and again."""
    ids = [start]
    for _ in range(limit):
        piece = int(np.argmax(step(ids)))
        if piece == end:
            break
        ids.append(piece)
    return ids[1:]


def with_start(step, start, end, limit):
    """It forgets to leave out the first piece."""
    return [start, *greedy(step, start, end, limit)]


def endless(step, start, end, limit):
    """It ignores the limit."""
    ids = [start]
    while (piece := int(np.argmax(step(ids)))) != end:
        ids.append(piece)
    return ids[1:]


def last_only(step, start, end, limit):
    """It asks with the last piece alone."""
    piece, written = start, []
    for _ in range(limit):
        piece = int(np.argmax(step([piece])))
        written.append(piece)
    return written


def one_too_few(step, start, end, limit):
    """Its range ends early."""
    return greedy(step, start, end, limit - 1)


SOLUTIONS = {
    "1": lambda: ("scheda una file Apri nuova il in",),
    "2": lambda: (SHARES, SHARES @ MEMORY),
    "3": lambda: (greedy,),
}
WRONG = {
    "1": [(TRUTH,), ("Apri il file in una scheda",), (TRUTH + " nuova",), (7,)],
    "2": [
        (SCORES, SHARES @ MEMORY),
        (SHARES[:2], SHARES @ MEMORY),
        (UNSCALED, UNSCALED @ MEMORY),
        (SHARES, SHARES),
        ([0.25] * 4, SHARES @ MEMORY),
        ("equal", SHARES @ MEMORY),
    ],
    "3": [
        (300,),
        (with_start,),
        (endless,),
        (last_only,),
        (one_too_few,),
        (lambda step, start, end, limit: None,),
        (lambda step, start, end, limit: ["a"],),
        (lambda step, start, end, limit: [1, 1, 1, 1],),
    ],
}
