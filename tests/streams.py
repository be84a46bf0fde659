"""Trainings on a stream, by one process or several, as a command: see test_streams.

    torchrun --nproc-per-node 2 -m tests.streams FOLDER

Each process writes FOLDER/RANK.json.
"""

import json
import sys
from pathlib import Path

import torch

from kit.errors import KitError
from kit.train import Stream, distributed, fit, resume
from tests.pretraining import bits, examples, model, recipe

ROWS = 64
"""Examples of a part."""


class Parts:
    """Files of rows, as many as parts; it counts what this process has read."""

    def __init__(self, uneven: bool = False) -> None:
        self.read: list[list[int]] = []
        self.uneven = uneven

    def __call__(self, n: int, process: int, processes: int) -> list[dict]:
        rows = examples("words")[:ROWS]
        mine = [i for i in range(ROWS) if i % processes == process]
        if self.uneven and process:
            mine = mine[:-1]
        self.read.append(mine)
        # Another part: the same rows, with other tokens.
        return [{name: (ids + n) % 1500 for name, ids in rows[i].items()} for i in mine]


def trained(batch: int, steps: int, parts: Parts, folder: Path | None = None) -> dict:
    """What a training gives: losses, values, the rows of each part that were read here."""
    made, settings = model("words"), recipe(steps=steps, batch_size=batch)
    try:
        run = fit(made, Stream(parts), settings, folder=folder)
    except KitError as error:
        return {"refused": str(error)}
    return {
        "losses": [row["loss"] for row in run.steps],
        "values": [float(p.double().square().sum()) for p in bits(made).values()],
        "read": parts.read,
    }


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    resume.SECONDS = 0
    distributed.join()
    said = {
        "small batches": trained(8, 40, Parts()),
        "whole parts": trained(ROWS // distributed.count(), 6, Parts()),
        "resumed": trained(ROWS // distributed.count(), 6, Parts(), folder / "kept"),
        "uneven": trained(8, 40, Parts(uneven=True)),
    }
    path = folder / f"{distributed.rank()}.json"
    path.write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
