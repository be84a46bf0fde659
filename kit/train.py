"""fit: forward -> loss -> backward -> update, one loop for every model and task."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kit import loss as losses
from kit import processes, runtime
from kit.batches import Batch, Examples, batches, collate, rows_of, stream
from kit.errors import KitError
from kit.models import LanguageHead, Model, SequenceHead
from kit.optimizer import Optimizer
from kit.record import Run
from kit.resume import Kept

__all__ = ["Batch", "Recipe", "batches", "collate", "fit", "predict", "total_loss", "training"]


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
        if not given or min(given) <= 0:
            raise KitError(
                f"steps={self.steps}, epochs={self.epochs}, seconds={self.seconds} is no budget: "
                "give at least one of them, above zero."
            )
        if self.loss not in losses.LOSSES:
            raise KitError(f"loss {self.loss!r} is unknown: choose one of {list(losses.LOSSES)}.")
        if self.batch_size < 1 or self.rate <= 0:
            raise KitError(
                f"batch_size={self.batch_size}, rate={self.rate} cannot train: batch_size must be "
                "at least 1 and rate above 0."
            )

    def spent(self, steps: int, epochs: float, seconds: float) -> float:
        """The share of the budget that is used up, from 0 to 1."""
        used = zip((steps, epochs, seconds), (self.steps, self.epochs, self.seconds), strict=True)
        return min(1.0, max(have / limit for have, limit in used if limit is not None))

    def factor(self, spent: float) -> float:
        """The factor on every rate when this share of the budget is spent: up, then down."""
        rising = (spent + 0.01) / (self.warmup + 0.01)
        return min(rising, (1 - spent) / (1 - self.warmup))


def fit(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    name: str = "",
    watch: Callable[[Run], None] | None = None,
    **extras,
) -> Run:
    """Train `model` in place and return the `Run`: its history as plain data.

    `watch(run)` is called after each update; the extras are those of `training`, which holds the
    loop. What takes longer than two seconds shows a bar. Ctrl-C (or the notebook's stop button)
    ends it early and keeps what was reached. Several processes that `torchrun` started train one
    model together (`kit.processes`): only the first shows a bar and calls `watch`.
    """
    processes.join()
    run = Run(name=name)
    loop = training(model, examples, recipe, run=run, **extras)
    try:
        with _bar(name) as bar:
            for _ in loop:
                bar.set_postfix_str(f"loss {run.steps[-1]['loss']:.3f}", refresh=False)
                bar.update(100 * run.spent - bar.n)
                if watch and processes.rank() == 0:
                    watch(run)
    except KeyboardInterrupt:
        run.stopped = "interrupted"
    finally:
        loop.close()
    return run


def _bar(name: str):
    """A bar of the budget, in percent, in a notebook or a terminal; nothing in a log."""
    from tqdm.auto import tqdm

    shape = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}, {postfix}"
    # None: silent without a terminal
    quiet = processes.rank() > 0 or (None if "ipykernel" not in sys.modules else False)
    return tqdm(
        total=100, desc=name or "training", delay=2, leave=False, bar_format=shape, disable=quiet
    )


def training(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    run: Run,
    groups: list[dict] | None = None,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    score: Callable[[nn.Module], float] | None = None,
    keep: str | Path | None = None,
) -> Iterator[Run]:
    """The loop, on the GPU where there is one. It yields `run` after each update, so that two
    loops can advance side by side.

    An update moves θ against the gradient of L(θ)/N, the mean over a batch.
    examples: dicts, or a function from the number of the epoch to them.
    groups: [{"params": [...], "rate": r, "start": s}, ...] as a strategy returns them: s is the
    share of the budget before which nothing in the group moves (gradual unfreezing).
    penalty: a term added to the mean loss, from the model (a pull towards the source, say).
    score: from the model to a number, higher is better.
    keep: a folder; a run that was killed goes on from there (`kit.resume`).
    """
    device, precision = _ready(model, recipe)
    rows = rows_of(examples)
    run.settings = asdict(recipe) | {"precision": precision, "examples": len(rows)}
    apart = recipe.loss == "cross_entropy" and penalty is None and _of_words(model)
    groups = groups or [{"params": list(model.parameters()), "rate": recipe.rate}]
    with (
        runtime.compiled(_blocks(model) if recipe.compile else ()),
        Optimizer(model, groups, recipe.decay, recipe.clip, lazy=penalty is None) as optimizer,
        _Keeper(model, score, recipe, run) as keeper,
    ):
        kept = Kept(keep, model, optimizer, keeper, run, rows)
        coming = stream(examples, rows, recipe.batch_size, recipe.seed, done=len(run.steps))
        while run.spent < 1:
            began = time.perf_counter()
            step, epoch, rows = next(coming)
            batch = collate(rows).to(device)
            torch.manual_seed(runtime.mix(recipe.seed, step) + processes.rank())
            model.train()
            n = max(1, processes.total(losses.count(batch.y)))
            with runtime.autocast(precision, device):
                predictions = batch.run(model, apart)  # forward
                mean = losses.LOSSES[recipe.loss](predictions, batch.y) / n  # loss
            (mean + penalty(model) / processes.count() if penalty else mean).backward()  # backward
            optimizer.step(run.spent, recipe.factor(run.spent))  # update
            keeper.note(step, epoch, mean, began)
            kept.save()
            yield run
        run.stopped = "budget"


class _Keeper:
    """Keeps the accounts: each update in the run, the score at equal shares of the budget, and the
    best parameters, which it puts back at the end."""

    def __init__(self, model: nn.Module, score: Callable | None, recipe: Recipe, run: Run) -> None:
        self.model, self.score, self.recipe, self.run = model, score, recipe, run
        self.state, self.due = {}, 1 / recipe.evaluations

    def __enter__(self) -> "_Keeper":
        return self

    def note(self, step: int, epoch: float, mean: Tensor, began: float) -> None:
        run, value = self.run, _number(mean, step, self.recipe)
        seconds = processes.of_first(run.seconds + time.perf_counter() - began)
        run.spent = self.recipe.spent(step, epoch, seconds)
        run.steps.append({"step": step, "seconds": seconds, "loss": value})
        if self.score is None or run.spent < self.due - 1e-9:
            return
        self.due = run.spent + 1 / self.recipe.evaluations
        self.model.eval()
        last = run.steps[-1]
        found = self.score(self.model) if processes.rank() == 0 else 0.0  # the others wait
        row = {k: last[k] for k in ("step", "seconds")} | {"score": processes.of_first(found)}
        run.evaluations.append(row)
        if self.recipe.keep_best and (run.best is None or row["score"] > run.best["score"]):
            trained = [n for n, p in self.model.named_parameters() if p.requires_grad]
            state = self.model.state_dict()
            run.best, self.state = row, {n: state[n].clone() for n in trained}

    def __exit__(self, *_) -> None:
        self.model.load_state_dict(self.state, strict=False)
        self.model.eval()


def _of_words(model: nn.Module) -> bool:
    """Whether the logits are W h + b over a vocabulary, and nothing but the loss wants them."""
    plain = type(model) is Model and type(model.head) in (LanguageHead, SequenceHead)
    return plain and not (model._forward_hooks or model.head._forward_hooks)


def _blocks(model: nn.Module) -> Sequence[nn.Module]:
    """The blocks of a Transformer: of one shape, so that one compilation serves them all."""
    return getattr(getattr(model, "body", None), "blocks", ())


def _ready(model: nn.Module, recipe: Recipe) -> tuple[torch.device, str]:
    """Meet the other processes, begin from the same values; the device, and one precision."""
    processes.join()
    device = runtime.device()
    processes.same(model.to(device))
    if recipe.precision != "auto":
        return device, recipe.precision
    return device, "bf16" if processes.of_first(runtime.precision(device) == "bf16") else "fp32"


def _number(mean: Tensor, step: int, recipe: Recipe) -> float:
    value = processes.total(float(mean.detach()))
    if value != value or value == float("inf"):
        raise KitError(
            f"the loss is {value} at step {step}: the rate {recipe.rate} is too high for this "
            "model. Try a tenth of it."
        )
    return value


@torch.inference_mode()
def predict(
    model: nn.Module, examples: Sequence[dict], *, batch_size: int = 64, precision: str = "auto"
) -> list[np.ndarray]:
    """The model's logits ŷ, one array an example, in their order, with padding cut off.

    Shapes: (C,) for a class, () for a rating, (T, C) for tags, (U, V) for sequences.
    """
    device = next(model.parameters()).device
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["ids"]))
    found: list = [None] * len(examples)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([examples[i] for i in rows]).to(device)
        with runtime.autocast(precision, device):
            logits = batch.run(model).float().cpu().numpy()
        for i, row in zip(rows, logits, strict=True):
            cut = examples[i].get("target", examples[i]["ids"])
            found[i] = row[: len(cut)] if row.ndim == 2 else row
    return found


@torch.inference_mode()
def total_loss(
    model: nn.Module,
    examples: Sequence[dict],
    loss: str = "cross_entropy",
    *,
    batch_size: int = 32,
    precision: str = "auto",
) -> tuple[float, int]:
    """L(θ) = Σ ℓ(yᵢ, ŷᵢ) over all examples, and N: L / N is the mean, in nats where ℓ is
    cross-entropy. Logits of a vocabulary are never held whole."""
    device = next(model.parameters()).device
    apart = loss == "cross_entropy" and _of_words(model)
    precision = runtime.precision(device) if precision == "auto" else precision
    model.eval()
    total = n = 0
    for start in range(0, len(examples), batch_size):
        batch = collate(examples[start : start + batch_size]).to(device)
        with runtime.autocast(precision, device):
            total += float(losses.LOSSES[loss](batch.run(model, apart), batch.y))
        n += losses.count(batch.y)
    return total, n
