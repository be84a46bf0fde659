"""The rules of the house: clean notebooks, plain names, pure figures, packages that agree."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
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
LONG = {
    "kit/guards.py": "one short check after another",
    "kit/results/tables.py": "one function a table, in the order of the document",
    "kit/tasks/translation/__init__.py": "one task, in the order of its steps",
    "kit/train/loop.py:training_steps": "the whole loop, flat, in one visible function",
    "kit/experiment.py:prepare": "half of it is its docstring",
}
"""File, or file:function, of more than 400 or 60 lines -> why it is not divided."""
RETIRED = {
    "Tokens": "Tokenizer",
    "Moves": "WeightMap",
    "moves": "weight_map",
    "Twin": "SourceTensor",
    "Origin": "TensorOrigin",
    "Remembered": "FeatureCache",
    "remembered": "feature_cache",
    "Reread": "Retokenized",
    "reread": "retokenized",
    "Turns": "Race",
    "turns": "race",
    "TagSideBySide": "TaggingRace",
    "Kept": "ResumeState",
    "_Keeper": "History",
    "Keeper": "History",
    "luck": "generator",
    "still": "freeze_encoder",
    "voices": "next_token",
    "pretext": "pseudo_headlines",
    "minute": "objectives_figure",
    "larger": "large_source",
    "both_ways": "attention_mask_figure",
    "bake": "pretrain",
    "baked": "builtin",
    "BAKED": "BUILTIN",
    "bench": "experiments",
    "epsilon": "norm_eps",
    "head_width": "head_size",
}
"""A name that the kit no longer uses -> what it is called now (CONTRIBUTING.md, Names)."""
PLACES = {
    "tests/bench": "kit/experiments",
    "kit/recorded": "kit/results/data",
    "kit.recorded": "kit.results",
    "kit/baked": "kit/sources/checkpoints",
    "kit.bake": "kit.pretrain",
    "kit/bake.py": "kit/pretrain.py",
    "kit.record": "kit.train.run",
    "kit/tokens.py": "kit/tokenizer.py",
    "kit.tokens": "kit.tokenizer",
    "kit.checkpoint": "kit.sources.checkpoint",
    "kit/data/pinned.py": "kit/data/catalog.py",
    "kit.data.pinned": "kit.data.catalog",
    "kit.sources.families": "kit.sources.weight_maps",
    "kit/sources/families.py": "kit/sources/weight_maps.py",
    "kit.processes": "kit.train.distributed",
    "kit.resume": "kit.train.resume",
    "kit.optimizer": "kit.train.optimizer",
    "kit.batches": "kit.train.batches",
    "kit.widgets.style": "kit.widgets.base.style",
    "kit.widgets.sentiment.own_data": "kit.widgets.own_data.own_data",
    "kit/widgets/sentiment/own_data.py": "kit/widgets/own_data/own_data.py",
    "kit.widgets.turns": "kit.widgets.base.race",
    "turns.py": "race.py",
}
"""A path or module that has moved -> where it is now."""
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


def test_long_files_and_functions_have_a_reason() -> None:
    """400 and 60 lines are places to look, not faults: a longer one is listed in `LONG`."""
    sizes = {}
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > 400:
            sizes[name] = lines
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if (lines := node.end_lineno - node.lineno + 1) > 60:
                sizes[f"{name}:{node.name}"] = lines
    assert sizes.keys() <= LONG.keys(), {n: k for n, k in sizes.items() if n not in LONG}


def names(path: Path) -> dict[str, int]:
    """What a module defines for others -> its line: modules, classes, functions, methods,
    arguments, fields, constants."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    found = dict.fromkeys(parts, 1)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node.lineno
        elif isinstance(node, ast.arg):
            found[node.arg] = node.lineno
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for node in (node for owner in owners for node in owner.body):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in (part for t in targets for part in ast.walk(t)):
            if isinstance(target, ast.Name):
                found[target.id] = target.lineno
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_name_is_a_retired_word(path: Path) -> None:
    bad = {name: line for name, line in names(path).items() if name in RETIRED}
    assert not bad, {f"{path.name}:{line} {name}": RETIRED[name] for name, line in bad.items()}


def test_no_text_names_a_retired_place() -> None:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    skipped = ("docs/LOG.md", "tests/test_house.py")  # the log tells of its time
    for name in filter(None, listed.split("\0")):
        if name in skipped or not (ROOT / name).is_file():
            continue
        text = (ROOT / name).read_bytes().decode("utf-8", "ignore")
        for place, now in PLACES.items():
            assert not re.search(rf"(?<![\w/]){re.escape(place)}\b", text), (
                f"{name}: {place} is {now}"
            )


FIGURES = sorted((ROOT / "kit" / "widgets").rglob("*_figure.py"))


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_is_pure_and_its_widget_stands_beside_it(path: Path) -> None:
    trees = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    imported = set()
    for node in trees:
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert not imported & {"ipywidgets", "IPython", "anywidget"}
    beside = path.with_name(path.name.replace("_figure.py", ".py"))
    if beside.exists():
        module = import_module(".".join(beside.relative_to(ROOT).with_suffix("").parts))
        shown = ("_ipython_display_", "_repr_mimebundle_", "_repr_html_")
        own = [value for value in vars(module).values() if isinstance(value, type)]
        own = [value for value in own if value.__module__ == module.__name__]
        assert any(hasattr(value, name) for value in own for name in shown), beside


def test_every_topic_of_widgets_is_a_folder() -> None:
    loose = [p.name for p in (ROOT / "kit" / "widgets").glob("*.py") if p.name != "__init__.py"]
    assert not loose, f"{loose}: a widget belongs into kit/widgets/TOPIC/"


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
    extras = ("onnx", "keras", "tensorflow", "prompt")
    optional = {Requirement(r).name for extra in extras for r in EXTRAS[extra]}
    assert {other_names.get(n, n) for n in imported} <= {r.name for r in LIBRARIES} | optional


def test_pyproject_and_the_install_page_agree_with_the_pins() -> None:
    tested = [Requirement(r) for extra in ("keras", "prompt", "dev") for r in EXTRAS[extra]]
    for requirement in LIBRARIES + tested:
        assert requirement.specifier.contains(PINS[requirement.name.replace("_", "-")]), requirement
    assert f"torch=={PINS['torch']} " in (ROOT / "docs/INSTALL.md").read_text()


def test_conda_gets_what_pip_gets() -> None:
    wanted = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    torch = "pytorch-cpu=" + ".".join(PINS["torch"].split(".")[:2])
    others = {str(r) for r in LIBRARIES if r.name != "torch"} | set(EXTRAS["keras"])
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
    shown = "\n".join(layers)
    assert f"```\n{shown}\n```" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_documents_show_the_recorded_results() -> None:
    subprocess.run([sys.executable, "-m", "kit.results", "--check"], cwd=ROOT, check=True)


def test_the_kinds_of_silent_faults_name_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "FAULTS.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| [^|]* \| ([^|]*) \|$", page, re.M)
    assert [int(kind) for kind, _ in rows] == list(range(1, 24))
    for _, named in rows:
        for file, _, names in (part.partition(":") for part in named.split("; ")):
            tests = (ROOT / "tests" / file.strip()).read_text(encoding="utf-8")
            for name in filter(None, (name.strip() for name in names.split(","))):
                assert f"def test_{name}" in tests, f"{file}: {name}"
