"""Lesson 09 in a real browser: it runs, and what is chosen, pasted, hovered and dragged answers."""

import csv
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
        blind(shown)
        hover(shown)
        beams(shown)
        paste(shown)


def blind(shown: Lab) -> None:
    """All pairs are judged, one by hands, one twice; then the writers have names, and the votes
    are a file."""
    page = shown.page
    page.get_by_text("Pair 1 of").wait_for()
    shown.look(page.get_by_role("button", name="A is better"), "09_blind")
    page.get_by_label("Hands for A").fill("12")
    page.get_by_label("for B", exact=True).fill("7")
    page.get_by_role("button", name="Count these hands").click()
    page.get_by_text("Pair 2 of").wait_for()
    page.get_by_role("button", name="Back").click()
    page.get_by_text("Pair 1 of").wait_for()
    last = page.get_by_text("pairs are judged")
    for number in range(20):
        if last.count():
            break
        page.get_by_text(f"Pair {number + 1} of").wait_for()
        page.get_by_role("button", name="AB"[number % 2] + " is better").click()
        page.wait_for_function(
            "before => !document.body.innerText.includes(before)", arg=f"Pair {number + 1} of"
        )
    last.wait_for()
    shown.look(page.get_by_text("95 % interval over"), "09_votes")
    with page.expect_download() as download:
        page.get_by_role("link", name="download headline_votes.csv").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10 and {"a person", "SmolLM2, LoRA, 400 headlines"} == {
        row[name] for row in rows for name in ("A by", "B by")
    }


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
    shown.page.get_by_role("button", name="before training", exact=True).click()
    shown.look(trees, "09_beams_before")


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
