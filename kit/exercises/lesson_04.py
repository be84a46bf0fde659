"""Exercises of lesson 04: migrate structure."""

from collections.abc import Callable

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, kind, number, several, tensor

__all__ = ["EXERCISES"]

BLOCK = "blocks.1."
SIGNATURE = "widen(A, B, unit, times)"


def widened(widen: Callable) -> Verdict:
    """widen(A, B, unit, times) -> (A′, B′): one unit is there `times` times, the answer stays.

    A (H, D), B (C, H): answer = relu(x Aᵀ) Bᵀ, x (N, D).
    """
    import torch

    generator = torch.Generator().manual_seed(4)
    for unit, times in ((0, 2), (3, 2), (2, 5)):
        A, B, x = (torch.randn(n, d, generator=generator) for n, d in ((4, 3), (2, 4), (9, 3)))
        before = (x @ A.T).relu() @ B.T
        pair = call(widen, SIGNATURE, A.clone(), B.clone(), unit, times)
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            return wrong(f"{SIGNATURE} must return two tensors, A′ and B′, not {kind(pair)}.")
        high = 4 + times - 1
        wide = tensor(pair[0], (high, 3), f"with times={times}, A′")
        read = tensor(pair[1], (2, high), f"with times={times}, B′")
        if (n := int((wide == A[unit]).all(1).sum())) != times:
            return wrong(f"Unit {unit} must be a row of A′ {times} times, not {n} times.")
        far = float(((x @ wide.T).relu() @ read.T - before).abs().max())
        if far > 1e-4:
            return wrong(
                f"With unit={unit} and times={times} the answer changed by up to {far:.3f}. The "
                "weights that leave all copies must add up to those that left the one unit."
            )
    return right("Right: the incoming weights are copied, the outgoing weights are shared out.")


def silent(names: tuple[str, ...]) -> Verdict:
    """The fewest tensors of a copied block, norm first, that must be zero so that it adds nothing.

    names: without "blocks.1.".
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    model, ids = _two_blocks(), torch.randint(0, 50, (3, 7), generator=generator)
    tensors = dict(model.named_parameters())
    some = [n.removeprefix(BLOCK) for n in tensors if n.startswith(BLOCK)]
    names = several(names, f"such as {tuple(some[:2])}")
    if unknown := [n for n in names if f"{BLOCK}{n}" not in tensors]:
        return wrong(
            f"{unknown}: the block has no such tensor. Its names are, for example, {some[:2]}."
        )
    with torch.no_grad():
        for name in names:
            tensors[f"{BLOCK}{name}"].zero_()
        far = float((model(ids) - _without(model, ids)).abs().max())
    if far > 1e-6:
        return wrong(f"The block still adds up to {far:.2f}. Which layers write to the stream?")
    if len(set(names)) > 4:
        return wrong(f"It adds nothing, but with {len(set(names))} tensors. Four are enough.")
    return right("Right: the block adds nothing, and its other tensors are ready to learn.")


def _two_blocks():
    """Norm first, block 1 a copy of block 0, no value of them zero."""
    import torch

    from kit.models import Transformer, TransformerConfig
    from kit.runtime import random_state

    shape = {"vocabulary": 50, "width": 8, "heads": 2, "intermediate_size": 16, "block_size": 9}
    with random_state(0), torch.no_grad():
        model = Transformer(TransformerConfig(layers=2, norm_first=True, **shape)).eval()
        for p in model.parameters():
            p += 0.3 * torch.randn_like(p)
    model.blocks[1].load_state_dict(model.blocks[0].state_dict())
    return model


def _without(model, ids):
    """What comes out where block 1 is left out."""
    rest, model.blocks = model.blocks, model.blocks[:1]
    out, model.blocks = model(ids), rest
    return out


def saved(answer: int) -> Verdict:
    """Parameters that MiniLM loses when it moves from 30,522 pieces to 8,192."""
    pieces, width = 30_522 - 8_192, 384
    number(answer, wanted="a whole number, such as 1_000_000")
    if answer == pieces * width:
        return right(f"Right: {pieces:,} rows of {width} numbers.")
    if answer == pieces:
        return wrong(
            f"{pieces:,} is the number of rows. Each row is a vector, as wide as the stream."
        )
    if answer in (8_192 * width, 30_522 * width):
        return wrong(f"{answer:,} is the size of one table: the question is the difference.")
    return wrong(f"Not {answer:,}: multiply the number of lost rows by the numbers in a row.")


EXERCISES = {
    "1": Exercise(
        judge=widened,
        hints=(
            "A′ is A with more rows at its end: copies of row `unit`.",
            "B′ has as many more columns: copies of column `unit`.",
            "Then divide all `times` columns that belong to the unit by `times`, the old one too.",
        ),
    ),
    "2": Exercise(
        judge=silent,
        hints=(
            "A block adds twice to the stream: attention, then feed-forward.",
            "Each of the two ends in a linear layer, which has a weight and a bias.",
        ),
    ),
    "3": Exercise(
        judge=saved,
        hints=(
            "The word table has a row for each piece. How many rows fewer are there?",
            "A row is as long as MiniLM is wide: look at the shape above.",
        ),
    ),
}
