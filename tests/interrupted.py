"""Cells that are interrupted at random moments, and then run again: see test_interrupts.

    python tests/interrupted.py warm FOLDER 90 SEED   # one process, 90 interrupts
    python tests/interrupted.py fresh FOLDER 10 SEED  # from its first import on

Prints a JSON object: cell -> [interrupts, of these noticed by the cell, equal results afterwards].
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import kit  # noqa: F401  (from here on Ctrl-C waits for the end of an import)

KEPT: dict = {}
"""What a notebook would have from earlier cells: a source, texts, a widget."""


def digest(*models) -> str:
    """A digest of all values of the models."""
    result = sha256()
    for model in models:
        for name, tensor in sorted(model.state_dict().items()):
            result.update(name.encode() + tensor.detach().numpy().tobytes())
    return result.hexdigest()


def fit_cell() -> str:
    from pretraining import examples, model, recipe

    from kit.train import fit

    made = model("classes", 0.1)  # its embedding has sparse gradients
    fit(made, examples("classes"), recipe(steps=8))
    other = model("words", 0.1)
    fit(other, examples("words"), recipe(steps=5), penalty=lambda m: 0.01 * _square(m))
    return digest(made, other)


def _square(model):
    return sum(p.square().sum() for p in model.parameters())


def predict_cell() -> str:
    from pretraining import examples, model

    from kit.train import predict

    outputs = predict(model("classes"), examples("classes") * 8, batch_size=8)
    return sha256(b"".join(y.tobytes() for y in outputs)).hexdigest()


def from_words_cell() -> str:
    from kit import sources
    from kit.tasks import sentiment

    if "source" not in KEPT:
        KEPT["source"] = sources.load("rnn_encoder")
    texts = [f"a film that is {word}" for word in ("good", "bad", "long", "dull", "fine", "sad")]
    target = sentiment.target(KEPT["source"], texts=texts)
    return digest(target.model) + digest(KEPT["source"].body)


def race_cell() -> str:
    from racing import SmallRace

    if "race" not in KEPT:
        KEPT["race"] = SmallRace()
    KEPT["race"].train().wait()
    models = KEPT["race"].models
    return digest(models["one"], models["two"])


def load_cell() -> str:
    from pretraining import torch

    from kit.data.cache import stored
    from kit.files import load_cached, save_cached
    from kit.models import RNN, RNNConfig
    from kit.sources import checkpoint
    from kit.sources.checkpoint import Source, load
    from kit.tokenizer import Tokenizer

    folder = Path(KEPT["folder"])
    tokenizer = Tokenizer.train(["a cell that is interrupted is run again"] * 9, 280)
    torch.manual_seed(1)
    body = RNN(RNNConfig(vocabulary=tokenizer.size, width=64))
    checkpoint.save(Source("small", body, tokenizer), folder / "saved")
    again = load(folder / "saved")
    (folder / "t.table").unlink(missing_ok=True)
    rows = [{"text": f"row {i}", "n": i} for i in range(3000)]
    made = stored(folder / "t.table", lambda: rows)
    read = stored(folder / "t.table", list)
    save_cached(folder / "v.json", rows)
    same = made.to_pylist() == read.to_pylist() == load_cached(folder / "v.json") == rows
    return digest(again.body) + str(same)


CELLS: dict[str, Callable[[], str]] = {
    "fit": fit_cell,
    "predict": predict_cell,
    "from_words": from_words_cell,
    "race": race_cell,
    "load": load_cell,
}


def interrupted(cell: Callable[[], str], delay: float) -> str:
    """The result of a cell that Ctrl-C meets after `delay` seconds; "" where it raised."""
    fired = []

    def fire() -> None:
        time.sleep(delay)
        fired.append(True)
        os.kill(os.getpid(), signal.SIGINT)

    try:
        threading.Thread(target=fire, daemon=True).start()
        result = cell()
        while not fired:
            time.sleep(0.002)
        time.sleep(0.05)
    except KeyboardInterrupt:
        while not fired:
            time.sleep(0.002)
        return ""
    return result


def warm(tries: int, generator: random.Random) -> dict[str, list[int]]:
    """Interrupt each cell in turn, at a moment drawn from its duration."""
    expected, seconds = {}, {}
    for name, cell in CELLS.items():
        cell()  # imports and first calls
        began = time.monotonic()
        expected[name] = cell()
        seconds[name] = time.monotonic() - began
    counts = {name: [0, 0, 0] for name in CELLS}
    for i in range(tries):
        name = list(CELLS)[i % len(CELLS)]
        noticed = interrupted(CELLS[name], generator.uniform(0, seconds[name])) != expected[name]
        equal = CELLS[name]() == expected[name]
        counts[name] = [a + b for a, b in zip(counts[name], (1, noticed, equal), strict=True)]
    return counts


def fresh(least: int, generator: random.Random) -> dict[str, list[int]]:
    """Interrupt every cell from the first import on, again and again, at least so many times."""
    counts = dict.fromkeys(CELLS, 0)
    while sum(counts.values()) < least:
        for name, cell in CELLS.items():
            counts[name] += interrupted(cell, generator.uniform(0, 0.8)) == ""
    return {name: [counts[name], cell()] for name, cell in CELLS.items()}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kind, KEPT["folder"], count, seed = sys.argv[1:]
    if kind == "expected":
        print(json.dumps({name: cell() for name, cell in CELLS.items()}))
    else:
        print(json.dumps({"warm": warm, "fresh": fresh}[kind](int(count), random.Random(seed))))
