"""NeuroNER's published model for CoNLL-2003 entities, read and run without TensorFlow.

A bidirectional LSTM over the words of a sentence, whose inputs are a vector of the word and the
last states of an LSTM over its characters; a CRF (a table of scores of one tag after another) then
chooses the best tags (Dernoncourt, Lee & Szolovits 2017, aclanthology.org/D17-2017; the model:
Lample et al. 2016, aclanthology.org/N16-1030). It was trained by TensorFlow 1 in 2017, with 100
numbers a word that began as GloVe's. B sentences, T words, H the width, C tags.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kit.data import archives
from kit.errors import KitError
from kit.files import temporary_folder
from kit.sources import tensorflow

__all__ = ["PUBLISHED_F1", "NeuroNER", "load", "vocabulary"]

FOLDER = "neuroner/trained_models/conll_2003_en/"
PUBLISHED_F1 = 0.905
"""F1 on the test set of CoNLL-2003 that its authors report (Dernoncourt et al. 2017)."""
BATCH = 128
"""Sentences of similar length that are tagged at a time."""


class _Inert:
    """Stands for any class that a pickle names: it holds what was stored, and runs nothing."""


class _Unpickler(pickle.Unpickler):
    """Reads plain data. Of all classes and functions only OrderedDict is the real one: a pickle
    from elsewhere may name any function, and would call it."""

    def find_class(self, module: str, name: str) -> type:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("dataset", "Dataset"):
            return _Inert
        raise KitError(f"the pickle asks for {module}.{name}, and a vocabulary needs no such code.")


@cache
def _dataset() -> dict:
    """What the file dataset.pickle beside the model holds: words, characters and tags."""
    return vars(_Unpickler(io.BytesIO(archives.read("conll", f"{FOLDER}dataset.pickle"))).load())


def vocabulary() -> dict[str, int]:
    """Word -> its row in the model's table of word vectors; 0 is the row of unknown words.

    Read from the file that comes with the model, without running anything in it.
    """
    return dict(_dataset()["token_to_index"])


def load() -> "NeuroNER":
    """The published model, from the pinned archive "conll"."""
    with temporary_folder() as folder:
        for name, content in archives.read_all("conll", f"{FOLDER}model.ckpt.*").items():
            (Path(folder) / Path(name).name).write_bytes(content)
        tensors = tensorflow.read(folder)
    about = _dataset()
    return NeuroNER(
        {name: torch.from_numpy(values) for name, values in tensors.items() if values.ndim},
        dict(about["token_to_index"]),
        dict(about["character_to_index"]),
        [about["index_to_label"][i] for i in range(about["number_of_classes"])],
    )


@dataclass(frozen=True)
class NeuroNER:
    """The model, and its vocabulary."""

    tensors: dict[str, Tensor]
    """Name in TensorFlow -> values."""
    words: dict[str, int]
    """Word -> row of its vector."""
    characters: dict[str, int]
    tags: list[str]
    """BIOES: S- an entity of one word, E- the last word of a longer one."""

    @torch.inference_mode()
    def predict(
        self, sentences: Sequence[Sequence[str]], unknown: Collection[str] = ()
    ) -> list[list[str]]:
        """The BIO tags of each sentence, a list of words.

        unknown: words that get the vector of an unknown word, as if they were not in the
        vocabulary. Raises KitError for a sentence without a word.
        """
        if any(isinstance(words, str) or not len(words) for words in sentences):
            raise KitError("a sentence is no list of words: give [['Kim', 'sings', '.']].")
        known = sorted({word for words in sentences for word in words}, key=len)
        spelled = self._spell(known)
        row = {word: i for i, word in enumerate(known)}
        number = torch.tensor([0 if word in unknown else self.words.get(word, 0) for word in known])
        vectors = torch.cat([spelled, self.tensors[TABLE][number]], 1)  # (words, 150)
        answers: list[list[str]] = [[] for _ in sentences]
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            sizes = torch.tensor([len(sentences[i]) for i in part])
            inputs = torch.zeros(len(part), int(sizes.max()), vectors.shape[1])
            for place, i in enumerate(part):
                inputs[place, : sizes[place]] = vectors[[row[word] for word in sentences[i]]]
            for i, scores, size in zip(part, self._scores(inputs, sizes), sizes, strict=True):
                answers[i] = self._best(scores[:size].numpy())
        return answers

    def _spell(self, words: Sequence[str]) -> Tensor:
        """(words, 50): the last states of the LSTM over each word's characters, both ways."""
        parts = []
        for start in range(0, len(words), 1024):
            part = words[start : start + 1024]
            sizes = torch.tensor([len(word) for word in part])
            ids = torch.zeros(len(part), int(sizes.max()), dtype=torch.long)
            for i, word in enumerate(part):
                ids[i, : len(word)] = torch.tensor([self.characters.get(c, 0) for c in word])
            states = self._both_ways("character_lstm", self.tensors[LETTERS][ids], sizes)
            forward, backward = states.chunk(2, -1)
            last = forward[torch.arange(len(part)), sizes - 1]
            parts.append(torch.cat([last, backward[:, 0]], 1))
        return torch.cat(parts)

    def _scores(self, inputs: Tensor, sizes: Tensor) -> Tensor:
        """The score of each tag for each word, before the CRF: (B, T, C)."""
        t = self.tensors
        states = self._both_ways("token_lstm", inputs, sizes)  # (B, T, 2H)
        hidden = torch.tanh(
            states @ t["feedforward_after_lstm/W"] + t["feedforward_after_lstm/bias"]
        )
        return hidden @ t["feedforward_before_crf/W"] + t["feedforward_before_crf/bias"]

    def _both_ways(self, part: str, inputs: Tensor, sizes: Tensor) -> Tensor:
        """The states (B, T, 2H) of the LSTM that reads forwards and of the one that reads back."""
        places = torch.arange(inputs.shape[1])
        back = (sizes[:, None] - 1 - places).where(places < sizes[:, None], places)  # (B, T)
        rows = torch.arange(len(inputs))[:, None]
        forward = self._lstm(part, "forward", "fw", inputs)
        backward = self._lstm(part, "backward", "bw", inputs[rows, back])[rows, back]
        return torch.cat([forward, backward], -1)

    def _lstm(self, part: str, direction: str, short: str, inputs: Tensor) -> Tensor:
        """The states (B, T, H) of an LSTM whose input gate is 1 - its forget gate:
        f = σ(f + 1), c = f c + (1 - f) tanh j, h = σ(o) tanh c."""
        name = f"{part}/bidirectional_LSTM/"
        cell = f"{name}bidirectional_rnn/{short}/coupled_input_forget_gate_lstm_cell/"
        weight, bias = self.tensors[f"{cell}W_0"], self.tensors[f"{cell}B"]
        c, h = (
            self.tensors[f"{name}{direction}/initial_{state}_state"].expand(len(inputs), -1)
            for state in ("cell", "output")
        )
        from_input = inputs @ weight[: inputs.shape[2]] + bias  # (B, T, 3H)
        from_state = weight[inputs.shape[2] :]
        states = []
        for step in from_input.unbind(1):
            j, f, o = (step + h @ from_state).chunk(3, 1)
            f = torch.sigmoid(f + 1)
            c = f * c + (1 - f) * torch.tanh(j)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, 1)

    def _best(self, scores: np.ndarray) -> list[str]:
        """The tags with the highest sum of scores (T, C) and transitions (Viterbi), as BIO."""
        then = self.tensors["crf/transitions"].numpy()
        start, end = len(self.tags), len(self.tags) + 1
        # Only a sentence's first and last place may be a mark, so marks have no score of words.
        best = then[start, :start] + scores[0]
        came: list[np.ndarray] = []
        for word in scores[1:]:
            paths = best[:, None] + then[:start, :start]  # (from, to)
            came.append(paths.argmax(0))
            best = paths.max(0) + word
        tag = int((best + then[:start, end]).argmax())
        tags = [tag]
        for origin in reversed(came):
            tag = int(origin[tag])
            tags.append(tag)
        names = (self.tags[tag] for tag in reversed(tags))
        return [name.replace("S-", "B-").replace("E-", "I-") for name in names]


TABLE = "token_embedding/token_embedding_weights"
LETTERS = "character_embedding/character_embedding_weights"
