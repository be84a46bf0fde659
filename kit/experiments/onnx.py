"""ONNX: a model by torch and by onnxruntime, also in 8 bits: outputs, speed, accuracy.

    pip install -e ".[onnx]"
    python -m kit.experiments onnx     # 15 minutes; one thread each

Latency: a batch of film reviews, and a single one, by both in turns. Accuracy: MiniLM fine-tuned
on 400 film labels, all test sentences.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from kit import experiment, sources
from kit.errors import KitError
from kit.experiments import parser
from kit.experiments.results_file import ResultsFile
from kit.files import temporary_folder
from kit.models import Model, TagHead
from kit.models.generate import generate
from kit.sources import onnx
from kit.tasks import sentiment

KINDS = {
    "encoder": ("minilm", "transformer_encoder"),
    "tagger": ("minilm",),
    "writer": ("transformer_writer",),
}
"""What is exported -> from which sources."""
TEXTS, LABELS, SEEDS, RUNS, NEW = 16, 400, 3, 7, 40
TAGS = 9
FILE = ResultsFile(
    "onnx",
    "models by torch and by onnxruntime: outputs, milliseconds, accuracy in 8 bits",
    keys=("part", "kind", "source", "seed"),
)
QUICK = "Its numbers are timings and rounding, or take minutes."


def main(arguments: list[str]) -> None:
    parser("onnx", __doc__).parse_args(arguments)
    if not find_spec("onnxruntime"):
        raise KitError(onnx.MISSING)
    torch.set_num_threads(1)
    FILE.grow(planned(), measure)


def planned() -> Iterator[dict]:
    """Every measurement."""
    for kind, names in KINDS.items():
        for source in names:
            yield {"part": "outputs", "kind": kind, "source": source}
    for seed in range(SEEDS):
        yield {"part": "accuracy", "source": "minilm", "seed": seed}


def measure(about: dict) -> dict:
    """One row."""
    source = sources.load(about["source"])
    with temporary_folder() as folder:
        if about["part"] == "accuracy":
            return about | accuracy(source, about["seed"], Path(folder))
        if about["kind"] == "writer":
            return about | writer(source, Path(folder))
        head = TagHead(source.body.config.width, TAGS) if about["kind"] == "tagger" else None
        return about | outputs(Model(source.body, head).eval(), source, Path(folder))


def session(path: Path):
    """A file in onnxruntime, with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def padded(source: sources.Source, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """ids and mask of texts."""
    rows = source.tokenizer.encode_many(texts, 128)
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.zeros(mask.shape, dtype=torch.long)
    ids[mask] = torch.tensor([i for row in rows for i in row])
    return ids, mask


@torch.inference_mode()
def outputs(model: Model, source: sources.Source, folder: Path) -> dict:
    """Largest difference of an output at a token, and milliseconds of a batch and of one text."""
    path, small = onnx.export(model, folder / "a.onnx"), folder / "b.onnx"
    onnx.quantize(path, small)
    whole, few = session(path), session(small)
    texts = sentiment.load()["test"]["text"][:TEXTS]
    row: dict = {"MB": size(folder, "a"), "MB, int8": size(folder, "b")}
    for name, chosen in (("batch", texts), ("text", texts[:1])):
        ids, mask = padded(source, chosen)
        feed = {"ids": ids.numpy(), "mask": mask.numpy()}

        def here(ids=ids, mask=mask) -> torch.Tensor:
            hidden = model.body(ids, mask)
            return hidden if model.head is None else model.head(hidden, mask)

        ways = {
            "kit": here,
            "onnxruntime": lambda feed=feed: whole.run(None, feed)[0],
            "int8": lambda feed=feed: few.run(None, feed)[0],
        }
        for way, seconds in in_turns(ways).items():
            row[f"ms, {name}, {way}"] = round(1000 * seconds, 2)
        if name == "batch":
            expected = here().numpy()[mask.numpy()]
            row["largest output"] = float(f"{np.abs(expected).max():.3g}")
            for way, given in (("", whole), (", int8", few)):
                apart = np.abs(given.run(None, feed)[0][mask.numpy()] - expected).max()
                row[f"largest difference{way}"] = float(f"{apart:.2g}")
    return row


def in_turns(ways: dict[str, Callable]) -> dict[str, float]:
    """The median seconds of each way, run one after the other so many times."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS + 1):  # the first one is not counted
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


@torch.inference_mode()
def writer(source: sources.Source, folder: Path) -> dict:
    """Greedy texts with a cache: whether both are the same, and tokens a second."""
    model = Model(source.body, source.head).eval()
    loaded = session(onnx.export_writer(model, folder / "a.onnx"))
    prompt = source.tokenizer.encode("The company said", special=False)
    config = model.body.config

    def there() -> list[int]:
        shape = (config.layers, 1, config.groups, 0, config.size_per_head)
        keys = values = np.zeros(shape, np.float32)
        new, written = prompt, []
        for _ in range(NEW):
            seen = np.ones((1, len(prompt) + len(written)), bool)
            feed = {"ids": np.array([new]), "mask": seen, "keys": keys, "values": values}
            logits, keys, values = loaded.run(None, feed)
            new = [int(logits[0].argmax())]
            written += new
        return written

    def here() -> list[int]:
        return generate(model, [prompt], NEW)[0][:NEW]

    seconds = in_turns({"kit": here, "onnxruntime": there})
    return {
        "MB": size(folder, "a"),
        "same text": here() == there(),
        **{f"tokens a second, {way}": round(NEW / taken, 1) for way, taken in seconds.items()},
    }


def accuracy(source: sources.Source, seed: int, folder: Path) -> dict:
    """Test accuracy of a fine-tuned MiniLM by the kit, by onnxruntime, and there in 8 bits."""
    data = sentiment.load()
    rows = sentiment.sample(data["train"], LABELS, seed=seed)
    target = sentiment.target(source, seed=seed, texts=sentiment.unlabelled(data["train"]))
    made = experiment.prepare(source, "full", sentiment, rows, seed=seed, target=target)
    made.fit()
    model, test = made.model.eval(), list(data["test"])
    path, small = onnx.export(model, folder / "a.onnx"), folder / "b.onnx"
    onnx.quantize(path, small)
    answers: dict[str, np.ndarray] = {}
    for way, file in (("onnxruntime", path), ("int8", small)):
        loaded, parts = session(file), []
        for i in range(0, len(test), TEXTS):
            ids, mask = padded(source, [row["text"] for row in test[i : i + TEXTS]])
            parts.append(loaded.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0])
        answers[way] = np.concatenate(parts).argmax(-1)
    truth = np.array([row["label"] for row in test])
    said = sentiment.predict(model, source.tokenizer, [row["text"] for row in test])
    answers["kit"] = np.array([sentiment.CLASSES.index(answer) for answer in said])
    row: dict = {"test": len(test)}
    for way, given in answers.items():
        row[f"accuracy, {way}"] = float((given == truth).mean())
        row[f"other answers, {way}"] = int((given != answers["kit"]).sum())
    return row


def size(folder: Path, name: str) -> float:
    """MB of a file and of the data beside it."""
    return round(sum(path.stat().st_size for path in folder.glob(f"{name}.onnx*")) / 1e6, 1)
