"""Frameworks: the same model on PyTorch, TensorFlow and JAX, and TensorFlow's checkpoints.

    pip install -e ".[tensorflow]" jax       # what is not installed is not measured
    python -m kit.experiments frameworks     # some minutes

The kit writes each source as a .keras file. A process of its own, with one framework and without
the kit, reads it and computes the hidden states of a batch of film reviews.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from kit import sources
from kit.errors import KitError
from kit.experiments import frameworks_process, parser
from kit.experiments.frameworks_process import FRAMEWORKS, RUNS
from kit.experiments.results_file import ResultsFile
from kit.files import temporary_folder
from kit.sources import keras, tensorflow, tensorflow_bert
from kit.tasks import sentiment

SOURCES = ("minilm", "transformer_encoder", "transformer_writer")
TEXTS = 16
FILE = ResultsFile(
    "frameworks",
    f"hidden states of {TEXTS} film reviews on three frameworks; TensorFlow's checkpoints",
    keys=("part", "framework", "source"),
)
QUICK = "Its numbers are timings, peaks of memory and rounding."


def main(arguments: list[str]) -> None:
    parser("frameworks", __doc__).parse_args(arguments)
    FILE.grow(planned(), measure)


def planned() -> Iterator[dict]:
    """Every measurement that the installed packages allow: a row each."""
    installed = [name for name in FRAMEWORKS if find_spec(name)]
    for framework in installed:
        for source in SOURCES:
            yield {"part": "model", "framework": framework, "source": source}
    if "tensorflow" in installed:
        yield {"part": "checkpoint", "framework": "tensorflow", "source": "minilm"}


def measure(about: dict) -> dict:
    """One row."""
    source = sources.load(about["source"])
    with temporary_folder() as folder:
        if about["part"] == "checkpoint":
            return about | checkpoints(source, Path(folder))
        return about | hidden_states(source, Path(folder), about["framework"])


def hidden_states(source: sources.Source, folder: Path, framework: str) -> dict:
    """Largest difference from the kit's hidden states at a token, CPU seconds, memory."""
    rows = source.tokenizer.encode_many(sentiment.load()["test"]["text"][:TEXTS])
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.zeros(mask.shape, dtype=torch.long)
    ids[mask] = torch.tensor([i for row in rows for i in row])
    np.savez(folder / "inputs.npz", ids=ids.int().numpy(), mask=mask.numpy())
    keras.export(source, folder / "model.keras")
    expected, seconds = computed(source.body, ids, mask)
    row = process("model", folder, framework)
    with np.load(folder / "outputs.npz") as file:
        apart = np.abs(file["hidden"] - expected)[mask.numpy()].max()
    again = keras.load(folder / "again.keras", source.body)
    return {
        "tokens": int(mask.sum()),
        "longest": mask.shape[1],
        "largest difference": float(f"{apart:.2g}"),
        "largest number": float(f"{np.abs(expected[mask.numpy()]).max():.3g}"),
        "tensors": len(source.body.state_dict()),
        "saved there, same bits here": same(arrays(source.body), arrays(again)),
        "CPU seconds, a batch, kit": seconds,
        **row,
    }


@torch.inference_mode()
def computed(body, ids: torch.Tensor, mask: torch.Tensor) -> tuple[np.ndarray, float]:
    """The kit's hidden states, and its CPU seconds for the batch, the median of several runs."""
    hidden = body(ids, mask).numpy()
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        body(ids, mask)
        seconds.append(time.process_time() - began)
    return hidden, round(statistics.median(seconds), 3)


def checkpoints(source: sources.Source, folder: Path) -> dict:
    """How many tensors TensorFlow reads from the kit's file, and the kit from TensorFlow's, with
    the same bits."""
    tensors = tensorflow_bert.google_tensors(source)
    tensorflow.write(folder / "kit", tensors)
    row = process("checkpoint", folder)
    with np.load(folder / "read.npz") as file:
        read = dict(file)
    return {
        "tensors": len(tensors),
        "read there, same bits": same(tensors, read),
        "read here, same bits": same(tensors, tensorflow.read(folder / "theirs")),
        **row,
    }


def process(part: str, folder: Path, *options: str) -> dict:
    """What `frameworks_process` says, run by itself with as many threads as torch has here."""
    threads = str(torch.get_num_threads())
    command = [sys.executable, "-P", frameworks_process.__file__, part, str(folder), *options]
    known = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": threads}
    known |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
    if threads == "1":
        known["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    told = subprocess.run(command, env=known, capture_output=True, text=True, encoding="utf-8")
    if told.returncode:
        raise KitError(f"{' '.join(command[2:])} failed: {told.stderr.strip()[-300:]}")
    return json.loads(told.stdout.splitlines()[-1])


def arrays(body) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in body.state_dict().items()}


def same(tensors: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> int:
    """The number of tensors that are equal to the bit; KitError for another set of names."""
    if set(tensors) != set(others):
        raise KitError(f"names differ: {sorted(set(tensors) ^ set(others))[:3]}. Report this.")
    return sum(
        tensor.shape == others[name].shape
        and tensor.dtype == others[name].dtype
        and tensor.tobytes() == others[name].tobytes()
        for name, tensor in tensors.items()
    )
