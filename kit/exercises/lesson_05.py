"""Exercises of lesson 05: migrate both."""

from collections.abc import Callable

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, kind, number, tensor

__all__ = ["EXERCISES"]

BLOCKS, WIDTH = 6, 384
"""Of MiniLM."""


def lora_counts(answer: Callable[[int], int]) -> Verdict:
    """How many numbers LoRA of rank r trains in MiniLM, on query and value: 6 · 2 · 2 · 384 · r."""
    if not callable(answer):
        return wrong(f"{kind(answer)}, is no function of r: write lambda r: ...")
    values = {r: call(answer, "function of r", r) for r in (1, 3, 8)}
    said = number(values[8], wanted="a function that returns a whole number")
    if all(value == BLOCKS * 2 * 2 * WIDTH * r for r, value in values.items()):
        return right(f"Right: {said:,.0f} at rank 8, beside MiniLM's 22.6 million.")
    mistakes = {
        BLOCKS * 2 * WIDTH * 8: "that is A alone or B alone; or one matrix a block instead of two.",
        2 * 2 * WIDTH * 8: "that is one block; there are six.",
        BLOCKS * 2 * WIDTH**2: "those are the numbers of the matrices W, which stay.",
        BLOCKS * 2 * 2 * WIDTH * 8 + 2 * (WIDTH + 1): "the head is in it; leave it out.",
    }
    return wrong(
        f"{said:,.0f} at rank 8: "
        + mistakes.get(said, "count A and B, then the matrices with LoRA.")
    )


SIGNATURE = "forward(x, W, loras, tasks, alpha)"


def lora_forward(forward: Callable) -> Verdict:
    """forward(x, W, loras, tasks, alpha): each row with the LoRA of its task, W x + α/r · B A x."""
    import torch

    generator = torch.Generator().manual_seed(5)

    def drawn(*shape: int):
        return torch.randn(*shape, generator=generator)

    x, W, tasks, alpha = drawn(4, 3), drawn(2, 3), ["films", "news", "films", "tweets"], 6.0
    loras = {name: (drawn(r, 3), drawn(2, r)) for name, r in (("films", 1), ("news", 2))}
    loras["tweets"] = drawn(3, 3), drawn(2, 3)
    copies = x.clone(), W.clone(), {n: (A.clone(), B.clone()) for n, (A, B) in loras.items()}
    answer = tensor(call(forward, SIGNATURE, x, W, loras, tasks, alpha), (4, 2), "Your answer")
    if not torch.equal(W, copies[1]) or not torch.equal(x, copies[0]):
        return wrong("x or W has changed: W is frozen, and other tasks need it as it is.")
    x, W, loras = copies
    added = torch.stack([B @ (A @ row) for row, (A, B) in _with_task(x, loras, tasks)])
    ranks = torch.tensor([float(len(loras[task][0])) for task in tasks])[:, None]
    first = x @ (loras["films"][1] @ loras["films"][0]).T
    mistakes = {
        "this is W x alone: the LoRA of each row's task is missing.": x @ W.T,
        "this is the LoRA alone: add it to W x.": alpha / ranks * added,
        "the factor α/r is missing.": x @ W.T + added,
        "the factor is α/r: divide α by the rank, the number of A's rows.": x @ W.T + alpha * added,
        "every row has the LoRA of the first row's task.": x @ W.T + alpha * first,
    }
    if torch.allclose(answer, x @ W.T + alpha / ranks * added, atol=1e-4):
        return right("Right: one W in memory, and two thin matrices for each task.")
    for said, values in mistakes.items():
        if torch.allclose(answer, values, atol=1e-4):
            return wrong(f"Not yet: {said}")
    rows = [i for i in range(4) if not torch.allclose(answer[i], (x @ W.T)[i], atol=1e-4)]
    return wrong(
        f"The values of rows {rows} are not W x + α/r · B A x, with A and B of their task."
    )


def _with_task(x, loras: dict, tasks: list[str]):
    return [(row, loras[task]) for row, task in zip(x, tasks, strict=True)]


def left_for_the_text(answer: float) -> Verdict:
    """12 tokens and a prefix of 4 share the attention evenly: 12 / 16."""
    if abs(number(answer, wanted="a number between 0 and 1") - 12 / 16) < 0.001:
        return right(
            "Right: a quarter of each token's result comes from the prefix, which is still random."
        )
    if abs(answer - 4 / 16) < 0.001:
        return wrong(f"{answer} is the prefix's share.")
    if abs(answer - 4 / 12) < 0.001 or abs(answer - 8 / 12) < 0.001:
        return wrong(f"{answer}: the prefix does not replace tokens, it stands before them.")
    return wrong(f"Not {answer}: equal scores make equal weights. How many keys are there?")


EXERCISES = {
    "1": Exercise(
        judge=lora_counts,
        hints=(
            "A has r rows of 384 numbers. How many numbers does B have?",
            "A and B together have 2 · 384 · r numbers, for one matrix.",
            "Two matrices in each block get LoRA, and there are six blocks.",
        ),
    ),
    "2": Exercise(
        judge=lora_forward,
        hints=(
            "Begin with `y = x @ W.T`, which is the same for all tasks.",
            "For each row i: `A, B = loras[tasks[i]]`. The rank is the number of rows of A.",
            "Add `alpha / len(A) * B @ (A @ x[i])` to `y[i]`, and return y.",
        ),
    ),
    "3": Exercise(
        judge=left_for_the_text,
        hints=(
            "softmax of equal scores gives every key the same weight.",
            "There are 4 + 12 keys, and 12 of them belong to the text.",
        ),
    ),
}
