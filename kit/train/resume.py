"""Resume: training that was killed continues from its last saved state, with the same bits.

folder/training.safetensors   parameters, AdamW's moments and the best parameters, whole; in its
                              header, as JSON, the run so far and what decides it

Several processes read the same folder, and the first writes it. Another number of processes, with
or without shard=True, goes on with the same updates, to rounding, where nothing is drawn: dropout
draws by process.
"""

import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import blake2b, sha256
from pathlib import Path
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from kit.errors import KitError
from kit.files import scratch, whole
from kit.train import distributed
from kit.train.batches import Share
from kit.train.optimizer import Optimizer
from kit.train.run import Run

__all__ = ["SECONDS", "ResumeState"]

STARTS: WeakKeyDictionary[nn.Module, dict[str, str]] = WeakKeyDictionary()
"""Model -> folder -> digest of the values that its training there began with."""

NEWER = {"accumulation": 1, "activation_checkpointing": False, "examples left out": 0}
"""Fields of a recipe that a saved state may lack, with the values that it was trained with."""

SECONDS = 20.0
"""Seconds between two writes, at least: a killed run repeats at most so much."""


class ResumeState:
    """Saves the state of one run to a folder, and loads it from there; None saves nothing.

    history: a `kit.train.loop.History`; of it `best_state` and `next_evaluation` are saved.
    rows: the examples. Raises KitError where the folder has the state of another recipe, model or
    data, or a file that cannot be read.
    """

    def __init__(
        self,
        folder: str | Path | None,
        engine: distributed.Engine,
        optimizer: Optimizer,
        history: object,
        run: Run,
        rows: Sequence[dict],
        penalty: Callable | None = None,
    ) -> None:
        self.path = folder and Path(folder, "training.safetensors")
        self.engine = engine
        self.model = engine.model
        self.optimizer = optimizer
        self.history = history
        self.run = run
        self.last_save = time.monotonic()
        if self.path:
            self.decides = _decides(self.model, optimizer, run, rows, penalty, self._start())
            if self.path.exists():
                self._load()
            if len(run.steps) != distributed.of_first(len(run.steps)):
                raise KitError(
                    f"{self.path.parent} has not the same state in all processes: give a folder "
                    "that all of them share."
                )

    def _start(self) -> str:
        """A digest of the values that this training began with: those of now, or, for a model that
        was trained with this folder before in this process, those of then."""
        starts = STARTS.setdefault(self.engine.original, {})
        return starts.setdefault(str(self.path.absolute()), _digest_of(self.model))

    def save(self) -> None:
        """Write the state, whole or not at all, every `SECONDS` and at the end of the budget.

        Where it cannot be written, as on a full disk, a warning says so and training goes on.
        """
        if not self.path:
            return
        due = time.monotonic() - self.last_save >= SECONDS or self.run.spent >= 1
        if not distributed.of_first(due):
            return
        tensors = self._tensors()  # all processes give their parts
        self.last_save = time.monotonic()
        if distributed.rank() > 0:
            return
        about = {
            "run": asdict(self.run),
            "due": self.history.next_evaluation,
            "made of": self.decides,
        }
        try:
            with scratch(self.path) as space, whole(self.path) as part:
                new = space / "new"  # safetensors writes a hidden file beside it first
                safetensors.torch.save_file(tensors, new, {"about": json.dumps(about)})
                os.replace(new, part)
        except (OSError, SafetensorError) as error:
            warnings.warn(
                f"this training cannot be saved in {self.path.parent} ({error}). It goes on, and "
                "its result in memory is whole; a killed run would begin from the last state that "
                "was saved. Free some space there.",
                stacklevel=2,
            )

    def _model_tensors(self) -> dict[str, Tensor]:
        """Parameters and buffers of the model by name, a tied parameter once."""
        return dict(self.model.named_parameters()) | dict(self.model.named_buffers())

    def _tensors(self) -> dict[str, Tensor]:
        """All that is saved, by name: whole tensors, in the first process."""
        tensors = {f"model/{name}": t.detach() for name, t in self._model_tensors().items()}
        tensors |= {f"best/{name}": t for name, t in self.history.best_state.items()}
        for i, state in self.optimizer.adamw.state_dict()["state"].items():
            tensors |= {f"moment/{i}/{name}": tensor for name, tensor in state.items()}
        first = distributed.rank() == 0
        wholes = ((name, distributed.whole(t)) for name, t in tensors.items())
        return {name: t.contiguous() for name, t in wholes if first}

    def _load(self) -> None:
        try:
            with safe_open(self.path, "pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
            raise KitError(
                f"{self.path} cannot be read ({error}): give another folder to start training anew."
            ) from error
        self._check_same_run(about["made of"])
        ours = self._model_tensors()
        for name, tensor in ours.items():
            distributed.fill(tensor, tensors[f"model/{name}"])
        states: dict[int, dict[str, Tensor]] = {}
        parameters = [p for group in self.optimizer.groups for p in group["params"]]
        for moment in [name for name in tensors if name.startswith("moment/")]:
            _, number, name = moment.split("/")
            state = tensors[moment]
            if name != "step":
                state = distributed.fill(torch.empty_like(parameters[int(number)]).detach(), state)
            states.setdefault(int(number), {})[name] = state
        adamw = self.optimizer.adamw
        adamw.load_state_dict(adamw.state_dict() | {"state": states})
        self.history.next_evaluation = about["due"]
        best = {n.removeprefix("best/"): t for n, t in tensors.items() if n[:5] == "best/"}
        self.history.best_state = {
            name: distributed.fill(torch.empty_like(ours[name]).detach(), t)
            for name, t in best.items()
        }
        self.run.__dict__.update(about["run"] | {"name": self.run.name})

    def _check_same_run(self, saved: dict) -> None:
        saved = NEWER | saved
        if "processes" in saved:  # as it was written when their number had to stay
            saved["examples in an update"] = saved.pop("batch_size") * saved.pop("processes")
        for name in {**self.decides, **saved}:
            before, now = saved.get(name), self.decides.get(name)
            if before != now:
                raise KitError(
                    f"{self.path.parent} holds another training: its {name} is {before}, here "
                    f"it is {now}. Give another folder to start training anew."
                )


def _decides(
    model: nn.Module,
    optimizer: Optimizer,
    run: Run,
    rows: Sequence[dict],
    penalty: Callable | None,
    start: str,
) -> dict:
    """What decides a run: settings, groups, start values, hashes of the shapes and of the data.

    The number of processes does not: two with batches of B go on where one with 2B was.
    """
    shapes = {name: list(p.shape) for name, p in model.named_parameters()}
    size = sum(p.numel() for p in model.parameters())
    name_of = {p: name for name, p in model.named_parameters()}
    n = distributed.count()
    settings = dict(run.settings)
    del settings["shard"]
    examples = settings.pop("batch_size") * n
    left = len(rows) % examples
    return settings | {
        "examples in an update": examples,
        "examples left out": left if 0 < left < n and not isinstance(rows, Share) else 0,
        "groups": [
            [_digest("".join(name_of[p] for p in g["params"]).encode()), g["rate"], g["start"]]
            for g in optimizer.groups
        ],
        "optimizer": type(optimizer.adamw).__name__,
        "penalty": getattr(penalty, "__qualname__", type(penalty).__qualname__),
        "start values": start,
        "model": f"{size:,} parameters ({sha256(json.dumps(shapes).encode()).hexdigest()[:8]})",
        "data": _data(rows),
    }


def _data(rows: Sequence[dict]) -> str:
    """The number of examples, and a digest of them; of a stream, one that does not depend on which
    process holds which."""
    if isinstance(rows, Share):
        own = sum(crc32(_bytes(row)) for row in rows)
        return f"{rows.total:,} examples ({int(distributed.total(own)):x})"
    data = sha256()
    for i in np.linspace(0, len(rows) - 1, min(len(rows), 1000)).astype(int):
        data.update(_bytes(rows[i]))
    return f"{len(rows):,} examples ({data.hexdigest()[:8]})"


def _bytes(row: dict) -> bytes:
    return b"".join(np.asarray(row[key], np.float64).tobytes() for key in sorted(row))


def _digest_of(model: nn.Module) -> str:
    """A digest of the model's values: another strategy, seed or source has others, though the
    shapes are the same."""
    digest = blake2b(digest_size=8)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        digest.update(name.encode())
        values = distributed.whole(tensor.detach()).cpu().contiguous()
        digest.update(values.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=4).hexdigest()
