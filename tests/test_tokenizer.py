"""Text <-> ids: nothing is lost, nothing is cut that must stay, and a mistake is named."""

import pickle
from collections import Counter
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from kit.errors import KitError
from kit.tokenizer import Tokenizer

TEXTS = Path(__file__).read_text(encoding="utf-8").splitlines() * 2
BPE = Tokenizer.train(TEXTS, size=400)


def word_pieces() -> Tokenizer:
    """A small BERT vocabulary with a fixed length in its file, as MiniLM's has."""
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "dog",
        "##s",
        "bark",
        ".",
        "u",
        "n",
    ]
    t = tokenizers.Tokenizer(
        models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]")
    )
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.add_special_tokens(pieces[:5])
    t.enable_padding(length=128)
    t.enable_truncation(128)
    return Tokenizer.load(t.to_str().encode())


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_comes_back_exactly(text):
    assert BPE.decode(BPE.encode(text)) == text


@pytest.mark.parametrize(
    "text", ["", "<s>", "a</s><mask>", "  two\n\n lines\t", "\0", "日本語 🦊 e\u0301"]
)
def test_awkward_texts_come_back_exactly(text):
    ids = BPE.encode(text)
    assert BPE.decode(ids) == text
    assert ids[0] == BPE.bos and ids[-1] == BPE.eos
    assert not {BPE.bos, BPE.eos, BPE.mask, BPE.pad} & set(ids[1:-1])  # none by typing it
    assert BPE.encode(text, special=False) == ids[1:-1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.integers(2, 12))
def test_many_are_as_one_by_one(texts, limit):
    assert BPE.encode_many(texts) == [BPE.encode(t) for t in texts]
    assert BPE.encode_many(texts, limit) == [BPE.encode(t, limit) for t in texts]
    for ids, cut in zip(BPE.encode_many(texts), BPE.encode_many(texts, limit), strict=True):
        assert cut == (ids if len(ids) <= limit else ids[: limit - 1] + ids[-1:])


@pytest.mark.parametrize("tokenizer", [BPE, word_pieces()], ids=["bytes", "word pieces"])
def test_a_limit_spares_the_special_pieces(tokenizer):
    ids = tokenizer.encode("the dogs bark . " * 100, limit=5)
    assert len(ids) == 5 and (ids[0], ids[-1]) == (tokenizer.bos, tokenizer.eos)
    with pytest.raises(KitError, match="at least 2"):
        tokenizer.encode("the dogs", limit=1)


def test_training_again_gives_the_same_vocabulary():
    assert Tokenizer.train(TEXTS, size=400).to_json() == BPE.to_json()


def test_saved_and_loaded_it_is_the_same(tmp_path):
    BPE.save(tmp_path / "tokenizer.json")
    for again in (Tokenizer.load(tmp_path / "tokenizer.json"), pickle.loads(pickle.dumps(BPE))):
        assert (again.to_json(), again.special) == (BPE.to_json(), BPE.special)
        assert again.encode("<s> a 🦊") == BPE.encode("<s> a 🦊")


def test_a_source_keeps_its_special_pieces_but_not_its_padding():
    tokenizer = word_pieces()
    assert tokenizer.encode("the dogs [MASK]") == [2, 5, 6, 7, 4, 3]
    assert len(tokenizer.encode("dog " * 500)) == 502
    assert (tokenizer.pad, tokenizer.unk, tokenizer.bos, tokenizer.eos, tokenizer.mask) == (
        0,
        1,
        2,
        3,
        4,
    )
    assert tokenizer.pieces("Dogs ö") == ["[CLS]", "dog", "##s", "[UNK]", "[SEP]"]
    assert tokenizer.decode([2, 5, 6, 7, 3]) == "the dogs"


def test_a_role_can_be_named():
    tokenizer = Tokenizer.load(BPE.to_json().encode(), eos="<mask>", pad=None)
    assert tokenizer.eos == BPE.mask and tokenizer.pad is None


def test_pieces_are_readable():
    pieces = BPE.pieces("the text 🦊")
    assert pieces[0] == "<s>" and pieces[-1] == "</s>" and " text" in pieces


def test_every_piece_belongs_to_its_word():
    tokenizer = word_pieces()
    assert tokenizer.align(["dogs", "U.N", "bark"]) == (
        [2, 6, 7, 10, 9, 11, 8, 3],
        [None, 0, 0, 1, 1, 1, 2, None],
    )
    assert tokenizer.align(["dogs", "bark"], limit=4) == ([2, 6, 7, 3], [None, 0, 0, None])


def test_a_long_text_is_read_once():
    """tokenizers makes a new list whenever `ids` is read: once a piece would be quadratic."""
    tokenizer, reads = word_pieces(), Counter()

    class Watched:
        def __init__(self, encoding):
            self.encoding = encoding

        def __getattr__(self, name):
            reads[name] += 1
            return getattr(self.encoding, name)

        def __len__(self):
            return len(self.encoding)

    class Watching:
        def encode(self, *args, **options):
            return Watched(plain.encode(*args, **options))

        def encode_batch_fast(self, *args, **options):
            return [Watched(e) for e in plain.encode_batch_fast(*args, **options)]

    plain, tokenizer._tokenizer = tokenizer._tokenizer, Watching()
    ids, word_of = tokenizer.align(["dogs"] * 500)
    assert len(ids) == len(word_of) == 1002 and max(reads.values()) <= 2
    reads.clear()
    assert len(tokenizer.encode("dogs " * 500, limit=600)) == 600 and max(reads.values()) <= 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab. 🦊é", min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_words_are_read_as_in_running_text(words):
    ids, word_of = BPE.align(words)
    assert BPE.decode(ids) == " ".join(words)
    assert word_of[0] is None and word_of[-1] is None
    assert word_of[1:-1] == sorted(word_of[1:-1]) and set(word_of[1:-1]) == set(range(len(words)))
    for index, word in enumerate(words):
        own = BPE.decode([i for i, w in zip(ids, word_of, strict=True) if w == index])
        assert own == (" " if index else "") + word


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: BPE.encode(3.5), r"3\.5 is not a text \(float\).*str\(3\.5\)"),
        (lambda: BPE.encode_many(["a", None]), "None is not a text"),
        (lambda: BPE.encode_many("one"), r"give a list, \[text\]"),
        (lambda: BPE.align("one"), "give a list"),
        (lambda: BPE.encode("\ud83e"), "lone surrogate.*UTF-8"),
        (lambda: Tokenizer.train(["too little"], 300), "these 1 distinct texts.*size=260"),
        (lambda: Tokenizer.train(TEXTS, 100), "size=100.*at least 260"),
        (lambda: BPE.check(399), "400 pieces does not fit a model with 399"),
        (lambda: Tokenizer.load("nowhere.json"), "nowhere.json cannot be read"),
        (lambda: Tokenizer.load(b"\x80\x04pickle"), "no tokenizer.json"),
        (lambda: Tokenizer.load(b"{}"), "no tokenizer.json"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(act, says):
    with pytest.raises(KitError, match=says):
        act()


def test_a_larger_model_fits():
    BPE.check(400)
    BPE.check(512)
