"""The RNN: the cells are torch's, the fast path is the cells, and dropout is AWD-LSTM's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kit.errors import KitError
from kit.models import RNN, LanguageHead, Model, RNNConfig
from kit.models.rnn import gru_cell, lstm_cell, same_dropout

EXACT = {"rtol": 1e-5, "atol": 1e-6}


def body(**switches) -> RNN:
    torch.manual_seed(0)
    return RNN(RNNConfig(**{"vocabulary": 50, "width": 8, "hidden": 12, **switches}))


def read_by_hand(rnn: RNN, ids: torch.Tensor) -> torch.Tensor:
    """One text (T,), one token at a time, by the cells: (T, D)."""
    x = rnn.embedding(ids)
    for layer in rnn.layers:
        sides = []
        for backward, fast in enumerate(layer.rnns):
            W, U, b, d = fast.all_weights[0]
            h = c = torch.zeros(fast.hidden_size)
            said = []
            for step in x.flip(0) if backward else x:
                if rnn.config.cell == "lstm":
                    h, c = lstm_cell(step, h, c, W, U, b + d)
                else:
                    h = gru_cell(step, h, W, U, b, d)
                said.append(h)
            sides.append(torch.stack(said[::-1] if backward else said))
        x = torch.cat(sides, -1)
    return x


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 999))
def test_the_cells_equal_torch(width, size, seed):
    torch.manual_seed(seed)
    x, h, c = torch.randn(3, width), torch.randn(3, size), torch.randn(3, size)
    lstm, gru = nn.LSTMCell(width, size), nn.GRUCell(width, size)
    ours = lstm_cell(x, h, c, lstm.weight_ih, lstm.weight_hh, lstm.bias_ih + lstm.bias_hh)
    torch.testing.assert_close(ours, lstm(x, (h, c)), **EXACT)
    ours = gru_cell(x, h, gru.weight_ih, gru.weight_hh, gru.bias_ih, gru.bias_hh)
    torch.testing.assert_close(ours, gru(x, h), **EXACT)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["causal", "bidirectional"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_fast_path_equals_the_cells(cell, bidirectional):
    rnn = body(cell=cell, bidirectional=bidirectional, layers=3)
    ids = torch.randint(50, (7,))
    torch.testing.assert_close(rnn(ids[None])[0], read_by_hand(rnn, ids), **EXACT)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_dropping_no_weight_equals_the_fast_path(cell):
    rnn = body(cell=cell, weight_drop=1e-9)
    ids = torch.randint(50, (2, 7))
    torch.testing.assert_close(rnn.train()(ids), rnn.eval()(ids), **EXACT)


def test_a_causal_rnn_does_not_look_ahead_and_a_bidirectional_one_does():
    ids = torch.randint(50, (1, 7))
    other = ids.clone()
    other[0, -1] = (ids[0, -1] + 1) % 50
    causal, both = body(), body(bidirectional=True)
    torch.testing.assert_close(causal(ids)[:, :-1], causal(other)[:, :-1], rtol=0, atol=0)
    assert not torch.allclose(both(ids)[:, 0], both(other)[:, 0])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_going_on_from_a_state_equals_reading_at_once(cell, left):
    rnn = body(cell=cell)
    ids = torch.randint(50, (2, 9))
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[1, slice(0, 2) if left else slice(3, 5)] = False  # the prompts: 5 and 3 tokens
    whole = [rnn(ids[i][mask[i]][None])[0] for i in range(2)]
    cache = rnn.cache(2, 9)
    parts = [rnn(ids[:, :5], mask[:, :5], cache=cache)]
    parts += [rnn(ids[:, i : i + 1], mask[:, : i + 1], cache=cache) for i in range(5, 9)]
    stepwise = torch.cat(parts, 1)
    assert cache.used == 9
    for i in range(2):
        torch.testing.assert_close(stepwise[i][mask[i]], whole[i], **EXACT)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_state_can_be_reordered(cell):
    rnn, ids = body(cell=cell), torch.randint(50, (2, 4))
    cache = rnn.cache(2, 4)
    rnn(ids[:, :3], cache=cache)
    cache.reorder(torch.tensor([1, 1, 0]))
    after = rnn(ids[[1, 1, 0], 3:], cache=cache)
    torch.testing.assert_close(after, rnn(ids[[1, 1, 0]])[:, 3:], **EXACT)


def test_dropout_is_the_same_at_every_step_and_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(200, 5, 20)
    y = same_dropout(x, 0.25)
    assert (y == y[:, :1]).all() and y.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert y.mean().item() == pytest.approx(1, abs=0.05)
    assert same_dropout(x, 0.0) is x


def test_dropout_and_weight_drop_act_in_training_alone():
    ids = torch.randint(50, (2, 6))
    for switches in ({"dropout": 0.5}, {"weight_drop": 0.5}):
        rnn = body(**switches)
        assert not torch.equal(rnn.train()(ids), rnn.train()(ids))
        assert torch.equal(rnn.eval()(ids), rnn.eval()(ids))


def test_a_decoder_attends_to_its_memory_and_not_to_padding():
    rnn = body(cross=True, cell="gru")
    ids, memory = torch.randint(50, (2, 4)), torch.randn(2, 5, 8)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    hidden, weights = rnn(ids, memory=memory, memory_mask=mask, explain=True)
    torch.testing.assert_close(weights[0].sum(-1), torch.ones(2, 1, 4))
    assert (weights[0][1, :, :, 3:] == 0).all()
    other = memory.clone()
    other[1, 3:] = 9.0
    torch.testing.assert_close(rnn(ids, None, other, mask), hidden, rtol=0, atol=0)
    other[1, 0] = 9.0
    assert not torch.allclose(rnn(ids, None, other, mask)[1], hidden[1])


def test_a_tied_language_model_learns_a_text_by_heart():
    torch.manual_seed(0)
    rnn = body(width=32, hidden=64, dropout=0.1, weight_drop=0.1)
    model = Model(rnn, LanguageHead.tied(rnn))
    ids = torch.randint(50, (4, 12))
    mask = torch.ones_like(ids, dtype=torch.bool)
    step = torch.optim.AdamW(model.parameters(), 1e-2)
    losses = []
    for _ in range(150):
        logits = model(ids, mask)[:, :-1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        step.zero_grad()
        loss.backward()
        step.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    ("switches", "says"),
    [
        ({"cell": "elman"}, "'elman': choose one of lstm, gru"),
        ({"bidirectional": True, "cross": True}, "bidirectional=False"),
        ({"bidirectional": True, "width": 7}, "give an even width"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(switches, says):
    with pytest.raises(KitError, match=says):
        body(**switches)


def test_what_cannot_be_read_is_refused():
    ids = torch.randint(50, (1, 3))
    with pytest.raises(KitError, match="token id 50, and the model has 0 to 49"):
        body()(torch.tensor([[50]]))
    with pytest.raises(KitError, match="as memory"):
        body(cross=True)(ids)
    with pytest.raises(KitError, match="use an RNN with bidirectional=False"):
        rnn = body(bidirectional=True)
        rnn(ids, cache=rnn.cache(1, 3))
