"""`make html`: pages and a PDF that read well without a kernel and without a network."""

import re
from collections.abc import Iterator
from pathlib import Path

import by_hand
import course_pages
import edition
import lesson_runs
import lessons
import nbformat
import pytest
from browser import PICTURES, chromium
from playwright.sync_api import Browser, Page, Route, sync_playwright

from kit.widgets.base.static import DEAD

NOTEBOOKS = sorted((edition.ROOT / "notebooks").glob("*.ipynb"))
SMALL = "01_small.ipynb"
MORE = """
from kit import results
from kit.widgets.pretraining import objectives_figure

curves = LossCurves()
curves.answer.value = 0.5
display(curves)
objectives_figure.figure(results.load("pretraining_objectives"))
"""
FORK = "an-owner/a.name"
WITHOUT_FIGURES = ("12_find_leakage", "14_prompt_a_large_model")
"""Lessons that show tables alone."""
SAID = """() => {
    const copy = document.querySelector('article').cloneNode(true);
    for (const part of copy.querySelectorAll('.live, .cell_input, script, style')) part.remove();
    return copy.textContent;
}"""
"""What a page says outside code, and outside of what it sets apart for the notebook."""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory, request: pytest.FixtureRequest, archives) -> Path:
    """The pages of the lessons that are to be tested, and of a small lesson; each lesson from its
    browser test in this session, or else from a run of its own."""
    folder = tmp_path_factory.mktemp("edition")
    chosen = {
        item.callspec.params.get("lesson")
        for item in request.session.items
        if item.path == Path(__file__) and hasattr(item, "callspec")
    }
    paths = sorted(path for path in chosen if isinstance(path, Path))
    small = folder / SMALL
    notebook = nbformat.read(NOTEBOOKS[1], 4)
    notebook.cells = [*notebook.cells[:4], nbformat.v4.new_code_cell(MORE)]
    nbformat.write(notebook, small)
    course_pages.write(
        folder / "html",
        [*paths, small],
        lambda path: lesson_runs.read(path) or edition.run(path),
        FORK,
    )
    return folder / "html"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(site: Path, chrome: Browser) -> Iterator[Page]:
    """A page of Chromium; at the end it must have asked for the edition's own files alone, and met
    no error."""
    strangers, errors = [], []

    def only_home(route: Route) -> None:
        if route.request.url.startswith(site.as_uri()):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    shown = chrome.new_page(viewport=DESKTOP)
    shown.set_default_timeout(120_000)  # two cores may be shared by many tests
    shown.route("**/*", only_home)
    shown.on("pageerror", lambda error: errors.append(str(error)))
    yield shown
    shown.close()
    assert not errors
    assert not strangers


def test_a_widget_is_shown_as_it_stood_when_the_lesson_had_run(site: Path, page: Page) -> None:
    page.goto((site / "notebooks/01_small.html").as_uri())
    page.locator(".js-plotly-plot .main-svg").nth(3).wait_for()
    answer = page.locator(".js-plotly-plot").first.evaluate("plot => plot._fullData[2].x[0]")
    assert answer == 0.5  # as it stood at the end, not as it was first shown
    text = page.inner_text("article")
    assert "the answer ŷ: 0.5" in text and "COLAB" not in text


@pytest.mark.parametrize("lesson", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_lesson_is_a_page_with_its_figures(site: Path, page: Page, lesson: Path) -> None:
    page.goto((site / f"notebooks/{lesson.stem}.html").as_uri())
    assert page.inner_text("h1 >> nth=0").startswith(lessons.title(lesson)[0])
    plots = page.locator(".js-plotly-plot")
    assert plots.count() == page.locator(".plotly-graph-div").count()
    assert plots.count() or lesson.stem in WITHOUT_FIGURES
    for plot in plots.all():
        plot.locator(".main-svg").first.wait_for(state="attached")
        assert plot.evaluate("plot => plot._fullData.length")
    text = page.inner_text("article")
    assert DEAD not in text and "Traceback" not in text and "FigureWidget(" not in text
    said = page.evaluate(SAID)
    found = by_hand.WORDS.finditer(said)
    asked = [" ".join(said[max(0, m.start() - 80) : m.end() + 40].split()) for m in found]
    assert not asked, f"nothing can be dragged, pressed or clicked on a page: {asked}"
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"edition_{lesson.stem[:2]}.png", full_page=True)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_page_has_contents_neighbours_and_buttons(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    first = page.locator("nav.bd-links a").first
    title = first.inner_text()
    assert title in page.inner_text("article table")  # with its question
    first.click()
    assert page.inner_text("h1 >> nth=0").startswith(title)
    page.locator(".page-toc a").nth(1).wait_for(state="attached")  # the sections of this page
    following = page.locator("a.right-next").get_attribute("href")
    assert following == page.locator("nav.bd-links a").nth(1).get_attribute("href")
    name = Path(page.url).stem + ".ipynb"
    places = page.locator("[href*='mybinder.org'], [href*='colab.research']")
    links = [place.get_attribute("href") for place in places.all()]
    assert f"https://mybinder.org/v2/gh/{FORK}/main?urlpath=lab/tree/notebooks/{name}" in links
    assert f"https://colab.research.google.com/github/{FORK}/blob/main/notebooks/{name}" in links
    link = page.locator("a[href$='.ipynb'][href*='_sources']").first.get_attribute("href")
    lesson = nbformat.read(site / "notebooks" / link, 4)
    assert lesson.cells[-1].source and not any(cell.get("outputs") for cell in lesson.cells)
    theme = "document.documentElement.dataset.theme"
    for chosen in ("dark", "light"):
        page.locator(".theme-switch-button").first.click()
        page.locator(f".theme-change-button[data-mode={chosen}]").first.click()
        assert page.evaluate(theme) == chosen


def test_search_finds_a_lesson(site: Path, page: Page) -> None:
    page.goto((site / "search.html").as_uri() + "?q=cross-entropy")
    page.locator("#search-results li a", has_text="Minimise a loss").first.wait_for()


def test_the_pdf_has_every_lesson(site: Path) -> None:
    content = (site / course_pages.PDF).read_bytes()
    assert content.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert pages >= 2 * len(list((site / "notebooks").glob("*.html")))


@pytest.mark.parametrize(
    ("prose", "marked"),
    [
        (
            "The truth is 1. **Drag ŷ** from right to wrong. Watch it.",
            "**Drag ŷ** from right to wrong.",
        ),
        ("## Try it\n\n- A *press* report is news: no.\n- Plain.", "A *press* report is news:"),
        ("**Look. Then click on a point.** It turns.", "**Look. Then click on a point.**"),
        ("Then choose *minilm*. It is larger.", "Then choose *minilm*."),
    ],
)
def test_what_asks_for_hands_is_set_apart(prose: str, marked: str) -> None:
    span = f'<span class="live">{by_hand.LEAD} {marked}</span>'
    assert by_hand.mark(prose, beside_widget=True) == prose.replace(marked, span)
    assert by_hand.mark(span, beside_widget=True) == span


def test_in_a_picture_of_a_widget_too() -> None:
    html = '<div style="x">Worth +15. Press again: other labels.</div><script>press()</script>'
    marked = f'<span class="live">{by_hand.LEAD} Press again:</span>'
    assert by_hand.mark_html(html) == html.replace("Press again:", marked)


def test_an_order_is_one_only_beside_a_widget() -> None:
    prose = "Choose on validation, and read the test once."
    assert by_hand.mark(prose, beside_widget=False) == prose


def test_a_term_of_the_glossary_leads_to_its_lesson() -> None:
    page = "## a\n\nOne.\n\nLesson 03.\n\n## b\n\nSee Lesson 03.\n\nLesson 99.\n"
    told = course_pages.with_lessons(page, [Path("03_x.ipynb")])
    assert told == page.replace("\n\nLesson 03.", "\n\n[Lesson 03](../notebooks/03_x.ipynb).")
