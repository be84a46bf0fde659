"""Sources that ship with the kit: small models that `python -m kit.pretrain` made from pinned data."""

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
"""Two that read whole sentences, taught by MiniLM's vectors; two that write, word after word."""

BUILTIN = (*ENGLISH, "translator")
"""These, and one that translates messages of software into eight languages."""

TEACHER = FOLDER / "teacher.npz"
ORIGINS = ("news", "films", "products", "editorials", "tweets")
"""Where the sentences are from that the teacher has read."""


def load_builtin(name: str) -> Source:
    """One of `BUILTIN`, with its card: data and licence, recipe, seconds and machine, scores, and
    what it is not good for."""
    if name not in BUILTIN:
        raise KitError(f"{name!r} does not come with the kit: choose one of {', '.join(BUILTIN)}.")
    return checkpoint.load(FOLDER / name)


def teaching() -> list[str]:
    """The sentences that the teacher has read, in order: all of `corpora.pinned("train")` in
    `ORIGINS`, no held-out text of any task among them."""
    return corpora.sentences(corpora.pinned("train", ORIGINS))


def teacher(size: int | None = None) -> tuple[list[str], np.ndarray]:
    """The sentences of `teaching()`, and MiniLM's vectors of them (N, S), each of length 1.

    What ships of a vector is its 192 largest principal components, in one byte each (made by
    `python -m kit.pretrain teacher`); `size` takes the first S of these, None all.
    """
    texts = teaching()
    with np.load(TEACHER) as kept:
        vectors, about = (
            kept["vectors"][:, :size].astype(np.float32),
            json.loads(str(kept["about"])),
        )
    if about["texts"] != digest("\n".join(texts)):
        raise KitError(
            "the teacher's vectors are of other sentences than these: the corpus has changed "
            "since. Make them again: python -m kit.pretrain teacher."
        )
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
