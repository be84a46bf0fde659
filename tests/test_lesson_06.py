"""Lesson 06 in a real browser: it runs, and a sentence is typed."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import expect

LESSON = Path(__file__).parent.parent / "notebooks" / "06_classify_sentiment.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        type_a_sentence(shown)
        plot = shown.page.locator(".js-plotly-plot").first
        assert plot.evaluate("plot => plot._fullData.length") > 3
        shown.look(plot, "06_domains")


def type_a_sentence(shown: Lab) -> None:
    box = shown.page.get_by_label("A sentence:")
    box.fill("not bad at all")
    box.press("Enter")
    words = shown.page.locator(".widget-html", has_text="points of P(positive)")
    expect(words).to_contain_text("bad")
    expect(words.locator("b", has_text="from scratch")).to_have_count(1)
    shown.look(box, "06_words")
    box.fill("")
    box.press("Enter")
    shown.page.get_by_text("the text is empty").first.wait_for()
