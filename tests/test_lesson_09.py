"""Lesson 09 in a real browser: it runs, and what is chosen, pasted, hovered and dragged answers."""

from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import expect

LESSON = Path(__file__).parent.parent / "notebooks" / "09_summarise.ipynb"
OURS = "Shares in Zorgon fell by 20% on Friday after the toy maker said that profits had halved."


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(1)
        shown.look(plots.first, "09_recorded")
        hover(shown)
        beams(shown)
        paste(shown)


def hover(shown: Lab) -> None:
    """A copied word lights up the places that it came from."""
    word = shown.page.locator('.hl-line .hl-word[title^="copied"]').first
    word.hover()
    said = word.inner_text()
    lit = shown.page.locator('[class^="hl-p"]').evaluate_all(
        "all => all.filter(p => getComputedStyle(p).color === 'rgb(255, 255, 255)')"
        ".map(p => p.textContent).join('')"
    )
    assert lit.strip() and (lit.strip() in said or said in lit), (lit, said)
    shown.look(word, "09_headlines")


def beams(shown: Lab) -> None:
    """The slider shows the search after each step, the buttons whose it is."""
    trees = shown.page.locator('svg[aria-label^="beams after"]')
    last = trees.get_attribute("aria-label")
    handle = shown.page.locator(".jp-OutputArea .noUi-handle").last
    handle.focus()
    handle.press("ArrowLeft")
    expect(trees).not_to_have_attribute("aria-label", last)
    handle.press("Home")
    expect(trees).to_have_attribute("aria-label", "beams after 1 steps")
    handle.press("End")
    expect(trees).to_have_attribute("aria-label", last)
    shown.look(trees, "09_beams")
    shown.page.get_by_role("button", name="scratch", exact=True).click()
    shown.look(trees, "09_beams_scratch")


def paste(shown: Lab) -> None:
    """Another article, one's own, and none."""
    choice = shown.page.locator(".jp-OutputArea select").last
    choice.select_option(index=1)
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_text("Stopped: what stands below is of before").wait_for()
    choice.select_option(index=2)
    write = shown.page.get_by_role("button", name="Write headlines")
    expect(write).to_be_enabled()
    box = shown.page.locator(".jp-OutputArea textarea").last
    box.fill(OURS)
    box.blur()
    write.click()
    shown.page.locator('[class^="hl-p"]', has_text="Z").first.wait_for()
    shown.page.get_by_text("Hover over a word").wait_for()
    shown.look(write, "09_own")
    box.fill(" ")
    box.blur()
    write.click()
    shown.page.get_by_text("give a sentence of at least one word").wait_for()
    shown.look(write, "09_empty")
