"""Lesson 14's widget without a browser: examples move, recorded and live answers are told apart."""

import numpy as np
import pytest

from kit import prompt
from kit.errors import KitError
from kit.widgets import ExampleOrder

EXAMPLES = [("A <b>mess</b>.", "negative"), ("Wonderful.", "positive")]
RECORDED = {"01": ([-1.0, 2.0], [0.0, 0.0, 0.0]), "10": ([1.0, 4.0], [3.0, 3.0, 3.0])}


def shown(**options) -> ExampleOrder:
    return ExampleOrder(EXAMPLES, ["Bad.", "Good."], [0, 1], RECORDED, **options)


def test_an_example_moves_and_the_recorded_answers_change() -> None:
    widget = shown(made=" of today")
    assert (
        "positive 50.0%" in widget.answers.value and "A recording of today" in widget.status.value
    )
    assert "<b>mess" not in widget.lines[0].value
    widget.moves[0][1].click()  # down
    assert widget.name == "10" and "Wonderful" in widget.lines[0].value
    assert "positive 100.0%" in widget.answers.value, "the prompt says positive to both"
    assert "100.0%" in widget.answers.value and "50.0%" in widget.answers.value
    assert widget.move(1, 1).name == "10", "the last one has no neighbour below"
    assert widget.moves[0][0].disabled and not widget.moves[0][1].disabled
    with pytest.raises(KitError, match="nothing is recorded"):
        ExampleOrder(EXAMPLES, ["Bad."], [0], {})


def test_the_model_is_asked_and_a_failure_is_said() -> None:
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    nobody = prompt.Client("http://127.0.0.1:9/v1", "key", model="m", retries=0)
    widget = shown(client=nobody)
    widget.job.start()
    widget.wait()
    assert "no server answers" in widget.status.value and not widget.live
    assert not widget.job.running and "positive 50.0%" in widget.answers.value


def test_live_answers_are_named_live(fetched) -> None:
    pytest.importorskip("xllamacpp", reason="the extra [prompt] is not installed")
    fetched("smollm")
    with prompt.serve() as server:
        widget = shown(client=prompt.Client(server.address, server.key))
        widget.job.start()
        widget.wait()
    assert "Live: the model answered 2 sentences" in widget.status.value
    margins, neutral = widget.live["01"]
    assert np.isfinite([*margins, *neutral]).all() and margins[1] > margins[0]
    widget.move(0, 1)
    assert "A recording" in widget.status.value
