"""The loss is the formula's, and torch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from kit.errors import KitError
from kit.loss import IGNORE, count, cross_entropy, squared_error


@settings(deadline=None, max_examples=30)  # what is slow is the machine
@given(st.integers(1, 9), st.integers(2, 7), st.integers(0, 99))
def test_cross_entropy_is_the_formula_and_torchs(n, classes, seed):
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, classes, generator=random)
    y = torch.randint(classes, (n,), generator=random)
    by_hand = -sum(
        torch.log(torch.exp(logits[i]) / torch.exp(logits[i]).sum())[y[i]] for i in range(n)
    )
    torch.testing.assert_close(cross_entropy(logits, y), by_hand)
    torch.testing.assert_close(
        cross_entropy(logits, y), F.cross_entropy(logits, y, reduction="sum")
    )


def test_squared_error_is_a_sum_over_examples():
    assert squared_error(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 1.0])) == 5.0


def test_ignored_labels_count_for_nothing():
    logits = torch.randn(2, 3, 5)
    y = torch.tensor([[1, 2, IGNORE], [4, IGNORE, IGNORE]])
    kept = cross_entropy(logits[0, :2], y[0, :2]) + cross_entropy(logits[1, :1], y[1, :1])
    torch.testing.assert_close(cross_entropy(logits, y), kept)
    assert count(y) == 3


@pytest.mark.parametrize("y", [[2], [-1]])
def test_a_class_that_the_model_does_not_have_is_named(y):
    with pytest.raises(KitError, match=str(y[0])):
        cross_entropy(torch.zeros(1, 2), torch.tensor(y))


def test_labels_of_another_shape_are_refused():
    with pytest.raises(KitError, match="one label for each prediction"):
        squared_error(torch.zeros(3), torch.zeros(3, 1))
