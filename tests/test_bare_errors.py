"""Degenerate calls: each ends with one plain message, and none with a bare exception."""

import json

import numpy as np
import pytest
import torch

from kit import metrics, sources
from kit.data import own
from kit.data.own import Column
from kit.errors import KitError
from kit.migrate import migrate
from kit.models import RNN, ClassHead, LanguageHead, RNNConfig, TagHead, Transformer
from kit.models import TransformerConfig as Config
from kit.models.generate import generate, search
from kit.models.ngram import NGram
from kit.sources import Source
from kit.tasks import tagging
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit, predict, total_loss

SHAPE = {"vocabulary": 262, "width": 8, "layers": 1, "heads": 2, "intermediate_size": 8}
SHAPE |= {"block_size": 16}
TOKENS = Tokenizer.train(["A short one, again and again."] * 3, 262)
RECIPE = Recipe(steps=2, batch_size=2, precision="fp32")
ONES = torch.ones(1, 3, dtype=torch.long)


def source(**switches) -> Source:
    torch.manual_seed(0)
    return Source("tiny", Transformer(Config(**SHAPE | switches)).eval(), TOKENS)


def classifier():
    return migrate(source(), lambda width: ClassHead(width, 2))


def writer() -> Source:
    made = source(causal=True)
    made.head = LanguageHead.tied(made.body)
    return made


def train(ids, y=0):
    made = classifier()
    return fit(made.model, [{"ids": ids, "y": y}] * 4, RECIPE, **made.training)


CALLS = {
    "no token": (lambda: train([]), "at least one token"),
    "no ids": (lambda: train(None), "no row of tokens"),
    "ids of None later": (
        lambda: fit(classifier().model, [{"ids": [5], "y": 0}, {"ids": None, "y": 0}], RECIPE),
        "ids of example 1 are None",
    ),
    "predict of no token": (lambda: predict(classifier().model, [{"ids": []}]), "one token"),
    "total_loss of a text": (
        lambda: total_loss(classifier().model, [{"ids": [5], "y": "a"}]),
        "label of example 0",
    ),
    "a row without a batch": (lambda: source().body(ONES[0]), r"\(B, T\)"),
    "ids as floats": (lambda: source().body(ONES.float()), "float32"),
    "an RNN of a negative id": (
        lambda: RNN(RNNConfig(vocabulary=9, width=8))(-ONES),
        "token id -1",
    ),
    "an RNN of no token": (
        lambda: RNN(RNNConfig(vocabulary=9, width=8))(ONES[:, :0]),
        "at least one token",
    ),
    "perplexity of nothing": (lambda: metrics.perplexity(3.0, 0), "0 tokens has no mean"),
    "perplexity of nan": (lambda: metrics.perplexity(float("nan"), 3), "has no mean"),
    "bits of no byte": (lambda: metrics.bits_per_byte(3.0, 0), "0 bytes has no mean"),
    "accuracy of nan": (lambda: metrics.accuracy([np.array([np.nan, 1])], [1]), "logit is nan"),
    "accuracy of two models": (
        lambda: metrics.accuracy([np.zeros(2), np.zeros(3)], [0, 1]),
        "different numbers of classes",
    ),
    "limit=0": (lambda: TOKENS.encode("a b", limit=0), "limit=0"),
    "limit=0 without special pieces": (
        lambda: TOKENS.encode("a b", limit=0, special=False),
        "limit=0",
    ),
    "limit=-1": (lambda: TOKENS.encode("a b", limit=-1), "limit=-1"),
    "limit=1.5": (lambda: TOKENS.align(["a"], limit=1.5), "limit=1.5"),
    "decode(-1)": (lambda: TOKENS.decode([-1]), "-1 is no token id"),
    "decode of a text": (lambda: TOKENS.decode("abc"), "no list of token ids"),
    "max_tokens=-1": (lambda: generate(writer(), [[5]], -1), "whole number from 1 on"),
    "beams=1.5": (lambda: generate(writer(), [[5]], 2, beams=1.5), "beams=1.5"),
    "search of 0 beams": (lambda: search(writer(), [[5]], 2, beams=0), "beams is 0"),
    "temperature=nan": (
        lambda: generate(writer(), [[5]], 2, temperature=float("nan")),
        "temperature=nan",
    ),
    "top_k=1.5": (lambda: generate(writer(), [[5]], 2, temperature=1.0, top_k=1.5), "top_k=1.5"),
    "seed='a'": (lambda: generate(writer(), [[5]], 2, temperature=1.0, seed="a"), "seed='a'"),
    "stop=2": (lambda: generate(writer(), [[5]], 2, stop=2), "no list of token ids"),
    "heads=0": (lambda: Config(**SHAPE | {"heads": 0}), "heads=0"),
    "norm_eps=None": (lambda: Config(**SHAPE, norm_eps=None), "norm_eps=None"),
    "rotary_base=0": (lambda: Config(**SHAPE, positions="rotary", rotary_base=0), "rotary_base=0"),
    "causal='yes'": (lambda: Config(**SHAPE, causal="yes"), "causal='yes'"),
    "norm=[]": (lambda: Config(**SHAPE, norm=[]), r"norm=\[\]"),
    "an odd head that is rotated": (
        lambda: Config(**SHAPE | {"head_size": 3}, positions="rotary"),
        "even head_size",
    ),
    "no class": (lambda: ClassHead(8, 0), "classes=0"),
    "pool='max'": (lambda: ClassHead(8, 2, pool="max"), "pool='max'"),
    "dropout=2": (lambda: TagHead(8, 2, dropout=2), "dropout=2"),
    "ids beyond an n-gram's vocabulary": (lambda: NGram([1, 2, 30], 10), "the ids are 1 to 30"),
    "a discount of 5": (lambda: NGram([1, 2, 3], 10, discount=5), "discount=5"),
    "tags of another length": (lambda: tagging.score([["O"]], [["O", "O"]]), "1 tags for a text"),
    "an answer that is None": (lambda: tagging.score([None], [["O"]]), "no list of tags"),
    "a tag that is a number": (lambda: tagging.score([[1]], [["O"]]), "the tag 1"),
    "tags of nan": (lambda: tagging.best(np.full((2, 3), np.nan), "OBI"), "logit is nan"),
    "columns as a list": (
        lambda: own.read([{"text": "a"}], {"text": Column("text")}, columns=["text"]),
        "no dict: give",
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_cannot_be_meant_is_answered(call) -> None:
    action, says = CALLS[call]
    with pytest.raises(KitError, match=says):
        action()


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ["[]", "3", "null", "{", ""])
def test_a_file_of_a_model_that_is_no_object(tmp_path, file, content) -> None:
    folder = sources.export(source(), tmp_path / "model")
    (folder / file).write_text(content)
    with pytest.raises(KitError):
        sources.load(folder)


def test_a_wrong_value_in_a_file_of_a_model_is_answered(tmp_path) -> None:
    """Whatever one field says, the model is loaded and answers, or a KitError names it."""
    switches = {"causal": True, "norm": "rms", "norm_first": True, "positions": "rotary"}
    switches |= {"activation": "swiglu", "embedding_norm": False, "bias": False}
    for name, made in (("bert", source(token_types=2)), ("llama", source(**switches))):
        folder = sources.export(made, tmp_path / name)
        for file in ("config.json", "tokenizer_config.json"):
            right = json.loads((folder / file).read_text())
            for field in right:
                for value in (None, -1, "x", [1], {"a": 1}, 1.5):
                    (folder / file).write_text(json.dumps(right | {field: value}))
                    try:
                        sources.load(folder).body(ONES)
                    except KitError:
                        continue
            (folder / file).write_text(json.dumps(right))
    index = folder / "model.safetensors.index.json"
    for content in ([], {"weight_map": []}, {"weight_map": {"a": 3}}):
        index.write_text(json.dumps(content))
        with pytest.raises(KitError):
            sources.load(folder)


@pytest.mark.parametrize("scores", [[float("nan"), 0.5, 0.7], [0.7, float("nan"), 0.2]])
def test_a_score_that_is_nan_is_never_the_best(scores) -> None:
    made, given = classifier(), iter(scores)
    rows = [{"ids": [5, 6], "y": i % 2} for i in range(4)]
    recipe = Recipe(steps=3, batch_size=4, precision="fp32", evaluations=3)
    with pytest.warns(UserWarning, match="is nan, and counts as no score"):
        run = fit(made.model, rows, recipe, score=lambda model: next(given), **made.training)
    assert run.best["score"] == 0.7 and len(run.evaluations) == 3
