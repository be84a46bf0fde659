"""Tokenizer: text to token ids and back, with a vocabulary trained here or loaded with a source.

V is the size of the vocabulary. A *piece* is one entry of it: a word, a part of a word, or bytes.
A *special piece* stands for no text: the beginning or end of a text, padding, a masked piece.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from numbers import Integral
from operator import index
from pathlib import Path
from weakref import WeakKeyDictionary

import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, processors, trainers

from kit.errors import KitError, saving
from kit.files import whole
from kit.guards import a_path, guarded, ids_of
from kit.texts import check_strings

__all__ = ["HIDDEN", "Tokenizer", "check_tokenizer", "remember_tokenizer", "unfamiliar"]

SPECIAL = {"pad": "<pad>", "bos": "<s>", "eos": "</s>", "mask": "<mask>"}
"""Special pieces of `Tokenizer.train`, ids 0 to 3. Bytes cover every text: it needs no <unk>."""

NAMES = {
    "pad": ["<pad>", "[PAD]"],
    "unk": ["<unk>", "[UNK]"],
    "bos": ["<s>", "[CLS]", "<|begin_of_text|>", "<|endoftext|>"],
    "eos": ["</s>", "[SEP]", "<|end_of_text|>", "<|endoftext|>"],
    "mask": ["<mask>", "[MASK]"],
}
"""Role -> its usual names in well-known models; the first that the vocabulary has is used."""

HIDDEN = "\ufdd0"
"""Before a piece that is only written, not read: a code point that stands for no character."""

FIRST_CHARACTERS = 40
"""Characters for each piece of the limit, of which a long text is looked at first."""
SPARE_PIECES = 8
"""Pieces beyond the limit, so that the end of the part has no effect on those within."""


class Tokenizer:
    """A vocabulary: `encode` turns a text into ids, `decode` ids into a text.

    `size` is V. `pad`, `unk`, `bos`, `eos` and `mask` are ids of special pieces, or None where
    the vocabulary has none for this role. special: the piece of a role, where the usual name is
    not the right one, as in `Tokenizer(tokenizer, eos="<|im_end|>")`. Three more roles are those of
    an encoder-decoder that has its own convention, and None for others.
    """

    decoder_start: int | None = None
    """What its decoder reads first; None: it is `bos`, as in the kit's own models."""
    forced_bos: int | None = None
    """What it always writes first, such as the language of a translation (mBART)."""
    never: int | None = None
    """What it never writes (Marian: padding)."""
    unknown_from: int | None = None
    """The first of the pieces that the model does not have: `encode` gives `unk` (Marian)."""
    target_side: "Tokenizer | None" = None
    """The tokenizer of the texts that the model writes, where it is another (Marian)."""

    def __init__(self, tokenizer: tokenizers.Tokenizer, **special: str | None):
        tokenizer.no_padding()  # the file of a source may set a fixed length (MiniLM's does)
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.size = max(tokenizer.get_vocab().values()) + 1
        self.special = {role: self._first(names) for role, names in NAMES.items()} | special
        for role, piece in self.special.items():
            setattr(self, role, piece and tokenizer.token_to_id(piece))
        if self.unknown_from is not None:
            self.size = self.unknown_from
        vocabulary = tokenizer.get_vocab()
        self._hidden = {p[1:]: i for p, i in vocabulary.items() if p.startswith(HIDDEN)}
        special_ids = [tokenizer.token_to_id(piece) for piece in SPECIAL.values()]
        # In a text "<s>" is three characters to a vocabulary trained here. In that of a source it
        # is a special piece, as chat templates need.
        tokenizer.encode_special_tokens = special_ids == [0, 1, 2, 3]
        splitter = tokenizer.pre_tokenizer  # none in SentencePiece vocabularies (Llama 2)
        self._splits = splitter is not None
        self._byte_level = splitter is not None and b"ByteLevel" in splitter.__getstate__()

    def _first(self, names: list[str]) -> str | None:
        return next((n for n in names if self._tokenizer.token_to_id(n) is not None), None)

    @classmethod
    def train(cls, texts: Iterable[str], size: int = 8192, alone: str | None = None) -> "Tokenizer":
        """Train byte-level BPE: from the 256 bytes on, merge the most frequent pair of neighbours
        into a new piece until there are `size` (Sennrich et al. 2016, arXiv:1508.07909; bytes:
        Radford et al. 2019). `decode` returns every Unicode string exactly.

        alone: a regular expression; no piece joins a match of it with the text beside it.
        `encode` gives <s> text </s>. Raises KitError where the texts have fewer than `size` pieces.
        """
        texts = check_strings(texts)
        min_size = 256 + len(SPECIAL)
        if not isinstance(size, Integral) or size < min_size:
            raise KitError(f"size={size!r} does not hold the 256 bytes: give at least {min_size}.")
        tokenizer = tokenizers.Tokenizer(models.BPE())
        words = pre_tokenizers.ByteLevel(add_prefix_space=False)
        if alone:
            matches = pre_tokenizers.Split(Regex(alone), "isolated")
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence([matches, words])
        else:
            tokenizer.pre_tokenizer = words
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
        trained_size = tokenizer.get_vocab_size()
        if trained_size < size:
            raise KitError(
                f"{size:,} pieces are more than the {trained_size:,} in these {len(set(texts)):,} "
                f"distinct texts: give more text, or size={trained_size}."
            )
        return cls(tokenizer)

    @classmethod
    def load(cls, source: str | Path | bytes, **special: str | None) -> "Tokenizer":
        """The tokenizer of a tokenizer.json: its path, or its content as bytes.

        special: as in `Tokenizer`. Raises KitError for a file that cannot be read or is none.
        """
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
        """The same vocabulary, whose `encode` puts `bos` before each text and nothing after it.

        Many decoders need a first token that is no word: their attention heads put unused weight
        on it (attention sinks, Xiao et al. 2024, arxiv.org/abs/2309.17453). Raises KitError
        where the vocabulary has no bos piece.
        """
        if self.bos is None:
            raise KitError(
                "this vocabulary has no piece that begins a text: name one, as in "
                "Tokenizer.load(path, bos='<s>')."
            )
        bos = self.special["bos"]
        tokenizer = tokenizers.Tokenizer.from_str(self.to_json())
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, self.bos)]
        )
        return Tokenizer(tokenizer, **self.special)

    def vocabulary(self) -> dict[str, int]:
        """Piece -> its id."""
        return self._tokenizer.get_vocab()

    @guarded("tokenizer.save('tokenizer.json')", path=a_path)
    def save(self, path: str | Path) -> None:
        """Write a tokenizer.json, which `load` and Hugging Face's libraries read, whole or not at
        all. Raises KitError for a full disk."""
        with saving("the tokenizer", path), whole(Path(path)) as part:
            part.write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        """The content of a tokenizer.json."""
        return self._tokenizer.to_str()

    def encode(self, text: str, limit: int | None = None, special: bool = True) -> list[int]:
        """The ids of a text; special=True adds the special pieces around it.

        limit: the largest number of ids; None for all. Text is cut off at its end, special pieces
        never. Raises KitError for what is no string, for a limit that is no whole number from 1 on,
        and where the special pieces exceed it.
        """
        return self.encode_many([text], limit, special)[0]

    def encode_many(
        self, texts: Iterable[str], limit: int | None = None, special: bool = True
    ) -> list[list[int]]:
        """`encode` of each text, in parallel on all cores."""
        texts = check_strings(texts)
        _check_limit(limit)
        if limit is not None:
            texts = [self._beginning(text, limit) for text in texts]
        # The fast one leaves the letters of unknown pieces out.
        encode = self._tokenizer.encode_batch if self._hidden else self._tokenizer.encode_batch_fast
        encodings = encode(texts, add_special_tokens=special)
        rows = [self._known(e) for e in encodings]  # each access of .ids makes a new list
        if limit is None:
            return rows
        pairs = zip(rows, encodings, strict=True)
        return [[ids[i] for i in _within(e, limit)] for ids, e in pairs]

    def _known(self, encoding) -> list[int]:
        """The ids of an encoding: `unk` in place of those that the model does not have, and a piece
        of the other language in place of `unk` where the unknown letters are one."""
        ids = encoding.ids
        if self.unknown_from is None and not self._hidden:
            return ids
        most = self.size if self.unknown_from is None else self.unknown_from
        pairs = zip(ids, encoding.tokens, strict=True)
        ids = [self._hidden.get(piece, i) if i == self.unk else i for i, piece in pairs]
        return [self.unk if i >= most else i for i in ids]

    def with_roles(self, roles: dict[str, str]) -> "Tokenizer":
        """The same vocabulary with these special pieces, by role."""
        made = Tokenizer.load(self.to_json().encode(), **self.special | roles)
        made.target_side = self.target_side and self.target_side.with_roles(roles)
        return made

    def targets(
        self, texts: Iterable[str], limit: int | None = None
    ) -> list[tuple[list[int], list[int]]]:
        """(target, y) of each text, for teacher forcing of a decoder: it reads the target, token by
        token, and predicts y, which is one step ahead and ends with `eos`.

        limit: the largest number of tokens in y, and one more where the decoder reads `bos`.
        """
        if self.target_side is not None:
            return self.target_side.targets(texts, limit)
        if self.decoder_start is None:
            return [(ids[:-1], ids[1:]) for ids in self.encode_many(texts, limit)]
        around = self.encode("")
        before = around[: around.index(self.eos)] if self.eos in around else around
        before = before if self.forced_bos is None else [self.forced_bos]
        room = None if limit is None else max(1, limit - len(before) - 1)
        rows = self.encode_many(texts, room, special=False)
        written = [[*before, *ids, self.eos] for ids in rows]
        return [([self.decoder_start, *y[:-1]], y) for y in written]

    def writing(self) -> dict[str, list[int]]:
        """What `generate` is told of a decoder with this vocabulary: the ids it starts from, stops
        at and never writes."""
        first = self.bos if self.decoder_start is None else self.decoder_start
        start = [i for i in (first, self.forced_bos) if i is not None]
        return {
            "start": start,
            "stop": [self.eos],
            "never": [self.never] * (self.never is not None),
        }

    def _beginning(self, text: str, limit: int) -> str:
        """As much of a long text as has more than `limit` pieces: the others would be cut off.

        It ends before a space, where a splitter divides a text anyway, so that its pieces are the
        first ones of the whole text.
        """
        size = FIRST_CHARACTERS * limit
        while size < len(text) and self._splits:
            end = text.rfind(" ", 0, size)
            first = text[: max(end, 0)].rstrip()
            pieces = self._tokenizer.encode_batch_fast([first], add_special_tokens=False)[0]
            if len(pieces) > limit + SPARE_PIECES:
                return first
            size *= 4
        return text

    def align(
        self, words: list[str], limit: int | None = None
    ) -> tuple[list[int], list[int | None]]:
        """(ids, word_of): word_of[i] is the index of the word that piece i is part of.

        It is None for a special piece. A word of white space alone has no piece.
        """
        words = check_strings(words)
        if self._byte_level:  # " dog" and "dog" have different pieces; running text has " dog"
            words = words[:1] + [" " + word for word in words[1:]]
        encoding = self._tokenizer.encode(words, is_pretokenized=True)
        within = _within(encoding, limit)
        ids, word_of = self._known(encoding), encoding.word_ids  # each access: a new list
        return [ids[i] for i in within], [word_of[i] for i in within]

    def spans(self, text: str, limit: int | None = None) -> tuple[list[int], list[int]]:
        """(ids, begins): begins[i] is the position in the text where piece i begins, ascending.

        The special piece after a text begins at the end of the text.
        """
        [text] = check_strings([text])
        encoding = self._tokenizer.encode(text)
        within = _within(encoding, limit)
        ids, offsets = self._known(encoding), encoding.offsets  # each access: a new list
        begins = [offsets[i][0] for i in within]
        if len(within) > 1 and encoding.special_tokens_mask[within[-1]]:
            begins[-1] = len(text)
        return [ids[i] for i in within], begins

    @guarded("tokenizer.decode(ids)", ids=ids_of)
    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, without special pieces. Bytes that are no UTF-8 become \ufffd."""
        try:
            ids = [index(i) for i in ids]
        except TypeError as error:
            raise KitError(f"{ids!r:.60} are no token ids ({error}): give whole numbers.") from None
        if any(i < 0 for i in ids):
            raise KitError(f"{min(ids)} is no token id: give whole numbers from 0 on.")
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text as a reader sees them, special ones included."""
        pieces = [self._tokenizer.id_to_token(i) for i in self.encode(text)]
        if not self._byte_level:
            return pieces
        return [p if p in self._named() else self._tokenizer.decoder.decode([p]) for p in pieces]

    def _named(self) -> list[str]:
        """The special pieces of the usual roles."""
        return [self.special[role] for role in NAMES if self.special[role]]

    def check(self, vocabulary: int) -> None:
        """Raise KitError where the vocabulary has more pieces than a model's `vocabulary`."""
        if self.size > vocabulary:
            raise KitError(
                f"a vocabulary of {self.size:,} pieces does not fit a model with {vocabulary:,}: "
                "take the tokenizer that came with the model, or a model with "
                f"vocabulary={self.size}."
            )

    def __reduce__(self):
        # Pickle the JSON: a pickled tokenizers.Tokenizer loses encode_special_tokens.
        state = {"target_side": self.target_side} if self.target_side else None
        return partial(Tokenizer.load, **self.special), (self.to_json().encode(),), state

    def __repr__(self) -> str:
        return f"Tokenizer(size={self.size:,}, {', '.join(self._named())})"


def _check_limit(limit: int | None) -> None:
    """Raise KitError for a limit that is no whole number from 1 on, nor None."""
    whole = isinstance(limit, Integral) and not isinstance(limit, bool)
    if limit is not None and (not whole or limit < 1):
        raise KitError(f"limit={limit!r:.40}: give a whole number from 1 on, or None for no limit.")


def _within(encoding, limit: int | None) -> list[int]:
    """Positions of the pieces within `limit`: all special pieces, and the first others."""
    _check_limit(limit)
    room = len(encoding) if limit is None else limit - sum(encoding.special_tokens_mask)
    if room < 0:
        raise KitError(
            f"limit={limit} has no room for the special pieces: give at least {limit - room}."
        )
    within = []
    for i, special in enumerate(encoding.special_tokens_mask):
        room -= not special
        if special or room >= 0:
            within.append(i)
    return within


TOKENIZERS: WeakKeyDictionary[object, list[Tokenizer]] = WeakKeyDictionary()
"""Body -> the tokenizers that it was made with."""


def remember_tokenizer(body: object, tokenizer: Tokenizer | None) -> None:
    """Note that texts for this body are encoded with this tokenizer."""
    if body is None or tokenizer is None:
        return
    known = TOKENIZERS.setdefault(body, [])
    if all(tokenizer is not other for other in known):
        known.append(tokenizer)


def check_tokenizer(model: object, tokenizer: Tokenizer) -> None:
    """Raise KitError for a tokenizer with another vocabulary than the model's: ids would stand for
    other tokens, and every answer would be wrong."""
    known = TOKENIZERS.get(getattr(model, "body", None), ())
    if not known or any(tokenizer is own for own in known):
        return
    if all(tokenizer.vocabulary() != own.vocabulary() for own in known):
        raise KitError(
            f"{tokenizer!r} is the tokenizer of another source, with other tokens than this model "
            f"was made with: give {known[-1]!r}, m.tokenizer of the migration."
        )


def unfamiliar(tokenizer: Tokenizer, texts: Sequence[str | list[str]]) -> str:
    """A sentence where a source's vocabulary hardly knows the script of these texts; else ""."""
    plain = [text if isinstance(text, str) else " ".join(text) for text in texts[:200]]
    ids = [i for row in tokenizer.encode_many(plain, special=False) for i in row]
    unknown = sum(i == tokenizer.unk for i in ids) / max(1, len(ids))
    if unknown > 0.02:
        return f"{unknown:.0%} of the pieces are unknown to this source, and read as nothing. "
    if len(ids) > sum(map(len, plain)):
        return "This source reads these texts byte by byte: it has hardly seen their script. "
    return ""
