"""CONTRIBUTING.md is true: each of its recipes is followed in a copy of the kit, and used."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import lessons
import nbformat
import pytest
from test_words import FRAME

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"### An? (\w+)[^\n]*\n(.*?)(?=\n##)", TEXT, re.DOTALL))
BLOCKS = {
    name: re.findall(r"```python\n(.*?)```", re.sub("(?<![A-Z])NN", "77", section), re.DOTALL)
    for name, section in SECTIONS.items()
}
"""What a section adds -> its blocks of Python; the new lesson has the number 77."""
FILE = re.compile(r"# ((?:kit|tests|notebooks)/\S+)\n")
"""The first line of a block that is a whole file."""

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
        from kit import experiment, sources, tasks
        task, source = tasks.task("origins"), sources.load("rnn_encoder")
        data = task.load()
        rows, test = task.sample(data["train"], 200, seed=0), data["test"].shuffle(seed=0)
        test = test.select(range(100))
        result = experiment.run(source, "full", task, rows, test, controls=(), rate=1e-3)
        assert result.scores["f1"] > 0.7, result
        assert result.scores["accuracy"] > result.controls["before training"] + 0.1, result
        assert "<b" in task.show(test[0]["text"], "films")
    """,
    "source": """
        from dataclasses import replace
        from kit import pretrain, sources
        how = pretrain.PRETRAININGS["small_encoder"]
        assert "small_encoder" in sources.BUILTIN and "small_encoder" in sources.NAMED
        model = pretrain.Model(how.body(), pretrain.VectorHead(64))
        texts, vectors = pretrain.teacher(64)
        tokenizer = pretrain.checkpoint.load(pretrain.FOLDER / "rnn_encoder").tokenizer
        examples = pretrain.objectives.vectors(texts[:500], tokenizer, vectors[:500])
        run = pretrain.fit(model, examples, replace(how.recipe, epochs=8))
        losses = [step["loss"] for step in run.steps]
        assert losses[-1] < 0.8 * losses[0], losses
    """,
    "widget": """
        from kit.widgets import TextLengths
        from kit.widgets.labels.text_lengths_figure import figure
        shown = TextLengths([3, 10, 200, 40], limit=128)
        assert "1 of 4" in shown.status.value and len(figure([1], 2).data) == 2
        shown.limit.value = 20
        assert "2 of 4" in shown.status.value and list(shown.figure.data[1].x) == [200, 40]
        assert hasattr(shown, "_ipython_display_")
    """,
    "lesson": """
        import nbformat
        from kit import exercises
        sys.path.insert(0, "tests/solutions")
        import lesson_77
        names = {}
        for cell in nbformat.read("notebooks/77_count_words.ipynb", 4).cells:
            if cell.cell_type == "code":
                exec(cell.source, names)
        assert names["longest"] is ... and max(names["words"]) == lesson_77.SOLUTIONS["1"]()[0]
        assert exercises.check("77.1", names["longest"]).state == "open"
        assert exercises.check("77.1", *lesson_77.SOLUTIONS["1"]()).state == "right"
        said = {exercises.check("77.1", *answer) for answer in lesson_77.WRONG["1"]}
        assert {verdict.state for verdict in said} == {"wrong"} and len(said) == 2, said
        assert not [verdict for verdict in said if "cannot be judged" in verdict.text], said
        assert len(exercises.hint("77.1").texts) == 2
        assert "Every sentence is cut" in exercises.quiz("77")._repr_html_()
    """,
}
LINES = {  # what a section says in prose: file, the text there, and what replaces it
    "strategy": [
        (
            "kit/migrate/__init__.py",
            "from kit.migrate.report",
            "from kit.migrate.norms import norms_only\nfrom kit.migrate.report",
        ),
        ("kit/migrate/__init__.py", '    "full": full,', '    "norms_only": norms_only,\n\\g<0>'),
    ],
    "task": [("kit/tasks/__init__.py", '    "sentiment",', '    "origins",\n\\g<0>')],
    "source": [
        ("kit/pretrain.py", "\n\ndef pretrain(", "BLOCK\\g<0>"),
        (
            "kit/sources/builtin.py",
            '"transformer_writer")',
            '"transformer_writer", "small_encoder")',
        ),
    ],
    "widget": [
        (
            "kit/widgets/__init__.py",
            "__all__ = [",
            'from kit.widgets.labels.text_lengths import TextLengths\n\n\\g<0>\n    "TextLengths",',
        ),
    ],
    "lesson": [],
}


def notebook(block: str) -> nbformat.NotebookNode:
    """The notebook whose cells a block shows, `# %%` before each."""
    _, *cells = re.split(r"^# %%", block, flags=re.MULTILINE)
    made = nbformat.v4.new_notebook()
    for cell in cells:
        kind, _, source = cell.partition("\n")
        markdown, name = re.fullmatch(r"( \[markdown\])?(?: id=([\w-]+))?", kind).groups()
        if markdown:
            source = re.sub(r"^# ?", "", source, flags=re.MULTILINE)
        new = nbformat.v4.new_markdown_cell if markdown else nbformat.v4.new_code_cell
        made.cells.append(new(source.strip()))
        if name:
            made.cells[-1].id = name
    return made


def write(block: str, folder: Path) -> Path | None:
    """Write a block that is a whole file; None for one that is not."""
    if not (file := FILE.match(block)):
        return None
    path = folder / file[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ipynb":
        nbformat.write(notebook(block), path)
    else:
        path.write_text(block, encoding="utf-8")
    return path


@pytest.mark.parametrize("what", USE)
def test_a_recipe_can_be_followed(what: str, tmp_path: Path, data) -> None:
    shutil.copytree(ROOT / "kit", tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    for block in BLOCKS[what]:
        write(block, tmp_path)
    for path, old, new in LINES[what]:
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {old}"
        new = new.replace("BLOCK", BLOCKS[what][0].replace("\\", "\\\\"))
        (tmp_path / path).write_text(re.sub(re.escape(old), new, text), encoding="utf-8")
    lines = [line[8:] for line in USE[what].splitlines()]
    begin = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT / 'tests')!r}]\n"
    (tmp_path / "use.py").write_text(begin + "\n".join(lines), encoding="utf-8")
    done = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


FILES = [block for blocks in BLOCKS.values() for block in blocks if FILE.match(block)]


@pytest.mark.parametrize("block", FILES, ids=lambda block: block.partition("\n")[0])
def test_a_recipe_has_the_style_of_the_house(block: str) -> None:
    command = [sys.executable, "-m", "ruff"]
    name = FILE.match(block)[1].replace(".ipynb", ".py")
    for ask in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [*command, *ask, "--stdin-filename", name, "-"],
            input=block.partition("\n")[2],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_path_that_the_text_names_exists() -> None:
    paths = re.findall(r"`((?:kit|tests|notebooks|docs)/[\w/]+(?:\.\w+)?)`", TEXT)
    assert len(paths) > 20
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not [path for path in missing if not re.search("NN|TOPIC|NAME", path)], missing


def test_a_lesson_gets_what_all_share(tmp_path: Path, monkeypatch) -> None:
    [path] = filter(None, (write(b, tmp_path) for b in BLOCKS["lesson"] if ".ipynb\n" in b))
    path.write_text(lessons.contents(path, "a/b"), encoding="utf-8")
    made = nbformat.read(path, 4)
    assert [cell.id for cell in made.cells][1:4] == ["badges", "setup", "before"]
    assert [cell.id for cell in made.cells if cell.id in FRAME] == list(FRAME)
    assert all(cell.metadata["slideshow"]["slide_type"] for cell in made.cells)
    with pytest.raises(SystemExit, match="write the minutes that it takes"):
        lessons.course([path], "a/b")
    monkeypatch.setitem(lessons.MINUTES, "77", 15)
    row = "| [77 · Count words](notebooks/77_count_words.ipynb) | How many words does a film"
    assert row in lessons.course([path], "a/b")
    made.cells[0].source = "# Count words"
    nbformat.write(made, path)
    with pytest.raises(SystemExit, match="the lesson's question in bold"):
        lessons.course([path], "a/b")


def test_a_lesson_keeps_the_badges_of_the_fork_and_the_rest_stays(capsys, monkeypatch) -> None:
    """`make notebooks` in a clone of a fork changes no other lesson, and no loose notebook."""
    before = {path: path.read_bytes() for path in (*lessons.committed(), lessons.README)}
    monkeypatch.setattr(lessons, "committed", lambda: list(before)[:-2])  # as if not added
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: wrote.append((path, text)))
    wrote: list = []
    lessons.main()
    assert f"{list(before)[-2].name} is no lesson yet: git add it" in capsys.readouterr().out
    lessons_written = [path for path, _ in wrote if path.suffix == ".ipynb"]
    assert lessons_written == list(before)[:-2]
    assert all(lessons.contents_now(path) == text for path, text in wrote[:-1])
