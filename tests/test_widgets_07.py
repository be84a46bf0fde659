"""Lesson 07's last picture without a browser: a decoder that looks both ways, from given rows."""

import pytest

from kit.record import gain, recorded
from kit.widgets import both_ways


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
    found = both_ways.by_seed(LARGER, SMALL)
    assert found[both_ways.MINILM] == found[both_ways.OLD] == {0: 0.8, 1: 0.8}
    mean, half = gain(found[both_ways.BOTH], found[both_ways.BACK])
    assert mean == pytest.approx(0.13) and half == pytest.approx(0.127, abs=1e-3)
    every = both_ways.all_sentences(LARGER)
    assert every["all"][0] == pytest.approx(0.905) and every["soup"][0] == 0.92


def test_the_figure_is_pure_and_draws_what_is_there() -> None:
    drawn = both_ways.figure(LARGER, SMALL, 0.88)
    assert drawn.to_json() == both_ways.figure(LARGER, SMALL, 0.88).to_json()
    points = {(line.xaxis, line.y[0]): line.x[0] for line in drawn.data}
    assert points["x", both_ways.BOTH] == pytest.approx(85)
    assert points["x2", both_ways.BOTH] == pytest.approx(90.5)
    assert points["x2", both_ways.MINILM] == pytest.approx(88) and len(points) == 7
    assert not both_ways.figure([], []).data  # nothing recorded yet: empty axes, no error


def test_what_ships_is_complete() -> None:
    larger, small = (recorded(name)["rows"] for name in ("larger_entities", "entities"))
    found = both_ways.by_seed(larger, small)
    assert all(set(seeds) == {0, 1, 2} for seeds in found.values()) and len(found) == 5
    assert set(both_ways.all_sentences(larger)) == {"all", "soup"}
