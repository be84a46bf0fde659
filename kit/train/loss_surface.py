"""The loss surface of a model with two weights, and gradient descent on it.

N sentences, G points of a grid along each weight.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from kit.errors import KitError
from kit.loss import LOSSES

__all__ = ["METHODS", "Surface", "Walker", "mentions"]

METHODS = {"SGD": torch.optim.SGD, "AdamW": partial(torch.optim.AdamW, weight_decay=0.01)}
"""SGD: θ ← θ - η ∇. AdamW divides each weight's step by the root mean square of its gradients."""

FAR = 1e4
"""A mean loss from which descent counts as diverged."""


def mentions(rows: Iterable[dict], words: tuple[str, ...]) -> Tensor:
    """Features X (N, number of words): 1 where the sentence has the word, else 0.

    Raises KitError for a word in fewer than five sentences: too few to learn a weight from.
    """
    sentences = [set(re.findall(r"[a-z']+", row["text"].lower())) for row in rows]
    X = torch.tensor([[float(word in has) for word in words] for has in sentences])
    for word, n in zip(words, X.sum(0).tolist(), strict=True):
        if n < 5:
            raise KitError(f"{word!r} is in {n:.0f} sentences: choose a lower-case word in 5.")
    return X


@dataclass(frozen=True)
class Surface:
    """The mean loss over N sentences of ŷ = θ₁ [has word 1] + θ₂ [has word 2]."""

    words: tuple[str, str]
    """One weight a word."""
    loss: str
    """ℓ: "cross_entropy" of the class (ŷ is its logit), "squared_error" of the rating."""
    X: Tensor  # (N, 2)
    y: Tensor  # (N,)

    @classmethod
    def of(cls, rows: Iterable[dict], words: tuple[str, str], loss: str = "cross_entropy"):
        """The surface of these sentences, as `kit.tasks.sentiment.load` gives them."""
        if loss not in LOSSES:
            raise KitError(f"loss {loss!r} is unknown: choose one of {list(LOSSES)}.")
        if len(words) != 2 or words[0] == words[1]:
            raise KitError(f"words={words!r}: give two different words, one weight for each.")
        rows = list(rows)
        column = "label" if loss == "cross_entropy" else "rating"
        X, y = mentions(rows, words), torch.tensor([row[column] for row in rows])
        for word, has in zip(words, X.T.bool(), strict=True):
            if y[has].min() == y[has].max():
                raise KitError(
                    f"every sentence with {word!r} has the same label, so its best weight is "
                    "infinite: choose a word that both classes use."
                )
        return cls(tuple(words), loss, X, y)

    def mean(self, theta: Tensor, rows=slice(None)) -> Tensor:
        """L(θ)/N, over all sentences or those of a batch. theta (2,)."""
        answer, y = self.X[rows] @ theta, self.y[rows]  # (N,)
        if self.loss == "cross_entropy":
            answer = torch.stack([torch.zeros_like(answer), answer], 1)  # (N, 2)
        return LOSSES[self.loss](answer, y) / len(y)

    def minimum(self) -> tuple[Tensor, Tensor]:
        """θ of the lowest mean, by Newton's method, and the Hessian's eigenvalues λ (2,) there.

        Gradient descent with a rate above 2 / max λ diverges near the minimum.
        """
        theta = torch.zeros(2, requires_grad=True)
        for _ in range(12):
            [slope] = torch.autograd.grad(self.mean(theta), theta)
            curvature = torch.autograd.functional.hessian(self.mean, theta)  # (2, 2)
            theta = (theta - torch.linalg.solve(curvature, slope)).detach().requires_grad_()
        return theta.detach(), torch.linalg.eigvalsh(curvature)

    def grid(self, across: Iterable[float], up: Iterable[float]) -> np.ndarray:
        """The mean loss on a grid, (G, G): columns are θ₁ in `across`, rows are θ₂ in `up`."""
        points = torch.tensor([[[a, b] for a in across] for b in up], dtype=torch.float32)
        return np.array([[float(self.mean(theta)) for theta in row] for row in points])


class Walker:
    """Gradient descent on a surface: θ, an optimizer, and the path so far."""

    def __init__(
        self,
        surface: Surface,
        method: str,
        rate: float,
        *,
        start: tuple[float, float],
        batch: int | None = None,
        seed: int = 0,
    ) -> None:
        """batch: sentences in an update; None for all. The same seed gives the same batches."""
        if method not in METHODS:
            raise KitError(f"method {method!r} is unknown: choose one of {', '.join(METHODS)}.")
        self.surface, self.batch, self.seed = surface, batch, seed
        self.theta = torch.tensor(start, dtype=torch.float32, requires_grad=True)
        self.optimizer = METHODS[method]([self.theta], lr=rate)
        self.gradient: list[float] = [0.0, 0.0]
        self.path = [self.theta.tolist()]
        self.means = [self._mean()]

    @property
    def gone(self) -> bool:
        """Whether descent has diverged."""
        return not self.means[-1] < FAR

    def step(self) -> "Walker":
        """One update; none once it has diverged."""
        if not self.gone:
            self.optimizer.zero_grad()
            self.surface.mean(self.theta, self._rows()).backward()
            self.gradient = self.theta.grad.tolist()
            self.optimizer.step()
            self.path.append(self.theta.tolist())
            self.means.append(self._mean())
        return self

    def at(self, rate: float) -> "Walker":
        """Set the learning rate of the next steps; returns the walker."""
        self.optimizer.param_groups[0]["lr"] = rate
        return self

    @property
    def rate(self) -> float:
        """η: the learning rate of the next step."""
        return self.optimizer.param_groups[0]["lr"]

    def _rows(self):
        if self.batch is None:
            return slice(None)
        n = len(self.surface.y)
        random = np.random.default_rng([self.seed, len(self.path)])
        return torch.from_numpy(random.choice(n, min(n, self.batch), replace=False))

    @torch.no_grad()
    def _mean(self) -> float:
        return float(self.surface.mean(self.theta))
