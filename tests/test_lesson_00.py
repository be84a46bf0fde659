"""Lesson 00 in a real browser, as a student uses it."""

from pathlib import Path

from browser import PICTURES, lesson
from playwright.sync_api import expect
from slow import PATIENCE

LESSON = Path(__file__).parent.parent / "notebooks" / "00_see_it_work.ipynb"
# Again, until it stays: Lab scrolls to the last cell once that has run.
SCROLL = """plot => {
    const box = plot.getBoundingClientRect();
    plot.scrollIntoView({ block: 'center' });
    return box.top > 0 && box.bottom < innerHeight;
}"""
POINTS = "plot => plot._fullData.slice(0, 4).map(trace => trace.x.length)"


def test_a_lesson_is_run_dragged_trained_and_asked(tmp_path, data):
    with lesson(LESSON, tmp_path) as shown:
        page = shown.page
        plot = page.locator(".js-plotly-plot").first
        page.wait_for_function(SCROLL, arg=plot.element_handle(), polling=500)
        shown.picture("see_it_work")
        figure = page.locator(".jp-OutputArea-output", has=page.locator(".js-plotly-plot")).first
        figure.screenshot(path=PICTURES / "first_lesson.png")  # the README's
        assert min(plot.evaluate(POINTS)) > 3  # both curves were drawn while the cells ran

        status = page.get_by_role("status").first
        expect(status).to_contain_text("points with the same 50 labels")  # a cell has trained both
        handle = page.locator(".noUi-handle").first
        delay = shown.delay(handle, plot, presses=4)
        assert delay <= 500 * PATIENCE  # 150 is the aim; a busy machine must not fail the build

        train = page.get_by_role("button", name="Train both")
        handle.press("Home")  # no label at all
        train.click()
        expect(status).to_contain_text("before either was trained", timeout=300_000 * PATIENCE)
        shown.picture("see_it_work_without_labels")

        expect(train).to_be_enabled(timeout=60_000 * PATIENCE)  # and the slider with it
        handle.press("ArrowRight")
        expect(status).not_to_contain_text("before either was trained")  # a click overtakes no key
        shown.wait_for_kernel()
        train.click()
        expect(train).to_be_disabled()  # so that a second click starts nothing
        expect(status).to_contain_text("Training, one update each", timeout=60_000 * PATIENCE)
        drawn = f"(({POINTS})(document.querySelector('.js-plotly-plot')))[0]"
        page.wait_for_function(f"{drawn} > 0")
        page.wait_for_function(f"{drawn} > {plot.evaluate(POINTS)[0]}")
        page.get_by_role("button", name="Stop").first.click()
        expect(status).to_contain_text("Stopped early", timeout=120_000 * PATIENCE)
        expect(train).to_be_enabled(timeout=60_000 * PATIENCE)
        shown.picture("see_it_work_stopped")

        page.keyboard.press("Alt+KeyR")
        expect(status).to_contain_text("Replayed, not trained now", timeout=20_000 * PATIENCE)
        expect(train).to_be_enabled(timeout=30_000 * PATIENCE)
        expect(status).to_contain_text("points with the same 50 labels")
        shown.picture("see_it_work_replayed")
        page.get_by_role("button", name="Replay").first.click()
        expect(train).to_be_disabled()

        box = page.get_by_label("Your own sentence:")
        answers = page.get_by_text("positive", exact=False)
        box.fill("Dull, lifeless and far too long.")
        box.press("Enter")
        expect(page.get_by_text("“Dull, lifeless and far too long.”")).to_be_visible()
        assert answers.count() >= 2
        expect(status).to_contain_text("Replayed, not trained now")
        expect(train).to_be_enabled(timeout=30_000 * PATIENCE)
        box.fill("")
        box.press("Enter")
        expect(page.get_by_text("is empty")).to_be_visible()

        again = page.get_by_role("button", name="Make it again")
        again.click()
        page.get_by_text("Training with a source").wait_for(timeout=60_000 * PATIENCE)
        page.get_by_role("button", name="Stop").last.click()
        page.get_by_text("was not finished, so it is not in the figure").wait_for()
        page.locator("select", has_text="50 labels").first.select_option("50 labels")
        page.get_by_role("button", name="from scratch", exact=True).click()
        again.click()
        again = page.get_by_text("Just now,")
        again.wait_for(timeout=300_000 * PATIENCE)
        assert "Recorded:" in again.inner_text()
        again.scroll_into_view_if_needed()
        shown.picture("label_curves_again")
