"""Lesson 15's widget without a browser, and the faults that it plants."""

import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.sources.conversion_faults import FAULTS, NONE, hidden_states
from kit.widgets import Conversion

SENTENCES = ["I loved this movie.", "It will rain tomorrow."]


@pytest.fixture(scope="module")
def minilm():
    return sources.minilm()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_passes_names_and_shapes_and_changes_outputs(minilm, name: str) -> None:
    before = {k: v.clone() for k, v in minilm.body.state_dict().items()}
    copy = FAULTS[name].apply(minilm)
    copy.body.load_state_dict(minilm.body.state_dict(), strict=True)  # so names and shapes fit
    copy = FAULTS[name].apply(minilm)
    with torch.no_grad():
        right, other = (hidden_states(s, "A wonderful FILM in Rome.") for s in (minilm, copy))
    same = right.shape == other.shape and torch.equal(right, other)
    assert same == (name == NONE)
    for key, value in minilm.body.state_dict().items():
        assert torch.equal(value, before[key]), "the source itself stays"


def test_only_a_bert_gets_these_faults() -> None:
    for name in ("rnn_encoder", "transformer_encoder"):
        with pytest.raises(KitError, match="is no BERT"):
            FAULTS["GELU by tanh"].apply(sources.load(name))
        with pytest.raises(KitError, match="is no BERT"):
            FAULTS[NONE].apply(sources.load(name))


def test_the_widget_says_which_check_sees_the_fault(minilm) -> None:
    shown = Conversion(minilm, "A wonderful film.", SENTENCES)
    assert shown.checks.value.count("✓") == 4
    assert list(shown.figure.data[0].x) == list(shown.figure.data[1].x)
    shown.choose("matrices not transposed")
    assert shown.checks.value.count("✓") == 3 and "✗ outputs" in shown.checks.value
    assert list(shown.figure.data[0].x) != list(shown.figure.data[1].x)
    shown.choose("capitals kept")
    shown.text.value = "Rome is RAINY"
    assert "✗ tokens" in shown.checks.value and "✗ outputs" in shown.checks.value
    shown.text.value = "Tokenizers in Rome"
    assert "another number of tokens" in shown.checks.value
    shown.text.value = "rome is rainy"
    assert shown.checks.value.count("✓") == 4, "without capitals the copy is right"
    shown.choose(NONE)
    assert shown.checks.value.count("✓") == 4


def test_an_empty_box_and_an_unknown_fault(minilm) -> None:
    shown = Conversion(minilm, "A wonderful film.", SENTENCES)
    before = shown.checks.value
    shown.text.value = "   "
    assert "empty" in shown.status.value and shown.checks.value == before
    shown.text.value = "<b>bold</b>"
    assert not shown.status.value and "<b>bold" not in shown.checks.value
    with pytest.raises(KitError, match="is no fault"):
        shown.choose("all of them")
    long = "word " * 500
    shown.text.value = long
    assert not shown.status.value
