"""Lesson 18 in a real browser: a file is uploaded, mapped, trained on, asked."""

import re
from pathlib import Path

from browser import Lab, lesson
from playwright.sync_api import Locator, expect

LESSON = Path(__file__).parent.parent / "notebooks" / "18_use_your_own_data.ipynb"
MAILS = [
    ("the invoice of last month is wrong", "bill"),
    ("please send the invoice again", "bill"),
    ("the screen stays black", "broken"),
    ("it does not switch on any more", "broken"),
]


def test_every_control_of_the_lesson(tmp_path: Path, data) -> None:
    with lesson(LESSON, tmp_path) as shown:
        bring_a_file(shown, tmp_path)


def upload(shown: Lab, file: Path) -> None:
    with shown.page.expect_file_chooser() as chooser:
        shown.page.get_by_role("button", name="1 · Upload a file").click()
    chooser.value.set_files(file)


def bring_a_file(shown: Lab, folder: Path) -> None:
    page, ask = shown.page, shown.page.get_by_label("Ask it:")
    train = page.get_by_role("button", name="3 · Train")
    ask.fill("Five stars, it works perfectly.")
    ask.press("Enter")
    page.get_by_text("Five stars, it works perfectly.").wait_for()
    shown.look(ask, "18_own_data")
    (folder / "none.csv").write_text("")
    upload(shown, folder / "none.csv")
    page.locator(".widget-html", has_text="none.csv").first.wait_for()
    expect(train).to_be_disabled()
    rows = [f"{text} {i},{kind}" for i in range(30) for text, kind in MAILS]
    (folder / "mails.csv").write_text("\n".join(["mail,about", *rows]))
    upload(shown, folder / "mails.csv")
    page.get_by_text("2 classes. Right columns?").wait_for()
    text, label = page.get_by_label("2 · The text is in"), page.get_by_label("the class in")
    label.select_option("mail")
    page.get_by_text("the text and the answer are both in 'mail'").wait_for()
    expect(train).to_be_disabled()
    label.select_option("about")
    assert text.input_value() == "mail"
    text.select_option("about")
    text.select_option("mail")
    page.get_by_text("2 classes. Right columns?").wait_for()
    page.get_by_label("labels, at most").select_option("50")
    train_and_stop(shown, train)


def train_and_stop(shown: Lab, train: Locator) -> None:
    page = shown.page
    train.click()
    expect(train).to_be_disabled()  # so that a second click starts nothing
    page.get_by_text("Now ask it something").last.wait_for()
    answer = page.locator(".widget-html", has_text="Five stars, it works perfectly.")
    expect(answer.locator("b")).to_have_text(re.compile("bill|broken"))  # of the new model
    expect(train).to_be_enabled()
    page.get_by_label("source", exact=True).select_option("MiniLM, better and slower")
    page.get_by_label("leave out bad rows").click()
    train.click()
    page.get_by_text(re.compile(r"Update \d")).last.wait_for()
    page.get_by_role("button", name="Stop").last.click()
    page.get_by_text("Stopped early.").wait_for()
    shown.look(train, "18_stopped")
