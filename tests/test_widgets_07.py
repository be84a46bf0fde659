"""Lesson 07's last picture without a browser: a decoder that looks both ways, from given rows."""

import pytest

from kit.metrics import gain
from kit.results import load
from kit.widgets.entities import attention_mask_figure


def rows(part: str, *scores: float) -> list[dict]:
    return [{"part": part, "seed": seed, "f1": score} for seed, score in enumerate(scores)]


LARGER = [*rows("both", 0.84, 0.86), *rows("causal", 0.70, 0.74), *rows("random", 0.3)]
LARGER += [*rows("all", 0.90, 0.91), *rows("soup", 0.92), *rows("rates", 0.99)]
SMALL = [
    {"source": "minilm", "sentences": n, "strategy": strategy, "seed": seed, "f1": 0.8}
    for n in (300, 1000)
    for strategy in ("full", "from_scratch", "lora")
    for seed in range(2)
]


def test_the_same_seed_is_compared_with_itself() -> None:
    found = attention_mask_figure.by_seed(LARGER, SMALL)
    assert (
        found[attention_mask_figure.MINILM] == found[attention_mask_figure.OLD] == {0: 0.8, 1: 0.8}
    )
    mean, half = gain(found[attention_mask_figure.BOTH], found[attention_mask_figure.BACK])
    assert mean == pytest.approx(0.13) and half == pytest.approx(0.127, abs=1e-3)
    every = attention_mask_figure.all_sentences(LARGER)
    assert every["all"][0] == pytest.approx(0.905) and every["soup"][0] == 0.92


def test_the_figure_is_pure_and_draws_what_is_there() -> None:
    drawn = attention_mask_figure.figure(LARGER, SMALL, 0.88)
    assert drawn.to_json() == attention_mask_figure.figure(LARGER, SMALL, 0.88).to_json()
    points = {(line.xaxis, line.y[0]): line.x[0] for line in drawn.data}
    assert points["x", attention_mask_figure.BOTH] == pytest.approx(85)
    assert points["x2", attention_mask_figure.BOTH] == pytest.approx(90.5)
    assert points["x2", attention_mask_figure.MINILM] == pytest.approx(88) and len(points) == 7
    assert not attention_mask_figure.figure(
        [], []
    ).data  # nothing recorded yet: empty axes, no error


def test_what_ships_is_complete() -> None:
    larger, small = (load(name)["rows"] for name in ("large_source_entities", "entities"))
    found = attention_mask_figure.by_seed(larger, small)
    assert all(set(seeds) == {0, 1, 2} for seeds in found.values()) and len(found) == 5
    assert set(attention_mask_figure.all_sentences(larger)) == {"all", "soup"}
