"""NeuroNER's published model for CoNLL-2003 entities, read and run without TensorFlow.

A `WordLSTM` reads the words of a sentence; a CRF (a table of scores of one tag after another) then
chooses the best tags (Dernoncourt, Lee & Szolovits 2017, aclanthology.org/D17-2017; the model:
Lample et al. 2016, aclanthology.org/N16-1030). It was trained by TensorFlow 1 in 2017, with 100
numbers a word that began as GloVe's. T words, C tags.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import tokenizers
import torch
from tokenizers import Regex, models, pre_tokenizers
from torch import Tensor

from kit.data import archives
from kit.errors import KitError
from kit.files import temporary_folder
from kit.models import TagHead, WordLSTM, WordLSTMConfig
from kit.models.shapes import shapes_only
from kit.sources import tensorflow
from kit.sources.checkpoint import Source
from kit.tokenizer import Tokenizer

__all__ = ["PUBLISHED_F1", "NeuroNER", "load", "source", "vocabulary"]

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
    values = {name: torch.from_numpy(t) for name, t in tensors.items() if t.ndim}
    about = _dataset()
    tags = [about["index_to_label"][i] for i in range(about["number_of_classes"])]
    letters = dict(about["character_to_index"])
    return NeuroNER(
        _source(values, tags, letters), letters, tags, values["crf/transitions"].numpy()
    )


def source() -> Source:
    """NeuroNER as a source: a `WordLSTM` with the head that scores its tags, without the CRF.

    Its tokens are words, separated by spaces, and the punctuation at their ends. A word that is
    not among its 30,290 is `<unk>`, of which it sees no letter; `load` gives the whole model, which
    spells every word. It learned from CoNLL-2003: as a source for that task it has seen the answers
    of train and validation, and its word list holds the words of the test.
    """
    return load().source


def _source(values: dict[str, Tensor], tags: list[str], letters: dict[str, int]) -> Source:
    rows = vocabulary()
    words = [*rows, UNKNOWN]
    spelling = torch.full((len(words), max(map(len, rows))), -1)
    for i, word in enumerate(rows):
        spelling[i, : len(word)] = torch.tensor([letters.get(letter, 0) for letter in word])
    spelling[-1, 0] = 0  # one unknown letter
    table = values["token_embedding/token_embedding_weights"]
    first = values["character_embedding/character_embedding_weights"]
    config = WordLSTMConfig(
        vocabulary=len(words),
        rows=len(table),
        width=table.shape[1],
        letters=len(first),
        letter_width=first.shape[1],
        longest=spelling.shape[1],
    )
    with shapes_only():
        body, head = WordLSTM(config), TagHead(config.width, len(tags))
    row_of = torch.tensor([*rows.values(), 0]).int()
    body.load_state_dict(
        {name: values[theirs] for name, theirs in BODY.items()}
        | _lstms(values)
        | {"layers.0.output.weight": values["feedforward_after_lstm/W"].T.contiguous()}
        | {"row_of": row_of, "spelling": spelling.to(torch.int16)},
        assign=True,
    )
    head.load_state_dict(
        {
            "linear.weight": values["feedforward_before_crf/W"].T.contiguous(),
            "linear.bias": values["feedforward_before_crf/bias"],
        },
        assign=True,
    )
    card = {
        "from": "NeuroNER, conll_2003_en, TensorFlow 1",
        "data": "CoNLL-2003, train (and validation, to stop); words began as GloVe's",
        "tags": tags,
        "not good for": "texts whose words are not among its 30,290; other languages than English; "
        "a comparison on CoNLL-2003, whose test words its vocabulary lists",
    }
    card |= asdict(archives.ARCHIVES["conll"])
    return Source("NeuroNER", body.eval(), _tokenizer(words), head.eval(), card)


BODY = {
    "embedding.weight": "token_embedding/token_embedding_weights",
    "layers.0.letters.weight": "character_embedding/character_embedding_weights",
    "layers.0.output.bias": "feedforward_after_lstm/bias",
}
"""Our tensor -> its name in TensorFlow."""


def _lstms(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the four LSTMs by our names."""
    found = {}
    for part, theirs in (("spell", "character_lstm"), ("read", "token_lstm")):
        for direction, short in (("forward", "fw"), ("backward", "bw")):
            name = f"{theirs}/bidirectional_LSTM/"
            cell = f"{name}bidirectional_rnn/{short}/coupled_input_forget_gate_lstm_cell/"
            own = f"layers.0.{part}_{direction}."
            found[f"{own}weight"], found[f"{own}bias"] = values[f"{cell}W_0"], values[f"{cell}B"]
            for ours, state in (("first_cell", "cell"), ("first_output", "output")):
                found[f"{own}{ours}"] = values[f"{name}{direction}/initial_{state}_state"][0]
    return found


UNKNOWN = "<unk>"
PUNCTUATION = r"\"'`“”‘’()\[\].,:;?!…"
LETTERS = rf"[^\s{PUNCTUATION}]+"
WORD = rf"(?:\p{{L}}\.){{2,}}|'(?:s|d|m|ll|re|ve)(?!\p{{L}})|{LETTERS}(?:[.,:'’]{LETTERS})*|\S"
"""What is one word of a text: punctuation within it stays."""


def _tokenizer(words: Sequence[str]) -> Tokenizer:
    """Whole words; the last id is that of unknown words."""
    ids = {word: i for i, word in enumerate(words)}
    made = tokenizers.Tokenizer(models.WordLevel(ids, UNKNOWN))
    splitter = pre_tokenizers.Split(Regex(WORD), "isolated")
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), splitter])
    return Tokenizer(made)


@dataclass(frozen=True)
class NeuroNER:
    """The model: a source, the letters that it can spell, and its CRF."""

    source: Source
    """The `WordLSTM`, and the head that scores the tags of each word."""
    letters: dict[str, int]
    """Letter -> its number; 0 is the unknown one."""
    tags: list[str]
    """BIOES: S- an entity of one word, E- the last word of a longer one."""
    transitions: np.ndarray
    """(C + 2, C + 2): the score of one tag after another, the ends of a sentence last."""

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
        row, spelled = vocabulary(), self._spell(known)
        place = {word: i for i, word in enumerate(known)}
        number = torch.tensor([0 if word in unknown else row.get(word, 0) for word in known])
        vectors = self.source.body.embedding(number)
        answers: list[list[str]] = [[] for _ in sentences]
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            sizes = [len(sentences[i]) for i in part]
            mask = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
            at = torch.zeros(mask.shape, dtype=torch.long)
            at[mask] = torch.tensor([place[word] for i in part for word in sentences[i]])
            hidden = self.source.body.read(vectors[at], spelled[at], mask)
            scores = self.source.head(hidden, mask).numpy()
            for i, own, size in zip(part, scores, sizes, strict=True):
                answers[i] = self._best(own[:size])
        return answers

    def _spell(self, words: Sequence[str]) -> Tensor:
        """(words, 2E): the last states of the LSTM over each word's letters."""
        parts = []
        for start in range(0, len(words), 1024):
            part = words[start : start + 1024]
            letters = torch.full((len(part), max(map(len, part))), -1)
            for i, word in enumerate(part):
                letters[i, : len(word)] = torch.tensor([self.letters.get(c, 0) for c in word])
            parts.append(self.source.body.spell(letters))
        return torch.cat(parts)

    def _best(self, scores: np.ndarray) -> list[str]:
        """The tags with the highest sum of scores (T, C) and transitions (Viterbi), as BIO."""
        then = self.transitions
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
