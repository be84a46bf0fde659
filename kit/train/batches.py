"""Examples as tensors: a batch, and the order of the batches.

B batch, T tokens, U target tokens. An example is a dict: "ids" (T token ids: a list, an array),
"y" (a class, a number, or a list of either) and, for sequences, "target" (what the decoder
reads).
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from kit.errors import KitError
from kit.loss import IGNORE
from kit.runtime import mix
from kit.train import distributed

__all__ = ["Batch", "Examples", "collate", "epoch_batches", "rows_of", "stream"]

Examples = Sequence[dict] | Callable[[int], Sequence[dict]]
"""Examples, or a function that makes as many anew for each epoch (0, 1, ...)."""


@dataclass
class Batch:
    """Examples of similar length as tensors."""

    ids: Tensor  # (B, T)
    mask: Tensor  # (B, T), True where there is a token
    y: Tensor  # (B,) or (B, T) or (B, U) or (B, D)
    target: Tensor | None = None  # (B, U)

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        target = None if self.target is None else self.target.to(device)
        return Batch(self.ids.to(device), self.mask.to(device), self.y.to(device), target)

    def run(self, model: nn.Module, apart: bool = False) -> Tensor | tuple:
        """ŷ, the model's logits for this batch; `apart`, the hidden states, W and b instead."""
        extra = () if self.target is None else (self.target,)
        if apart:
            return model.head.words(model.body(self.ids, self.mask), self.mask, *extra)
        return model(self.ids, self.mask, *extra)


def collate(examples: Sequence[dict]) -> Batch:
    """Pad examples to the longest of them, on the right."""
    ids, mask = _pad([e["ids"] for e in examples], 0)
    target = _pad([e["target"] for e in examples], 0)[0] if "target" in examples[0] else None
    return Batch(ids, mask, _labels([e["y"] for e in examples]), target)


def _pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    lengths = np.array([len(row) for row in rows])
    padded = np.full((len(rows), lengths.max()), value)  # (B, T)
    for there, row in zip(padded, map(np.asarray, rows), strict=True):
        if row.size and (row.ndim != 1 or row.dtype.kind not in "iu"):
            raise KitError(
                f"ids of type {row.dtype} and shape {row.shape} are no text: give one row of "
                "whole numbers, as tokens.encode(text) does."
            )
        there[: len(row)] = row
    mask = np.arange(padded.shape[1]) < lengths[:, None]
    return torch.from_numpy(padded), torch.from_numpy(mask)


def _labels(ys: Sequence) -> Tensor:
    """Rows of classes are padded; classes, numbers and rows of numbers are stacked."""
    if np.ndim(ys[0]) and np.asarray(ys[0]).dtype.kind in "iu":
        return _pad(ys, IGNORE)[0]
    y = torch.as_tensor(np.asarray(ys))
    return y.float() if y.is_floating_point() else y.long()


def epoch_batches(
    examples: Sequence[dict], size: int, seed: int, pool: int = 32
) -> list[list[dict]]:
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


def stream(
    examples: Examples, rows: Sequence[dict], size: int, seed: int, done: int = 0
) -> Iterator[tuple[int, float, Sequence[dict]]]:
    """(step, epochs after it, this process's examples), without end, as if `done` steps had been.

    rows: those of the first epoch, `rows_of(examples)`. With n processes a batch has n times
    `size` examples, and one of fewer than n is left out.
    """
    n, size = distributed.count(), size * distributed.count()
    if len(rows) < n or size > max(len(rows), 16):
        raise KitError(
            f"a batch of {size} examples is more than the {len(rows)} that there are: give "
            f"batch_size={max(1, len(rows) // n)} at most, or more examples."
        )
    each = len(rows) // size + (len(rows) % size >= n)
    for epoch in itertools.count(done // each):
        anew = epoch and callable(examples)
        cut = epoch_batches(examples(epoch) if anew else rows, size, mix(seed, epoch))
        cut = [batch for batch in cut if len(batch) >= n]
        for i in range(max(0, done - epoch * each), each):
            yield epoch * each + i + 1, epoch + (i + 1) / each, distributed.share(cut[i])


def rows_of(examples: Examples) -> Sequence[dict]:
    """The examples of the first epoch, as dicts; of a `datasets.Dataset`, its columns as arrays.

    Raises KitError where there are none, and for what is no example.
    """
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
        what = sorted(rows[0]) if isinstance(rows[0], dict) else type(rows[0]).__name__
        raise KitError(
            f'an example is a dict with "ids" and "y", not {what}: windows become examples with '
            "kit.objectives.next_token(windows)."
        )
    return rows
