"""Batches: examples as padded tensors, in a random order of batches of similar length.

B batch, T tokens, U target tokens, D width. An example is a dict: "ids" (T token ids: a list or
an array), "y" (a class, a number, or a list of either) and, for sequences, "target" (the tokens
that the decoder reads).
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kit import loss as losses
from kit.errors import KitError
from kit.loss import IGNORE
from kit.runtime import mix
from kit.train import distributed

__all__ = [
    "Batch",
    "Examples",
    "Loader",
    "Share",
    "Stream",
    "Update",
    "collate",
    "epoch_batches",
    "rows_of",
    "stream",
]


@dataclass(frozen=True)
class Stream:
    """Examples that no process holds whole: they are read part by part, and each process reads its
    share of a part.

    part(n, process, processes) gives the examples of the n-th part (0, 1, ...; an epoch each) that
    process number `process` of so many trains with. Each share has as many examples, in every part.
    The same numbers must give the same examples: a training that resumes begins with its part.

        def part(n, process, processes):
            lines = Path(f"text/{n:05}.txt").read_text("utf-8").splitlines()
            return encode(lines[process::processes])

        fit(model, Stream(part), recipe)
    """

    part: Callable[[int, int, int], Sequence[dict]]

    def share(self, n: int) -> "Share":
        """This process's share of a part. Raises KitError, in all processes, where the shares have
        not as many examples."""
        mine = Share(self.part(n, distributed.rank(), distributed.count()))
        mine.total = int(distributed.total(len(mine)))
        if distributed.total(abs(len(mine) * distributed.count() - mine.total)):
            raise KitError(
                f"part {n} has {len(mine)} examples for process {distributed.rank()}, and "
                f"{mine.total} for all {distributed.count()}: give each process as many, for "
                "instance rows[process::processes] of a number of rows that they divide."
            )
        return mine


class Share(list):
    """What one process holds of a part of a stream; `total`: examples of all processes in it."""

    total: int


Examples = Sequence[dict] | Callable[[int], Sequence[dict]] | Stream
"""Examples, a function from the epoch's number (0, 1, ...) to as many new ones, or a stream."""


@dataclass
class Batch:
    """Examples of similar length as tensors."""

    ids: Tensor  # (B, T)
    mask: Tensor  # (B, T), True where there is a token
    y: Tensor  # (B,) or (B, T) or (B, U) or (B, D)
    target: Tensor | None = None  # (B, U)

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device. A copy to a CUDA GPU does not wait for the GPU."""

        def move(tensor: Tensor) -> Tensor:
            if device.type == "cuda":
                tensor = tensor.pin_memory()
            return tensor.to(device, non_blocking=device.type == "cuda")

        target = None if self.target is None else move(self.target)
        return Batch(move(self.ids), move(self.mask), move(self.y), target)

    def run(self, model: nn.Module, fused: bool = False) -> Tensor | tuple:
        """The model's logits ŷ; fused=True: (hidden, W, b) for `kit.loss.word_loss` instead."""
        extra = () if self.target is None else (self.target,)
        if fused:
            return model.head.words(model.body(self.ids, self.mask), self.mask, *extra)
        return model(self.ids, self.mask, *extra)


def collate(examples: Sequence[dict]) -> Batch:
    """A batch of the examples, padded on the right to the longest of them.

    Raises KitError for ids that are no row of whole numbers.
    """
    ids, mask = _pad([e["ids"] for e in examples], 0)
    target = _pad([e["target"] for e in examples], 0)[0] if "target" in examples[0] else None
    # Without labels, as for `predict`, none counts.
    labelled = all("y" in e for e in examples)
    ys = [e["y"] for e in examples] if labelled else [IGNORE] * len(examples)
    return Batch(ids, mask, _labels(ys), target)


class Update(NamedTuple):
    """What one update computes."""

    step: int
    """Its number, from 1."""
    epoch: float
    """Passes over the examples after it."""
    batches: list[Batch]
    """This process's examples, in as many parts as gradients are accumulated over."""
    labels: int
    """Labels in all parts."""


class Loader:
    """The updates of a `stream` as tensors on a device, which can be prepared ahead.

    parts: gradient accumulation: a batch is cut into so many parts of equal size, or fewer where
    it has fewer examples.
    """

    def __init__(self, rows: Iterator[tuple], device: torch.device, parts: int = 1) -> None:
        self.rows, self.device, self.parts = rows, device, parts
        self.ahead: Update | None = None

    def take(self) -> Update:
        """The next update."""
        update, self.ahead = self.ahead or self._read(), None
        return update

    def prepare(self) -> None:
        """Make the next update's batches, and begin to copy them, while the GPU computes."""
        self.ahead = self._read()

    def _read(self) -> Update:
        step, epoch, rows = next(self.rows)
        size = -(-len(rows) // self.parts)
        batches = [collate(rows[i : i + size]) for i in range(0, len(rows), size)]
        labels = sum(losses.count(batch.y) for batch in batches)
        return Update(step, epoch, [batch.to(self.device) for batch in batches], labels)


def _pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows padded with `value` (B, T), and the mask (B, T)."""
    lengths = np.array([len(row) for row in rows])
    padded = np.full((len(rows), lengths.max()), value)  # (B, T)
    for padded_row, row in zip(padded, map(np.asarray, rows), strict=True):
        if row.size and (row.ndim != 1 or row.dtype.kind not in "iu"):
            raise KitError(
                f"ids of type {row.dtype} and shape {row.shape} are no text: give one row of "
                "whole numbers, as tokenizer.encode(text) does."
            )
        padded_row[: len(row)] = row
    mask = np.arange(padded.shape[1]) < lengths[:, None]
    return torch.from_numpy(padded), torch.from_numpy(mask)


def _labels(ys: Sequence) -> Tensor:
    """Labels as a tensor: rows of classes are padded with `IGNORE`, all others are stacked."""
    if np.ndim(ys[0]) and np.asarray(ys[0]).dtype.kind in "iu":
        return _pad(ys, IGNORE)[0]
    y = torch.as_tensor(np.asarray(ys))
    return y.float() if y.is_floating_point() else y.long()


def epoch_batches(
    examples: Sequence[dict], size: int, seed: int, pool: int = 32
) -> list[list[dict]]:
    """One epoch: batches of `size` examples of similar length, in random order.

    The examples are shuffled; each pool of `pool` batches is sorted by length, so that there is
    little padding, and cut into batches; the batches are shuffled. The order depends on `seed`
    alone.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(examples))
    lengths = np.array([len(e["ids"]) for e in examples])
    batches = []
    for start in range(0, len(order), size * pool):
        indices = order[start : start + size * pool]
        indices = indices[np.argsort(lengths[indices], kind="stable")]
        batches += [indices[i : i + size] for i in range(0, len(indices), size)]
    generator.shuffle(batches)
    return [[examples[i] for i in batch] for batch in batches]


def stream(
    examples: Examples, rows: Sequence[dict], size: int, seed: int, done: int = 0
) -> Iterator[tuple[int, float, Sequence[dict]]]:
    """Endless batches: (step, epochs after it, this process's examples).

    It starts after the first `done` steps, for training that resumes. rows: the examples of the
    first epoch, `rows_of(examples)`. With n processes a batch has n times `size` examples, and a
    batch of fewer than n is left out. Raises KitError for a batch larger than the examples.
    """
    if isinstance(examples, Stream):
        yield from _stream_parts(examples, rows, size, seed, done)
    n = distributed.count()
    size = size * n
    if len(rows) < n or size > max(len(rows), 16):
        raise KitError(
            f"a batch of {size} examples is more than the {len(rows)} that there are: give "
            f"batch_size={max(1, len(rows) // n)} at most, or more examples."
        )
    steps = len(rows) // size + (len(rows) % size >= n)  # of an epoch
    for epoch in itertools.count(done // steps):
        epoch_rows = examples(epoch) if epoch and callable(examples) else rows
        batches = epoch_batches(epoch_rows, size, mix(seed, epoch))
        batches = [batch for batch in batches if len(batch) >= n]
        for i in range(max(0, done - epoch * steps), steps):
            yield epoch * steps + i + 1, epoch + (i + 1) / steps, distributed.share(batches[i])


def _stream_parts(
    examples: Stream, first: Share, size: int, seed: int, done: int
) -> Iterator[tuple[int, float, Sequence[dict]]]:
    """The same as `stream`, of this process's shares: every process makes its own batches."""
    if size > max(len(first), 16):
        raise KitError(
            f"a batch of {size} examples is more than the {len(first)} that this process has of a "
            f"part: give batch_size={len(first)} at most, or larger parts."
        )
    steps = -(-len(first) // size)  # of a part
    for n in itertools.count(done // steps):
        mine = examples.share(n) if n else first
        if len(mine) != len(first):
            raise KitError(
                f"part {n} has {mine.total} examples, and part 0 {first.total}: give as many in "
                "every part."
            )
        batches = epoch_batches(mine, size, mix(seed, n))
        for i in range(max(0, done - n * steps), steps):
            yield n * steps + i + 1, n + (i + 1) / steps, batches[i]


def rows_of(examples: Examples) -> Sequence[dict]:
    """The examples of the first epoch, as dicts; a `datasets.Dataset` gives arrays; of a stream,
    this process's share of the first part.

    Raises KitError for no examples, for a stream without a length, and for what is no example.
    """
    if isinstance(examples, Stream):
        rows = examples.share(0)
    else:
        rows = examples(0) if callable(examples) else examples
    if hasattr(rows, "column_names") and hasattr(rows, "__len__"):
        columns = rows.with_format("numpy")[:]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if not hasattr(rows, "__len__"):
        raise KitError(
            f"a {type(rows).__name__} has no end to shuffle: give a part, list(rows.take(10_000))."
        )
    if not len(rows):
        raise KitError("there are no examples to train on: give at least one.")
    if not isinstance(rows[0], dict) or not {"ids", "y"} <= rows[0].keys():
        kind = sorted(rows[0]) if isinstance(rows[0], dict) else type(rows[0]).__name__
        raise KitError(
            f'an example is a dict with "ids" and "y", not {kind}: windows become examples with '
            "kit.objectives.next_token(windows)."
        )
    for i, row in enumerate(rows):
        if not hasattr(row["ids"], "__len__"):
            raise KitError(
                f"the ids of example {i} are {row['ids']!r:.40}, no row of tokens: give what "
                "tokenizer.encode(text) returns, or leave the example out."
            )
    return rows
