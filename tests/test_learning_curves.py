"""Learning curves: intervals, the exchange of labels, extrapolations and their trials, money."""

import math

import numpy as np
import pytest

from kit import metrics, results, sources
from kit.audit.learning_curves import (
    LAWS,
    Curve,
    advise,
    backtest,
    best_budget,
    best_law,
    draw_rows,
    extrapolate,
    forecast,
    head_answers,
    text_vectors,
    trial_errors,
    worth,
)
from kit.audit.learning_curves.curve import draw_curves
from kit.audit.learning_curves.worth import _rising
from kit.errors import KitError
from kit.results import learning_curves as recorded

BUDGETS = (50, 100, 200, 400, 800)


def line(name: str, at_50: float, slope: float, noise: float = 0.0, seeds: int = 5) -> Curve:
    """A curve that is a line in log n, with noise by seed."""
    draw = np.random.default_rng(int(1000 * at_50)).normal(0, noise, (len(BUDGETS), seeds))
    scores = {
        n: {s: at_50 + slope * math.log(n / 50) + draw[i, s] for s in range(seeds)}
        for i, n in enumerate(BUDGETS)
    }
    return Curve.from_scores(name, scores)


def test_the_interval_over_seeds_is_that_of_student() -> None:
    scores = {100: dict(enumerate((0.70, 0.73, 0.71, 0.76, 0.72))), 400: {0: 0.8, 1: 0.82, 2: 0.81}}
    for n, (mean, low, high) in Curve.from_scores("c", scores).intervals().items():
        by_hand, half = metrics.interval([*scores[n].values()])
        assert mean == pytest.approx(by_hand)
        assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    alone = Curve.from_scores("one seed", {100: {0: 0.7}}).intervals()[100]
    assert alone[0] == 0.7 and math.isnan(alone[1])


def test_answers_add_the_choice_of_test_rows() -> None:
    right = np.random.default_rng(0).random(400) < 0.75
    curve = Curve.from_answers("all labels", {800: dict.fromkeys(range(3), right)})
    mean, low, high = curve.intervals()[800]
    assert (low, high) == pytest.approx(metrics.bootstrap(right), abs=0.005)
    assert mean == right.mean()
    curve = Curve.from_answers("two", {n: {0: right} for n in (50, 100)})
    assert worth(curve, curve, 100).over_rows
    by_seed = Curve.from_scores("scores", {800: dict.fromkeys(range(3), mean)}).intervals()[800]
    assert by_seed == (mean, mean, mean), "every seed has the same labels: no interval over seeds"


def test_a_source_of_ten_times_the_labels_is_worth_ten_times_the_labels() -> None:
    slope = 0.05
    one = line("source", 0.6, slope)
    other = line("scratch", 0.6 - slope * math.log(4), slope)
    found = worth(one, other, 150)  # between two budgets
    assert found.equal == pytest.approx(600) and found.ratio == pytest.approx(4)
    assert found.low == pytest.approx(600) and found.high == pytest.approx(600)
    assert str(worth(one, other, 100)) == "100 labels = 400 (400)" and not found.over_rows
    beyond = worth(one, other, 400)
    assert beyond.equal == beyond.low == math.inf and "more than 800" in str(beyond)
    before = worth(other, one, 100)
    assert before.equal == 0 and "fewer than 50" in str(before)
    with pytest.raises(KitError, match="choose 50 to 800"):
        worth(one, other, 0)


def test_the_interval_of_an_exchange_holds_the_truth() -> None:
    """Curves with known truth and noise of the size that the films have: 95 % is promised."""
    generator, held, runs = np.random.default_rng(0), 0, 150
    truth = {"a": lambda n: 0.5 + 0.05 * math.log(n), "b": lambda n: 0.43 + 0.05 * math.log(n)}
    for _ in range(runs):
        shared = generator.normal(0, 0.01, (len(BUDGETS), 5))
        curves = {}
        for name, law in truth.items():
            noise = shared + generator.normal(0, 0.01, shared.shape)
            scores = {n: {s: law(n) + noise[i, s] for s in range(5)} for i, n in enumerate(BUDGETS)}
            curves[name] = Curve.from_scores(name, scores)
        found = worth(curves["a"], curves["b"], 100)
        held += found.low <= 100 * math.exp(0.07 / 0.05) <= found.high
    assert 0.9 <= held / runs <= 1.0, held / runs


def test_rising_is_isotonic_regression() -> None:
    from sklearn.isotonic import IsotonicRegression

    y = np.random.default_rng(1).random((20, 7))
    ours = _rising(dict(enumerate(y.T)))
    for got, row in zip(ours, y, strict=True):
        assert got == pytest.approx(IsotonicRegression().fit_transform(np.arange(7), row))


def test_seeds_are_paired_between_curves() -> None:
    one = line("one", 0.6, 0.05, noise=0.03)
    shifted = {n: {s: x - 0.1 for s, x in seeds.items()} for n, seeds in one.scores.items()}
    first, second = draw_curves([one, Curve.from_scores("shifted", shifted)])
    for n in BUDGETS:
        assert first[n] - second[n] == pytest.approx(np.full(len(first[n]), 0.1))


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        ("no change", lambda n: 0.3),
        ("line in log n", lambda n: 0.5 - 0.04 * math.log(n)),
        ("power law", lambda n: 0.9 * n**-0.25),
        ("power law, all budgets", lambda n: 0.9 * n**-0.25),
        ("power law with floor", lambda n: 0.1 + 0.9 * n**-0.5),
    ],
)
def test_a_law_predicts_a_curve_of_its_own_kind(law: str, truth) -> None:
    curve = Curve.from_scores("exact", {n: {0: 1 - truth(n)} for n in BUDGETS})
    assert extrapolate(curve, 3200, law) == pytest.approx(1 - truth(3200), abs=1e-3)
    for trial in backtest([curve], [law]):
        assert trial.known * 2.5 <= trial.to and abs(trial.error) < 1e-3


def test_a_forecast_has_the_error_of_its_trials() -> None:
    bent = Curve.from_scores(
        "bent", {n: {0: 0.8 - 10 / n} for n in (25, 50, 100, 200, 400, 800, 1600)}
    )
    trials = backtest([bent])
    errors = trial_errors(trials)
    assert list(errors) == list(LAWS)
    by_hand = [t.predicted - t.measured for t in trials if t.law == "line in log n"]
    assert errors["line in log n"]["bias"] == pytest.approx(np.mean(by_hand))
    assert errors["line in log n"]["largest"] == pytest.approx(np.max(np.abs(by_hand)))
    law = min(list(errors)[:3], key=lambda law: errors[law]["mean"])  # the others lack budgets
    assert best_law(trials) == law and law in str(forecast(bent, 3200, trials))
    ahead = forecast(bent, 3200, trials, "line in log n")
    assert ahead.margin == pytest.approx(np.quantile(np.abs(by_hand), 0.9))
    assert ahead.low == ahead.score - ahead.margin
    assert ahead.high == 1 < ahead.score + ahead.margin, "no score passes 1"
    with pytest.raises(KitError, match=r"was tried up to 4\.0 times: choose at most 6,400"):
        forecast(bent, 10_000, trials)
    early = [t for t in trials if t.known == 25]
    assert not early, "one budget is no curve"


def test_the_best_budget_is_where_the_next_label_costs_what_it_brings() -> None:
    curve, money = line("films", 0.6, 0.05), {"label_cost": 0.5, "point_value": 60}
    n = np.arange(100, 5000)
    profit = 60 * 100 * (0.6 + 0.05 * np.log(n / 50)) - 0.5 * n
    assert best_budget(curve, **money) == pytest.approx(n[profit.argmax()], abs=1)
    flat = Curve.from_scores("flat", {50: {0: 0.7}, 100: {0: 0.6}})
    assert best_budget(flat, **money) == 0


def test_advice_weighs_the_whole_forecast() -> None:
    curve = line("films", 0.6, 0.05)
    trials = backtest([curve, line("rough", 0.5, 0.05, noise=0.01)])
    gain = 100 * 0.05 * math.log(2)
    money = {"trials": trials, "law": "line in log n", "label_cost": 1.0}
    margin = 100 * forecast(curve, 1600, trials, "line in log n").margin
    assert 0 < margin < gain
    unsure = advise(curve, point_value=800 / gain, **money)
    assert unsure.decision == "uncertain" and unsure.cost == 800
    assert unsure.gain == pytest.approx(gain) and unsure.low == pytest.approx(gain - margin)
    assert advise(curve, point_value=800 / (gain - margin) + 1, **money).decision == "label"
    assert advise(curve, point_value=800 / (gain + margin) - 1, **money).decision == "stop"
    with pytest.raises(KitError, match="label_cost=0"):
        advise(curve, trials, label_cost=0, point_value=1)
    with pytest.raises(KitError, match="more=0"):
        advise(curve, trials, label_cost=1, point_value=1, more=0)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "no scores"),
        ({100: {}}, "no scores"),
        ({100: {0: 71.5}}, "percents divided by 100"),
        ({100: {0: math.nan}}, "give shares"),
        ({10.5: {0: 0.7}}, "whole number"),
    ],
)
def test_what_is_no_curve_is_refused(scores, message: str) -> None:
    with pytest.raises(KitError, match=message):
        Curve.from_scores("c", scores)


def test_a_law_that_cannot_be_is_refused() -> None:
    curve = line("c", 0.6, 0.05)
    for wrong, message in (
        ({"law": "cubic"}, "choose one of no change"),
        ({"to": 800}, "choose more than 800"),
        ({"known": 100, "law": "power law with floor"}, "needs 4 budgets"),
    ):
        with pytest.raises(KitError, match=message):
            extrapolate(curve, **({"to": 1600, "law": "power law"} | wrong))
    with pytest.raises(KitError, match="no budget up to 20"):
        curve.up_to(20)
    alone = Curve.from_scores("c", {0: {0: 0.5}})
    with pytest.raises(KitError, match="without labels alone"):
        advise(alone, backtest([curve]), label_cost=1, point_value=1)
    for n in ("50", 50.5, None, 1):
        with pytest.raises(KitError, match="whole number from 2"):
            draw_rows([0, 1] * 40, n, 0)
    with pytest.raises(KitError, match="same test rows"):
        Curve.from_answers("c", {50: {0: [1, 0]}, 100: {0: [1]}})


def test_a_head_on_real_vectors_beats_chance(films) -> None:
    rows, test = films["train"].select(range(300)), films["test"].select(range(200))
    source = sources.load("transformer_encoder")
    vectors, test_vectors = (text_vectors(source, part["text"][:]) for part in (rows, test))
    labels = np.array(rows["label"][:])
    chosen = draw_rows(labels, 100, seed=3)
    assert np.array_equal(chosen[:50], draw_rows(labels, 50, seed=3)), "nested"
    assert labels[chosen].mean() == 0.5 and len(set(chosen)) == 100
    answers = head_answers(vectors[chosen], labels[chosen], test_vectors)
    assert (answers == np.array(test["label"][:])).mean() > 0.6
    with pytest.raises(KitError, match="two classes"):
        head_answers(vectors[:2], [1, 1], test_vectors)
    with pytest.raises(KitError, match="from 2 to 300"):
        draw_rows(labels, 301, seed=0)


def test_the_recorded_rows_are_whole() -> None:
    content = results.load("learning_curves")
    seeds: dict[tuple, set] = {}
    for row in content["rows"]:
        seeds.setdefault((row["method"], row["labels"]), set()).add(row["seed"])
        right = recorded.unpack(row["right"], content["test rows"])
        assert right.mean() == pytest.approx(row["accuracy"], abs=1e-5)
        assert recorded.pack(right) == row["right"]
    for method in recorded.METHODS:
        budgets = [n for name, n in seeds if name == method]
        assert len(budgets) == (10 if method != "fresh" else 7)
        for n in budgets:
            assert len(seeds[method, n]) == (3 if method == "fresh" else 10)


def test_every_task_has_curves_and_a_control() -> None:
    curves = recorded.recorded()
    assert curves.keys() == recorded.PAIRS.keys() == recorded.SCORES.keys() == recorded.UNITS.keys()
    for task, pair in recorded.PAIRS.items():
        for name in pair:
            budgets = [n for n in curves[task][name] if n]
            assert len(budgets) >= 3, (task, name)
            assert all(len(seeds) >= 3 for seeds in curves[task][name].values())
        for name, scores in curves[task].items():
            assert Curve.from_scores(name, scores).budgets
    rows = results.load("entities")["rows"]
    key = ("minilm", "full", 300)
    own = [row for row in rows if (row["source"], row["strategy"], row["sentences"]) == key]
    by_seed = {row["seed"]: row["f1"] for row in own}
    assert curves["entities"]["MiniLM, fine-tuned"][300] == by_seed
