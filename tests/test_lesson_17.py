"""Lesson 17 in a real browser: it runs, and its figure has a line for each of its models."""

from pathlib import Path

from browser import lesson

LESSON = Path(__file__).parent.parent / "notebooks" / "17_read_a_larger_source.ipynb"


def test_the_lesson_runs(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plot = shown.page.locator(".js-plotly-plot").first
        assert plot.evaluate("plot => plot._fullData.every(line => line.y.length > 1)")
        shown.look(plot, "17_larger")
        shown.look(shown.page.get_by_text("after 50 labels:").last, "17_half")
