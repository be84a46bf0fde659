"""Lesson 09's widget without a browser: words and their places, trees, errors, recorded rows."""

import threading

import pytest
import torch
from test_summarization import TOKENS, made

from kit.errors import KitError
from kit.metrics import interval
from kit.results import load
from kit.results import summaries as headline_results
from kit.tasks.summarization.trace import Word, trace
from kit.widgets import BlindComparison
from kit.widgets.base.static import static
from kit.widgets.summarization import (
    blind_comparison_figure,
    headline_curves_figure,
    headlines_figure,
)
from kit.widgets.summarization.headlines import Headlines

TEXT = "Shares of Time Warner rose.\nThe US firm <b>said</b> so."
ARTICLES = [{"headline": "Time Warner rises", "text": TEXT}]


@pytest.fixture(scope="module")
def desk() -> Headlines:
    made_of_two = {"one": made("RNN", 1), "two": made("RNN", 2)}
    return Headlines(made_of_two, TOKENS, ARTICLES).ask().wait()


def test_a_word_is_copied_written_or_invented() -> None:
    assert headlines_figure.kind(Word("Time", 0.9, (2,), False)) == "copied"
    assert headlines_figure.kind(Word("time", 0.2, (), False)) == "written"
    assert headlines_figure.kind(Word("Zorg", 0.2, (), True)) == "invented"


def test_the_page_names_all_and_lights_what_was_copied(desk: Headlines) -> None:
    html = desk.page.value
    assert "one" in html and "two" in html and "Shares of Time Warner rose." in html
    assert "<b>" not in html.replace("<b ", ""), "an article's own markup is text"
    for number, shown in enumerate(desk.traces.values()):
        for rank, one in enumerate(shown.candidates[:3]):
            for i, word in enumerate(one.words):
                mark = f"-{number}-{rank}-{i}:hover) .hl-p"
                assert (mark in html) == bool(word.places)


def test_a_tree_has_a_box_for_each_beam(desk: Headlines) -> None:
    shown = desk.traces["one"]
    for step in (1, len(shown.steps)):
        boxes = sum(len(beams.alive) for beams in shown.steps[:step])
        svg = headlines_figure.tree(shown, step)
        assert svg.count("<rect") == boxes and f"beams after {step} steps" in svg
    best = shown.candidates[0].ids
    assert svg.count(f'fill="{headlines_figure.COPIED}"') <= len(best)


def test_the_slider_and_the_buttons_choose_what_is_drawn(desk: Headlines) -> None:
    desk.step.value = 1
    assert "beams after 1 steps" in desk.picture.value
    desk.who.value = "two"
    assert f"beams after {len(desk.traces['two'].steps)} steps" in desk.picture.value
    assert desk.step.max == len(desk.traces["two"].steps)


def test_errors_show_in_the_widget_and_the_next_text_is_read(desk: Headlines) -> None:
    desk.ask("  ").wait()
    assert 'role="status"' in desk.status.value and "empty" in desk.status.value
    desk.ask(TEXT).wait()
    assert "Hover" in desk.status.value and not desk.job.button.disabled
    assert "Hover" in static(desk.view)


def test_it_stops_and_a_second_click_starts_nothing(monkeypatch) -> None:
    desk = Headlines({"one": made("RNN", 1)}, TOKENS, ARTICLES)
    assert "Write headlines" in desk.status.value and not desk.page.value
    desk.ask().wait()
    before, going, go = desk.page.value, threading.Event(), threading.Event()

    def slow(*args):
        going.set()
        go.wait(10)
        return trace(*args)

    monkeypatch.setattr("kit.widgets.summarization.headlines.trace", slow)
    desk.ask("Another firm said so.")
    assert going.wait(10) and desk.job.button.disabled and not desk.job.stop_button.disabled
    assert desk.job.running and not desk.job.start(lambda stopping: None)
    desk.job.stop_button.click()
    go.set()
    desk.wait()
    assert "Stopped" in desk.status.value and desk.page.value == before


def test_a_widget_of_nothing_says_so() -> None:
    with pytest.raises(KitError, match="at least one of each"):
        Headlines({}, TOKENS, ARTICLES)


def test_a_watched_search_ends_early() -> None:
    torch.manual_seed(0)
    found = trace(made("RNN", 1), TOKENS, TEXT, 3, lambda step: step == 2)
    assert len(found.steps) == 2


def test_the_curves_are_means_of_what_was_recorded() -> None:
    results = load("summaries")
    found = headline_results.summary(results["rows"])
    for (kind, way, first, articles), value in found.items():
        same = [
            row["rouge1"]
            for row in results["rows"]
            if (row["kind"], row["way"], row["first"], row["articles"])
            == (kind, way, first, articles)
        ]
        assert value == pytest.approx(interval(same), nan_ok=True)
    shown = headline_curves_figure.figure(results, "rnn")
    assert len(shown.layout.shapes) == 3, "three dotted lines"
    keys = list(found)
    for key in keys:
        assert headline_results.gains(results["rows"], key, key)[0] == 0


def blind(pairs: int = 20, seed: int = 0) -> BlindComparison:
    articles = [{"text": f"Text {i} <b>x</b>"} for i in range(6)]
    writers = {
        "old": [f"old {i}" for i in range(5)] + ["Same"],
        "new": [f"new {i}" for i in range(5)] + ["same"],
        "a third": ["", *["third"] * 5],
    }
    return BlindComparison(articles, writers, pairs=pairs, seed=seed)


def test_writers_stay_hidden_until_the_last_pair() -> None:
    desk = blind()
    questions = desk.questions()
    assert len(questions) == 5, "equal headlines are no pair"
    assert {q["A by"] for q in questions} == {"old", "new"}, "A is not always the same writer"
    for question in questions:
        assert desk.result.value == "" and "5" in desk.status.value
        assert question["A"] in desk.page.value and "&lt;b&gt;" in desk.page.value
        desk.vote(*((1, 0) if question["A by"] == "new" else (0, 1)))
    assert "new has 0 %" not in desk.result.value and "old has 0 %" in desk.result.value
    assert "new was preferred" in desk.result.value and "old 3" in desk.result.value
    desk.vote(1, 0)
    assert sum(sum(v for k, v in row.items() if "votes" in k) for row in desk.votes()) == 5


def test_hands_of_a_class_are_counted_and_none_is_refused() -> None:
    desk = blind(pairs=2)
    desk.count.click()
    assert "No hand was counted" in desk.status.value and not desk.votes()
    for box, value in zip(desk.hands, (12, 6, 2), strict=True):
        box.value = value
    desk.count.click()
    [row] = desk.votes()
    assert (row["votes for A"], row["votes for B"], row["no difference"]) == (12, 6, 2)
    assert [box.value for box in desk.hands] == [0, 0, 0]
    assert blind_comparison_figure.shares(desk.votes(), row["A by"]) == [pytest.approx(13 / 20)]
    for wrong in ((0, 0), (-1, 2)):
        with pytest.raises(KitError, match="at least one"):
            desk.vote(*wrong)
    desk.buttons[2].click()
    assert "neither was surely preferred" in desk.result.value
    assert desk.csv().splitlines()[0].startswith("article,A,B,A by,B by")
    assert len(desk.csv().splitlines()) == 3 and "headline_votes.csv" in desk.result.value


def test_back_takes_a_vote_back_and_votes_of_other_writers_are_kept() -> None:
    desk = blind()
    desk.buttons[0].click()
    desk.buttons[1].click()
    desk.back.click()
    assert len(desk.votes()) == 1 and "Pair 2 of 5" in desk.status.value
    desk.one.value = "new"
    assert "two different writers" in desk.status.value and desk.buttons[0].disabled
    desk.buttons[0].click()
    desk.other.value = "a third"
    assert "Pair 1 of 6" in desk.status.value
    desk.one.value, desk.other.value = "old", "new"
    assert "Pair 2 of 5" in desk.status.value and len(desk.votes()) == 1


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(KitError, match="two or more"):
        BlindComparison(ARTICLES, {"one": ["x"]})
    with pytest.raises(KitError, match="has 2 headlines for 1 articles"):
        BlindComparison(ARTICLES, {"one": ["x"], "two": ["x", "y"]})
    for headline in (None, 3):
        with pytest.raises(KitError, match="is no text"):
            BlindComparison(ARTICLES, {"one": ["x"], "two": [headline]})
    for pairs in (0, 2.5):
        with pytest.raises(KitError, match="1 or more"):
            BlindComparison(ARTICLES, {"one": ["x"], "two": ["y"]}, pairs=pairs)
    with pytest.raises(KitError, match="has no text"):
        BlindComparison([{"headline": "x"}], {"one": ["x"], "two": ["y"]})
    same = BlindComparison(ARTICLES, {"one": ["x"], "two": ["X"]})
    assert "nothing to compare" in same.status.value
