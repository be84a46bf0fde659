"""Recipe: everything that decides a training run, apart from the model and the examples."""

import math
from dataclasses import dataclass
from numbers import Real

from kit import loss as losses
from kit.errors import KitError

__all__ = ["Recipe"]

PRECISIONS = ("auto", "fp32", "bf16")

LIMITS = {
    "rate": (lambda x: 0 < x < math.inf, "above 0"),
    "batch_size": (lambda x: x >= 1 and x == int(x), "a whole number, 1 or more"),
    "warmup": (lambda x: 0 <= x < 1, "a share of the budget, from 0 to below 1"),
    "decay": (lambda x: 0 <= x < math.inf, "0 or more"),
    "clip": (lambda x: x > 0, "above 0 (math.inf: the gradient is not clipped)"),
    "evaluations": (lambda x: x >= 1 and x == int(x), "a whole number, 1 or more"),
    "seed": (lambda x: x >= 0 and x == int(x), "a whole number, 0 or more"),
}
"""Field -> whether a value can train, and what it must be."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run, apart from the model and the examples."""

    loss: str = "cross_entropy"
    """ℓ: a name in `kit.loss.LOSSES`."""
    steps: int | None = None
    """Budget in updates. Whichever budget is reached first ends the run."""
    epochs: float | None = None
    """Budget in passes over the examples."""
    seconds: float | None = None
    """Budget in seconds of updates. The same seed gives the same bits only without it."""
    rate: float = 1e-4
    """Highest learning rate; a strategy's parameter groups may have their own."""
    batch_size: int = 16
    """Examples in an update, of each process; at most all that there are."""
    warmup: float = 0.1
    """Share of the budget over which the rate rises, before it falls to zero; both linearly."""
    decay: float = 0.01
    """AdamW's weight decay; on matrices only, never on tables of embeddings."""
    clip: float = 1.0
    """Greatest norm of the gradient of the mean loss."""
    evaluations: int = 10
    """How many times the score is taken, at equal shares of the budget."""
    keep_best: bool = True
    """Whether the parameters with the highest score are put back at the end."""
    seed: int = 0
    """Decides the order of the examples and dropout, update by update."""
    precision: str = "auto"
    """"fp32", "bf16", or "auto": what was measured to be fastest on this machine."""
    compile: bool = False
    """Whether the blocks of a Transformer are compiled first (`kit.runtime.compiled`): for long
    runs. An RNN has nothing to compile."""

    def __post_init__(self) -> None:
        given = [v for v in (self.steps, self.epochs, self.seconds) if v is not None]
        if not given or not all(isinstance(v, Real) and 0 < v < math.inf for v in given):
            raise KitError(
                f"steps={self.steps}, epochs={self.epochs}, seconds={self.seconds} is no budget: "
                "give at least one of them, above zero."
            )
        if self.loss not in losses.LOSSES:
            raise KitError(f"loss {self.loss!r} is unknown: choose one of {list(losses.LOSSES)}.")
        for name, (fits, wanted) in LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, Real) or isinstance(value, bool) or not fits(value):
                raise KitError(f"{name}={value!r} cannot train: it must be {wanted}.")
        if self.precision not in PRECISIONS:
            raise KitError(
                f"precision={self.precision!r} is unknown: choose one of {', '.join(PRECISIONS)}."
            )

    def spent(self, steps: int, epochs: float, seconds: float) -> float:
        """The share of the budget that is used up, from 0 to 1."""
        used = zip((steps, epochs, seconds), (self.steps, self.epochs, self.seconds), strict=True)
        return min(1.0, max(have / limit for have, limit in used if limit is not None))

    def factor(self, spent: float) -> float:
        """The factor on every rate when this share of the budget is spent: up, then down."""
        rising = (spent + 0.01) / (self.warmup + 0.01)
        return min(rising, (1 - spent) / (1 - self.warmup))
