"""Lesson 02 in a real browser: a token travels, two models learn, are asked and swapped."""

from pathlib import Path

from browser import STOPWATCH, Lab, lesson
from playwright.sync_api import Locator, expect
from slow import PATIENCE

LESSON = Path(__file__).parent.parent / "notebooks" / "02_pretrain_a_model.ipynb"
TOP = "plot => plot._fullData[0].x[0]"  # the likeliest token's probability, in percent
BARS = "plot => plot._fullData[0].x.join(' ')"


def press(shown: Lab, text: str) -> None:
    shown.page.locator(f'button.jupyter-button:has-text("{text}")').first.click()


def test_the_lesson_is_run_typed_dragged_and_clicked(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        curves, bars, minute = (shown.page.locator(".js-plotly-plot").nth(i) for i in range(3))
        shown.look(minute, "02_minute")
        read_step_by_step(shown)
        look_at_the_curves(shown, curves)
        type_and_swap(shown, bars)


def read_step_by_step(shown: Lab) -> None:
    """Walk by button and by key, with both models, and type a sentence."""
    page = shown.page
    reading = page.locator(".jp-OutputArea-output", has=page.get_by_label("sentence:"))
    heading = reading.get_by_text("The text becomes 6 tokens")
    heading.wait_for()
    shown.look(heading, "02_reading")
    reading.get_by_role("button", name="Next").click()
    reading.get_by_text("becomes a vector of 160 numbers").wait_for()
    walk = reading.locator(".widget-inline-hbox", has_text="step").locator(".noUi-handle")
    for said in ("Query, key and value", "Query · key:", "The causal mask", "softmax: the scores"):
        walk.press("ArrowRight")
        reading.get_by_text(said).wait_for()
    shown.look(reading, "02_reading_weights")
    page.get_by_label("sentence:").fill("He said that he was very")
    reading.get_by_text("␣very").first.wait_for()
    reading.get_by_role("button", name="LSTM").click()
    reading.get_by_text("The text becomes 7 tokens").wait_for()
    for said in ("vector of 192 numbers", "Gates: how much", "The state: the old one fades"):
        reading.get_by_role("button", name="Next").click()
        reading.get_by_text(said).wait_for()
    shown.look(reading, "02_reading_state")


def choose(shown: Lab, plot: Locator, name: str) -> None:
    """Choose a model, and wait for its bars. A click on *Write on* may overtake a choice that is
    still on its way to the kernel: widgets hold back a change while an earlier one is handled."""
    before = plot.evaluate(BARS)
    press(shown, name)
    other = f"([plot, before]) => ({BARS})(plot) !== before"
    shown.page.wait_for_function(
        other, arg=[plot.element_handle(), before], timeout=60_000 * PATIENCE
    )


def look_at_the_curves(shown: Lab, plot: Locator) -> None:
    shown.see(plot, "data[0].x.length > 5 && data[1].x.length > 5")
    shown.see(plot, "data[1].y.at(-1) < data[1].y[0] && layout.width > 750")
    shown.look(plot, "02_curves")
    press(shown, "Train both")
    expect(shown.page.get_by_role("button", name="Train both")).to_be_disabled()
    shown.see(plot, "data[0].x.length >= 1 && data[0].x.length < 5")
    press(shown, "Stop")
    shown.page.get_by_text("Stopped early").wait_for(timeout=30_000 * PATIENCE)
    budgets = shown.page.locator(".jp-OutputArea select", has_text="updates each")
    budgets.select_option("4,000 updates each")
    expect(shown.page.get_by_role("button", name="Replay")).to_be_disabled()  # none of 4,000 yet
    budgets.select_option("60 updates each")
    press(shown, "Replay")  # of what the lesson has trained before
    shown.page.get_by_text("Replayed, not trained now").wait_for()
    shown.page.get_by_text("Done. RNN:").wait_for()
    shown.see(plot, "data[0].x.length > 5 && data[1].x.length > 5")


def type_and_swap(shown: Lab, plot: Locator) -> None:
    page = shown.page
    press(shown, "RNN, just now")
    page.get_by_text("all it knows is in its state").wait_for()
    press(shown, "Transf., shipped")
    shown.see(plot, "data[1].z.length > 8")  # every head of every layer
    box = page.get_by_label("Your text:")
    box.fill("")
    plot.evaluate(STOPWATCH)
    before = plot.evaluate(BARS)
    for i, key in enumerate("The minister said"):
        box.press(key if key != " " else "Space")
        if key != " ":  # a blank at the end changes nothing
            page.wait_for_function(f"window.delays.length > {i // 2}", timeout=10_000 * PATIENCE)
            page.wait_for_timeout(60)
    assert plot.evaluate(BARS) != before
    shown.delays()
    shown.look(plot, "02_next_token", "end")
    top = plot.evaluate(TOP)
    temperature = page.locator(".widget-inline-hbox", has_text="temperature")
    handle = temperature.locator(".noUi-handle")
    for _ in range(5):
        handle.press("ArrowLeft")
    page.get_by_text("at τ = 0.5").wait_for()  # all five: a late one would look like a choice
    shown.see(plot, f"data[0].x[0] > {top}")  # the likely gets likelier
    for name in ("trigrams", "Transf., shipped"):
        choose(shown, plot, name)
        press(shown, "Write on")
        expect(page.get_by_role("button", name="Write on")).to_be_disabled()
        expect(page.get_by_role("button", name="Write on")).to_be_enabled(timeout=30_000 * PATIENCE)
    page.get_by_text("The minister said").nth(1).wait_for(
        state="attached", timeout=20_000 * PATIENCE
    )
    press(shown, "Write on")
    page.locator("button:has-text('Stop'):enabled").click()
    expect(page.get_by_role("button", name="Write on")).to_be_enabled(timeout=30_000 * PATIENCE)
    page.get_by_text("The minister said").last.scroll_into_view_if_needed()
    shown.page.wait_for_timeout(500)
    shown.picture("02_written")
