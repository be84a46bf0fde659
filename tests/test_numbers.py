"""No number in a lesson's prose goes stale: each is printed above it, or has its source."""

from pathlib import Path

import edition
import lessons
import nbformat
import prose_numbers
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = sorted((edition.ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_of_a_lesson_has_a_source(lesson: Path, archives) -> None:
    missing, faults = prose_numbers.report(lesson)
    lines = prose_numbers.lines(missing)
    assert not missing, f"write into tests/numbers.toml what gives these numbers:\n{lines}"
    assert not faults, "\n".join(faults)


def test_entries_name_lessons_and_cells() -> None:
    cells = {p.name[:2]: {c.id for c in nbformat.read(p, 4).cells} for p in lessons.committed()}
    for lesson, entries in prose_numbers.entries().items():
        assert entries.keys() <= cells[lesson], f"cells of lesson {lesson} that there are not"


def sourced(prose: str, code: str = "", output: str = "", below: str = "") -> list[str]:
    """The numbers of a prose cell that have no source in this code, output, and code below."""
    above = new_code_cell(code, outputs=[new_output("stream", text=output)])
    cells = [above, new_markdown_cell(prose), new_code_cell(below), new_markdown_cell("end")]
    found = prose_numbers.unsourced("00", new_notebook(cells=cells), {})
    return [number.text for number in found]


def test_a_number_is_sourced_by_what_is_printed_above_it() -> None:
    assert sourced("It has 73.7 % and 22.6 million.", output="0.73695 of 22,565,376") == []
    assert sourced("It fell by −4.4 ± 4.5 points.", output="-4.38, 4.51") == []
    assert sourced("It has 73.8 %.", output="0.73695") == ["73.8"]
    assert sourced("It has 22.7 million.", output="22,565,376") == ["22.7"]
    assert sourced("It has 73.65 %.", output="73.7") == ["73.65"]  # more digits than printed
    assert sourced("With 400 labels.", code="run(400)") == []
    assert sourced("With 400 labels.", below="run(400)") == []
    assert sourced("With 400 labels.", code="run(401)  # not 400") == ["400"]
    assert sourced("It has 68.1 %.", code="assert x > 0.6811") == ["68.1"]  # code is not rounded


def test_what_is_no_claim_is_left_out() -> None:
    prose = "## 04 · Grow\n\n**2.** Lessons 03 and 05 (2019), `x[17]`, SmolLM2, ROUGE-1."
    assert sourced(prose + "\n\n1. See [this](https://x.org/1234.567).") == []
    assert sourced("17 runs, 3,000 rows, 2.5") == ["17", "3,000", "2.5"]


def test_an_entry_is_checked_though_a_cell_prints_the_number(monkeypatch) -> None:
    cells = [new_code_cell("", outputs=[new_output("stream", text="21")]), new_markdown_cell("21")]
    entry = {"05": {cells[1].id: {"21": "20 + 2"}}}
    monkeypatch.setattr(prose_numbers, "executed", lambda path: (new_notebook(cells=cells), {}))
    monkeypatch.setattr(prose_numbers, "entries", lambda: entry)
    missing, [fault] = prose_numbers.report(Path("05_x.ipynb"))
    assert not missing and "the expression is 22" in fault


@pytest.mark.parametrize(
    ("text", "entry", "fault"),
    [
        ("7,495", "load('see_it_work')['elsewhere']", None),
        ("7,496", "load('see_it_work')['elsewhere']", "the expression is 7495"),
        ("53.7", "100 * mean('see_it_work', 'accuracy', labels=50, **FRESH)", None),
        ("53.7", "100 * mean('see_it_work', 'accuracy', **FRESH)", "several rows a seed"),
        ("53.7", "mean('see_it_work', 'accuracy', labels=51)", "no row of 'see_it_work'"),
        ("95", "given: the interval's level", None),
        ("95", "given:", "say what gives it"),
        ("95", "?", "SyntaxError"),
    ],
)
def test_an_entry_holds_or_says_what_is_wrong(text: str, entry: str, fault: str | None) -> None:
    told = prose_numbers.wrong(prose_numbers.Number("00", "cell", text, 1, ""), entry)
    assert told is None if fault is None else fault in told
