"""Lesson 01 in a real browser: it runs, and every control of it does what it says."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator

LESSON = Path(__file__).parent.parent / "notebooks" / "01_minimise_a_loss.ipynb"
# Of Descent's traces: what is drawn for the first walker and for the second.
AHEAD, HEIGHTS, AHEAD_2 = 3, 5, 7


def press(shown: Lab, text: str, nth: int = 0) -> None:
    shown.page.locator(f'button.jupyter-button:has-text("{text}")').nth(nth).click()


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        curves, walk, race = (shown.page.locator(".js-plotly-plot").nth(i) for i in range(3))
        drag_the_answer(shown, curves)
        walk_down(shown, walk)
        race_down(shown, race)
        answer_the_quiz(shown)


def drag_the_answer(shown: Lab, plot: Locator) -> None:
    handle = shown.page.locator(".noUi-handle").nth(0)
    shown.delay(handle, plot, presses=5)
    shown.see(plot, "data[2].x[0] > -2 && layout.width > 750")
    press(shown, "the probability")
    shown.see(plot, "layout.yaxis.range[1] < 4 && data[7].y[0] < 1")
    shown.look(plot, "01_curves", "end")


def walk_down(shown: Lab, plot: Locator) -> None:
    shown.see(plot, f"data[{HEIGHTS}].x.length === 101")  # the lesson has run it
    press(shown, "Reset")
    shown.see(plot, f"data[{HEIGHTS}].x.length === 1")
    press(shown, "Step")
    shown.see(plot, f"data[{HEIGHTS}].x.length === 2")
    shown.page.locator(".noUi-handle").nth(1).press("End")
    shown.see(plot, f"Math.abs(data[{AHEAD}].x[1]) > 2")
    press(shown, "Run 100")
    shown.page.locator("button:has-text('Stop'):enabled").first.click()  # at once: it takes 2 s
    shown.page.get_by_text("cannot settle").wait_for()
    shown.see(plot, f"data[{HEIGHTS}].x.length > 1 && data[{HEIGHTS}].x.length < 101")
    shown.look(plot, "01_too_large", "end")
    shown.page.locator(".jp-OutputArea select").first.select_option("squared error of the rating")
    shown.see(plot, f"layout.yaxis2.range[1] === 3 && data[{HEIGHTS}].x.length === 1")
    press(shown, "Run 100")
    shown.page.get_by_text("SGD diverged").wait_for()
    press(shown, "64")
    shown.see(plot, f"data[{HEIGHTS}].x.length === 1")
    shown.look(plot, "01_start", "center")
    ground = plot.locator(".nsewdrag").first.bounding_box()
    shown.page.mouse.click(ground["x"] + 40, ground["y"] + 60)
    shown.see(plot, "data[4].x[0] < -1.5")
    starts = shown.page.get_by_label("start, ")
    starts.first.fill("2")
    starts.first.press("Enter")
    shown.see(plot, "data[4].x[0] === 2")


def race_down(shown: Lab, plot: Locator) -> None:
    shown.look(plot, "01_race", "end")
    shown.see(plot, "data[9].y.at(-1) < data[5].y.at(-1)")  # AdamW is lower
    press(shown, "Reset", 1)
    shown.see(plot, "data[9].x.length === 1")
    shown.page.locator(".noUi-handle").nth(3).press("End")
    shown.see(plot, f"data[{AHEAD_2}].x[1] < 0")
    press(shown, "Step", 1)
    shown.see(plot, "data[9].x.length === 2 && data[5].x.length === 2")


def answer_the_quiz(shown: Lab) -> None:
    """By the keyboard, the third answer of each question: it is right twice."""
    quiz = shown.page.locator(".kit-quiz")
    quiz.scroll_into_view_if_needed()
    question = quiz.locator("section:visible")
    for number in range(1, 5):
        question.get_by_text(f"Question {number} of 4").wait_for()
        question.locator("summary").nth(2).press("Enter")
        question.locator("details[open]").get_by_role("status").wait_for()
        shown.picture(f"01_quiz_{number}")
        question.get_by_role("button").last.press("Enter")
    quiz.get_by_text("You answered 2 of 4 questions right").wait_for()
    assert question.count() == 0
