"""Faults of a conversion by hand: each gives a model that loads without an error.

`FAULTS["matrices not transposed"].apply(source)` is a copy of a BERT with this fault.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import tokenizers
import torch
from tokenizers import normalizers
from torch import nn

from kit.errors import KitError
from kit.models import Transformer
from kit.sources.checkpoint import Source
from kit.tokenizer import Tokenizer

__all__ = ["FAULTS", "LIMIT", "NONE", "Fault", "hidden_states"]

NONE = "no fault"
LIMIT = 128
"""Tokens of a text that are compared, at most."""


def hidden_states(source: Source, text: str) -> torch.Tensor:
    """The hidden states (T, D) of a text: in a right copy they are the original's."""
    ids = torch.tensor(source.tokenizer.encode(text, limit=LIMIT))[None]
    return source.body(ids, torch.ones_like(ids, dtype=torch.bool))[0]


@dataclass(frozen=True)
class Fault:
    """A fault that no check of names and shapes sees."""

    cause: str
    """How it comes about, in a sentence."""
    apply: Callable[[Source], Source]
    """From a source to a copy that has it."""


@torch.no_grad()
def _not_transposed(source: Source, parts: tuple[str, ...]) -> Source:
    """Square matrices as TensorFlow stores them."""
    copy = _copy(source)
    for block in copy.body.blocks:
        for part in parts:
            matrix = getattr(block.attention, part).weight
            matrix.copy_(matrix.T.clone())
    return copy


@torch.no_grad()
def _fresh_norms(source: Source) -> Source:
    """Every norm with the values that a new one has."""
    copy = _copy(source)
    for part in copy.body.modules():
        if isinstance(part, nn.LayerNorm):
            part.weight.fill_(1.0)
            part.bias.zero_()
    return copy


@torch.no_grad()
def _shifted(source: Source, table: str, rows: int) -> Source:
    """Row i of a table of embeddings becomes row i + rows."""
    copy = _copy(source)
    values = getattr(copy.body.embed, table).weight
    values.copy_(values.roll(-rows, 0))
    return copy


@torch.no_grad()
def _no_types(source: Source) -> Source:
    copy = _copy(source)
    copy.body.embed.types.weight.zero_()
    return copy


def _with_settings(source: Source, **settings) -> Source:
    """The same values in a body with other settings."""
    copy = _copy(source)
    body = Transformer(replace(source.body.config, **settings))
    body.load_state_dict(copy.body.state_dict())
    return replace(source, body=body.eval())


def _with_capitals(source: Source) -> Source:
    """A tokenizer that does not lowercase."""
    made = tokenizers.Tokenizer.from_str(source.tokenizer.to_json())
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    return replace(_copy(source), tokenizer=Tokenizer(made, **source.tokenizer.special))


def _copy(source: Source) -> Source:
    if not isinstance(source.body, Transformer) or not source.body.config.token_types:
        raise KitError(
            f"{source.name!r} is no BERT, and these faults are of BERTs: give sources.minilm()."
        )
    return replace(source, body=deepcopy(source.body))


SQUARE = ("query", "key", "value", "output")

FAULTS = {
    NONE: Fault("Every tensor is where it belongs.", _copy),
    "matrices not transposed": Fault(
        "The four square matrices of each attention fit both ways, and were copied as they are.",
        partial(_not_transposed, parts=SQUARE),
    ),
    "outputs not transposed": Fault(
        "Query, key and value were transposed; the square matrix after them was forgotten.",
        partial(_not_transposed, parts=("output",)),
    ),
    "norms left fresh": Fault(
        "The file says gamma and beta, the model weight and bias: strict=False left them out.",
        _fresh_norms,
    ),
    "positions shifted by 2": Fault(
        "The rows were read as RoBERTa's, whose first two positions are no positions.",
        partial(_shifted, table="positions", rows=2),
    ),
    "words shifted by 1": Fault(
        "The vocabulary got a line too many at its top: each word has the vector of the next one.",
        partial(_shifted, table="tokens", rows=1),
    ),
    "capitals kept": Fault(
        "The model learnt from lowercased texts, and the new tokenizer does not lowercase.",
        _with_capitals,
    ),
    "token types left out": Fault(
        "The first row of the token types is added to every token, and was left out.", _no_types
    ),
    "norm_eps 1e-5": Fault(
        "PyTorch's own default; BERT adds 1e-12 to the variance.",
        partial(_with_settings, norm_eps=1e-5),
    ),
    "GELU by tanh": Fault(
        "The word gelu means x Φ(x) in one framework and its approximation by tanh in another.",
        partial(_with_settings, activation="gelu_tanh"),
    ),
}
"""Name -> fault, the control first."""
