"""The table of strategies: what it says, what it refuses, and the trial on a task left out."""

import pytest

from kit.audit.transferability import Comparison, Limits, StrategyTable, leave_one_task_out
from kit.errors import KitError
from kit.results import strategy_choice

COSTS = {
    "full": {"trained": 1.0, "seconds": 1.0, "memory": 1.0},
    "lora": {"trained": 0.01, "seconds": 0.7, "memory": 0.9},
    "wide": {"trained": 3.0, "seconds": 3.0, "memory": 2.0},
}


def case(
    task: str, labels: int, pilot: float, source: str = "s", **means: float
) -> list[Comparison]:
    return [
        Comparison(
            task=task,
            source=source,
            labels=labels,
            strategy=name,
            scores={0: mean - 0.01, 1: mean + 0.01},
            pilot=pilot,
        )
        for name, mean in means.items()
    ]


ONE = case("one", 100, 0.2, full=0.70, lora=0.72, wide=0.71)
TWO = case("two", 100, 0.2, full=0.60, lora=0.50, wide=0.61)
MANY = case("one", 1000, 0.2, full=0.80, lora=0.78)
WEAK = case("one", 100, 0.0, "weak", full=0.50, lora=0.55)


def test_the_table_says_the_largest_mean_gain_over_tasks() -> None:
    table = StrategyTable([*ONE, *TWO, *MANY], COSTS)
    choice = table.choose(100, 0.3)
    assert choice.strategy == "wide" and choice.gain == pytest.approx(0.01)
    assert choice.gains["lora"] == pytest.approx((0.02 - 0.10) / 2) and choice.tasks == (
        "one",
        "two",
    )
    cheap = table.choose(100, 0.3, Limits(trained=0.1))
    assert cheap.strategy == "lora" and cheap.gain == pytest.approx(-0.04)
    assert table.choose(100, 0.3, Limits(seconds=1.5)).strategy == "full"
    assert table.choose(5000, 0.3).strategy == "full" and table.choose(5000, 0.3).tasks == ("one",)
    more = case("one", 200, 0.2, full=0.7, lora=0.9)  # a task with two cases counts once
    both = StrategyTable([*ONE, *more, *TWO], COSTS).choose(100, 0.3).gains
    assert both["lora"] == pytest.approx(((0.02 + 0.2) / 2 - 0.10) / 2)


def test_a_strategy_of_one_task_alone_is_not_chosen() -> None:
    lucky = case("three", 100, 0.2, full=0.6, lora=0.61)
    table = StrategyTable([*ONE, *TWO, *lucky], COSTS)
    assert "wide" not in table.choose(100, 0.3).gains, "three did not measure it"


def test_what_was_not_measured_is_refused() -> None:
    table = StrategyTable(ONE, COSTS)
    with pytest.raises(KitError, match="Measured: full, lora, wide"):
        table.choose(100, 0.3, Limits(trained=0.001))
    with pytest.raises(KitError, match="Measured: none"):
        table.choose(100, 0.0)
    assert StrategyTable([*ONE, *WEAK], COSTS).choose(100, 0.0).gain == pytest.approx(0.05)
    with pytest.raises(KitError, match="'full' is there twice"):
        StrategyTable([*ONE, ONE[0]], COSTS)
    with pytest.raises(KitError, match="'full' was not measured"):
        StrategyTable(ONE[1:], COSTS)
    with pytest.raises(KitError, match="'lora' has no costs"):
        StrategyTable(ONE, {"full": COSTS["full"]})
    with pytest.raises(KitError, match="no comparison"):
        StrategyTable([], COSTS)
    with pytest.raises(KitError, match="1 task: give comparisons of at least two"):
        leave_one_task_out(ONE, COSTS)


def test_a_task_is_judged_by_the_table_of_the_others() -> None:
    trials = {trial.task: trial for trial in leave_one_task_out([*ONE, *TWO], COSTS)}
    assert trials["two"].strategy == "lora", "one's best"
    assert trials["two"].promised == pytest.approx(0.02)
    assert trials["two"].gained == pytest.approx(-0.10)
    assert trials["two"].regret == pytest.approx(0.11)
    assert trials["two"].full == pytest.approx(0.01)
    assert trials["two"].coin == pytest.approx(0.61 - (0.60 + 0.50 + 0.61) / 3)
    assert trials["one"].strategy == "wide" and trials["one"].regret == pytest.approx(0.01)
    cheap = leave_one_task_out([*ONE, *TWO], COSTS, Limits(trained=0.1))
    assert [trial.full for trial in cheap] == [None, None]
    weak = leave_one_task_out([*WEAK, *TWO], COSTS)
    assert weak == [], "the other task has no source of this kind"


def test_the_recorded_table_fails_where_entities_are_left_out() -> None:
    found = [Comparison(**one) for one in strategy_choice.comparisons()]
    costs = strategy_choice.costs()
    assert {one.task for one in found} == {"films", "entities", "translation"}
    assert all(len(one.scores) >= 3 for one in found)
    trials = leave_one_task_out(found, costs, Limits(**strategy_choice.LIMITS["few stored values"]))
    entities = [trial for trial in trials if trial.task == "entities"]
    assert {trial.strategy for trial in entities} == {"lora"}
    assert all(trial.promised > -0.03 and trial.gained < -0.10 for trial in entities)
    assert 0.4 < costs["half the body"]["trained"] < 0.6 and costs["lora"]["trained"] < 0.02
