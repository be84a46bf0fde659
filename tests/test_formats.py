"""docs/FORMATS.md: written from the code's tables and from examples that are tried."""

import formats
import pytest

from kit.data.own import readers
from kit.sources import weight_maps


@pytest.fixture(scope="module")
def page() -> str:
    return formats.page()


def test_the_page_is_what_the_command_writes(page: str) -> None:
    assert formats.PAGE.read_text(encoding="utf-8") == page, "run python tests/formats.py"


def test_every_name_of_the_tables_is_on_the_page(page: str) -> None:
    for name in (*readers.KINDS, *weight_maps.FAMILIES, *weight_maps.ACTIVATIONS):
        assert name in page
    assert all(len(line) < 600 for line in page.splitlines()) and "/tmp" not in page


def test_a_new_ending_needs_an_example(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(readers.KINDS, ".xyz", readers.KINDS[".csv"])
    with pytest.raises(SystemExit, match=r"no example of \['.xyz'\]"):
        formats.files(tmp_path)


def test_what_is_not_refused_any_more_ends_the_command() -> None:
    with pytest.raises(SystemExit, match="nothing is not refused"):
        formats.message("nothing", lambda: None)
