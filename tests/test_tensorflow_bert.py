"""Google's BERT folders: names, transposes, vocabulary, settings; what does not fit is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.models import Transformer, TransformerConfig
from kit.sources import Source, tensorflow, tensorflow_bert
from kit.tokenizer import Tokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "##s", "is", "naive", "!"]
TEXTS = ["The films is naïve!", "film", "the xyz"]
SHAPE = {"vocabulary": len(WORDS), "width": 8, "layers": 11, "heads": 2, "intermediate_size": 12}
SHAPE |= {"block_size": 16, "token_types": 2}


def bert(**settings) -> Source:
    """A small BERT with the activation of Google's code."""
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**(SHAPE | {"activation": "gelu_tanh"} | settings)))
    for parameter in body.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return Source("small", body.eval(), tensorflow_bert._tokenizer(WORDS, lowercase=True))


def outputs(source: Source) -> list[torch.Tensor]:
    with torch.no_grad():
        ids = [torch.tensor([source.tokenizer.encode(text)]) for text in TEXTS]
        return [source.body(x) for x in ids]


@pytest.mark.parametrize("activation", ["gelu_tanh", "relu"])
def test_out_and_back_is_the_same_model_in_all_eleven_blocks(tmp_path: Path, activation) -> None:
    source = bert(activation=activation)
    folder = tensorflow_bert.export(source, tmp_path / "bert")
    again = sources.load(folder)
    assert again.body.config == source.body.config
    assert again.tokenizer.encode_many(TEXTS) == source.tokenizer.encode_many(TEXTS)
    for name, value in source.body.state_dict().items():
        assert torch.equal(again.body.state_dict()[name], value), name
    for one, other in zip(outputs(source), outputs(again), strict=True):
        assert torch.equal(one, other)


def test_the_names_are_those_of_googles_program() -> None:
    """modeling.py of google-research/bert, by hand: its scopes and variables."""
    names = {"bert/embeddings/word_embeddings", "bert/embeddings/token_type_embeddings"}
    names |= {"bert/embeddings/position_embeddings"}
    names |= {f"bert/embeddings/LayerNorm/{role}" for role in ("gamma", "beta")}
    dense = ("attention/self/query", "attention/self/key", "attention/self/value")
    dense += ("attention/output/dense", "intermediate/dense", "output/dense")
    for i in range(11):
        scope = f"bert/encoder/layer_{i}"
        names |= {f"{scope}/{part}/{role}" for part in dense for role in ("kernel", "bias")}
        norms = ("attention/output/LayerNorm", "output/LayerNorm")
        names |= {f"{scope}/{part}/{role}" for part in norms for role in ("gamma", "beta")}
    tensors = tensorflow_bert.google_tensors(bert())
    assert set(tensors) == names
    assert tensors["bert/encoder/layer_10/intermediate/dense/kernel"].shape == (8, 12)
    assert tensors["bert/embeddings/word_embeddings"].shape == (len(WORDS), 8)


def test_a_dense_layer_is_x_w_plus_b_as_google_computes_it() -> None:
    source = bert()
    tensors = tensorflow_bert.google_tensors(source)
    x = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    for part, module in (("query", "query"), ("value", "value")):
        scope = f"bert/encoder/layer_4/attention/self/{part}"
        layer = getattr(source.body.blocks[4].attention, module)
        wanted = x @ tensors[f"{scope}/kernel"] + tensors[f"{scope}/bias"]
        assert np.allclose(layer(torch.tensor(x)).detach().numpy(), wanted, atol=1e-5)


def test_transformers_computes_the_same_from_the_same_numbers(tmp_path: Path) -> None:
    """Their BertModel with gelu_new, filled by the rules of the lesson."""
    from transformers import BertConfig, BertModel

    source = bert()
    folder = tensorflow_bert.export(source, tmp_path / "bert")
    settings = json.loads((folder / tensorflow_bert.SETTINGS).read_text())
    model = BertModel(
        BertConfig(**(settings | {"hidden_act": "gelu_new"})), add_pooling_layer=False
    )
    state = {}
    for name, array in tensorflow.read(folder / "bert_model.ckpt").items():
        path, _, role = name.removeprefix("bert/").replace("/", ".").rpartition(".")
        path = re.sub(r"layer_(\d+)", r"layer.\1", path)
        role = {"kernel": "weight", "gamma": "weight", "beta": "bias"}.get(role, role)
        whole = f"{path}.{role}" + (".weight" if role.endswith("embeddings") else "")
        state[whole] = torch.tensor(array.T if name.endswith("kernel") else array)
    model.load_state_dict(state)
    for text, own in zip(TEXTS, outputs(source), strict=True):
        ids = torch.tensor([source.tokenizer.encode(text)])
        with torch.no_grad():
            assert (model.eval()(ids).last_hidden_state - own).abs().max() < 1e-5


def test_what_belongs_to_training_or_to_a_head_is_left_out_and_listed(tmp_path: Path) -> None:
    source = bert()
    folder = tensorflow_bert.export(source, tmp_path / "bert")
    more = {
        "global_step": np.array(3),
        "bert/pooler/dense/kernel": np.zeros((8, 8), np.float32),
        "cls/predictions/output_bias": np.zeros(len(WORDS), np.float32),
        "bert/embeddings/word_embeddings/adam_m": np.zeros((len(WORDS), 8), np.float32),
    }
    tensorflow.write(folder / "bert_model.ckpt", tensorflow_bert.google_tensors(source) | more)
    again = tensorflow_bert.load(folder)
    assert torch.equal(outputs(again)[0], outputs(source)[0])
    assert len(again.card["left"]) == len(more)
    tensorflow.write(
        folder / "bert_model.ckpt",
        tensorflow_bert.google_tensors(source) | {"bert/encoder/rotary": np.zeros(3, np.float32)},
    )
    with pytest.raises(KitError, match="rotary is unknown"):
        tensorflow_bert.load(folder)


def test_capitals_decide_whether_texts_are_lowercased(tmp_path: Path) -> None:
    folder = tensorflow_bert.export(bert(), tmp_path / "bert")
    (folder / "vocab.txt").write_text("\n".join([*WORDS[:-2], "Film", "!"]), encoding="utf-8")
    cased = tensorflow_bert.load(folder)
    assert not cased.card["lowercase"]
    assert cased.tokenizer.pieces("Film") == ["[CLS]", "Film", "[SEP]"]
    forced = tensorflow_bert.load(folder, lowercase=True)
    assert forced.tokenizer.pieces("Film") == ["[CLS]", "film", "[SEP]"]


def no_file(folder: Path) -> None:
    (folder / "vocab.txt").unlink()


def no_json(folder: Path) -> None:
    (folder / "bert_config.json").write_text("{", encoding="utf-8")


def twice(folder: Path) -> None:
    (folder / "vocab.txt").write_text("\n".join([*WORDS[:-1], "film"]), encoding="utf-8")


def not_bert(folder: Path) -> None:
    (folder / "vocab.txt").write_text("the\nfilm\n", encoding="utf-8")


def two(folder: Path) -> None:
    (folder / "other.index").write_bytes(b"")


def smaller(folder: Path) -> None:
    path = folder / "bert_config.json"
    path.write_text(path.read_text().replace('"hidden_size": 8', '"hidden_size": 6'))


def longer(folder: Path) -> None:
    (folder / "vocab.txt").write_text("\n".join([*WORDS, "more"]), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (no_file, r"vocab\.txt cannot be read"),
        (no_json, r"bert_config\.json cannot be read"),
        (twice, "has 'film' twice"),
        (not_bert, r"has no \[UNK\]"),
        (two, r"must hold one \.index file"),
        (smaller, r"does not fit its config\.json"),
        (longer, "12"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path, harm, said: str) -> None:
    folder = tensorflow_bert.export(bert(), tmp_path / "bert")
    harm(folder)
    with pytest.raises(KitError, match=said):
        tensorflow_bert.load(folder)


def test_what_googles_code_would_compute_otherwise_is_refused(tmp_path: Path) -> None:
    exact = bert(activation="gelu")
    with pytest.raises(KitError, match="approximate=True"):
        tensorflow_bert.export(exact, tmp_path / "bert")
    folder = tensorflow_bert.export(exact, tmp_path / "bert", approximate=True)
    far = [
        (a - b).abs().max()
        for a, b in zip(outputs(exact), outputs(sources.load(folder)), strict=True)
    ]
    assert 1e-6 < max(far) < 0.05
    with pytest.raises(KitError, match="there already"):
        tensorflow_bert.export(exact, folder, approximate=True)
    with pytest.raises(KitError, match="adds 1e-12"):
        tensorflow_bert.export(bert(norm_eps=1e-5), tmp_path / "eps")
    with pytest.raises(KitError, match="is no BERT"):
        tensorflow_bert.export(bert(causal=True), tmp_path / "causal")
    with pytest.raises(KitError, match="is no BERT"):
        tensorflow_bert.export(sources.load("rnn_encoder"), tmp_path / "rnn")
    bytes_of = Tokenizer.train(["a b c d e f g h"] * 3, size=262)
    other = replace(bert(vocabulary=262), tokenizer=bytes_of)
    with pytest.raises(KitError, match=r"vocab\.txt holds WordPiece"):
        tensorflow_bert.export(other, tmp_path / "bpe")
    assert not list(tmp_path.glob("[!b]*"))
