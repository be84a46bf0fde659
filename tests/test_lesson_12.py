"""Lesson 12 in a real browser: it runs, and the vocabulary answers what is typed and clicked."""

from pathlib import Path

from browser import lesson
from playwright.sync_api import expect

LESSON = Path(__file__).parent.parent / "notebooks" / "12_find_leakage.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        box = shown.page.get_by_label("A word:")
        answer = shown.page.locator(".jp-OutputArea", has=box)
        expect(answer).to_contain_text("Only the test has it")
        first = box.input_value()
        shown.page.get_by_role("button", name="Another word of the test").click()
        expect(box).not_to_have_value(first)
        expect(answer).to_contain_text("Only the test has it")
        box.fill("<b>Zyx</b>")
        expect(answer).to_contain_text("<b>Zyx</b>: not in the file")
        shown.look(box, "12_vocabulary")
