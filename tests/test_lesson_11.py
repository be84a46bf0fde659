"""Lesson 11 in a real browser, as on a slow laptop: it runs, and its widget answers."""

from pathlib import Path

from browser import lesson

LESSON = Path(__file__).parent.parent / "notebooks" / "11_choose_a_source.ipynb"


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        plot = shown.page.locator(".js-plotly-plot").first
        shown.see(plot, "data[0].x.length > 4 && data[1].x.length === 3")
        shown.look(plot, "11_films")
        shown.page.locator(".noUi-handle").first.press("Home")
        shown.see(plot, "data[0].customdata.every(place => place.startsWith('layer 0'))")
        menus = shown.page.locator(".jp-OutputArea select")
        menus.nth(0).select_option("LogME")
        shown.see(plot, "layout.xaxis.title.text.startsWith('LogME')")
        menus.nth(1).select_option("last token")
        shown.see(plot, "data[0].customdata.some(place => place.endsWith('last'))")
        shown.page.get_by_label("also fresh values").uncheck()
        shown.see(plot, "data[1].x.length === 0")
        shown.page.get_by_role("button", name="entities").click()
        shown.see(plot, "layout.yaxis.title.text.includes('F1')")
        shown.look(plot, "11_entities")
