"""The word loss is cross_entropy of the logits, in its value and its gradients."""

import numpy as np
import pytest
import torch

from kit import loss as losses
from kit import runtime
from kit.errors import KitError
from kit.loss import IGNORE, cross_entropy, word_loss
from kit.models import RNN, LanguageHead, Model, RNNConfig, SequenceHead
from kit.models.transformer import Transformer, TransformerConfig
from kit.train import Recipe, fit
from kit.train.batches import Batch, collate

V, D = 300, 16
DECODER = {
    "vocabulary": V,
    "width": D,
    "layers": 1,
    "heads": 2,
    "intermediate_size": 32,
    "block_size": 16,
}


def model(head: str) -> Model:
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(**DECODER, causal=True))
    if head == "sequence":
        decoder = Transformer(TransformerConfig(**DECODER, causal=True, cross=True))
        return Model(body, SequenceHead(D, decoder))
    bias = head.endswith("bias")
    tied = head.startswith("tied")
    return Model(body, LanguageHead.tied(body, bias) if tied else LanguageHead(D, V, bias))


def batch(ignored: float, of: str) -> Batch:
    random = np.random.default_rng(0)
    y = random.integers(0, V, (40, 9))
    y[random.random(y.shape) < ignored] = IGNORE
    ids, target = random.integers(0, V, (2, 40, 9)).tolist()
    rows = [
        {"ids": i, "y": j, "target": t} for i, j, t in zip(ids, y.tolist(), target, strict=True)
    ]
    return collate(rows if of == "sequence" else [{k: r[k] for k in ("ids", "y")} for r in rows])


def gradients(made: Model, given: Batch, apart: bool) -> tuple[torch.Tensor, dict]:
    made.zero_grad()
    loss = cross_entropy(given.run(made, apart), given.y)
    (loss / 7).backward()
    return loss.detach(), {n: p.grad for n, p in made.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("ignored", [0.0, 0.85, 1.0])
@pytest.mark.parametrize("head", ["tied", "tied bias", "untied", "untied bias", "sequence"])
def test_value_and_gradients_are_those_of_the_formula(head, ignored):
    made, given = model(head), batch(ignored, head)
    (plain, wanted), (loss, found) = (gradients(made, given, apart) for apart in (False, True))
    torch.testing.assert_close(loss, plain, rtol=1e-5, atol=1e-5)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-5, atol=1e-5, msg=name)


def test_pieces_do_not_change_the_sum(monkeypatch):
    torch.manual_seed(0)
    hidden, weight, y = torch.randn(700, D), torch.randn(V, D), torch.randint(V, (700,))
    in_three = word_loss(hidden, weight, None, y)
    monkeypatch.setitem(losses.CHUNK_LOGITS, "cpu", 2**30)
    torch.testing.assert_close(word_loss(hidden, weight, None, y), in_three, rtol=1e-5, atol=0)


def test_a_sure_and_wrong_model_has_a_large_loss_not_an_infinite_one():
    hidden, weight = torch.tensor([[1.0]]), torch.tensor([[-500.0], [500.0]])
    assert float(word_loss(hidden, weight, None, torch.tensor([0]))) == 1000


def test_in_bf16_it_is_as_near_to_fp32_as_the_plain_formula():
    made, given = model("tied bias"), batch(0.0, "tied")
    exact, wanted = gradients(made, given, False)
    with runtime.autocast("bf16", torch.device("cpu")):
        (_, there), (loss, here) = (gradients(made, given, apart) for apart in (False, True))
    assert abs(loss - exact) < 2e-3 * exact
    for name, gradient in wanted.items():
        off = {a: (g[name] - gradient).norm() for a, g in (("plain", there), ("apart", here))}
        assert off["apart"] < 1.5 * off["plain"] + 1e-3, name


def test_what_is_frozen_gets_no_gradient_and_without_grad_none_is_taken():
    made, given = model("untied"), batch(0.0, "untied")
    made.head.requires_grad_(False)
    assert not any(name.startswith("head") for name in gradients(made, given, True)[1])
    with torch.no_grad():
        assert not cross_entropy(given.run(made, True), given.y).requires_grad


@pytest.mark.parametrize("y", [[V], [-1]])
def test_a_word_that_the_model_does_not_have_is_named(y):
    with pytest.raises(KitError, match=str(y[0])):
        word_loss(torch.zeros(1, D), torch.zeros(V, D), None, torch.tensor(y))


@pytest.mark.parametrize("body", ["transformer", "rnn"])
def test_fit_reaches_what_it_reaches_with_whole_logits(body):
    rows = [
        {"ids": i.tolist(), "y": i.tolist()}
        for i in np.random.default_rng(0).integers(V, size=(64, 8))
    ]
    reached = []
    for listened in (False, True):
        torch.manual_seed(0)
        made = (
            model("tied").body if body == "transformer" else RNN(RNNConfig(vocabulary=V, width=D))
        )
        made = Model(made, LanguageHead.tied(made))
        shapes: list = []
        if listened:  # whoever listens to the logits gets them whole
            made.register_forward_hook(lambda _, __, y, shapes=shapes: shapes.append(y.shape))
        run = fit(made, rows, Recipe(steps=12, rate=1e-2, precision="fp32"))
        reached.append([step["loss"] for step in run.steps])
        assert shapes == [(16, 8, V)] * 12 * listened
    np.testing.assert_allclose(*reached, rtol=1e-4)
    assert reached[0][-1] < reached[0][0]


def test_a_batch_in_which_nothing_counts_moves_nothing_far():
    made = model("tied")
    before = made.body.embedding.weight.clone()
    rows = [{"ids": [1, 2], "y": [IGNORE, IGNORE]}] * 4
    nothing = lambda model: 0.0 * model.body.embedding.weight.sum()  # noqa: E731 (labels are not needed)
    assert fit(made, rows, Recipe(steps=2), penalty=nothing).steps[-1]["loss"] == 0
    torch.testing.assert_close(made.body.embedding.weight, before)
