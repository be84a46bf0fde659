"""Marian's source.spm, target.spm and vocab.json: the ids that `transformers` gives, without it.

The expected ids were computed by `MarianTokenizer` of transformers 5.23 (SentencePiece 0.2.3) on
the same files.
"""

import json
import pickle
import struct
from pathlib import Path

import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.models import Model
from kit.models.generate import generate
from kit.sources import checkpoint
from kit.sources.sentencepiece_files import marian_tokenizer, read_pieces
from kit.tasks import translation

SOURCE = {"▁the": -2.0, "▁cat": -3.0, "▁": -2.5, "c": -4.0, "a": -4.1, "t": -4.2, "s": -4.3}
SOURCE |= {"h": -4.4, "e": -4.5, "at": -3.5, "ts": -9.0}
TARGET = {"▁le": -2.0, "▁chat": -3.0, "▁": -2.5, "c": -4.0, "h": -4.1, "a": -4.2, "t": -4.3}
TARGET |= {"é": -4.4, "s": -4.5}
IDS = ["</s>", "<unk>", "▁the", "▁cat", "▁", "c", "a", "t", "s", "h", "e", "at"]
IDS += ["▁le", "▁chat", "é", ">>fra<<", "<pad>"]


def varint(value: int) -> bytes:
    content = b""
    while value > 127:
        content, value = content + bytes([value & 127 | 128]), value >> 7
    return content + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def model(pieces: dict[str, float], trainer: bytes = b"", normalizer: bytes = b"") -> bytes:
    """An .spm file of these pieces: log p, or a type where the value is a whole number."""
    content = b""
    for piece, score in {"<unk>": 2, "<s>": 3, "</s>": 3, **pieces}.items():
        more = field(3, score) if isinstance(score, int) else b""
        number = struct.pack("<f", 0.0 if more else score)
        content += field(1, field(1, piece.encode()) + varint(2 << 3 | 5) + number + more)
    return content + field(2, field(3, 1) + trainer) + field(3, field(1, b"identity") + normalizer)


@pytest.fixture
def folder(tmp_path) -> Path:
    place = tmp_path / "marian"
    place.mkdir()
    (place / "source.spm").write_bytes(model(SOURCE))
    (place / "target.spm").write_bytes(model(TARGET))
    (place / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(IDS)}))
    return place


EXPECTED = {
    "the cats": ([2, 3, 8], [4, 7, 9, 10, 4, 5, 6, 7, 8]),
    " the   cat ": ([2, 3], [4, 7, 9, 10, 4, 5, 6, 7]),
    ">>fra<< the cat": ([15, 2, 3], [15, 4, 7, 9, 10, 4, 5, 6, 7]),
    ">>fra<<the é": ([15, 2, 4, 14], [15, 4, 7, 9, 10, 4, 14]),
    "xyé the": ([4, 1, 2], [4, 1, 14, 4, 7, 9, 10]),
    "é": ([4, 14], [4, 14]),
    "tsts": ([4, 7, 8, 7, 8], [4, 7, 8, 7, 8]),
    "le chat": ([4, 1, 10, 4, 5, 9, 11], [12, 13]),
    "": ([], []),
    "\ufdd0é x": ([4, 1, 4, 1], [4, 1, 14, 4, 1]),
}
"""Text -> its ids by source.spm and by target.spm, without </s>."""


@pytest.mark.parametrize("text", EXPECTED)
def test_the_same_ids_as_transformers(text: str, folder) -> None:
    tokenizer = marian_tokenizer(folder)
    source, target = EXPECTED[text]
    assert tokenizer.size == len(IDS)
    assert tokenizer.encode(text, special=False) == source
    assert tokenizer.encode(text) == [*source, tokenizer.eos]
    assert tokenizer.target_side.encode(text, special=False) == target
    assert "\ufdd0" not in tokenizer.decode(target)


def test_pieces_of_the_other_language_are_decoded(folder) -> None:
    tokenizer = marian_tokenizer(folder)
    assert tokenizer.decode([12, 13, 4, 14, 0]) == "le chat é"
    assert tokenizer.target_side.decode([2, 3, 0]) == "the cat"
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.target_side.encode("le chat") == [12, 13, 0]


@pytest.fixture
def opus(folder):
    """A Marian model of `transformers` in a folder like those of OPUS-MT."""
    import transformers

    torch.manual_seed(0)
    sizes = {"d_model": 24, "max_position_embeddings": 40, "vocab_size": len(IDS)}
    for side in ("encoder", "decoder"):
        sizes |= {f"{side}_layers": 2, f"{side}_attention_heads": 2, f"{side}_ffn_dim": 30}
    ids = {"pad_token_id": 16, "decoder_start_token_id": 16, "eos_token_id": 0}
    config = transformers.MarianConfig(**sizes, **ids, init_std=0.3, forced_eos_token_id=0)
    made = transformers.MarianMTModel(config).eval()
    made.final_logits_bias.normal_()
    made.generation_config.bad_words_ids = [[16]]
    made.save_pretrained(folder)
    return made


def test_a_folder_of_opus_is_read_saved_and_trained(opus, folder, tmp_path) -> None:
    source = sources.load(folder)
    assert source.tokenizer.writing() == {"start": [16], "stop": [0], "never": [16]}
    ids = torch.tensor([[2, 3, 8, 0]])
    options = {"num_beams": 1, "do_sample": False, "max_new_tokens": 9}
    theirs = opus.generate(input_ids=ids, **options)[0, 1:].tolist()
    theirs = theirs[: theirs.index(0)] if 0 in theirs else theirs
    assert generate(source, ids.tolist(), 8, **source.tokenizer.writing())[0] == theirs
    checkpoint.save(source, tmp_path / "kit")
    again = checkpoint.load(tmp_path / "kit")
    rows = [{"english": "the cat", "translation": "le chat", "language": "fr"}]
    expected = {"ids": [2, 3, 0], "target": [16, 12, 13], "y": [12, 13, 0]}
    for one in (source, again):
        assert translation.encode(rows, one.tokenizer) == [expected]
        assert isinstance(
            translation.predict(Model(one.body, one.head), one.tokenizer, ["the cat"], "fr")[0], str
        )
    with pytest.raises(KitError, match="which the kit does not write"):
        sources.export(source, tmp_path / "out")


REFUSED = {
    "a model of another kind": (model(SOURCE, trainer=field(3, 2)), "model_type=2"),
    "bytes for unknown letters": (model(SOURCE, trainer=field(35, 1)), "byte_fallback=1"),
    "spaces after words": (model(SOURCE, trainer=field(24, 1)), "treat_whitespace_as_suffix=1"),
    "no space before a text": (model(SOURCE, normalizer=field(3, 0)), "add_dummy_prefix=0"),
    "double spaces": (model(SOURCE, normalizer=field(4, 0)), "remove_extra_whitespaces=0"),
    "a piece of the user's": (model(SOURCE | {"cat": 4}), r"'cat' \(type 4\)"),
    "a piece over two words": (model(SOURCE | {"▁a▁b": -1.0}), "'▁a▁b'"),
    "no pieces": (model({}), "no pieces"),
    "an end that is missing": (model(SOURCE)[:-7], "no whole"),
    "a text": (b"these are words", "no whole"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_converted_exactly_is_refused(what: str, folder) -> None:
    content, message = REFUSED[what]
    (folder / "source.spm").write_bytes(content)
    with pytest.raises(KitError, match=message):
        marian_tokenizer(folder)


def test_unused_pieces_are_not_found(folder) -> None:
    (folder / "source.spm").write_bytes(model(SOURCE | {"▁cat": 5}))
    assert read_pieces(folder / "source.spm").pieces["▁cat"] == (0.0, 5)
    assert marian_tokenizer(folder).encode("cat", special=False) == [4, 5, 11]


@pytest.mark.parametrize("content", ["{", "[]", '{"</s>": 0, "<unk>": 2}', '{"a": 0, "b": 1}'])
def test_a_vocabulary_with_gaps_is_refused(content: str, folder) -> None:
    (folder / "vocab.json").write_text(content)
    with pytest.raises(KitError, match="fetch it again"):
        marian_tokenizer(folder)


def test_missing_files_are_named(opus, folder) -> None:
    (folder / "target.spm").unlink()
    with pytest.raises(KitError, match=r"lacks target\.spm"):
        sources.load(folder)
