"""Recipe: everything that decides a training run, apart from the model and the examples."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

from kit import loss as losses
from kit.errors import KitError
from kit.guards import guarded_class

__all__ = ["Recipe"]

PRECISIONS = ("auto", "fp32", "bf16")

WHOLE = ("batch_size", "accumulation", "evaluations", "seed")
SWITCHES = ("keep_best", "compile", "activation_checkpointing", "shard")
"""Fields that are whole numbers, and that are True or False."""

LIMITS = {
    "rate": (lambda x: 0 < x < math.inf, "above 0"),
    "batch_size": (lambda x: x >= 1, "a whole number, 1 or more"),
    "accumulation": (lambda x: x >= 1, "a whole number, 1 or more"),
    "warmup": (lambda x: 0 <= x < 1, "a share of the budget, from 0 to below 1"),
    "decay": (lambda x: 0 <= x < math.inf, "0 or more"),
    "clip": (lambda x: x > 0, "above 0 (math.inf: the gradient is not clipped)"),
    "evaluations": (lambda x: x >= 1, "a whole number, 1 or more"),
    "seed": (lambda x: x >= 0, "a whole number, 0 or more"),
}
"""Field -> whether a value can train, and what it must be."""


@guarded_class("Recipe(epochs=3, rate=1e-4)")
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run, apart from the model and the examples."""

    loss: str = "cross_entropy"
    """ℓ: a name in `kit.loss.LOSSES`."""
    steps: int | None = None
    """Budget in updates. The budget that is used up first ends the run."""
    epochs: float | None = None
    """Budget in passes over the examples."""
    seconds: float | None = None
    """Budget in seconds of updates. With it, the same seed need not give the same bits."""
    rate: float = 1e-4
    """Highest learning rate; the parameter groups of a strategy may have their own."""
    batch_size: int = 16
    """Examples in an update, per process; at most as many as there are."""
    accumulation: int = 1
    """Gradient accumulation: parts into which the batch of an update is cut. Each is computed by
    itself, and their gradients are summed: the same update with the memory of one part."""
    activation_checkpointing: bool = False
    """Whether a Transformer keeps only the input of each block for the backward pass and computes
    the rest again there: less memory, about a third more time (Chen et al. 2016,
    arxiv.org/abs/1604.06174)."""
    shard: bool = False
    """Whether each of several processes holds only its share of the parameters, gradients and
    AdamW's moments (FSDP2; `kit.train.distributed`). In one process it does nothing."""
    warmup: float = 0.1
    """Share of the budget in which the learning rate rises; then it falls to 0; both linearly."""
    decay: float = 0.01
    """AdamW's weight decay, of matrices but not of embeddings."""
    clip: float = 1.0
    """Largest norm of the gradient of the mean loss; a longer gradient is scaled to it."""
    evaluations: int = 10
    """Number of evaluations, at equal shares of the budget."""
    keep_best: bool = True
    """Whether the model gets back the parameters with the highest score at the end."""
    seed: int = 0
    """Decides the order of the examples, and dropout in each update."""
    precision: str = "auto"
    """"fp32", "bf16", or "auto": the faster of them on this machine (`kit.runtime.precision`)."""
    compile: bool = False
    """Whether the blocks of a Transformer are compiled first (`kit.runtime.compiled`), which pays
    in long runs. It does nothing for an RNN."""

    def __post_init__(self) -> None:
        budgets = [v for v in (self.steps, self.epochs, self.seconds) if v is not None]
        whole = self.steps is None or isinstance(self.steps, Integral)
        if not budgets or not whole or not all(_number(v) and 0 < v < math.inf for v in budgets):
            raise KitError(
                f"steps={self.steps!r}, epochs={self.epochs!r}, seconds={self.seconds!r} is no "
                "budget: give at least one of them, above zero, and steps as a whole number."
            )
        if self.loss not in list(losses.LOSSES):  # a list, for a value that has no hash
            raise KitError(f"loss {self.loss!r} is unknown: choose one of {list(losses.LOSSES)}.")
        for name, (fits, wanted) in LIMITS.items():
            value = getattr(self, name)
            kind = Integral if name in WHOLE else Real
            if not _number(value) or not isinstance(value, kind) or not fits(value):
                raise KitError(f"{name}={value!r} cannot train: it must be {wanted}.")
        for name in SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise KitError(f"{name}={getattr(self, name)!r} is unknown: give True or False.")
        if self.precision not in PRECISIONS:
            raise KitError(
                f"precision={self.precision!r} is unknown: choose one of {', '.join(PRECISIONS)}."
            )

    def spent(self, steps: int, epochs: float, seconds: float) -> float:
        """The used share of the budget, from 0 to 1, after so many steps, epochs and seconds."""
        used = zip((steps, epochs, seconds), (self.steps, self.epochs, self.seconds), strict=True)
        return min(1.0, max(amount / limit for amount, limit in used if limit is not None))

    def factor(self, spent: float) -> float:
        """Learning-rate schedule: the factor on every rate at this share s of the budget.

        min((s + 0.01) / (w + 0.01), (1 - s) / (1 - w)), where w is `warmup`.
        """
        rising = (spent + 0.01) / (self.warmup + 0.01)
        return min(rising, (1 - spent) / (1 - self.warmup))


def _number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
