"""What another framework computes, in a process of its own that has never imported the kit.

    python -P frameworks_process.py model FOLDER FRAMEWORK   # runs FOLDER/model.keras
    python -P frameworks_process.py checkpoint FOLDER        # reads and writes TensorFlow's files

The last line that it prints is JSON. `kit.experiments.frameworks` calls it.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

FRAMEWORKS = ("torch", "tensorflow", "jax")
RUNS = 9


def run_model(folder: Path, framework: str) -> dict:
    """Import Keras on this framework, read the model, compute hidden states, save it again."""
    for other in {"tensorflow", "jax"} - {framework}:
        sys.modules[other] = None  # as if it were not installed: Keras imports what it finds
    os.environ["KERAS_BACKEND"] = framework
    began = time.process_time()
    import keras

    imported = time.process_time() - began
    model = keras.saving.load_model(folder / "model.keras")
    with np.load(folder / "inputs.npz") as file:
        inputs = {"ids": file["ids"], "mask": file["mask"]}
    began = time.process_time()
    hidden = model.predict_on_batch(inputs)
    first = time.process_time() - began
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        model.predict_on_batch(inputs)
        seconds.append(time.process_time() - began)
    peak = peak_memory()
    np.savez(folder / "outputs.npz", hidden=np.asarray(hidden))
    model.save(folder / "again.keras")
    if others := [name for name in FRAMEWORKS if name != framework and sys.modules.get(name)]:
        sys.exit(f"{others} were imported besides, and take memory: block them too")
    return {
        "CPU seconds to import": round(imported, 1),
        "CPU seconds, first batch": round(first, 2),
        "CPU seconds, a batch": round(statistics.median(seconds), 3),
        "peak memory, MB": peak and round(peak),
        "versions": {"keras": keras.__version__, framework: sys.modules[framework].__version__},
    }


def run_checkpoint(folder: Path) -> dict:
    """Let TensorFlow read FOLDER/kit, and write what it has read as FOLDER/theirs."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(folder / "kit"))
    names = sorted(reader.get_variable_to_shape_map())
    tensors = {name: reader.get_tensor(name) for name in names}
    np.savez(folder / "read.npz", **tensors)
    tf.raw_ops.SaveV2(
        prefix=str(folder / "theirs"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name]) for name in names],
    )
    return {"versions": {"tensorflow": tf.__version__}}


def peak_memory() -> float | None:
    """Peak memory of this process in MB, on Linux; as `kit.runtime` reads it."""
    path = Path("/proc/self/status")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM")), None)


if __name__ == "__main__":
    part, where, *options = sys.argv[1:]
    run = {"model": run_model, "checkpoint": run_checkpoint}[part]
    print(json.dumps(run(Path(where), *options)))
