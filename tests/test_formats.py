"""docs/FORMATS.md: written from the code's tables and from examples that are tried."""

import ast
import inspect

import formats
import pytest
from huggingface_hub import HfApi

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


def test_the_calls_of_the_hub_are_those_of_its_library() -> None:
    code = formats.HUB.split("```python")[1].split("```")[0]
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    methods = [call for call in calls if isinstance(call.func, ast.Attribute)]
    assert [call.func.attr for call in methods] == ["create_repo", "upload_folder"]
    for call in methods:
        options = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        given = [ast.literal_eval(argument) for argument in call.args]
        inspect.signature(getattr(HfApi, call.func.attr)).bind(None, *given, **options)
