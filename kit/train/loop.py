"""fit: forward -> loss -> backward -> update, one loop for every model and task."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from kit import loss as losses
from kit import runtime
from kit.errors import KitError
from kit.train import distributed
from kit.train.batches import Examples, collate, rows_of, stream
from kit.train.evaluate import of_words
from kit.train.labels import check_labels
from kit.train.optimizer import Optimizer
from kit.train.recipe import Recipe
from kit.train.resume import ResumeState
from kit.train.run import Run

__all__ = ["fit", "training_steps"]


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

    `watch(run)` is called after each update; the extras are those of `training_steps`, which holds the
    loop. What takes longer than two seconds shows a bar. Ctrl-C (or the notebook's stop button)
    ends it early and keeps what was reached. Several processes that `torchrun` started train one
    model together (`kit.train.distributed`): only the first shows a bar and calls `watch`.
    """
    distributed.join()
    run = Run(name=name)
    loop = training_steps(model, examples, recipe, run=run, **extras)
    try:
        with _bar(name) as bar:
            for _ in loop:
                bar.set_postfix_str(f"loss {run.steps[-1]['loss']:.3f}", refresh=False)
                bar.update(100 * run.spent - bar.n)
                if watch and distributed.rank() == 0:
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
    quiet = distributed.rank() > 0 or (None if "ipykernel" not in sys.modules else False)
    return tqdm(
        total=100, desc=name or "training", delay=2, leave=False, bar_format=shape, disable=quiet
    )


def training_steps(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    run: Run,
    groups: list[dict] | None = None,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    score: Callable[[nn.Module], float] | None = None,
    folder: str | Path | None = None,
) -> Iterator[Run]:
    """The loop, on the GPU where there is one. It yields `run` after each update, so that two
    loops can advance side by side.

    An update moves θ against the gradient of L(θ)/N, the mean over a batch.
    examples: dicts, or a function from the number of the epoch to them.
    groups: [{"params": [...], "rate": r, "start": s}, ...] as a strategy returns them: s is the
    share of the budget before which nothing in the group moves (gradual unfreezing).
    penalty: a term added to the mean loss, from the model (a pull towards the source, say).
    score: from the model to a number, higher is better.
    folder: where its state is saved; a run that was killed goes on from there (`kit.train.resume`).
    """
    device, precision = _ready(model, recipe)
    rows = rows_of(examples)
    check_labels(rows, recipe.loss)
    run.settings = asdict(recipe) | {"precision": precision, "examples": len(rows)}
    apart = recipe.loss == "cross_entropy" and penalty is None and of_words(model)
    groups = groups or [{"params": list(model.parameters()), "rate": recipe.rate}]
    with (
        runtime.compiled(_blocks(model) if recipe.compile else ()),
        Optimizer(model, groups, recipe.decay, recipe.clip, lazy=penalty is None) as optimizer,
        History(model, score, recipe, run) as history,
    ):
        state = ResumeState(folder, model, optimizer, history, run, rows, penalty)
        coming = stream(examples, rows, recipe.batch_size, recipe.seed, done=len(run.steps))
        while run.spent < 1:
            began = time.perf_counter()
            step, epoch, rows = next(coming)
            batch = collate(rows).to(device)
            torch.manual_seed(runtime.mix(recipe.seed, step) + distributed.rank())
            model.train()
            n = max(1, distributed.total(losses.count(batch.y)))
            with runtime.autocast(precision, device):
                predictions = batch.run(model, apart)  # forward
                mean = losses.LOSSES[recipe.loss](predictions, batch.y) / n  # loss
            value = _finite(mean, step, optimizer)  # before anything moves
            (
                mean + penalty(model) / distributed.count() if penalty else mean
            ).backward()  # backward
            optimizer.step(run.spent, recipe.factor(run.spent))  # update
            history.note(step, epoch, value, began)
            state.save()
            yield run
        run.stopped = "budget"


class History:
    """Keeps the accounts: each update in the run, the score at equal shares of the budget, and the
    best parameters, which it puts back at the end."""

    def __init__(self, model: nn.Module, score: Callable | None, recipe: Recipe, run: Run) -> None:
        self.model, self.score, self.recipe, self.run = model, score, recipe, run
        self.state, self.due = {}, 1 / recipe.evaluations

    def __enter__(self) -> "History":
        return self

    def note(self, step: int, epoch: float, value: float, began: float) -> None:
        run = self.run
        seconds = distributed.of_first(run.seconds + time.perf_counter() - began)
        run.spent = self.recipe.spent(step, epoch, seconds)
        run.steps.append({"step": step, "seconds": seconds, "loss": value})
        if self.score is None or run.spent < self.due - 1e-9:
            return
        self.due = run.spent + 1 / self.recipe.evaluations
        self.model.eval()
        last = run.steps[-1]
        found = self.score(self.model) if distributed.rank() == 0 else 0.0  # the others wait
        row = {k: last[k] for k in ("step", "seconds")} | {"score": distributed.of_first(found)}
        run.evaluations.append(row)
        if self.recipe.keep_best and (run.best is None or row["score"] > run.best["score"]):
            trained = [n for n, p in self.model.named_parameters() if p.requires_grad]
            state = self.model.state_dict()
            run.best, self.state = row, {n: state[n].clone() for n in trained}

    def __exit__(self, *_) -> None:
        self.model.load_state_dict(self.state, strict=False)
        self.model.eval()


def _blocks(model: nn.Module) -> Sequence[nn.Module]:
    """The blocks of a Transformer: of one shape, so that one compilation serves them all."""
    return getattr(getattr(model, "body", None), "blocks", ())


def _ready(model: nn.Module, recipe: Recipe) -> tuple[torch.device, str]:
    """Meet the other processes, begin from the same values; the device, and one precision."""
    distributed.join()
    device = runtime.device()
    distributed.same(model.to(device))
    if recipe.precision != "auto":
        return device, recipe.precision
    return device, "bf16" if distributed.of_first(runtime.precision(device) == "bf16") else "fp32"


def _finite(mean: Tensor, step: int, optimizer: Optimizer) -> float:
    """The mean loss as a number; a KitError where it is none, before a parameter has moved."""
    value = distributed.total(float(mean.detach()))
    if not math.isfinite(value):
        raise KitError(
            f"the loss is {value} at step {step}: the rate {optimizer.highest_rate():g}, the "
            "highest in force, is too high for this model. The parameters are as they were before this "
            "step: begin from a fresh target, with a tenth of the rate."
        )
    return value
