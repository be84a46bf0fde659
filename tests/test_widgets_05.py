"""Lesson 05's widget without a browser: points, places, names, reports, a live run."""

from itertools import combinations
from statistics import median

import pytest
from plotly.callbacks import Points

from kit.metrics import interval
from kit.migrate import STRATEGIES, family
from kit.results import load, see_it_work
from kit.widgets.strategies import strategies_figure as picture
from kit.widgets.strategies.strategies import Strategies

SOURCE = "rnn_encoder"


@pytest.fixture(scope="module")
def results() -> dict:
    return load("strategies")


@pytest.fixture(scope="module")
def play(films, results) -> Strategies:
    return Strategies(films, results, source=SOURCE)


def test_recorded_rows_are_whole_and_of_three_seeds(results) -> None:
    rows = results["rows"]
    seeds: dict[tuple, set] = {}
    for row in rows:
        seeds.setdefault((row["source"], row["labels"], row["strategy"]), set()).add(row["seed"])
        assert "options" not in row, "choosing is not recording"
        assert "refused" in row or {"accuracy", "trained", "seconds", "peak memory, MB"} <= set(row)
    assert set(map(frozenset, seeds.values())) == {frozenset({0, 1, 2})}
    assert {name for *_, name in seeds} <= set(STRATEGIES)


def test_a_point_is_the_mean_of_its_runs(results) -> None:
    for axis, column in picture.COLUMN.items():
        for p in picture.points(results["rows"], SOURCE, 100, axis):
            runs = [
                r
                for r in results["rows"]
                if (r["source"], r["labels"], r["strategy"]) == (SOURCE, 100, p.strategy)
            ]
            assert (p.score, p.half) == interval([r["accuracy"] for r in runs])
            assert p.cost == median(r[column] for r in runs)
    assert not picture.points(results["rows"], SOURCE, 99, "trained")


def test_every_strategy_has_a_family() -> None:
    families = {name: family(name) for name in STRATEGIES}
    assert set(families.values()) == {"parameter", "structure", "mixed"}
    assert families["reinitialised"] == "parameter" and families["domain_first"] == "mixed"
    assert families["from_scratch"] == families["move_vocabulary"] == "structure"


@pytest.mark.parametrize("axis", picture.AXES)
def test_no_point_and_no_name_covers_another(results, axis: str) -> None:
    places = {(r["source"], r["labels"]) for r in results["rows"]}
    for source, budget in places:
        found = picture.points(results["rows"], source, budget, axis)
        shown = picture.figure(found, [], axis, see_it_work.summary()[budget], "full")
        assert [a.text for a in shown.layout.annotations] == [
            p.strategy for p in sorted(found, key=lambda p: p.score)
        ]
        scale, up = picture._scale(found), picture._rise(found)
        boxes = []
        for note in shown.layout.annotations:
            size = picture.LETTER * len(note.text)
            x, y = note.x * scale + note.ax, -note.y * up + note.ay
            boxes.append((x - size / 2, y - 7, x + size / 2, y + 7))
        for a, b in combinations(boxes, 2):
            wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert wide <= 0 or high <= 0, (source, budget, a, b)
        marks = {name for trace in shown.data[1:4] for name, *_ in trace.customdata}
        assert marks == {p.strategy for p in found}
        low, high = (10**end for end in shown.layout.xaxis.range)
        assert all(low <= x <= high for trace in shown.data[1:4] for x in trace.x)


def test_picking_shows_the_report_made_from_the_source(play: Strategies) -> None:
    play.pick("lora")
    assert "lora_A" in play.report.value and "lora, recorded: " in play.status.value
    [ring] = [t for t in play.figure.data if t.marker.symbol == "circle-open"]
    assert len(ring.x) == 1
    mixed = next(t for t in play.figure.data if t.name == "mixed, recorded")
    names = [name for name, *_ in mixed.customdata]

    play._click(mixed, Points([names.index("adapter")], [], [], "", 3), None)
    assert play.strategy.value == "adapter" and "adapter" in play.report.value
    play.pick("move_vocabulary")
    assert "composed" in play.report.value


def test_source_labels_and_axis_can_be_chosen(play: Strategies, results) -> None:
    for source in {row["source"] for row in results["rows"]}:
        play.source.value = source
        for axis in picture.AXES:
            play.choose(source, play.budget.options[0], axis)
            assert play.figure.layout.xaxis.title.text == picture.AXES[axis]
            shown = {name for t in play.figure.data[1:4] for name, *_ in t.customdata}
            assert shown == set(play.strategy.options)
    play.choose(SOURCE, 100)


def test_a_live_run_joins_the_figure_and_can_be_stopped(play: Strategies) -> None:
    play.choose(SOURCE, 100)
    play.train("frozen").train().wait()
    [done] = play.done
    assert done["trained"] == 386 and 0.5 < done["accuracy"] < 0.9
    star = play.figure.data[4]
    assert star.marker.symbol == "star" and star.y == (100 * done["accuracy"],)
    assert "One seed" in play.status.value
    play.choose(SOURCE, 100, "memory")
    assert not play.figure.data[4].x, "a kernel's peak is no strategy's"
    play.choose(SOURCE, 100).train("full")
    play.job.stop()
    play.wait()
    assert "Stopped" in play.status.value and len(play.done) == 1
    assert not play.job.button.disabled and play.job.stop_button.disabled
