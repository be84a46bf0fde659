"""Lesson 17's pictures without a browser: a larger source, from rows that are given."""

import pytest

from kit.results import large_source, load
from kit.widgets.sentiment import large_source_figure


def rows(part: str, labels: int, *scores: float, layers: int = 15) -> list[dict]:
    about = {"part": part, "layers": layers, "labels": labels, "without a label": 0.7}
    return [about | {"seed": seed, "accuracy": score} for seed, score in enumerate(scores)]


CHAT = [*rows("frozen", 50, 0.8, 0.82), *rows("random", 50, 0.5), *rows("tuned", 900, 0.9, 0.88)]
CHAT += [*rows("layers", 100, 0.6, 0.7, layers=3), *rows("layers", 100, 0.8, 0.9, layers=6)]
CHAT += rows("soup", 900, 0.91)
MINILM = [
    {"strategy": strategy, "labels": 50, "seed": seed, "accuracy": 0.7 + seed / 100}
    for strategy in ("full", "from_scratch", "tfidf")
    for seed in range(2)
]


def test_the_same_seed_is_compared_with_itself() -> None:
    assert large_source.gain(CHAT, MINILM, 50) == (
        pytest.approx(0.105),
        pytest.approx(0.0635, abs=1e-3),
    )
    found = large_source.summary(CHAT, MINILM)
    assert found[large_source.LARGER, 50][0] == pytest.approx(0.81)
    assert found[large_source.LARGER, 0] == (pytest.approx(0.7), 0)
    assert "tfidf" not in str(found.keys()) and len(found) == 5
    middle = {n: mean for n, (mean, _) in large_source.layers(CHAT).items()}
    assert middle == pytest.approx({3: 0.65, 6: 0.85})
    assert large_source.tuned(CHAT)["tuned"][0] == pytest.approx(0.89)


def test_the_figure_is_pure_and_draws_what_is_there() -> None:
    drawn = large_source_figure.figure(CHAT, MINILM)
    assert drawn.to_json() == large_source_figure.figure(CHAT, MINILM).to_json()
    middle, *lines = drawn.data
    assert list(middle.x) == [3, 6] and list(middle.y) == pytest.approx([65, 85])
    by_name = {line.name: line for line in lines}
    assert list(by_name[large_source.LARGER].y) == pytest.approx([70, 81])
    assert list(by_name[large_source.RANDOM].y) == pytest.approx([50]) and len(lines) == 4
    assert large_source_figure.figure([], []).data  # nothing recorded yet: empty axes, no error


def test_what_ships_is_complete() -> None:
    chat, minilm = (load(name)["rows"] for name in ("large_source", "see_it_work"))
    found = large_source.by_seed(chat, minilm)
    for name in (large_source.LARGER, "MiniLM, fine-tuned"):
        assert all(len(found[name, n]) == 5 for n in (50, 100, 400, 1600, 8066))
    assert len(found[large_source.RANDOM, 100]) == len(found[large_source.RANDOM, 400]) == 3
    assert len(large_source.layers(chat)) == 10 and set(large_source.tuned(chat)) == {
        "tuned",
        "soup",
    }
