"""Sources that ship with the kit: small models that `python -m kit.pretrain` trained."""

import json
from importlib import resources
from pathlib import Path

import numpy as np

from kit.data import corpora
from kit.data.splits import digest
from kit.errors import KitError
from kit.sources import checkpoint
from kit.sources.checkpoint import Source

__all__ = [
    "BUILTIN",
    "ENGLISH",
    "FOLDER",
    "ORIGINS",
    "TEACHER",
    "load_builtin",
    "teacher",
    "teaching",
]

FOLDER = Path(str(resources.files("kit"))) / "sources" / "checkpoints"
ENGLISH = ("rnn_encoder", "transformer_encoder", "rnn_writer", "transformer_writer")
"""Two encoders that learned MiniLM's sentence vectors, and two decoders (language models)."""

BUILTIN = (*ENGLISH, "translator")
"""`ENGLISH`, and an encoder-decoder that translates software messages into 8 languages."""

TEACHER = FOLDER / "teacher.npz"
"""MiniLM's sentence vectors, compressed (`teacher`)."""

ORIGINS = ("news", "films", "products", "editorials", "tweets")
"""The corpora from which the sentences of `teaching()` are."""


def load_builtin(name: str) -> Source:
    """One of `BUILTIN`. Its card: data, licence, recipe, seconds and machine, scores, limits.

    Raises KitError for another name, and for a source that is listed and not made.
    """
    if name not in BUILTIN:
        raise KitError(f"{name!r} does not come with the kit: choose one of {', '.join(BUILTIN)}.")
    if not (FOLDER / name).is_dir():
        raise KitError(
            f"{name!r} is listed as a shipped source, and {FOLDER / name} is not there: "
            f"python -m kit.pretrain {name} makes it."
        )
    return checkpoint.load(FOLDER / name)


def teaching() -> list[str]:
    """The sentences that MiniLM, the teacher, encoded, in order.

    They are all sentences of `corpora.pinned("train")` in `ORIGINS`: no held-out text of any task.
    """
    return corpora.sentences(corpora.pinned("train", ORIGINS))


def teacher(size: int | None = None) -> tuple[list[str], np.ndarray]:
    """The sentences of `teaching()`, and MiniLM's vectors of them, (N, S), each of length 1.

    The kit ships the 192 largest principal components of each vector, one byte each (made by
    `python -m kit.pretrain teacher`). size: S, the first so many components; None for all.
    """
    texts = teaching()
    with np.load(TEACHER) as arrays:
        vectors = arrays["vectors"][:, :size].astype(np.float32)
        about = json.loads(str(arrays["about"]))
    if about["texts"] != digest("\n".join(texts)):
        raise KitError(
            f"{TEACHER} holds vectors of other sentences: the corpus has changed since it was "
            "made. Make it again: python -m kit.pretrain teacher."
        )
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
