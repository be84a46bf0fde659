"""Text <-> ids: one `tokenizers.Tokenizer`, trained here or loaded with a source.

V is the vocabulary's size. A *piece* is one entry of it: a word, a part of one, or some bytes.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, processors, trainers

from kit.errors import KitError

__all__ = ["Tokenizer"]

SPECIAL = {"pad": "<pad>", "bos": "<s>", "eos": "</s>", "mask": "<mask>"}
"""What `Tokenizer.train` puts first, in this order. Bytes cover every text: no <unk> is needed."""

NAMES = {
    "pad": ["<pad>", "[PAD]"],
    "unk": ["<unk>", "[UNK]"],
    "bos": ["<s>", "[CLS]", "<|begin_of_text|>", "<|endoftext|>"],
    "eos": ["</s>", "[SEP]", "<|end_of_text|>", "<|endoftext|>"],
    "mask": ["<mask>", "[MASK]"],
}
"""What well-known sources call their special pieces: the first one that is there counts."""


class Tokenizer:
    """The pieces of one vocabulary: `encode` a text to ids, `decode` ids to a text.

    `size` is V; `pad`, `unk`, `bos`, `eos` and `mask` are ids, or None where the vocabulary
    has no such piece. `special` names pieces for these roles where the usual names mislead:
    `Tokenizer(tokenizer, eos="<|im_end|>")`.
    """

    def __init__(self, tokenizer: tokenizers.Tokenizer, **special: str | None):
        tokenizer.no_padding()  # a source's file may ask for a fixed length (MiniLM's does)
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.size = max(tokenizer.get_vocab().values()) + 1
        self.special = {role: self._first(names) for role, names in NAMES.items()} | special
        for role, piece in self.special.items():
            setattr(self, role, piece and tokenizer.token_to_id(piece))
        ours = [tokenizer.token_to_id(piece) for piece in SPECIAL.values()]
        # "<s>" typed into a text is three characters to us; a source's chat format needs its own.
        tokenizer.encode_special_tokens = ours == [0, 1, 2, 3]
        self._bytes = b"ByteLevel" in (getattr(tokenizer.pre_tokenizer, "__getstate__", bytes)())

    def _first(self, names: list[str]) -> str | None:
        return next((n for n in names if self._tokenizer.token_to_id(n) is not None), None)

    @classmethod
    def train(cls, texts: Iterable[str], size: int = 8192, alone: str | None = None) -> "Tokenizer":
        """Byte-level BPE: begin with the 256 bytes, then merge the most frequent neighbours
        into a new piece until there are `size` (Sennrich et al. 2016, arXiv:1508.07909;
        bytes: Radford et al. 2019). Every Unicode string comes back exactly from its ids.

        alone: a regular expression; what it finds is never in one piece with what stands beside it.
        A text becomes <s> text </s>. Raises where the texts do not hold `size` pieces.
        """
        texts, least = _texts(texts), 256 + len(SPECIAL)
        if size < least:
            raise KitError(f"size={size} does not hold the 256 bytes: give at least {least}.")
        tokenizer = tokenizers.Tokenizer(models.BPE())
        words = pre_tokenizers.ByteLevel(add_prefix_space=False)
        apart = [pre_tokenizers.Split(Regex(alone), "isolated")] if alone else []
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*apart, words]) if apart else words
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            show_progress=False,
            special_tokens=list(SPECIAL.values()),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        )
        tokenizer.train_from_iterator(texts, trainer, length=len(texts))
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> $B </s>",
            special_tokens=[("<s>", 1), ("</s>", 2)],
        )
        if (found := tokenizer.get_vocab_size()) < size:
            raise KitError(
                f"{size:,} pieces are more than the {found:,} in these {len(set(texts)):,} "
                f"distinct texts: give more text, or size={found}."
            )
        return cls(tokenizer)

    @classmethod
    def load(cls, source: str | Path | bytes, **special: str | None) -> "Tokenizer":
        """The tokenizer.json at a path, or its content as bytes."""
        try:
            content = source if isinstance(source, bytes) else Path(source).read_bytes()
            return cls(tokenizers.Tokenizer.from_buffer(content), **special)
        except OSError as error:
            raise KitError(
                f"{source} cannot be read ({error.strerror}): give a tokenizer.json."
            ) from error
        except (ValueError, UnicodeDecodeError) as error:
            what = "these bytes are" if isinstance(source, bytes) else f"{source} is"
            raise KitError(
                f"{what} no tokenizer.json ({error}): give one of a fast tokenizer."
            ) from error

    def opened(self) -> "Tokenizer":
        """The same vocabulary, with `bos` before each text: a decoder whose first piece is a word
        has nowhere else to look (attention sinks: Xiao et al. 2024, arxiv.org/abs/2309.17453)."""
        if self.bos is None:
            raise KitError("this vocabulary has no piece that begins a text: none can be opened.")
        bos = self.special["bos"]
        made = tokenizers.Tokenizer.from_str(self.to_json())
        made.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, self.bos)]
        )
        return Tokenizer(made, **self.special)

    def save(self, path: str | Path) -> None:
        """Writes a tokenizer.json, which `load` and Hugging Face read."""
        Path(path).write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        """The content of a tokenizer.json."""
        return self._tokenizer.to_str()

    def encode(self, text: str, limit: int | None = None, special: bool = True) -> list[int]:
        """The ids of a text, with the special pieces that this vocabulary puts around one.

        `limit` is the largest number of ids; what is cut is text, never a special piece.
        """
        return self.encode_many([text], limit, special)[0]

    def encode_many(
        self, texts: Iterable[str], limit: int | None = None, special: bool = True
    ) -> list[list[int]]:
        """`encode` of each text, on all cores."""
        encodings = self._tokenizer.encode_batch_fast(_texts(texts), add_special_tokens=special)
        rows = [e.ids for e in encodings]  # each read of it makes a new list
        if not limit:
            return rows
        cut = zip(rows, encodings, strict=True)
        return [[ids[i] for i in _kept(e, limit)] for ids, e in cut]

    def align(
        self, words: list[str], limit: int | None = None
    ) -> tuple[list[int], list[int | None]]:
        """(ids, word_of): word_of[i] is the index of the word that piece i belongs to, or None
        for a special piece. A word of nothing but white space has no piece."""
        words = _texts(words)
        if self._bytes:  # to bytes " dog" and "dog" are two words; running text has the first
            words = words[:1] + [" " + word for word in words[1:]]
        encoding = self._tokenizer.encode(words, is_pretokenized=True)
        kept, ids, word_of = _kept(encoding, limit), encoding.ids, encoding.word_ids
        return [ids[i] for i in kept], [word_of[i] for i in kept]  # each read makes a new list

    def spans(self, text: str, limit: int | None = None) -> tuple[list[int], list[int]]:
        """(ids, begins): where in the text each piece begins, never falling; the special piece
        after a text begins at its end."""
        [text] = _texts([text])
        encoding = self._tokenizer.encode(text)
        kept, ids, offsets = _kept(encoding, limit), encoding.ids, encoding.offsets
        begins = [offsets[i][0] for i in kept]
        if len(kept) > 1 and encoding.special_tokens_mask[kept[-1]]:
            begins[-1] = len(text)
        return [ids[i] for i in kept], begins

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, without special pieces. Bytes that are no character show as \ufffd."""
        return self._tokenizer.decode([int(i) for i in ids], skip_special_tokens=True)

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text as a reader sees them, special ones included."""
        pieces = [self._tokenizer.id_to_token(i) for i in self.encode(text)]
        if not self._bytes:
            return pieces
        return [
            p if p in self.special.values() else self._tokenizer.decoder.decode([p]) for p in pieces
        ]

    def check(self, vocabulary: int) -> None:
        """Raises where a model with a table of `vocabulary` rows has none for some piece."""
        if self.size > vocabulary:
            raise KitError(
                f"a vocabulary of {self.size:,} pieces does not fit a model with {vocabulary:,}: "
                f"take the tokenizer that came with the model, or a model with vocabulary={self.size}."
            )

    def __reduce__(self):
        # A copy must be told again what a tokenizer's own copy forgets.
        return partial(Tokenizer.load, **self.special), (self.to_json().encode(),)

    def __repr__(self) -> str:
        return f"Tokenizer(size={self.size:,}, {', '.join(p for p in self.special.values() if p)})"


def _texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise KitError(f"{texts[:40]!r} is one text where several belong: give a list, [text].")
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise KitError(
                f"{text!r} is not a text ({type(text).__name__}): "
                f"leave it out, or give str({text!r})."
            )
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise KitError(
                f"{text[:40]!r} holds half a character (a lone surrogate): read the file as UTF-8, "
                "or give text.encode('utf-8', 'replace').decode()."
            )
    return texts


def _kept(encoding, limit: int | None) -> list[int]:
    """Positions that stay within `limit`: every special piece and as much text as there is room."""
    room = len(encoding) if limit is None else limit - sum(encoding.special_tokens_mask)
    if room < 0:
        raise KitError(
            f"limit={limit} has no room for the special pieces: give at least {limit - room}."
        )
    kept = []
    for i, special in enumerate(encoding.special_tokens_mask):
        room -= not special
        if special or room >= 0:
            kept.append(i)
    return kept
