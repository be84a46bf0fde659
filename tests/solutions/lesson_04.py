"""Answers that solve lesson 04's exercises, and answers that do not."""

import torch


def widen(A, B, unit, times, share=None):
    """One unit stands `times` times; what reads it is shared out."""
    A = torch.cat([A, A[[unit] * (times - 1)]])
    B = torch.cat([B, B[:, [unit] * (times - 1)]], 1)
    B[:, [unit, *range(B.shape[1] - times + 1, B.shape[1])]] /= share or times
    return A, B


def not_shared(A, B, unit, times):
    """All copies are read in full."""
    return widen(A, B, unit, times, share=1)


def halved(A, B, unit, times):
    """Right for two copies alone."""
    return widen(A, B, unit, times, share=2)


def fresh(A, B, unit, times):
    """New units that nobody reads: the answer stays, but they are no copies."""
    return torch.cat([A, torch.randn(times - 1, 3)]), torch.cat([B, torch.zeros(2, times - 1)], 1)


WRITERS = tuple(
    f"{part}.{kind}"
    for part in ("attention.output", "feed_forward.down")
    for kind in ("weight", "bias")
)
SOLUTIONS = {"1": lambda: (widen,), "2": lambda: (WRITERS,), "3": lambda: (22_330 * 384,)}
WRONG = {
    "1": [
        (not_shared,),
        (halved,),
        (fresh,),
        (lambda A, B, unit, times: (A, B),),
        (lambda A, B, unit, times: A,),
        (lambda A, B, unit: (A, B),),
        (2,),
    ],
    "2": [
        (WRITERS[:2],),
        ((*WRITERS, "attention.value.bias"),),
        ("attention",),
        (("attention.output",),),
        (4,),
        ((1, 2),),
    ],
    "3": [(22_330,), (8_192 * 384,), (5,), ("a",), (None,)],
}
