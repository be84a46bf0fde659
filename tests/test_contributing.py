"""CONTRIBUTING.md is true: each of its recipes is followed in a copy of the kit, and used."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import lessons
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"### A (\w+)\n.*?```python\n(.*?)```", TEXT, re.DOTALL))

USE = {
    "strategy": """
        from migrations import head, source
        from kit.migrate import migrate
        made = migrate(source("bert"), head("norms_only", source("bert")), "norms_only")
        trained = [o.name for o in made.origins if o.rate]
        assert any("norm" in name for name in trained) and any("head" in name for name in trained)
        assert not [n for n in trained if "norm" not in n and "head" not in n], trained
    """,
    "task": """
        from dataclasses import replace
        from kit import sources, tasks
        from kit.migrate import migrate
        from kit.train import fit
        task, source = tasks.task("origins"), sources.load("rnn_encoder")
        data, target = task.load(), migrate(source, task.head, rate=1e-3)
        rows, test = task.sample(data["train"], 200, seed=0), data["test"].shuffle(seed=0)
        test = test.select(range(100))
        fit(target.model, task.encode(rows, source.tokenizer), task.recipe(200), groups=target.groups)
        answers = task.predict(target.model, source.tokenizer, tasks.inputs(task, test))
        found, trivial = task.score(answers, test), task.baselines(rows, test)
        assert found["f1"] > 0.7, (found, trivial)
        assert "<b" in task.show(test[0]["text"], answers[0])
    """,
    "source": """
        import sys
        from dataclasses import replace
        from kit import pretrain
        exec(open(sys.argv[1]).read(), vars(pretrain))
        made = pretrain.PRETRAININGS["small_encoder"]
        model = pretrain.Model(made.body(), pretrain.VectorHead(64))
        texts, vectors = pretrain.teacher(64)
        tokens = pretrain.checkpoint.load(pretrain.FOLDER / "rnn_encoder").tokenizer
        examples = pretrain.objectives.vectors(texts[:500], tokens, vectors[:500])
        run = pretrain.fit(model, examples, replace(made.recipe, epochs=8))
        losses = [step["loss"] for step in run.steps]
        assert losses[-1] < 0.8 * losses[0], losses
    """,
    "widget": """
        from kit.widgets.lengths import Lengths, figure
        made = Lengths([3, 10, 200, 40], limit=128)
        assert "1 of 4" in made.status.value and len(figure([1], 2).data) == 2
        made.limit.value = 20
        assert "2 of 4" in made.status.value and list(made.figure.data[1].x) == [200, 40]
    """,
}
LINES = {  # what the recipe says in prose: file, what stands there, and what is to stand there
    "strategy": [
        (
            "kit/migrate/__init__.py",
            "from kit.migrate.report",
            "from kit.migrate.norms import norms_only\nfrom kit.migrate.report",
        ),
        ("kit/migrate/__init__.py", '    "full": full,', '    "norms_only": norms_only,\n\\g<0>'),
    ],
    "task": [("kit/tasks/__init__.py", '    "sentiment",', '    "origins",\n\\g<0>')],
}


@pytest.mark.parametrize("what", USE)
def test_a_recipe_can_be_followed(what: str, tmp_path: Path, data) -> None:
    shutil.copytree(ROOT / "kit", tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    block = BLOCKS[what]
    name = re.match(r"# (kit/\S+)\n", block)
    (tmp_path / (name[1] if name else "block.py")).write_text(block)
    for path, there, wanted in LINES.get(what, ()):
        text = (tmp_path / path).read_text()
        assert there in text
        (tmp_path / path).write_text(re.sub(re.escape(there), wanted, text, count=1))
    lines = [line[8:] for line in USE[what].splitlines()]
    begin = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT / 'tests')!r}]\n"
    (tmp_path / "use.py").write_text(begin + "\n".join(lines))
    command = [sys.executable, "use.py", "block.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("what", [what for what in USE if BLOCKS[what].startswith("# kit")])
def test_a_recipe_has_the_style_of_the_house(what: str) -> None:
    command = [sys.executable, "-m", "ruff"]
    for ask in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [*command, *ask, "--stdin-filename", "kit/block.py", "-"],
            input=BLOCKS[what].partition("\n")[2],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_lesson_gets_what_all_share(tmp_path: Path) -> None:
    path = tmp_path / "77_try_something.ipynb"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 77 · Try something\n\n**Does it work?**"),
            nbformat.v4.new_code_cell("1 + 1"),
        ]
    )
    nbformat.write(notebook, path)
    path.write_text(lessons.contents(path, "a/b"), encoding="utf-8")
    made = nbformat.read(path, 4)
    assert [cell.id for cell in made.cells][1:3] == ["badges", "setup"]
    assert all(cell.metadata["slideshow"]["slide_type"] for cell in made.cells)
    assert "77 · Try something" in lessons.course([path], "a/b")
