"""Lesson 16 in a real browser: the ring, two processes that are started there, the memory."""

from pathlib import Path

from browser import lesson

LESSON = Path(__file__).parent.parent / "notebooks" / "16_use_bigger_machines.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        page = shown.page
        bars, state = (page.locator(".js-plotly-plot").nth(i) for i in range(2))
        bars.wait_for()
        shown.see(bars, "data[3].x[2] > 0 && data[0].x[0] > 0")  # the lesson's own start
        shown.look(bars, "16_two_processes")
        page.locator(".noUi-handle").nth(1).press("ArrowRight")
        page.get_by_text("Step 1 of 6").wait_for()
        shown.look(page.get_by_text("Step 1 of 6"), "16_ring", "start")
        page.get_by_label("strategy:").first.select_option("lora")
        shown.see(bars, "data[3].x[2] === 0")
        page.get_by_role("button", name="Start the processes").click()
        shown.see(bars, "data[2].x[1] > 0 && data[3].x[2] > 0")
        page.get_by_text("The losses of both trainings differ by").wait_for()
        shown.look(bars, "16_lora")
        page.get_by_label("model:").select_option("Llama 2 70B")
        page.get_by_label("processes:").last.select_option("64")
        shown.see(state, "data[0].x[0] > 200 && data[0].x[1] < 10")
        shown.look(state, "16_memory")
        page.get_by_role("button", name="Start the processes").click()
        page.get_by_role("button", name="Stop").first.click()
        page.get_by_text("Stopped before the end").wait_for()
