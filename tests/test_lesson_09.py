"""Lesson 09 in a real browser: it runs, and what is chosen, pasted, hovered and dragged answers."""

import shutil
from pathlib import Path

from browser import Lab, lab
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "09_summarise.ipynb"
OURS = "Shares in Zorgon fell by 20% on Friday after the toy maker said that profits had halved."


def picture(shown: Lab, place: Locator, name: str) -> None:
    place.evaluate("place => place.scrollIntoView({ block: 'center' })")
    shown.page.wait_for_timeout(400)
    shown.picture(name)


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    shutil.copy(LESSON, tmp_path)
    with lab(tmp_path) as shown:
        shown.open(LESSON.name)
        shown.run_all(seconds=240)
        for cell in shown.page.locator(".jp-Notebook .jp-Cell").all():
            cell.scroll_into_view_if_needed()  # Lab shows a cell's output once it is near
        plots = shown.page.locator(".js-plotly-plot")
        expect(plots).to_have_count(1)
        picture(shown, plots.first, "09_recorded")
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
    picture(shown, word, "09_headlines")


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
    picture(shown, trees, "09_beams")
    shown.page.get_by_role("button", name="scratch", exact=True).click()
    picture(shown, trees, "09_beams_scratch")


def paste(shown: Lab) -> None:
    """Another article, one's own, and none."""
    choice = shown.page.locator(".jp-OutputArea select").last
    choice.select_option(index=2)
    write = shown.page.get_by_role("button", name="Write headlines")
    expect(write).to_be_enabled()
    box = shown.page.locator(".jp-OutputArea textarea").last
    box.fill(OURS)
    box.blur()
    write.click()
    shown.page.locator('[class^="hl-p"]', has_text="Z").first.wait_for()
    shown.page.get_by_text("Hover over a word").wait_for()
    picture(shown, write, "09_own")
    box.fill(" ")
    box.blur()
    write.click()
    shown.page.get_by_text("give a sentence of at least one word").wait_for()
    picture(shown, write, "09_empty")
