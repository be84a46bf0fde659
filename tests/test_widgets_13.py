"""Lesson 13's widget without a browser: one sentence, two groups of words, and chance."""

import numpy as np
import pytest

from kit.errors import KitError
from kit.widgets import Counterfactuals
from kit.widgets.bias.counterfactuals_figure import deals

GROUPS = {"a": [f"a{i}" for i in range(20)], "b": [f"b{i}" for i in range(20)]}
COMPARISONS = {
    "means": ("We saw {name}.", GROUPS, "mean"),
    "ranges": ("The {word} film.", GROUPS, "range"),
}


def length(texts):
    """Every word is as good as another."""
    return [0.5 + 0.01 * len(text) for text in texts]


def dislikes_b(texts):
    """Words of b are worth 30 points less, and are further apart."""
    return [0.8 - (0.3 + 0.01 * int(t.split("b")[1].split()[0].strip(".")) if "b" in t else 0)
            for t in texts]  # fmt: skip


@pytest.fixture
def widget() -> Counterfactuals:
    return Counterfactuals({"fair": length, "unfair": dislikes_b}, COMPARISONS)


def test_another_model_another_difference(widget: Counterfactuals) -> None:
    assert "100 % of the deals" in widget.status.value
    widget.model.value = "unfair"
    assert widget.scene.difference == pytest.approx(39.5)
    assert "+39.5 points" in widget.status.value and "Fewer than 1 %" in widget.status.value
    one, other, means, bars, line = widget.figure.data
    assert list(one.text) == GROUPS["a"] and np.mean(other.x) == pytest.approx(means.x[1])
    assert sum(bars.y) == len(deals(widget.scene)) and line.x[0] == pytest.approx(39.5)
    widget.groups.value = "ranges"
    assert widget.text.value == "The {word} film."
    assert widget.scene.difference == pytest.approx(-19) and "Range" in widget.status.value


def test_wrong_sentences_are_answered_in_the_widget(widget: Counterfactuals) -> None:
    before = widget.scene
    assert "0 places for a word" in widget.ask("We saw Mary.").status.value
    assert "2 places" in widget.ask("{a} saw {b}.").status.value and widget.scene is before
    assert "points" in widget.ask("{x}!").status.value
    with pytest.raises(KitError, match="statistic='median'"):
        Counterfactuals({"m": length}, {"one": ("{x}", GROUPS, "median")})
    with pytest.raises(KitError, match="at least one"):
        Counterfactuals({}, COMPARISONS)
