"""Training loop: forward, loss, backward, update; one loop for every model and task."""

import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from kit import guards, runtime
from kit import loss as losses
from kit.errors import KitError
from kit.memory import release_memory
from kit.train import distributed
from kit.train.batches import Batch, Examples, Loader, rows_of, stream
from kit.train.evaluate import fuses_loss
from kit.train.groups import check_groups
from kit.train.labels import check_labels
from kit.train.memory import check_training_memory
from kit.train.optimizer import Optimizer
from kit.train.recipe import Recipe
from kit.train.resume import ResumeState
from kit.train.run import Run

__all__ = ["fit", "training_steps"]


FIT = "fit(m.model, examples, Recipe(epochs=3), **m.training)"
LARGE = 5_000_000
"""Parameters from which memory is given back after a training: it takes a tenth of a second."""


@guards.guarded(
    FIT,
    model=guards.a_model,
    examples=guards.examples_of,
    recipe=guards.a_recipe,
    watch=guards.a_function,
    name=guards.a_name,
)
def fit(
    model: nn.Module,
    examples: Examples,
    recipe: Recipe,
    *,
    name: str = "",
    watch: Callable[[Run], None] | None = None,
    **options,
) -> Run:
    """Train `model` in place and return the `Run`: its history as plain data.

    name: what figures call the run. watch(run) is called after each update. options: groups,
    penalty, score and folder of `training_steps`, which holds the loop. After two seconds it
    shows a progress bar. Ctrl-C, or the notebook's stop button, ends training early and keeps the
    parameters reached so far. Several processes that `torchrun` started train one model together
    (`kit.train.distributed`): only the first shows a bar and calls `watch`.
    """
    distributed.join()
    run = Run(name=name)
    loop = training_steps(model, examples, recipe, run=run, **options)
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
        if sum(p.numel() for p in model.parameters()) > LARGE:
            release_memory()
    return run


def _bar(name: str):
    """A progress bar of the budget, in percent, in a notebook or a terminal; none in a log file."""
    from tqdm.auto import tqdm

    bar_format = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}, {postfix}"
    # tqdm's `disable`: None shows the bar only in a terminal, False always.
    disable = None if "ipykernel" not in sys.modules else False
    if distributed.rank() > 0:
        disable = True
    return tqdm(
        total=100,
        desc=name or "training",
        delay=2,
        leave=False,
        bar_format=bar_format,
        disable=disable,
    )


@guards.guarded(
    FIT,
    model=guards.a_model,
    examples=guards.examples_of,
    recipe=guards.a_recipe,
    groups=guards.groups_of,
    penalty=guards.a_function,
    score=guards.a_function,
    folder=guards.a_folder,
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
    """The training loop. It yields `run` after each update, so that two loops can take turns.

    An update moves θ against the gradient of L(θ)/N + penalty, where L(θ)/N is the mean loss of a
    batch; run.steps records the mean loss alone. It runs on the GPU where there is one.
    examples: dicts, a function from the epoch's number (0, 1, ...) to them, or a `Stream`.
    groups: [{"params": [...], "rate": r, "start": s}, ...] as a strategy returns them: the group
    is not trained before the share s of the budget (gradual unfreezing). Default: all at the
    recipe's rate.
    penalty: a function from the model to a number that is added to the mean loss.
    score: a function from the model to a number, higher is better; run.evaluations records it.
    folder: where the state is saved; a run that was killed resumes there (`kit.train.resume`).
    Raises KitError for examples, groups or a batch size that cannot train, and for a loss that is
    not finite.
    """
    device, precision = _prepare(model, recipe)
    rows = rows_of(examples)
    check_labels(rows, recipe.loss, needed=penalty is None)
    run.settings = asdict(recipe) | {
        "precision": precision,
        "examples": getattr(rows, "total", len(rows)),
    }
    fused = recipe.loss == "cross_entropy" and penalty is None and fuses_loss(model)
    if groups is None:
        groups = [{"params": list(model.parameters()), "rate": recipe.rate}]
    check_groups(model, groups)
    check_training_memory(model, groups, recipe, rows, score)
    distributed.check_shard(recipe, penalty)
    # What is saved in a folder holds moments of whole tables.
    touched_rows = device.type == "cpu" and distributed.count() == 1 and folder is None
    if penalty and recipe.accumulation > 1:
        raise KitError(
            f"accumulation={recipe.accumulation} and a penalty: a penalty is computed from the "
            "whole batch. Give accumulation=1, and a smaller batch_size where memory is short."
        )

    def objective(batch: Batch, n: float) -> tuple[Tensor, Tensor]:
        """What the gradient is taken of, and the loss in it, for a part of the batch."""
        with runtime.autocast(precision, device):
            predictions = batch.run(engine.model, fused)  # forward
            part = losses.LOSSES[recipe.loss](predictions, batch.y) / n  # loss
        total = part + penalty(engine.model) / distributed.count() if penalty else part
        return total, part.detach()

    with (
        runtime.compiled(_compiled_parts(model, device) if recipe.compile else ()),
        _checkpointed(model, recipe.activation_checkpointing),
        distributed.engine(model, groups, recipe) as engine,
        Optimizer(
            engine.model,
            engine.groups,
            recipe.decay,
            recipe.clip,
            device,
            touched_rows=touched_rows,
        ) as optimizer,
        History(engine, score, recipe, run) as history,
    ):
        state = ResumeState(folder, engine, optimizer, history, run, rows, penalty)
        optimizer.updates = len(run.steps)
        batches = stream(examples, rows, recipe.batch_size, recipe.seed, done=len(run.steps))
        loader = Loader(batches, device, recipe.accumulation)
        kernels = runtime.attention_kernels(device, fixed=_one_length(rows))
        modules = list(engine.model.modules())
        while run.spent < 1:
            began = time.perf_counter()
            step, epoch, parts, labels = loader.take()
            with runtime.random_state(runtime.mix(recipe.seed, step) + distributed.rank()):
                if not all(module.training for module in modules):  # a GPU waits meanwhile
                    engine.model.train()
                n = max(1, distributed.total(labels))
                mean = 0.0  # of the whole batch
                for batch in parts:
                    with kernels():  # in the backward pass too: checkpointed blocks run again there
                        total, part = engine(objective, batch, n, last=batch is parts[-1])
                        total.backward()  # backward
                    mean = mean + part
                optimizer.step(mean, run.spent, recipe.factor(run.spent))  # update
                if device.type == "cuda" and not epoch.is_integer():
                    loader.prepare()  # while the GPU computes
                history.record(step, epoch, optimizer.loss(run.spent), began)
            state.save()
            yield run
        run.stopped = "budget"


class History:
    """Records each update in the run, and the score at equal shares of the budget.

    It keeps a copy of the parameters with the best score, and puts them back at the end.
    best_state: that copy. next_evaluation: the share of the budget at which the next score is
    taken.
    """

    def __init__(
        self, engine: distributed.Engine, score: Callable | None, recipe: Recipe, run: Run
    ) -> None:
        self.engine = engine
        self.model = engine.model
        self.score = score
        self.recipe = recipe
        self.run = run
        self.best_state: dict[str, Tensor] = {}
        self.next_evaluation = 1 / recipe.evaluations

    def __enter__(self) -> "History":
        return self

    def record(self, step: int, epoch: float, value: float, began: float) -> None:
        """Record an update: its number from 1, epochs after it, mean loss, and when it began."""
        run = self.run
        seconds = distributed.of_first(run.seconds + time.perf_counter() - began)
        run.spent = self.recipe.spent(step, epoch, seconds)
        run.steps.append({"step": step, "seconds": seconds, "loss": value})
        if self.score is not None and run.spent >= self.next_evaluation - 1e-9:
            self._evaluate(step, seconds)

    def _evaluate(self, step: int, seconds: float) -> None:
        run = self.run
        self.next_evaluation = run.spent + 1 / self.recipe.evaluations
        score = 0.0  # what the other processes wait with
        with self.engine.evaluated() as model:
            if distributed.rank() == 0:
                score = guards.as_number(self.score(model))
        row = {"step": step, "seconds": seconds, "score": distributed.of_first(score)}
        run.evaluations.append(row)
        if math.isnan(row["score"]):
            warnings.warn(
                f"the score at step {step} is nan, and counts as no score: look at the function "
                "that was given as score=.",
                stacklevel=2,
            )
            return
        if self.recipe.keep_best and (run.best is None or row["score"] > run.best["score"]):
            trained = [n for n, p in self.model.named_parameters() if p.requires_grad]
            state = self.model.state_dict()
            run.best = row
            self.best_state = {name: state[name].clone() for name in trained}

    def __exit__(self, *_) -> None:
        self.model.load_state_dict(self.best_state, strict=False)
        self.model.eval()


def _compiled_parts(model: nn.Module, device: torch.device) -> list[nn.Module]:
    """What `compile` compiles: the blocks of a Transformer, which all have one shape, so that they
    share one compilation; on a GPU the last norm and the softmax of the loss too."""
    body = getattr(model, "body", None)
    blocks = list(getattr(body, "blocks", ()))
    if not blocks or device.type != "cuda":
        return blocks
    return [*blocks, body.norm, losses.softmax_gradient]


@contextmanager
def _checkpointed(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Context in which the model's Transformers checkpoint their activations, where wanted."""
    bodies = (
        [m for m in model.modules() if hasattr(m, "activation_checkpointing")] if wanted else []
    )
    if wanted and not bodies:
        raise KitError(
            "activation_checkpointing=True needs the blocks of a Transformer, which this model "
            "does not have: leave it out, and give accumulation=2 where memory is short."
        )
    for body in bodies:
        body.activation_checkpointing = True
    try:
        yield
    finally:
        for body in bodies:
            body.activation_checkpointing = False


def _one_length(rows: Sequence[dict]) -> bool:
    """Whether all examples have as many tokens, as the windows of a pretraining have."""
    return len({len(row["ids"]) for row in rows}) == 1


def _prepare(model: nn.Module, recipe: Recipe) -> tuple[torch.device, str]:
    """Give all processes the same parameters on their devices; return device and precision."""
    distributed.join()
    device = runtime.device()
    distributed.same(model.to(device))
    if recipe.precision != "auto":
        return device, recipe.precision
    return device, "bf16" if distributed.of_first(runtime.precision(device) == "bf16") else "fp32"
