"""Anything that predicts the next token, asked in one way: a network, or a table of counts.

T tokens of a text, V vocabulary, H heads.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from kit.errors import KitError
from kit.models import LanguageHead, Model, Transformer
from kit.models.generate import choose, stream
from kit.models.ngram import NGram
from kit.sources import Source
from kit.tokenizer import Tokenizer

__all__ = ["NGramPredictor", "NeuralPredictor", "predictor", "sharpen", "token_text"]

READ, MOST = 64, 30
"""Tokens of a text that are read, its last ones; and tokens that are written at once."""


def predictor(writer: Source | NGram, tokenizer: Tokenizer) -> "NeuralPredictor | NGramPredictor":
    """A writer as something to ask; tokens: those of what only counts."""
    if isinstance(writer, NGram):
        return NGramPredictor(writer, tokenizer)
    config = writer.body.config
    one_way = getattr(config, "causal", True) and not getattr(config, "bidirectional", False)
    if not one_way or not isinstance(writer.head, LanguageHead):
        raise KitError(f"{writer.name} does not write: give a source that learnt the next token.")
    return NeuralPredictor(writer)


class NGramPredictor:
    """A table of counts."""

    attends = False

    def __init__(self, ngram: NGram, tokenizer: Tokenizer) -> None:
        self.ngram, self.tokenizer = ngram, tokenizer

    def read(self, text: str) -> list[int]:
        """The ids of a text, after the mark where a document begins."""
        return begin(text, self.tokenizer)

    def next(self, ids: list[int]) -> Tensor:
        """Logits (V,) of what comes next: here log p."""
        return torch.from_numpy(np.log(self.ngram.next(ids))).float()

    def cost(self, ids: list[int]) -> float:
        """-Σ log p of each token after the first, in nats."""
        return float(-np.log(self.ngram.probabilities(ids)[1:]).sum())

    def write(self, ids: list[int], temperature: float, seed: int) -> Iterator[int]:
        """What it draws, token by token."""
        generator, ids = torch.Generator().manual_seed(seed), list(ids)
        for _ in range(MOST):
            ids.append(int(choose(self.next(ids)[None], temperature, generator=generator)))
            if ids[-1] == self.tokenizer.eos:
                return
            yield ids[-1]


class NeuralPredictor:
    """An RNN or a Transformer with a language head."""

    def __init__(self, source: Source) -> None:
        self.model, self.tokenizer = Model(source.body, source.head).eval(), source.tokenizer
        self.attends = isinstance(source.body, Transformer)

    def read(self, text: str) -> list[int]:
        """The ids of a text, after the mark where a document begins."""
        return begin(text, self.tokenizer)

    @torch.inference_mode()
    def next(self, ids: list[int]) -> Tensor:
        """Logits (V,) of what comes next."""
        hidden = self.model.body(self._row(ids))[:, -1:]  # (1, 1, D)
        return self.model.head(hidden, None)[0, 0].float().cpu()

    @torch.inference_mode()
    def cost(self, ids: list[int]) -> float:
        """-Σ log p of each token after the first, in nats."""
        row = self._row(ids)
        if row.shape[1] < 2:
            return 0.0
        logits = self.model.head(self.model.body(row[:, :-1]), None)  # (1, T - 1, V)
        p = logits.float().log_softmax(-1).gather(-1, row[:, 1:, None])
        return float(-p.sum())

    @torch.inference_mode()
    def attention(self, ids: list[int]) -> list[np.ndarray]:
        """How much the last token looks at each: one array (H, T) a layer, rows sum to 1."""
        _, seen = self.model.body(self._row(ids), explain=True)  # (1, H, T, T) a layer
        return [layer[0, :, -1].float().cpu().numpy() for layer in seen]

    def write(self, ids: list[int], temperature: float, seed: int) -> Iterator[int]:
        """What it draws, token by token."""
        how = {"temperature": temperature, "seed": seed, "stop": [self.tokenizer.eos]}
        for [piece] in stream(self.model, [ids], MOST, **how):
            yield piece

    def _row(self, ids: list[int]) -> Tensor:
        return torch.tensor([ids], device=next(self.model.parameters()).device)


def begin(text: str, tokenizer: Tokenizer) -> list[int]:
    """Where a document begins, then the text's last tokens; a blank at its end is left out, for
    to these tokens the blank belongs to the word after it."""
    ids = tokenizer.encode(text.rstrip(" "), special=False)
    return [tokenizer.eos, *ids[-READ:]]


def sharpen(logits: Tensor, temperature: float) -> np.ndarray:
    """p (V,) = softmax(logits / τ); at τ = 0 all on the likeliest."""
    if temperature == 0:
        return np.eye(len(logits))[int(logits.argmax())]
    return (logits / temperature).double().softmax(-1).numpy()


def token_text(piece: int, tokenizer: Tokenizer) -> str:
    """A piece as a reader sees it: its blank as ␣, the end of a document as ‹end›."""
    if piece == tokenizer.eos:
        return "‹end›"
    return tokenizer.decode([piece]).replace(" ", "␣").replace("\n", "↵") or "‹special›"
