"""Lesson 14 in a real browser: it runs with the local server, examples move, the model is asked."""

from pathlib import Path

import pytest
from browser import lesson
from playwright.sync_api import expect

LESSON = Path(__file__).parent.parent / "notebooks" / "14_prompt_a_large_model.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data, fetched) -> None:
    pytest.importorskip("xllamacpp", reason="the extra [prompt] is not installed")
    pytest.importorskip("openai", reason="the extra [prompt] is not installed")
    fetched("smollm")
    with lesson(LESSON, tmp_path) as shown:
        ask = shown.page.get_by_role("button", name="Ask the model now")
        area = shown.page.locator(".jp-OutputArea", has=ask)
        status = area.get_by_role("status")
        expect(status).to_contain_text("order 0123")
        area.locator("button[title='Move example 1 down']").click()
        expect(status).to_contain_text("order 1023")
        area.locator("button[title='Move example 2 up']").click()
        expect(status).to_contain_text("order 0123")
        shown.look(ask, "14_order")
        ask.click()
        expect(status).to_contain_text("of 43", timeout=30_000)
        area.get_by_role("button", name="Stop").click()
        expect(status).to_contain_text("Stopped after", timeout=30_000)
