"""Frozen vectors of every layer of a source: of texts, and of single words.

L layers besides the embeddings, N texts or words, D_i width of layer i.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from kit import guards, train
from kit.errors import KitError
from kit.models import RNN, Transformer, pool
from kit.sources import Source
from kit.tasks import entities
from kit.tasks.classification import LIMIT
from kit.texts import check_texts

__all__ = ["layer_vectors", "word_vectors"]

SENTENCES = 64
"""Sentences whose tokens' states are in memory at a time."""


@guards.guarded("layer_vectors(source, texts)", source=guards.a_source)
def layer_vectors(source: Source, texts: Sequence[str], *, how: str = "mean") -> list[np.ndarray]:
    """L + 1 arrays (N, D_i), float32: each text's pooled hidden states after layer i.

    Layer 0 are the embeddings. The last is what the body returns. In between a layer is what the
    body would return if it ended there: a Transformer's final norm is applied to each. 128 tokens
    of a text are read. A body that is neither a Transformer nor an RNN, such as a table of word
    vectors, has one layer: what it returns. how: as in `kit.models.pool`. Raises KitError for what
    is no text, or empty.
    """
    ids = source.tokenizer.encode_many(check_texts(texts), LIMIT)
    reader = _Reader(source.body, how)
    examples = [{"ids": i, "y": 0} for i in ids]
    return reader.split(np.stack(train.predict(reader, examples, precision="fp32")))


@guards.guarded("word_vectors(source, sentences)", source=guards.a_source)
def word_vectors(source: Source, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """L + 1 arrays (N, D_i), float32: each word's state after layer i, at its first token, where
    the tagger of `kit.tasks.entities` reads it.

    sentences: lists of words; N is the number of all their words, in order. A word without a
    token, or behind the 128th token, has nan. Layers: as in `layer_vectors`.
    """
    reader = _Reader(source.body, None)
    parts = []
    for start in range(0, len(sentences), SENTENCES):
        aligned = [
            entities.align(words, source.tokenizer, LIMIT)
            for words in sentences[start : start + SENTENCES]
        ]
        examples = [{"ids": ids, "y": 0} for ids, _ in aligned]
        states = train.predict(reader, examples, precision="fp32")
        for (_, first), rows in zip(aligned, states, strict=True):
            words = np.full((len(first), rows.shape[1]), np.nan, np.float32)
            words[first >= 0] = rows[first[first >= 0]]
            parts.append(words)
    if not parts:
        raise KitError("there is no sentence: give lists of words.")
    return reader.split(np.concatenate(parts))


class _Reader(nn.Module):
    """ids (B, T) -> the states of all layers side by side: pooled (B, Σ D_i), or of each token
    (B, T, Σ D_i) where `how` is None."""

    def __init__(self, body: nn.Module, how: str | None) -> None:
        super().__init__()
        if how not in ("mean", "first", "last", None):
            raise KitError(f'how={how!r} is unknown: give "mean", "first" or "last".')
        self.body, self.how = body, how
        self.sizes: list[int] = []

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        with _states(self.body, mask) as states:
            states.append(self.body(ids, mask))
        self.sizes = [state.shape[-1] for state in states]
        if self.how is not None:
            states = [pool(state, mask, self.how) for state in states]
        return torch.cat([state.float() for state in states], -1)

    def split(self, rows: np.ndarray) -> list[np.ndarray]:
        """(N, Σ D_i) -> one array a layer."""
        ends = np.cumsum(self.sizes)[:-1]
        return [np.ascontiguousarray(part) for part in np.split(rows, ends, axis=1)]


@contextmanager
def _states(body: nn.Module, mask: Tensor) -> Iterator[list[Tensor]]:
    """Context: a list to which a forward pass adds the states below the body's last layer; none
    of a body of another kind."""
    states: list[Tensor] = []
    if type(body) is Transformer:
        parts, norm = [body.embed, *body.blocks[:-1]], body.norm
    elif type(body) is RNN:
        parts, norm = [body.embedding, *body.layers[:-1]], nn.Identity()
    else:
        parts, norm = [], nn.Identity()

    def keep(norm: nn.Module, _module: nn.Module, _inputs: tuple, output: Tensor) -> None:
        states.append(norm(output))

    hooks = [part.register_forward_hook(partial(keep, norm)) for part in parts]
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()
