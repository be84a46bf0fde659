"""Training that was killed goes on from its last whole state, to the same bits.

folder/training.safetensors   parameters, moments and best parameters; in its header, as JSON,
                              the run so far and what it was made of
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import blake2b, sha256
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from kit.errors import KitError
from kit.train import distributed
from kit.train.optimizer import Optimizer
from kit.train.run import Run

__all__ = ["SECONDS", "ResumeState"]

STARTS: WeakKeyDictionary[nn.Module, dict[str, str]] = WeakKeyDictionary()
"""Model -> folder -> digest of the values that its training there began with."""

SECONDS = 20.0
"""How often the state is written, at most: what a killed run does again."""


class ResumeState:
    """The state of one run in a folder; without a folder nothing is kept.

    best: the best parameters so far, `.state`, and when the next score is `.due`.
    rows: the examples; with another recipe, model or data the folder's state is refused.
    """

    def __init__(
        self,
        folder: str | Path | None,
        model: nn.Module,
        optimizer: Optimizer,
        best: object,
        run: Run,
        rows: Sequence[dict],
        penalty: Callable | None = None,
    ) -> None:
        self.path = folder and Path(folder, "training.safetensors")
        self.model, self.optimizer, self.best, self.run = model, optimizer, best, run
        self.last = time.monotonic()
        if self.path:
            self.made_of = _made_of(model, optimizer, run, rows, penalty, self._start())
            if self.path.exists():
                self._load()

    def _start(self) -> str:
        """A digest of the values that this training began with: those of now, or, for a model that
        was trained with this folder before in this process, those of then."""
        starts = STARTS.setdefault(self.model, {})
        return starts.setdefault(str(self.path.absolute()), _digest_of(self.model))

    def save(self) -> None:
        """Write the state, whole or not at all, if it is time or the end."""
        late = time.monotonic() - self.last >= SECONDS or self.run.spent >= 1
        if not self.path or not late or distributed.rank() > 0:
            return
        about = {"run": asdict(self.run), "due": self.best.due, "made of": self.made_of}
        part = self.path.parent / "unfinished" / self.path.name
        shutil.rmtree(part.parent, ignore_errors=True)  # of one that was killed while it wrote
        part.parent.mkdir(parents=True)
        safetensors.torch.save_file(self._tensors(), part, {"about": json.dumps(about)})
        os.replace(part, self.path)
        part.parent.rmdir()
        self.last = time.monotonic()

    def _own(self) -> dict[str, Tensor]:
        """What the model holds, by name; what is tied, once."""
        return dict(self.model.named_parameters()) | dict(self.model.named_buffers())

    def _tensors(self) -> dict[str, Tensor]:
        found = {f"model/{name}": t.detach() for name, t in self._own().items()}
        found |= {f"best/{name}": t for name, t in self.best.state.items()}
        for i, part in enumerate(self.optimizer.parts):
            for j, state in part.state_dict()["state"].items():
                found |= {f"moment/{i}/{j}/{k}": torch.as_tensor(v) for k, v in state.items()}
        return {name: t.contiguous() for name, t in found.items()}

    def _load(self) -> None:
        try:
            with safe_open(self.path, "pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
            raise KitError(
                f"{self.path} cannot be read ({error}): delete it, and training begins anew."
            ) from error
        self._same(about["made of"])
        with torch.no_grad():
            for name, tensor in self._own().items():
                tensor.copy_(tensors[f"model/{name}"])
        moments = [(n.split("/"), t) for n, t in tensors.items() if n.startswith("moment/")]
        for i, part in enumerate(self.optimizer.parts):
            states: dict = {}
            for (_, at, j, name), t in moments:
                if int(at) == i:  # a whole number is a count, which SparseAdam has without tensor
                    counted = not t.ndim and not t.is_floating_point()
                    states.setdefault(int(j), {})[name] = t.item() if counted else t
            part.load_state_dict(part.state_dict() | {"state": states})
        device = next(self.model.parameters()).device
        self.best.due = about["due"]
        self.best.state = {
            n.removeprefix("best/"): t.to(device) for n, t in tensors.items() if n[:5] == "best/"
        }
        self.run.__dict__.update(about["run"] | {"name": self.run.name})

    def _same(self, kept: dict) -> None:
        for name in {**self.made_of, **kept}:
            was, now = kept.get(name), self.made_of.get(name)
            if was != now:
                raise KitError(
                    f"{self.path.parent} holds another training: its {name} is {was}, here it is "
                    f"{now}. Give another folder, or delete this one to begin anew."
                )


def _made_of(
    model: nn.Module,
    optimizer: Optimizer,
    run: Run,
    rows: Sequence[dict],
    penalty: Callable | None,
    start: str,
) -> dict:
    """Everything that decides a run: the start values, what is trained, a thousand examples."""
    shapes = {name: list(p.shape) for name, p in model.named_parameters()}
    size = sum(p.numel() for p in model.parameters())
    seen = sha256()
    for i in np.linspace(0, len(rows) - 1, min(len(rows), 1000)).astype(int):
        for key in sorted(rows[i]):
            seen.update(np.asarray(rows[i][key], np.float64).tobytes())
    groups = [g for part in optimizer.parts for g in part.param_groups]
    name_of = {p: name for name, p in model.named_parameters()}
    return run.settings | {
        "processes": distributed.count(),
        "groups": [
            [_digest("".join(name_of[p] for p in g["params"]).encode()), g["rate"], g["start"]]
            for g in groups
        ],
        "penalty": getattr(penalty, "__qualname__", type(penalty).__qualname__),
        "start values": start,
        "model": f"{size:,} parameters ({sha256(json.dumps(shapes).encode()).hexdigest()[:8]})",
        "data": f"{len(rows):,} examples ({seen.hexdigest()[:8]})",
    }


def _digest_of(model: nn.Module) -> str:
    """A digest of the model's values: another strategy, seed or source has others, though the
    shapes are the same."""
    digest = blake2b(digest_size=8)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=4).hexdigest()
