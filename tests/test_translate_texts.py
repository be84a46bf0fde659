"""The texts of the kit and of the lessons' code can be taken out and put back, word for word."""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import translate
import translate_texts
from babel.messages.catalog import Catalog
from translate_rules import Rules
from translate_source import rewritten, texts, walk

from kit.display_names import DISPLAY_NAMES, display_name, name_options
from kit.results.style import styled

ROOT = Path(__file__).parent.parent
CHAPTERS = ["quizzes", "hints", "verdicts", "errors", "tables", "widgets", "lessons", "figures"]
QUOTED = re.compile(
    r"(?<!\w)'[^'àéîõüý]*'(?!\w)|“[^”àéîõüý]*”|\"[^\"àéîõüý]*\"|`[^`]*`|\[[^\]àéîõüý]*\]"
    r"|python -m \S+ \w+|Càll ît lîké .*|\S*[_./=]\w\S*|\w*\d\w*"
)
"""Values, code, calls, commands and file names in a text."""
ALLOWED = {
    "models, methods, libraries and machines have names": "AMD EPYC Intel Xeon Processor GPU CPU "
    "Python PyTorch TensorFlow JAX Keras torch "
    "BLEU ROUGE TF-IDF GloVe MiniLM LogME TransRate N-LEEP H-score GELU GRU SwiGLU "
    "LayerNorm RMSNorm Transformer minilm transformers kit nats",
    "strategies are called so in code": "adapter deepen distil frozen full gradual lora narrow "
    "reinitialised widen",
}
"""Why words stay English everywhere -> these words."""
TYPED = {
    "errors": "Column Descent LossCurves None bias bytes ca causal columns conversion de decode "
    "domains beams editorials "
    "en entities es examples films fit frameworks freeze generate glove gpu ids it ja layer "
    "leakage list messages migrate multilingual neuroner news norm onnx processes products "
    "prompting quantized "
    "read replays report ro ru "
    "search seed smollm source stop strategies structure summaries tokens torture transferability "
    "translation translator tuple tweets uk wants "
    "a an argument got keyword missing nan required unexpected",
    "figures": "a",
    "hints": "for in train",
    "verdicts": "A films label negative positive IndexError empty from list pop up",
    "widgets": "a Mean axolotl means model test train",
}
"""Chapter -> words of code that a message names to be typed, of Python's own messages, and of the
data that a test gave."""
DATA = ("figures: occupations", "verdicts: 12.3", "lessons: Words", "figures: tasks")
DATA += ("widgets: Reading", "widgets: NextToken", "lessons: Translate")
"""What shows so many texts and words of data that only some marked word is looked for."""


@pytest.fixture(scope="module")
def course() -> translate_texts.Texts:
    return translate_texts.Texts()


def run_course(kit: Path, chapters: list[str]) -> dict[str, dict[str, list[str]]]:
    """Place -> the texts and the numbers that a reader sees, with the kit of a folder."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/pseudo_course.py"), *chapters]
    environment = os.environ | {"PYTHONPATH": str(kit)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def seen(course, tmp_path_factory, data) -> dict[str, dict[str, list[str]]]:
    """Place -> the texts and the numbers that a reader sees of the pseudo-language."""
    folder = tmp_path_factory.mktemp("pseudo")
    course.write_kit(folder, translate.pseudo)
    return run_course(folder, CHAPTERS)


def unmarked(text: str) -> list[str]:
    """Words of a text of the pseudo-language without a mark, and with a letter that has one."""
    words = re.findall(r"[^\W\d_][\w'’-]*", QUOTED.sub(" ", text))
    return [w for w in words if re.search("[aeiouy]", w, re.I) and w.isascii()]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_visible_word_of_the_pseudo_language_is_marked(seen, chapter: str) -> None:
    allowed = {*" ".join([*ALLOWED.values(), TYPED.get(chapter, "")]).split()}
    places = [place for place in seen if place.startswith(chapter)]
    assert len(places) >= 10
    for place in places:
        assert any(re.search("[àéîõüýÀÉÎÕÜÝ]", text) for text in seen[place]["texts"]), place
        if place not in DATA:
            left = {w.strip("'’-") for text in seen[place]["texts"] for w in unmarked(text)}
            left -= allowed
            assert not left, (place, left)


def test_the_numbers_of_tables_and_figures_are_the_same_in_the_pseudo_language(seen) -> None:
    """A key that was translated in one place finds nothing: a table has empty cells then."""
    english = run_course(ROOT, ["tables", "figures", "widgets"])
    for place, shown in english.items():
        assert shown["numbers"] == seen[place]["numbers"], place
    assert sum(len(shown["numbers"]) > 20 for shown in english.values()) > 30


def test_what_is_put_back_in_english_is_the_same_code(course) -> None:
    """Every string has a place, and only strings were changed."""
    for name, code in course.python.items():
        new = course.file(name, lambda _, message: message)
        assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(code)), name
    for name, code in course.cells.items():
        new = course.cell(name, code, lambda _, message: message)
        assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(code)), name
    for name, code in course.scripts.items():
        assert translate_texts.script(name, code, lambda _, message: message) == code


def test_all_kinds_of_texts_go_out(course) -> None:
    messages = [*course.messages()]
    kinds = Counter(message.kind for message in messages)
    assert min(kinds[kind] for kind in ("error", "exercise", "quiz", "figure", "widget")) > 200
    assert min(kinds[kind] for kind in ("table", "report", "lesson")) > 200 and kinds["script"] > 4
    catalog = Catalog()
    course.add_to(catalog)
    assert len(catalog) == len({(message.context, message.text) for message in messages})
    assert "it is looked up in recorded results: 'shared words'" in catalog.header_comment


def test_a_name_that_is_looked_up_is_shown_in_the_language_of_the_course(monkeypatch) -> None:
    """The key stays, also in a name that is put together; in English nothing changes."""
    assert all(name == text for name, text in DISPLAY_NAMES.items())
    monkeypatch.setitem(DISPLAY_NAMES, "films", "filmes")
    monkeypatch.setitem(DISPLAY_NAMES, "layers", "camadas")
    monkeypatch.setitem(DISPLAY_NAMES, "two films", "dois filmes")
    assert display_name("films") == "filmes" and display_name("films, LoRA") == "filmes, LoRA"
    assert display_name("3 layers, films") == "3 camadas, filmes"
    assert display_name("of films and layers") == "of films and layers"
    assert display_name("two films") == "dois filmes" and display_name("") == ""
    assert name_options(["films", "new"]) == [("filmes", "films"), ("new", "new")]
    assert "filmes" in styled([("films", (0.5, 0.1))], ["task", "score"]).to_html()


SOURCE = '''\
LOOK = {"a key": "color:red", "full": "with a source"}


def say(rows, name):
    """Not shown."""
    way = "larger" if rows else "smaller"  # a comment
    if name == "a key":
        raise KitError(f"{rows:,} rows of {name!r} are {way}: give {'more' if rows else 'fewer'}.")
    return Button(description="Stop", icon="stop"), open("a file.txt")
'''


def in_french(text: str) -> str:
    return {
        "{rows} rows of {name} are {way}: give {value}.": "{name} : {value}, {way}, {rows} lignes.",
        "larger": "plus grand",
        "more": "plus",
        "Stop": "Arrêt",
        "with a source": "avec une source",
    }.get(text, "")


def put(code: str, translation) -> str:
    rules = Rules({"kit/widgets/a.py": code})

    def words(text) -> str:
        if rules.why_not("kit/widgets/a.py", text):
            return ""
        return translate_texts.check("a.py, say", text.message, translation(text.message))

    return rewritten(code, texts(walk(ast.parse(code))), words)


def test_a_translation_moves_placeholders_and_leaves_all_else_alone() -> None:
    new = put(SOURCE, in_french)
    assert "f\"{name!r} : {('plus' if rows else 'fewer')}, {way}, {rows:,} lignes.\"" in new
    assert "way = 'plus grand' if rows else \"smaller\"  # a comment" in new
    assert 'description=\'Arrêt\', icon="stop"), open("a file.txt")' in new
    assert "\"full\": 'avec une source'" in new and '"a key": "color:red"' in new
    assert '"""Not shown."""' in new


@pytest.mark.parametrize("lost", ["{rows}", "{name}", "{way}", "{value}"])
def test_a_translation_without_a_placeholder_is_refused_by_its_place(lost: str) -> None:
    with pytest.raises(ValueError, match=rf"^a.py, say: the translation lacks \['{lost}'\]"):
        put(SOURCE, lambda text: in_french(text).replace(lost, "") if lost in text else "")


def test_what_is_fuzzy_or_missing_stays_english(course) -> None:
    catalog = Catalog()
    course.add_to(catalog)
    name, text = "kit/widgets/base/thinking.py", "Thinking …"
    message = translate.from_catalog(catalog)
    assert course.file(name, message) == course.python[name]
    catalog.get(text, context=name).string = "Je réfléchis …"
    assert "'Je réfléchis …'" in course.file(name, message)
    catalog.get(text, context=name).flags.add("fuzzy")
    assert course.file(name, message) == course.python[name]


def test_the_code_of_a_lesson_is_translated_and_its_old_output_goes(course) -> None:
    [path] = (ROOT / "notebooks").glob("01_*.ipynb")
    lesson = nbformat.read(path, 4)
    cell = next(cell for cell in lesson.cells if cell.id == "cell-03")
    cell.outputs = [nbformat.v4.new_output("stream", text="the right class got")]
    cell.source = f"# NBVAL_CHECK_OUTPUT\n{cell.source}"
    course.lesson(lesson, path, translate.pseudo)
    assert "# twõ põsîtîvé révîéws, à négàtîvé õné" in cell.source and not cell.outputs
    assert "thé rîght clàss gõt {p:.2f}" in cell.source and "NBVAL" not in cell.source
