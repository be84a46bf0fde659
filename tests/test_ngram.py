"""Laws of counting: probabilities, whatever was seen; more context is better on real text."""

import numpy as np
import pytest

from kit.data import corpora
from kit.errors import KitError
from kit.models.ngram import NGram
from kit.tokenizer import Tokenizer

IDS = np.random.default_rng(0).zipf(1.5, 500) % 30


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("before", [[], [1], [1, 1], [29, 28], [1, 2, 1, 1]])
def test_the_next_token_has_a_distribution(order, before):
    p = NGram(IDS, 30, order).next(before)
    assert p.min() > 0 and p.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_row_has_the_probabilities_of_its_steps(order):
    model, row = NGram(IDS, 30, order), [5, 1, 1, 2, 29, 1]
    steps = [model.next(row[:t])[row[t]] for t in range(len(row))]
    np.testing.assert_allclose(model.probabilities(row), steps, rtol=1e-12)


def test_by_hand():
    """a b a b a: after a comes b, two of two times; the discount goes to what one token says."""
    model = NGram([0, 1, 0, 1, 0], 2, 2, discount=0.5)
    one = (1 - 0.5) / 2 + 0.5 * 2 / 2 * 0.5  # each follows one kind of token; uniform is 1/2
    assert model.next([0])[1] == pytest.approx((2 - 0.5) / 2 + 0.5 * 1 / 2 * one)


def test_more_context_is_better_on_real_text(data):
    train, held = (corpora.pinned(s, "films")["text"] for s in ("train", "validation"))
    tokenizer = Tokenizer.train(train[:], 2000)
    row, other = (
        np.concatenate(
            [[*ids, tokenizer.eos] for ids in tokenizer.encode_many(part, special=False)]
        )
        for part in (train[:], held[:])
    )
    nats = [-np.log(NGram(row, 2000, order).probabilities(other)).mean() for order in (1, 2, 3)]
    assert nats[0] > nats[1] + 0.3 and nats[1] > nats[2]


def test_too_little_is_named():
    with pytest.raises(KitError, match="1 tokens cannot be counted in groups of 3"):
        NGram([1], 10)
