"""ONNX files: onnxruntime gives the kit's outputs, for any batch and length.

The tests with a graph are skipped where the extra [onnx] is not installed.
"""

import numpy as np
import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.models import (
    RNN,
    ClassHead,
    LanguageHead,
    Model,
    RNNConfig,
    SequenceHead,
    TagHead,
    Transformer,
    TransformerConfig,
)
from kit.models.generate import generate
from kit.sources import onnx

SHAPE = {"vocabulary": 50, "width": 24, "layers": 2, "heads": 4, "intermediate_size": 30}
SHAPE |= {"block_size": 40}
LLAMA = {"causal": True, "norm": "rms", "norm_first": True, "positions": "rotary", "bias": False}
LLAMA |= {"activation": "swiglu", "kv_heads": 2, "embedding_norm": False}
WINDOW = {"window": 4, "attention_types": ("local", "full")}


@pytest.fixture
def runtime():
    pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
    pytest.importorskip("onnxscript", reason="the extra [onnx] is not installed")
    return pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")


def tiny(switches: dict, head) -> Model:
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**SHAPE, **switches))
    for parameter in body.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return Model(body, head(body)).eval()


def batches(vocabulary: int = 50):
    """One text of one token, padding on the right and on the left, another length."""
    lengths = torch.tensor([6, 1, 4])[:, None]
    for mask in (
        torch.ones(1, 1).bool(),
        torch.arange(6) < lengths,
        torch.arange(6) >= 6 - lengths,
        torch.ones(5, 33).bool(),
    ):
        yield torch.randint(0, vocabulary, mask.shape), mask


@pytest.mark.parametrize(
    ("switches", "head"),
    [
        ({"token_types": 2}, lambda body: TagHead(body.width, 5)),
        ({**LLAMA, **WINDOW}, LanguageHead.tied),
    ],
    ids=["tagger", "language model"],
)
def test_onnxruntime_gives_the_same_outputs(runtime, switches, head, tmp_path) -> None:
    model = tiny(switches, head)
    session = runtime.InferenceSession(onnx.export(model, tmp_path / "model.onnx"))
    for ids, mask in batches():
        [outputs] = session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})
        expected = model(ids, mask).detach().numpy()[mask.numpy()]
        assert np.abs(outputs[mask.numpy()] - expected).max() <= 1e-5 * np.abs(expected).max()


def test_an_encoder_in_8_bits_gives_nearly_the_same(runtime, tmp_path) -> None:
    source = sources.load("transformer_encoder")
    model = Model(source.body, ClassHead(source.body.width, 3)).train()
    whole = onnx.export(model, tmp_path / "whole.onnx")
    assert model.training
    model.eval()
    small = onnx.quantize(whole, tmp_path / "small.onnx")
    assert small.stat().st_size < 0.4 * whole.stat().st_size
    ids = torch.tensor([source.tokenizer.encode("A film that I liked.")])
    inputs = {"ids": ids.numpy(), "mask": np.ones(ids.shape, bool)}
    exact, rounded = (runtime.InferenceSession(f).run(None, inputs)[0] for f in (whole, small))
    expected = model(ids, torch.ones_like(ids).bool()).detach().numpy()
    assert np.abs(exact - expected).max() <= 1e-5
    assert 0 < np.abs(rounded - expected).max() < 0.1


def test_a_writer_with_its_cache_writes_the_same(runtime, tmp_path) -> None:
    model = tiny({**LLAMA, **WINDOW}, LanguageHead.tied)
    session = runtime.InferenceSession(onnx.export_writer(model, tmp_path / "writer.onnx"))
    prompt, written = [1, 2, 3, 4, 5], []
    keys = values = np.zeros((2, 1, 2, 0, 6), np.float32)
    ids = prompt
    for _ in range(12):
        mask = np.ones((1, len(prompt) + len(written)), bool)
        inputs = {"ids": np.array([ids]), "mask": mask, "keys": keys, "values": values}
        logits, keys, values = session.run(None, inputs)
        ids = [int(logits[0].argmax())]
        written += ids
    assert written == generate(model, [prompt], 12)[0]


@pytest.mark.parametrize(
    ("model", "call", "says"),
    [
        (lambda: Model(RNN(RNNConfig(vocabulary=9, width=4)), None), onnx.export, "a RNN is not"),
        (
            lambda: tiny(
                {},
                lambda b: SequenceHead(
                    24, tiny({**LLAMA, "cross": True}, lambda b: TagHead(24, 2)).body
                ),
            ),
            onnx.export,
            "a SequenceHead writes another text",
        ),
        (lambda: tiny({}, lambda b: TagHead(24, 2)), onnx.export_writer, "predicts no next token"),
    ],
    ids=["rnn", "encoder-decoder", "tagger"],
)
def test_what_is_not_exported_says_why(model, call, says, tmp_path) -> None:
    with pytest.raises(KitError, match=says):
        call(model(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
