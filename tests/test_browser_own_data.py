"""The widget for the user's own data in a real browser: four messy files, from upload to use."""

import csv
from pathlib import Path

import nbformat
import pytest
from browser import Lab, lab
from messy import MESSY, Messy
from playwright.sync_api import expect

KIND_NAMES = {
    "classes": "texts with classes",
    "tags": "words with tags",
    "pairs": "pairs of texts",
    "headlines": "articles with headlines",
}
CELL = "from kit.widgets import OwnData\n\nOwnData()"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A notebook with the widget alone, on a page as large as a projector's picture."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "own.ipynb")
    with lab(folder) as page:
        page.page.set_viewport_size({"width": 1280, "height": 720})
        page.open("own.ipynb")
        page.run_all()
        page.folder = folder
        yield page


def upload(shown: Lab, button: str, file: Path) -> None:
    with shown.page.expect_file_chooser() as chooser:
        shown.page.get_by_role("button", name=button).click()
    chooser.value.set_files(file)


def bring(shown: Lab, kind: str, first: Path) -> None:
    """Upload the file, or (of pairs and headlines) write its path."""
    shown.page.get_by_role("button", name=KIND_NAMES[kind]).click()
    if kind in ("classes", "tags"):
        upload(shown, "1 · Upload a file", first)
    else:
        box = shown.page.get_by_placeholder("or write its path").first
        box.fill(str(first))
        box.press("Enter")
    shown.page.get_by_text("Right columns? Then press").wait_for()


def train(shown: Lab, kind: str) -> None:
    page, button = shown.page, shown.page.get_by_role("button", name="3 · Train")
    if kind != "classes":
        page.get_by_label("also from scratch").uncheck()
    button.click()
    expect(button).to_be_disabled()  # so that a second click starts nothing
    page.get_by_text("Now ask it something, or save it.").wait_for()
    expect(button).to_be_enabled()


def use(shown: Lab, kind: str, messy: Messy, second: Path) -> None:
    """Ask, save twice, predict a second file and download the predictions."""
    page = shown.page
    ask = page.get_by_label("Ask it:")
    ask.fill(messy.ask)
    ask.press("Enter")
    name = page.get_by_label("4 · Save as")
    name.fill(f"{kind}-model")
    name.press("Enter")
    save = page.locator(".jupyter-button", has_text="Save")
    save.click()
    page.get_by_text(f"Saved as {kind}-model.").wait_for()
    expect(page.locator("pre", has_text="own_data.predict(sources.load(")).to_be_visible()
    assert (shown.folder / f"{kind}-model" / "source.json").is_file()
    save.click()
    page.get_by_text("is there already, and nothing was written").wait_for()
    expect(name).to_have_value(f"{kind}-model-2")
    upload(shown, "5 · Predict a file", second)
    page.get_by_text(f"{messy.answered:,} of {messy.rows:,} rows have a prediction").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"download {second.stem}-predictions.csv").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == messy.rows


@pytest.mark.parametrize("kind", MESSY)
def test_a_messy_file_is_uploaded_trained_on_saved_and_used(shown, kind, tmp_path) -> None:
    messy, page = MESSY[kind], shown.page
    first, second = messy.write(tmp_path)
    bring(shown, kind, first)
    report = page.locator(".widget-html", has_text=f"{messy.good} good").first
    expect(report).to_contain_text(f"{messy.bad} not")
    assert page.get_by_label("2 · The").input_value() == messy.columns[0]
    shown.look(page.get_by_role("button", name="1 · Upload a file"), f"own_{kind}_read", "start")
    train(shown, kind)
    expect(page.locator(".lm-Widget.js-plotly-plot")).to_be_visible()  # not its still picture
    shown.look(page.get_by_role("button", name=KIND_NAMES[kind]), f"own_{kind}_trained", "start")
    use(shown, kind, messy, second)
    shown.look(page.get_by_label("4 · Save as"), f"own_{kind}_used", "start")


def test_what_is_wrong_is_said_in_one_place(shown, tmp_path) -> None:
    page = shown.page
    page.get_by_role("button", name=KIND_NAMES["classes"]).click()
    (tmp_path / "none.csv").write_text("")
    upload(shown, "1 · Upload a file", tmp_path / "none.csv")
    page.get_by_text("none.csv is empty: give a file with rows.").wait_for()
    expect(page.get_by_role("button", name="3 · Train")).to_be_disabled()
    box = page.get_by_placeholder("or write its path").first
    box.fill("nowhere.csv")
    box.press("Enter")
    page.get_by_text("nowhere.csv is no file").wait_for()
    box.fill("")
    box.press("Enter")
