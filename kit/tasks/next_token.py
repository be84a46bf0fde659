"""Next-token predictors with one interface: a neural language model, or an n-gram model.

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
from kit.train import Recipe

__all__ = [
    "BATCH",
    "RATES",
    "NGramPredictor",
    "NeuralPredictor",
    "entropy",
    "predictor",
    "pretraining_recipe",
    "sharpen",
    "token_text",
]

READ, MOST = 64, 30
"""The last tokens of a text that are read, and the tokens that are generated, at most."""
CHARACTERS = 10_000
"""The last characters of a text that are tokenized: many more than `READ` tokens have."""


def predictor(writer: Source | NGram, tokenizer: Tokenizer) -> "NeuralPredictor | NGramPredictor":
    """The predictor of a language model. tokenizer: of an n-gram model; a source has its own.

    Raises KitError for a source without a language head, and for a bidirectional one.
    """
    if isinstance(writer, NGram):
        return NGramPredictor(writer, tokenizer)
    config = writer.body.config
    causal = getattr(config, "causal", True) and not getattr(config, "bidirectional", False)
    if not causal or not isinstance(writer.head, LanguageHead):
        raise KitError(
            f"{writer.name} does not write: give a source that was trained to predict the next "
            "token."
        )
    return NeuralPredictor(writer)


class NGramPredictor:
    """An n-gram model as a predictor."""

    attends = False

    def __init__(self, ngram: NGram, tokenizer: Tokenizer) -> None:
        self.ngram, self.tokenizer = ngram, tokenizer

    def read(self, text: str) -> list[int]:
        """The ids of a text's last tokens, after the token at which a document begins."""
        return begin(text, self.tokenizer)

    def next(self, ids: list[int]) -> Tensor:
        """Logits (V,) of the next token: log p."""
        return torch.from_numpy(np.log(self.ngram.next(ids))).float()

    def cost(self, ids: list[int]) -> float:
        """-Σ log p of all tokens after the first, in nats."""
        return float(-np.log(self.ngram.probabilities(ids)[1:]).sum())

    def write(self, ids: list[int], temperature: float, seed: int) -> Iterator[int]:
        """Sample a continuation, token by token. temperature: τ of the softmax; 0 is greedy."""
        generator = torch.Generator().manual_seed(seed)
        ids = list(ids)
        for _ in range(MOST):
            ids.append(int(choose(self.next(ids)[None], temperature, generator=generator)))
            if ids[-1] == self.tokenizer.eos:
                return
            yield ids[-1]


class NeuralPredictor:
    """An RNN or a Transformer with a language head as a predictor."""

    def __init__(self, source: Source) -> None:
        self.model, self.tokenizer = Model(source.body, source.head).eval(), source.tokenizer
        self.attends = isinstance(source.body, Transformer)

    def read(self, text: str) -> list[int]:
        """The ids of a text's last tokens, after the token at which a document begins."""
        return begin(text, self.tokenizer)

    @torch.inference_mode()
    def next(self, ids: list[int]) -> Tensor:
        """Logits (V,) of the next token."""
        hidden = self.model.body(self._row(ids))[:, -1:]  # (1, 1, D)
        return self.model.head(hidden, None)[0, 0].float().cpu()

    @torch.inference_mode()
    def cost(self, ids: list[int]) -> float:
        """-Σ log p of all tokens after the first, in nats."""
        row = self._row(ids)
        if row.shape[1] < 2:
            return 0.0
        logits = self.model.head(self.model.body(row[:, :-1]), None)  # (1, T - 1, V)
        p = logits.float().log_softmax(-1).gather(-1, row[:, 1:, None])
        return float(-p.sum())

    @torch.inference_mode()
    def attention(self, ids: list[int]) -> list[np.ndarray]:
        """The attention of the last token to each: one array (H, T) a layer, rows sum to 1."""
        _, attention = self.model.body(self._row(ids), explain=True)  # (1, H, T, T) a layer
        return [layer[0, :, -1].float().cpu().numpy() for layer in attention]

    def write(self, ids: list[int], temperature: float, seed: int) -> Iterator[int]:
        """Sample a continuation, token by token. temperature: τ of the softmax; 0 is greedy."""
        tokens = stream(
            self.model,
            [ids],
            MOST,
            temperature=temperature,
            seed=seed,
            stop=[self.tokenizer.eos],
        )
        for [token] in tokens:
            yield token

    def _row(self, ids: list[int]) -> Tensor:
        return torch.tensor([ids], device=next(self.model.parameters()).device)


def begin(text: str, tokenizer: Tokenizer) -> list[int]:
    """The token at which a document begins, then the text's last tokens. A blank at the end of the
    text is left out, since these tokenizers put a blank into the token of the word after it. Of a
    text longer than `CHARACTERS` only the end is tokenized."""
    end = text[-CHARACTERS:]
    if len(text) > CHARACTERS:
        end = end[max(0, end.find(" ")) :]  # from the beginning of a word
    ids = tokenizer.encode(end.rstrip(" "), special=False)
    return [tokenizer.eos, *ids[-READ:]]


def sharpen(logits: Tensor, temperature: float) -> np.ndarray:
    """p (V,) = softmax(logits / τ); at τ = 0 the likeliest token has p = 1."""
    if temperature == 0:
        return np.eye(len(logits))[int(logits.argmax())]
    return (logits / temperature).double().softmax(-1).numpy()


def token_text(piece: int, tokenizer: Tokenizer) -> str:
    """The text of a token for display: a blank as ␣, the end of a document as ‹end›."""
    if piece == tokenizer.eos:
        return "‹end›"
    return tokenizer.decode([piece]).replace(" ", "␣").replace("\n", "↵") or "‹special›"


def entropy(p: np.ndarray) -> float:
    """-Σ p log₂ p of a distribution (V,), in bits."""
    positive = p[p > 0]
    return float(-(positive * np.log2(positive)).sum())


RATES = {"RNN": 1e-2, "Transformer": 5e-3}
"""Kind of body -> the learning rate of pretraining, chosen on validation news."""

BATCH = 16
"""Windows of text per update."""


def pretraining_recipe(body: str, steps: int, seed: int = 0) -> Recipe:
    """How a small language model is pretrained in the lesson. body: a name in `RATES`. steps: the
    budget in updates."""
    return Recipe(
        steps=steps,
        rate=RATES[body],
        batch_size=BATCH,
        evaluations=8,
        keep_best=False,
        seed=seed,
    )
