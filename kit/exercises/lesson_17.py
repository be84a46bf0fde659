"""Exercises of lesson 17: read a larger source."""

from collections.abc import Callable

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, kind, number, tensor

__all__ = ["EXERCISES"]

SIGNATURE = "last_token(hidden, mask)"


def last(last_token: Callable) -> Verdict:
    """last_token(hidden, mask): hidden (B, T, D), mask (B, T) -> vectors of the last tokens."""
    import torch

    hidden = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(17))
    lengths = torch.tensor([5, 2, 3])
    mask = torch.arange(5)[None] < lengths[:, None]
    value = call(last_token, SIGNATURE, hidden.clone(), mask.clone())
    value = tensor(value, (3, 4), "For hidden (3, 5, 4) the answer")
    rows = torch.arange(3)
    if torch.equal(value, hidden[rows, lengths - 1]):
        return right("Right: in a causal model this token alone has seen the whole sentence.")
    mistakes = {
        "in short sentences the last place is padding: count the tokens with mask.sum(1).": hidden[
            :, -1
        ],
        "this is one place too far: places begin at 0.": hidden[rows, lengths.clamp(max=4)],
        "this is the first token, which has seen nothing but itself.": hidden[:, 0],
        "this is the mean of the tokens, not the last one.": (hidden * mask[..., None]).sum(1)
        / mask.sum(1, keepdim=True),
    }
    for said, wrong_value in mistakes.items():
        if torch.allclose(value, wrong_value, atol=1e-6):
            return wrong(f"Not yet: {said}")
    bad = [i for i in range(3) if not torch.equal(value[i], hidden[i, lengths[i] - 1])]
    return wrong(f"The vectors of sentences {bad} are not those of their last tokens.")


def head_size(answer: Callable) -> Verdict:
    """Numbers of a linear head: C rows of D weights, and C biases."""
    if not callable(answer):
        return wrong(f"{kind(answer)}, is no function of D and C: write lambda D, C: ...")
    sizes = ((576, 2), (384, 2), (10, 7))
    said = [number(call(answer, "function of D and C", *size), wanted="a number") for size in sizes]
    if said == [classes * (width + 1) for width, classes in sizes]:
        return right(f"Right: {said[0]:,.0f} for SmolLM2 with two classes.")
    if said == [classes * width for width, classes in sizes]:
        return wrong(f"{said[0]:,.0f} for SmolLM2: each class has a bias too.")
    if said == [classes * width + 1 for width, classes in sizes]:
        return wrong(
            f"{said[0]:,.0f} for SmolLM2: there is one bias for each class, not one in all."
        )
    return wrong(f"{said[0]:,.0f} for SmolLM2 (D = 576, C = 2): how many weights has one class?")


EXERCISES = {
    "1": Exercise(
        judge=last,
        hints=(
            "`mask.sum(1)` is the number of tokens of each sentence.",
            "The last token of a sentence of n tokens is at place n − 1.",
            "`hidden[torch.arange(len(hidden)), mask.sum(1) - 1]`",
        ),
    ),
    "2": Exercise(
        judge=head_size,
        hints=(
            "A class's score is a weighted sum of the vector's D numbers, plus a bias.",
            "So each of the C classes has D + 1 numbers.",
        ),
    ),
}
