"""fit: forward -> loss -> backward -> update, one loop for every model and task.

B batch, T tokens, U target tokens. An example is a dict: "ids" (list of T token ids), "y" (a
class, a number, or a list of them) and, for sequences, "target" (what the decoder reads).
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from kit import loss as losses
from kit import runtime
from kit.errors import KitError
from kit.optimizer import Optimizer
from kit.record import Run

__all__ = ["Batch", "Recipe", "batches", "collate", "fit", "predict", "training"]


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
    """Examples in an update."""
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


@dataclass
class Batch:
    """Examples of similar length as tensors."""

    ids: Tensor  # (B, T)
    mask: Tensor  # (B, T), True where there is a token
    y: Tensor  # (B,) or (B, T) or (B, U)
    target: Tensor | None = None  # (B, U)

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        target = None if self.target is None else self.target.to(device)
        return Batch(self.ids.to(device), self.mask.to(device), self.y.to(device), target)

    def run(self, model: nn.Module) -> Tensor:
        """ŷ, the model's logits for this batch."""
        extra = () if self.target is None else (self.target,)
        return model(self.ids, self.mask, *extra)


def collate(examples: Sequence[dict]) -> Batch:
    """Pad examples to the longest of them, on the right."""
    ids, mask = _pad([e["ids"] for e in examples], 0)
    ys = [e["y"] for e in examples]
    y = _pad(ys, losses.IGNORE)[0] if _is_sequence(ys[0]) else torch.as_tensor(np.asarray(ys))
    y = y.float() if y.is_floating_point() else y
    target = _pad([e["target"] for e in examples], 0)[0] if "target" in examples[0] else None
    return Batch(ids, mask, y, target)


def _pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(row) for row in rows])
    width = int(lengths.max())
    padded = torch.tensor([list(row) + [value] * (width - len(row)) for row in rows])
    return padded, torch.arange(width) < lengths[:, None]


def _is_sequence(y: object) -> bool:
    return isinstance(y, (list, tuple))


def batches(examples: Sequence[dict], size: int, seed: int, pool: int = 32) -> list[list[dict]]:
    """One epoch in random order, cut into batches of similar length.

    Shuffle; sort each stretch of `pool` batches by length, so that little is padded; cut; shuffle
    the batches. The order depends on `seed` alone.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(examples))
    length = np.array([len(e["ids"]) for e in examples])
    cut = []
    for start in range(0, len(order), size * pool):
        stretch = order[start : start + size * pool]
        stretch = stretch[np.argsort(length[stretch], kind="stable")]
        cut += [stretch[i : i + size] for i in range(0, len(stretch), size)]
    random.shuffle(cut)
    return [[examples[i] for i in indices] for indices in cut]


def fit(
    model: nn.Module,
    examples: Sequence[dict],
    recipe: Recipe,
    *,
    name: str = "",
    watch: Callable[[Run], None] | None = None,
    **extras,
) -> Run:
    """Train `model` in place and return the `Run`: its history as plain data.

    `watch(run)` is called after each update; the extras are those of `training`, which holds the
    loop. What takes longer than two seconds shows a bar. Ctrl-C (or the notebook's stop button)
    ends it early and keeps what was reached.
    """
    run = Run(name=name)
    loop = training(model, examples, recipe, run=run, **extras)
    try:
        with _bar(name) as bar:
            for _ in loop:
                bar.set_postfix_str(f"loss {run.steps[-1]['loss']:.3f}", refresh=False)
                bar.update(100 * run.spent - bar.n)
                if watch:
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
    quiet = None if "ipykernel" not in sys.modules else False  # None: silent without a terminal
    return tqdm(
        total=100, desc=name or "training", delay=2, leave=False, bar_format=shape, disable=quiet
    )


def training(
    model: nn.Module,
    examples: Sequence[dict],
    recipe: Recipe,
    *,
    run: Run,
    groups: list[dict] | None = None,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    score: Callable[[nn.Module], float] | None = None,
) -> Iterator[Run]:
    """The loop, on the GPU where there is one. It yields `run` after each update, so that two
    loops can advance side by side.

    An update moves θ against the gradient of L(θ)/N over a batch of N: the direction of the
    formula's sum, at a length that does not depend on the batch.
    groups: [{"params": [...], "rate": r, "start": s}, ...] as a strategy returns them: s is the
    share of the budget before which nothing in the group moves (gradual unfreezing).
    penalty: a term added to the mean loss, from the model (a pull towards the source, say).
    score: from the model to a number, higher is better.
    Raises KitError for no examples, for labels that do not fit, and for a loss that is no number.
    """
    device = runtime.device()
    model.to(device)
    precision = _precision(recipe.precision, device)
    run.settings = asdict(recipe) | {"precision": precision, "examples": len(examples)}
    criterion = losses.LOSSES[recipe.loss]
    groups = groups or [{"params": list(model.parameters()), "rate": recipe.rate}]
    stream, seconds = _stream(examples, recipe), 0.0
    with (
        Optimizer(model, groups, recipe.decay, recipe.clip, lazy=penalty is None) as optimizer,
        _Keeper(model, score, recipe, run) as keeper,
    ):
        while run.spent < 1:
            began = time.perf_counter()
            step, epoch, rows = next(stream)
            batch = collate(rows).to(device)
            torch.manual_seed(_mix(recipe.seed, step))
            model.train()
            with runtime.autocast(precision, device):
                predictions = batch.run(model)  # forward
            mean = criterion(predictions, batch.y) / losses.count(batch.y)  # loss
            (mean + penalty(model) if penalty else mean).backward()  # backward
            optimizer.step(run.spent, recipe.factor(run.spent))  # update
            value = _number(mean, step, recipe)
            seconds += time.perf_counter() - began
            run.spent = recipe.spent(step, epoch, seconds)
            run.steps.append({"step": step, "seconds": seconds, "loss": value})
            keeper.look()
            yield run
        run.stopped = "budget"


class _Keeper:
    """Takes the score at equal shares of the budget; at the end puts the best parameters back."""

    def __init__(self, model: nn.Module, score: Callable | None, recipe: Recipe, run: Run) -> None:
        self.model, self.score, self.recipe, self.run = model, score, recipe, run
        self.state, self.due = {}, 1 / recipe.evaluations

    def __enter__(self) -> "_Keeper":
        return self

    def look(self) -> None:
        run = self.run
        if self.score is None or run.spent < self.due - 1e-9:
            return
        self.due = run.spent + 1 / self.recipe.evaluations
        self.model.eval()
        last = run.steps[-1]
        row = {k: last[k] for k in ("step", "seconds")} | {"score": self.score(self.model)}
        run.evaluations.append(row)
        if self.recipe.keep_best and (run.best is None or row["score"] > run.best["score"]):
            trained = [n for n, p in self.model.named_parameters() if p.requires_grad]
            state = self.model.state_dict()
            run.best, self.state = row, {n: state[n].clone() for n in trained}

    def __exit__(self, *_) -> None:
        self.model.load_state_dict(self.state, strict=False)
        self.model.eval()


def _stream(examples: Sequence[dict], recipe: Recipe) -> Iterator[tuple[int, float, list[dict]]]:
    """(step, epochs after it, examples of its batch), without end."""
    if not len(examples):
        raise KitError("there are no examples to train on: give at least one.")
    step = 0
    for epoch in itertools.count():
        cut = batches(examples, recipe.batch_size, _mix(recipe.seed, epoch))
        for i, rows in enumerate(cut, 1):
            step += 1
            yield step, epoch + i / len(cut), rows


def _precision(wanted: str, device: torch.device) -> str:
    return runtime.precision(device) if wanted == "auto" else wanted


def _mix(seed: int, n: int) -> int:
    """A seed for the n-th epoch or step, unlike that of any other (seed, n)."""
    return int(np.random.SeedSequence([seed, n]).generate_state(1)[0])


def _number(mean: Tensor, step: int, recipe: Recipe) -> float:
    value = float(mean.detach())
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
    precision = _precision(precision, device)
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
