"""Large batches and GPUs: gradient accumulation, activation checkpointing, updates without a wait.

What a GPU computes in another way is compared here, on a CPU, with what a CPU computes.
"""

import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from kit import loss as losses
from kit import runtime
from kit.errors import KitError
from kit.models import RNN, ClassHead, LanguageHead, Model, RNNConfig, Transformer
from kit.models import TransformerConfig as Config
from kit.models.transformer import Block
from kit.objectives import next_token
from kit.train import Recipe, fit
from kit.train.batches import Loader, stream
from kit.train.optimizer import Optimizer

V = 50


def writer(seed: int = 0, dropout: float = 0.0) -> Model:
    torch.manual_seed(seed)
    sizes = {"vocabulary": V, "width": 16, "layers": 2, "heads": 2, "intermediate_size": 32}
    body = Transformer(Config(**sizes, block_size=16, causal=True, dropout=dropout))
    return Model(body, LanguageHead.tied(body))


def windows(n: int = 30) -> list[dict]:
    """Texts of 3 to 12 tokens."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(4, 14, n)
    return [e for k in lengths for e in next_token(generator.integers(0, V, (1, k)))]


def trained(model: Model, **options) -> tuple[list[float], dict]:
    recipe = Recipe(steps=6, rate=1e-2, batch_size=7, precision="fp32", **options)
    run = fit(model, windows(), recipe)
    return [step["loss"] for step in run.steps], dict(model.named_parameters())


@pytest.mark.parametrize("parts", [3, 20])
def test_accumulated_gradients_are_those_of_the_whole_batch(parts: int) -> None:
    plain, values = trained(writer())
    losses, others = trained(writer(), accumulation=parts)
    assert losses == pytest.approx(plain, abs=1e-6)
    for name, value in values.items():
        torch.testing.assert_close(others[name], value, atol=1e-6, rtol=0)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_checkpointed_activations_change_no_bit(dropout: float, monkeypatch) -> None:
    plain, values = trained(writer(dropout=dropout))
    inside, calls = [], []

    @contextmanager
    def kernels():
        inside.append(0)
        yield
        inside.pop()

    forward = Block.forward
    monkeypatch.setattr(Block, "forward", lambda *a: calls.append(len(inside)) or forward(*a))
    monkeypatch.setattr(runtime, "attention_kernels", lambda *_, **__: kernels)
    model = writer(dropout=dropout)
    losses, others = trained(model, activation_checkpointing=True)
    # Blocks, twice in each update, with the same kernel of attention: else values do not match.
    assert calls == [1] * 2 * 2 * 6
    assert losses == plain
    assert all(others[name].equal(value) for name, value in values.items())
    assert not model.body.activation_checkpointing


def test_what_cannot_be_done_is_refused() -> None:
    torch.manual_seed(0)
    rnn = Model(RNN(RNNConfig(vocabulary=V, width=8, layers=1)), ClassHead(8, 2))
    examples = [{"ids": [1, 2], "y": 0}, {"ids": [3], "y": 1}]
    with pytest.raises(KitError, match="needs the blocks of a Transformer"):
        fit(rnn, examples, Recipe(steps=1, batch_size=2, activation_checkpointing=True))
    with pytest.raises(KitError, match="accumulation=2 and a penalty"):
        recipe = Recipe(steps=1, batch_size=2, accumulation=2)
        fit(rnn, examples, recipe, penalty=lambda model: model.head.linear.weight.sum())
    with pytest.raises(KitError, match="accumulation=0 cannot train"):
        Recipe(steps=1, accumulation=0)


def steps_of(
    deferred: bool, clip: float, wrong: int | None = None
) -> tuple[Model, Optimizer, list]:
    """Five updates; the loss of update `wrong` is not finite."""
    model = writer()
    groups = [{"params": list(model.parameters()), "rate": 1e-2}]
    optimizer = Optimizer(model, groups, 0.01, clip)
    optimizer.deferred = deferred
    values = []
    for step, example in enumerate(windows()[:5]):
        ids = torch.tensor(example["ids"])[None]
        mask = torch.ones_like(ids, dtype=torch.bool)
        loss = losses.cross_entropy(model(ids, mask), torch.tensor(example["y"])[None])
        loss = loss * (math.inf if step == wrong else 1)
        loss.backward()
        optimizer.step(loss.detach(), 0.5, 1.0)
        values.append(optimizer.loss(0.5))
    return model, values


@pytest.mark.parametrize("clip", [1.0, math.inf])
def test_an_update_that_does_not_wait_is_the_same(clip: float) -> None:
    (one, losses), (other, others) = steps_of(False, clip), steps_of(True, clip)
    assert others == pytest.approx(losses, abs=1e-5)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-5, rtol=0)


def test_an_update_that_does_not_wait_changes_nothing_where_the_loss_is_not_finite() -> None:
    with pytest.raises(KitError, match=r"the loss is inf at step 3: the rate 0.01"):
        steps_of(True, 1.0, wrong=2)
    model = writer()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = Optimizer(model, [{"params": list(model.parameters()), "rate": 1e-2}], 0.01, 1.0)
    optimizer.deferred = True
    for p in model.parameters():
        p.grad = torch.full_like(p, math.nan)
    optimizer.step(torch.tensor(2.0), 0.5, 1.0)
    with pytest.raises(KitError, match="the gradient is nan: no parameter has moved yet"):
        optimizer.loss(0.5)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert all(state["step"] == 0 for state in optimizer.adamw.state.values())


@pytest.mark.parametrize("bias", [False, True])
def test_the_softmax_of_a_gpu_has_the_loss_and_the_gradients_of_a_cpu(bias, monkeypatch) -> None:
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, V, (3, 8), generator=generator)
    y[0, :3] = losses.IGNORE
    results = []
    for chunks in ({"cpu": 2**21}, {}):
        monkeypatch.setattr(losses, "CHUNK_LOGITS", chunks)
        g = torch.Generator().manual_seed(1)
        hidden, weight = torch.randn(3, 8, 16, generator=g), torch.randn(V, 16, generator=g)
        inputs = [hidden, weight] + [torch.randn(V, generator=g)] * bias
        inputs = [x.requires_grad_() for x in inputs]
        loss = losses.word_loss(inputs[0], inputs[1], inputs[2] if bias else None, y)
        results.append([loss, *torch.autograd.grad(loss, inputs)])
    for on_cpu, on_gpu in zip(*results, strict=True):
        torch.testing.assert_close(on_cpu, on_gpu, atol=1e-5, rtol=1e-5)


def test_batches_that_are_prepared_ahead_are_the_same() -> None:
    def updates(ahead: bool) -> list:
        loader = Loader(stream(windows(), windows(), 7, 0), torch.device("cpu"), 2)
        made = []
        for _ in range(9):
            made.append(loader.take())
            if ahead:
                loader.prepare()
        return made

    for one, other in zip(updates(False), updates(True), strict=True):
        assert one[:2] == other[:2] and one.labels == other.labels
        assert all(a.ids.equal(b.ids) for a, b in zip(one.batches, other.batches, strict=True))
        assert one.labels == sum(int((batch.y >= 0).sum()) for batch in one.batches)


@pytest.mark.parametrize("tokens", [30, V])
def test_rows_without_a_gradient_need_no_moments(tokens: int, monkeypatch) -> None:
    """Bit for bit the whole table's values, with fewer moments; also where most rows are touched,
    and where a token comes late, which then has the same moments as in the whole table."""
    generator = np.random.default_rng(0)
    rows = [{"ids": generator.integers(0, tokens // 3, 4), "y": i % 2} for i in range(20)]
    rows += [{"ids": generator.integers(0, tokens, 5), "y": i % 2} for i in range(20)]
    counts, values = {}, {}
    for touched in (False, True):

        class Counting(Optimizer):
            def __init__(self, *arguments, touched_rows: bool) -> None:
                assert touched_rows, "a training in one process, on a CPU, without a folder"
                super().__init__(*arguments, touched_rows=touched)  # noqa: B023

            def step(self, *arguments) -> None:
                super().step(*arguments)
                states = [s for state in self.adamw.state.values() for s in state.values()]
                counts[touched] = sum(s.numel() for s in states)  # noqa: B023

        monkeypatch.setattr("kit.train.loop.Optimizer", Counting)
        torch.manual_seed(0)
        sizes = {"vocabulary": 3 * V, "width": 16, "layers": 1, "heads": 2, "intermediate_size": 8}
        model = Model(Transformer(Config(**sizes, block_size=8)), ClassHead(16, 2))
        run = fit(model, rows, Recipe(epochs=3, batch_size=4, rate=1e-2, precision="fp32"))
        values[touched] = [*model.parameters(), torch.tensor([s["loss"] for s in run.steps])]
    assert all(a.equal(b) for a, b in zip(*values.values(), strict=True))
    assert counts[True] < counts[False]


def test_a_table_most_of_which_is_touched_is_updated_whole() -> None:
    model = writer()
    groups = [{"params": list(model.parameters()), "rate": 1e-2}]
    optimizer = Optimizer(model, groups, 0.01, 1.0, touched_rows=True)
    for _ in range(2):
        model(torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.bool)).sum().backward()
        optimizer.step(torch.tensor(1.0), 0.5, 1.0)
    assert optimizer.tables[0].rows is optimizer.tables[0].table
    assert optimizer.adamw.state[model.body.embedding.weight]["exp_avg"].shape == (V, 16)
    assert model.body.embedding.weight.grad is None
