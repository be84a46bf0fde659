"""The loss of one example as a function of the model's answer, and its slope."""

import torch
from torch import Tensor

from kit.errors import KitError
from kit.loss import cross_entropy, squared_error

__all__ = ["OF", "cost"]

TRUTH = 1.0
OF = {"answer": "the answer ŷ", "probability": "the probability σ(ŷ)"}
"""The argument of the squared error."""


def cost(name: str, answers: list[float], of: str = "answer") -> tuple[list[float], list[float]]:
    """ℓ(1, ŷ) and its slope dℓ/dŷ for each answer ŷ, from `kit.loss` and autograd.

    cross_entropy: -log σ(ŷ), ŷ being the logit of the right class of two (the other one's is 0).
    squared_error of the answer: (1 - ŷ)²; of the probability: (1 - σ(ŷ))².
    Raises KitError for another loss, and where `of` is no key of `OF`.
    """
    if name not in ("cross_entropy", "squared_error"):
        raise KitError(f"loss {name!r} is unknown: choose cross_entropy or squared_error.")
    if of not in OF:
        raise KitError(f"of={of!r} is unknown: choose one of {', '.join(OF)}.")
    answer = torch.tensor(answers, requires_grad=True)  # (N,)
    losses = torch.stack([_loss(name, a, of) for a in answer])  # (N,)
    losses.sum().backward()
    return losses.tolist(), answer.grad.tolist()


def _loss(name: str, answer: Tensor, of: str) -> Tensor:
    if name == "cross_entropy":
        return cross_entropy(torch.stack([torch.zeros(()), answer])[None], torch.tensor([1]))
    answer = answer if of == "answer" else answer.sigmoid()
    return squared_error(answer[None], torch.tensor([TRUTH]))
