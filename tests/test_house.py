"""The rules of the house: clean notebooks, short files, packages that agree, nothing foreign."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "kit").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LIBRARIES = [Requirement(r) for r in PROJECT["dependencies"] + EXTRAS["huggingface"]]
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)
# In pieces, so that this file may be searched too.
FOREIGN = ["/work" + "/", "pypi" + ".org", "python" + "hosted", "npmjs" + ".org", "npmjs" + ".com"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_committed_clean(path: Path) -> None:
    assert path.stat().st_size < 200_000
    notebook = json.loads(path.read_text())
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            compared = "NBVAL_CHECK_OUTPUT" in "".join(cell["source"])
            # nbval compares nothing where no output is stored.
            assert bool(cell["outputs"]) == compared, "".join(cell["source"])
            assert compared or cell["execution_count"] is None


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 330
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 50, node.name


def test_what_the_kit_imports_is_declared() -> None:
    trees = [ast.parse(path.read_text()) for path in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    imported = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"kit"}
    other_names = {
        "IPython": "ipywidgets",
        "charset_normalizer": "charset-normalizer",
        "rouge_score": "rouge-score",
        "sklearn": "scikit-learn",
        "yaml": "PyYAML",
    }
    assert {other_names.get(n, n) for n in imported} <= {r.name for r in LIBRARIES}


def test_pyproject_and_the_readme_agree_with_the_pins() -> None:
    for requirement in LIBRARIES + [Requirement(r) for r in EXTRAS["dev"]]:
        assert requirement.specifier.contains(PINS[requirement.name.replace("_", "-")]), requirement
    assert f"torch=={PINS['torch']} " in (ROOT / "README.md").read_text()


def test_conda_gets_what_pip_gets() -> None:
    wanted = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    torch = "pytorch-cpu=" + ".".join(PINS["torch"].split(".")[:2])
    others = {str(r) for r in LIBRARIES if r.name != "torch"}
    assert set(wanted) == {"python=3.12", "pip", torch} | others


def test_no_path_of_one_machine_and_no_registry_is_named() -> None:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for path in filter(None, listed.split("\0")):
        content = (ROOT / path).read_bytes().decode("utf-8", "ignore")
        found = re.search("|".join(map(re.escape, FOREIGN)), content)
        assert not found, f"{path}: {found[0]}"


def test_contributing_shows_the_layers_as_they_are_checked() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    shown = "\n".join(re.sub("[()]", "", layer) for layer in layers)
    assert f"```\n{shown}\n```" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_readme_shows_the_recorded_results() -> None:
    subprocess.run([sys.executable, ROOT / "kit/results/tables.py", "--check"], check=True)
