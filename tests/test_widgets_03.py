"""Lesson 03's widgets without a browser: maps of tensors, stacks of layers, rates."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from migrations import CONFIGS, TABLE, head, options, source
from plotly.callbacks import Points

from kit.errors import KitError
from kit.migrate import migrate
from kit.models.layers import layer, layer_sizes
from kit.results import load, see_it_work
from kit.tasks import sentiment
from kit.train import Recipe
from kit.widgets.parameters import (
    freeze,
    freeze_figure,
    learning_rates_figure,
    tensor_map_figure,
    tensor_values_figure,
    validation_figure,
)
from kit.widgets.parameters.freeze import Freeze, chosen
from kit.widgets.parameters.freeze_figure import WORDS, Choice
from kit.widgets.parameters.tensor_map import COLUMNS, NAMES, TensorMap
from kit.widgets.parameters.tensors import bars, column, summary, thumbnail, title

SOURCE, TARGET = COLUMNS


def over(shown: TensorMap, trace: int, name: str) -> tuple:
    """What plotly hands to a callback when the mouse is over a tensor."""
    at = list(shown.figure.data[trace].customdata).index(name)
    return shown.figure.data[trace], Points([at], [], [], "", trace), None


@pytest.fixture(scope="module")
def minilm(data):
    from kit import sources

    return sources.minilm()


@pytest.mark.parametrize(("strategy", "body"), TABLE)
def test_any_migration_has_a_map(strategy: str, body: str) -> None:
    given = source(body)
    made = migrate(given, head(strategy, given), strategy, **options(strategy, given))
    shown = TensorMap(made, given)
    assert set(shown.figure.data[TARGET].customdata) == {o.name for o in made.origins}
    assert {o.source for o in made.origins if o.source} <= set(shown.figure.data[SOURCE].customdata)
    links = [
        trace.x
        for trace in shown.figure.data[: len(tensor_map_figure.COLOURS)]
        if trace.x[0] is not None
    ]
    linked = [o for o in made.origins if o.source]
    shown.displayed = True
    assert sum(x.count(None) for x in links) == len(linked)
    for origin in {made.origins[0], made.origins[len(made.origins) // 2], made.origins[-1]}:
        shown.pick(origin.name)
        assert origin.name in shown.words.value and shown.scene.pick[1] == origin.name


def test_bars_fill_the_column_and_do_not_overlap() -> None:
    shapes = {"body.embed.w": (5000, 20), "body.blocks.0.w": (20, 20), "body.blocks.0.b": (20,)}
    shapes |= {"body.blocks.1.w": (20, 20), "head.weight": (2, 20)}
    for opened in ("", "body.blocks.0", "head"):
        places = list(column(shapes, opened).values())
        assert places[0][0] >= 0 and places[-1][1] == pytest.approx(1)
        assert all(a < b for a, b in places)
        assert all(a[1] <= b[0] for a, b in pairwise(places))
    closed, opened = (column(shapes, of)["body.blocks.0.b"] for of in ("", "body.blocks.0"))
    assert opened[1] - opened[0] > closed[1] - closed[0]
    high = {n: b - a for n, (a, b) in column(shapes, "").items()}
    assert high["body.embed.w"] > high["body.blocks.0.w"] > high["body.blocks.0.b"]


def test_layers_and_their_names() -> None:
    assert layer("body.blocks.11.attention.query.weight") == "body.blocks.11"
    assert layer("head.decoder.blocks.0.cross.key.bias") == "head.decoder.blocks.0"
    assert layer("head.linear.weight") == "head" and title("head") == "head"
    assert title(layer("body.embed.tokens.weight")) == "embeddings"
    assert title(layer("body.embedding.weight")) == "embeddings"
    assert title("body.layers.1") == "layer 1"
    assert title("head.decoder.blocks.0") == "head decoder block 0"


def test_values_in_short_are_the_tensors_own() -> None:
    x = torch.arange(100.0).reshape(10, 10)
    assert thumbnail(x) == x.tolist() and thumbnail(x, 2) == [[0, 9], [90, 99]]
    assert thumbnail(torch.ones(7)) == [[1] * 7]
    assert bars(torch.tensor([-0.9, 0.0, 0.0, 0.9]), 1.0, 3) == [25, 50, 25]
    assert summary(torch.tensor([1.0, 3.0])).startswith("mean 2.000, deviation 1.000 ")
    assert summary(torch.zeros(4)).startswith("mean 0.000, deviation 0.000 ")
    assert "−0.500" in summary(torch.tensor([-0.5, -0.5]))
    there, here, ground, line = tensor_values_figure.traces(x, None)
    assert there["z"] == x.tolist() and here["z"] == [[]] and line["y"] == []
    assert sum(ground["y"]) == pytest.approx(100)


def test_hovering_shows_and_clicking_opens(minilm) -> None:
    made = migrate(minilm, sentiment.head, "choose_layers")
    shown = TensorMap(made, minilm)
    name = "body.blocks.1.attention.key.bias"
    before = shown.scene.pick
    shown._hover(*over(shown, TARGET, name))
    assert "copied from body.blocks.3" in shown.words.value
    assert "bit by bit" in shown.words.value
    assert shown.values.data[0].z == shown.values.data[1].z
    assert shown.scene.pick == before, "hovering opens nothing"
    shown._click(*over(shown, TARGET, name))
    assert shown.tensor.value == name
    labels = {text for i in NAMES for text in shown.figure.data[i].text}
    assert {"<b>block 3</b>", "<b>block 1</b>", "<b>att.key.bias</b>"} <= labels
    shown._click(*over(shown, NAMES[1], "body.blocks.2.attention.query.weight"))
    assert shown.scene.pick[0] == "body.blocks.5.attention.query.weight"
    behind = "body.blocks.2.attention.key.bias"
    shown._click(*over(shown, SOURCE, behind))
    assert "stays behind" in shown.words.value and shown.scene.pick == (behind, None)
    shown.tensor.value = "head.linear.weight"
    assert "fresh, no twin" in shown.words.value


def test_another_strategy_and_what_cannot_be(minilm) -> None:
    def fails():
        return migrate(minilm, sentiment.head, "choose_layers", layers=[9])

    others = {"frozen": lambda: migrate(minilm, sentiment.head, "frozen"), "fails": fails}
    first = migrate(minilm, sentiment.head)
    shown = TensorMap(first, minilm, others=others, wrong=["head.linear.bias"])
    assert "wrong twin" in {t.name for t in shown.figure.data if t.showlegend}
    assert sum(shown.figure.data[TARGET + 1].x) > 0
    shown.strategy.value = "frozen"
    assert shown.scene.titles == ("MiniLM", "frozen") and not shown.scene.wrong
    assert sum(x > 0 for x in shown.figure.data[TARGET + 1].x) == 2, "only the head has a rate"
    shown.strategy.value = "fails"
    assert "the source has 6" in shown.words.value
    shown.strategy.value = "full"
    assert shown.scene.wrong == {"head.linear.bias"} and shown.migration is first
    with pytest.raises(KitError, match=r"body\.nowhere"):
        shown.pick("body.nowhere")
    with pytest.raises(KitError, match="wrong='q'"):
        TensorMap(first, minilm, wrong=["q"])


def test_the_map_after_it_was_displayed_is_the_map_made_anew(minilm) -> None:
    shown = TensorMap(migrate(minilm, sentiment.head), minilm)
    shown.displayed, before = True, shown.figure
    shown.pick("body.blocks.4.feed_forward.up.weight")
    assert shown.figure is before, "what is displayed is changed, not replaced"
    new = tensor_map_figure.figure(shown.scene)
    for old, made in zip(shown.figure.data, new.data, strict=True):
        for key in tensor_map_figure.KEYS:
            if key in made:
                assert old[key] == made[key], (old.name, key)


@pytest.mark.parametrize("body", CONFIGS)
def test_what_is_clicked_is_what_is_trained(body: str) -> None:
    given = source(body)
    size = layer_sizes(given.body)
    assert sum(size.values()) == sum(p.numel() for p in given.body.parameters())
    own = sum(p.numel() for p in sentiment.head(given.body.width).parameters())
    for parts in ((), (WORDS,), (0,), (1,), (WORDS, 1), tuple(size)):
        made = chosen(given, sentiment.head, parts)
        assert made.totals["trained"] == own + sum(size[part] for part in parts)


def test_only_what_was_unfrozen_moves_and_what_is_unknown_is_named() -> None:
    given = source("bert")
    made = migrate(given, sentiment.head, "unfrozen", layers=[1])
    free = {n for n, p in made.model.named_parameters() if p.requires_grad}
    assert free == {
        n for n, _ in made.model.named_parameters() if n.startswith(("head", "body.blocks.1"))
    }
    with pytest.raises(KitError, match=r"layers=\[2\]: this source has 0 to 1"):
        migrate(given, sentiment.head, "unfrozen", layers=[2])


def test_freeze_by_clicking(minilm, films) -> None:
    shown = Freeze(minilm, films, load("freeze"))
    assert shown.trained == 22_566_146 and "22,566,146 of 22,566,146" in shown.count.value
    assert "100 %" in shown.count.value
    shown.toggles[WORDS].value = False
    assert shown.trained == 22_566_146 - shown.sizes[WORDS]
    assert "frozen" in shown.toggles[WORDS].description
    shown.choose()
    assert shown.parts == () and shown.trained == 770 and "0.0034 %" in shown.count.value
    shown.train().train().wait()
    [done] = shown.done
    assert done.trained == 770 and done.parts == () and 0.5 < done.accuracy < 0.9
    assert shown.figure.data[2].text == (f"<b>{100 * done.accuracy:.0f}</b>",)
    assert len(shown.figure.data[3].x) == 1, "this choice has been recorded"
    shown.choose(5).train()
    shown.job.stop()
    shown.wait()
    assert "Stopped" in shown.status.value and len(shown.done) == 1
    assert not shown.job.button.disabled and shown.job.stop_button.disabled


def test_the_figure_of_choices() -> None:
    controls = see_it_work.summary()[100]
    every = (WORDS, *range(6))
    done = [Choice((), 770, 0.03, 0.7), Choice(every, 22_566_146, 0.1, 0.71)]
    known = {1: (0.711, 0.028)}
    shown = freeze_figure.figure(done, controls, known, 6)
    filled, empty, score, diamond, *_, seconds, parameters = shown.data
    assert len(filled.x) == 1 + 8 and len(empty.x) == 7
    assert [a + freeze_figure.FLOOR for a in score.x] == pytest.approx([70, 71])
    assert diamond.x == pytest.approx((71.1,)) and diamond.y == (1,)
    assert seconds.x == (0.03, 0.1) and parameters.text == ("770", "22.6 M")
    many = freeze_figure.figure(done * 5, controls, {}, 6)
    assert len(many.data[2].x) == freeze_figure.KEPT
    names = {row["strategy"] for row in load("freeze")["rows"]}
    assert set(freeze.RECORDED.values()) <= names


def test_recorded_choices_are_pairs_over_seeds() -> None:
    rows = load("freeze")["rows"]
    seeds = {
        name: {r["seed"] for r in rows if r["strategy"] == name}
        for name in {r["strategy"] for r in rows}
    }
    assert set(map(len, seeds.values())) == {5} and len(set(map(frozenset, seeds.values()))) == 1
    assert {r["updates"] for r in rows} == {77}


def test_rates_over_the_budget() -> None:
    given, recipe = source("bert"), Recipe(steps=10)
    plans = {n: migrate(given, sentiment.head, n) for n in ("full", "layer_wise", "gradual")}
    found = {n: learning_rates_figure.rates(plan, recipe) for n, plan in plans.items()}
    assert list(found["full"]) == ["embeddings", "block 0", "block 1", "head"]
    middle = learning_rates_figure.STEPS // 2
    below, above = (found["layer_wise"][name][middle] for name in ("block 0", "block 1"))
    assert below == pytest.approx(0.8 * above)
    asleep = [sum(r == 0 for r in found["gradual"][n]) for n in found["gradual"]]
    assert asleep == sorted(asleep, reverse=True) and asleep[0] == middle and asleep[-1] == 0
    shown = learning_rates_figure.figure(plans, recipe)
    assert len(shown.data) == 3 and shown.data[2].z[0][0] is None
    assert shown.data[0].z[1][middle] == pytest.approx(math.log10(found["full"]["block 0"][middle]))


def test_held_out_bars_are_red_where_nothing_is_known() -> None:
    shown = validation_figure.figure({"good": (0.5, 0.8), "bad": (0.72, 0.52)})
    loss, accuracy = shown.data
    assert list(loss.y) == ["bad", "good"] and np.allclose(accuracy.x, [52, 80])
    assert loss.marker.color == (validation_figure.BAD, validation_figure.GOOD)
