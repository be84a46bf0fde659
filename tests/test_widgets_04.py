"""Lesson 04's widgets without a browser: what grows, what shrinks, pieces of a vocabulary."""

from functools import partial

import numpy as np
import pytest
import torch
from migrations import CONFIGS, answers, source

from kit import results, sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.migrate.structure.naive_growth import (
    grow_exactly,
    grow_naively,
    old_layers,
    parameter_count,
)
from kit.models import Model
from kit.tasks import sentiment
from kit.widgets.structure import grow, grow_figure, pieces_figure, shrink_figure
from kit.widgets.structure.grow import Grow
from kit.widgets.structure.grow_figure import Scene
from kit.widgets.structure.pieces import Pieces, Tables

SIZES = ((1, 0), (2, 0), (1, 2), (3, 1))
SENTENCES = ("A wonderful film.", "A dull and stupid film.", "Go and see it.")


@pytest.fixture(scope="module")
def minilm(data):
    return sources.minilm()


@pytest.fixture(scope="module")
def moved(minilm):
    new = sources.load("rnn_encoder").tokenizer
    how = {"old": minilm.tokenizer, "new": new}
    return migrate(minilm, sentiment.head, "move_vocabulary", **how), new


@pytest.mark.parametrize("body", CONFIGS)
def test_grown_answers_alike_and_naive_does_not(body: str) -> None:
    given = source(body)
    expected = answers(Model(given.body, given.head))
    scale = expected.abs().max()
    for times, more in SIZES:
        far = {
            which: float((answers(make(given, times, more)) - expected).abs().max() / scale)
            for which, make in (("grown", grow_exactly), ("naive", grow_naively))
        }
        assert far["grown"] < 1e-5
        assert far["naive"] > 1e-3 if (times, more) != (1, 0) else far["naive"] == 0


@pytest.mark.parametrize("body", CONFIGS)
def test_naive_growth_keeps_every_old_value(body: str) -> None:
    given = source(body)
    made = grow_naively(given, 2, 0)
    assert sum(p.numel() for p in made.parameters()) == parameter_count(given, 2, 0)
    for name, old in given.body.named_parameters():
        new = set(made.body.get_parameter(name).flatten().tolist())
        assert set(old.flatten().tolist()) <= new, name
    again = grow_naively(given, 2, 0)
    assert all(
        torch.equal(*pair) for pair in zip(made.parameters(), again.parameters(), strict=True)
    )


@pytest.mark.parametrize("body", CONFIGS)
def test_new_layers_are_shown_where_deepen_puts_them(body: str) -> None:
    given = source(body)
    made = migrate(given, None, "deepen", layers=5)
    silent = {o.name.split(".")[2] for o in made.origins if "adds nothing" in o.note}
    assert silent == {str(i) for i, old in enumerate(old_layers(given.body, 3)) if not old}


def test_what_does_not_grow_is_named() -> None:
    with pytest.raises(KitError, match="times=0, more=0"):
        grow_naively(source("bert"), 0)


@pytest.fixture(scope="module")
def shown(data, films) -> Grow:
    menu = {name: partial(sources.load, name) for name in ("rnn_encoder", "transformer_encoder")}
    return Grow(menu, sentiment.unlabelled(films["train"]), SENTENCES).wait()


def test_sliders_grow_and_nothing_moves(shown: Grow) -> None:
    assert shown.moved == {"grown": 0, "naive": 0}
    for name in ("rnn_encoder", "transformer_encoder"):
        shown.choose(name, times=2, more=2).wait()
        assert shown.scene.name == name and shown.moved["grown"] < 1e-5 < 0.1 < shown.moved["naive"]
        models = shown.models
        assert sum(p.numel() for p in models["naive"].parameters()) == shown.scene.parameters[1]
        assert shown.scene.parameters[1] > 2 * shown.scene.parameters[0]
        assert f"{shown.moved['grown']:.7f}" in shown.cards.value
        dots = {trace.name: trace for trace in shown.figure.data if trace.name}
        assert dots["grown"].x == pytest.approx(dots["grown"].y, abs=1e-5)
        assert dots["grown naively"].x != dots["grown naively"].y
    shown.choose(times=1).wait().choose(times=2, more=2).wait()
    assert shown.models is models, "what was made a moment ago is not made again"


def test_the_sentence_is_asked_of_all_three(shown: Grow) -> None:
    shown.choose(times=2).wait()
    shown.text.value = "I hated every minute of this stupid film."
    assert shown.scene.typed["source"] < 0
    assert shown.scene.typed["grown"] == pytest.approx(shown.scene.typed["source"], abs=1e-5)
    p = 100 / (1 + np.exp(-shown.scene.typed["source"]))
    assert shown.answer.value.count(f"<b>{p:.3f}"[:-1]) >= 2
    shown.text.value = " "
    assert "role=" in shown.answer.value and "FDEBE5" in shown.answer.value
    shown.text.value = SENTENCES[0]
    assert shown.scene.typed["source"] > 0


def test_what_is_too_large_is_refused_and_the_next_choice_works(shown: Grow, monkeypatch) -> None:
    monkeypatch.setattr(grow, "ROOM", 3_000_000)
    shown.choose("rnn_encoder", times=3).wait()
    assert "Take fewer" in shown.status.value and shown.scene.answers is None
    shown.choose(times=1, more=1).wait()
    assert shown.moved["grown"] < 1e-5


def test_answers_are_compared_in_float32(films) -> None:
    given = sources.load("transformer_encoder")
    asked = sentiment.zero_shot(given, sentiment.unlabelled(films["train"]))
    model = Model(asked.body, asked.head)
    good, bad = sentiment.log_odds(model, asked.tokenizer, SENTENCES[:2])
    assert good > 0 > bad
    # In the machine's own precision.
    p = sentiment.probability(model, given.tokenizer, SENTENCES[0])
    assert p == pytest.approx(1 / (1 + np.exp(-good)), abs=0.02)
    torch.testing.assert_close(given.body.embedding.weight, asked.body.embedding.weight)


def test_the_picture_is_to_scale_and_keeps_to_its_edges() -> None:
    found = {"source": [1.0, -9.0], "grown": [1.0, -9.0], "naive": [-2.0, 9.0]}
    scene = Scene(
        name="x", width=10, old=(True, False, True), times=2, answers=found, texts=("a", "b")
    )
    old, new, *_ = grow_figure.traces(scene)
    assert sum(old["x"]) == 3 + 3 and sum(new["x"]) == 3 + 2
    assert scene.moved("grown") == 0 and scene.moved("naive") == 18 and scene.turned("naive") == 2
    shown = grow_figure.figure(scene)
    edge = grow_figure.EDGE
    assert all(abs(v) <= edge for trace in shown.data[4:6] for v in (*trace.x, *trace.y))
    asked = grow_figure.figure(Scene(name="x", width=10, old=(True,)))
    assert [len(trace.x) for trace in asked.data[4:]] == [0, 0, 0, 0]
    assert "asking" in grow_figure.cards(Scene(name="x", width=10, old=(True,)))


def test_pieces_say_what_the_tables_hold(minilm, moved) -> None:
    made, new = moved
    tables = Tables(minilm, made, new)
    kinds = {p.text: p for p in tables.pieces("A film, unforgettable.")}
    assert kinds["␣film"] == pieces_figure.Piece("␣film", "copied", ("film",))
    counts = tables.count()
    assert sum(counts.values()) == new.size and counts["copied"] > counts["composed"] > 0
    note = made.origins[0].note
    assert f"{counts['other']:,} the mean of all" in note
    [piece] = new.encode(" incred", special=False)
    assert tables.piece(piece).kind == "composed" and len(tables.piece(piece).parts) > 1


def test_punctuation_gets_the_row_that_minilm_reads(minilm, moved) -> None:
    """ "##." stands in MiniLM's vocabulary too, but no text ever becomes it."""
    made, new = moved
    for mark in ".,!?-":
        [here], [there] = (t.encode(mark, special=False) for t in (new, minilm.tokenizer))
        row = made.model.body.embedding.weight[here]
        assert torch.equal(row, minilm.body.embedding.weight[there]), mark


def test_any_text_has_a_picture(minilm, moved) -> None:
    made, new = moved
    shown = Pieces(minilm, made, new, list(SENTENCES))
    assert "copied" in shown.view.children[0].value
    for text in ("naïve <b>café</b>", "日本 🎬", "x" * 500):
        shown.text.value = text
        assert "flex-wrap" in shown.columns.value and "<b>" not in shown.columns.value
    shown.text.value = ""
    assert "FDEBE5" in shown.columns.value


def test_what_the_lesson_claims_has_three_seeds_and_its_control() -> None:
    rows = results.load("structure")["rows"]
    seeds: dict = {}
    for row in rows:
        key = row["source"], row["strategy"], row["shape"], row["labels"]
        seeds.setdefault(key, set()).add(row["seed"])
    one, whole = "1 layers, width 384", "6 layers, width 384"
    claimed = [("MiniLM", s, one, n) for s in ("first layers", "from_scratch") for n in (0, 100)]
    claimed += [("MiniLM", s, whole, n) for s in ("full", "from_scratch") for n in (0, 100)]
    claimed += [("transformer_encoder", "widen", "2 layers, width 384", n) for n in (0, 100)]
    assert all(len(seeds[key]) >= 3 for key in claimed)
    mean = {key: np.mean([r["accuracy"] for r in rows if _key(r) == key]) for key in claimed}
    kept, fresh = (mean["MiniLM", s, one, 100] for s in ("first layers", "from_scratch"))
    assert mean["MiniLM", "full", whole, 100] > kept > fresh + 0.05


def _key(row: dict) -> tuple:
    return row["source"], row["strategy"], row["shape"], row["labels"]


def test_the_figure_of_cuts() -> None:
    recorded = results.load("structure")
    found = shrink_figure.points(recorded, "MiniLM", "first layers", 100)
    assert [p[0] for p in found] == sorted(p[0] for p in found) and len(found) == 2
    assert found[-1][3] == "6 layers, width 384"
    row = {"strategy": "first layers", "parameters": 13_000_000, "labels": 100, "accuracy": 0.7}
    shown = shrink_figure.figure(recorded, "MiniLM", [row])
    assert shown.data[-1].x == (13.0,) and shown.data[-1].y == (70.0,)
    assert len(shown.data) == 10 and len(shown.data[4].x) == 2
