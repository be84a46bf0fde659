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

ROOT = Path(__file__).parent.parent
CHAPTERS = ["quizzes", "hints", "verdicts", "errors", "tables", "widgets", "lessons", "figures"]
QUOTED = re.compile(
    r"(?<!\w)'[^'àéîõüý]*'(?!\w)|“[^”àéîõüý]*”|\"[^\"àéîõüý]*\"|`[^`]*`|\[[^\]àéîõüý]*\]"
    r"|python -m \S+ \w+|Càll ît lîké .*|\S*[_./=]\w\S*|\w*\d\w*"
)
"""Values, code, calls, commands and file names in a text."""
ALLOWED = {
    "models, methods, libraries and machines have names": "AMD EPYC Intel Xeon Processor GPU CPU "
    "Python torch cpu BLEU ROUGE TF-IDF GloVe MiniLM SmolLM2 LogME TransRate N-LEEP H-score GELU "
    "GRU SwiGLU LayerNorm RMSNorm Transformer glove smollm minilm translator transformers kit",
    "strategies, tasks, domains and results are called so in code": "adapter deepen distil lora "
    "narrow reinitialised widen full frozen gradual mixed parameter structure scratch fresh "
    "freeze multilingual leakage prompting quantized bias report reports strategies summaries "
    "torture replays gpu "
    "transferability domains entities films headlines translation news products tweets "
    "editorials messages topics reuters slovene chinese accuracy embeddings head blocks mean layer "
    "pretrained trained tag pretrain migrate fine-tune control lead summarise translate classify",
    "the recorded results are looked up by these": "linear probe chosen weighty eight words first "
    "spread layers duplicate variant near-duplicate surface form class name easy rows shortcut "
    "group leak labels wrong tokens per second seconds most frequent from yes no none width people "
    "peak memory chat text bits",
    "the report of a migration says it so": "copied projected sliced widened composed "
    "rounded chosen",
    "the summary of a model has the names of its configuration": "Bidirectional activation all "
    "attention causal decoder feed-forward grouped learned norm norms positions post pre rotary "
    "shapes share cell direction forget forward input output two-way layers host memory precision "
    "widgets parameters seeds bytes",
    "languages": "Catalan Chinese English French German Italian Japanese Polish Portuguese "
    "Romanian Russian Spanish Ukrainian ca de en es it ja ro ru uk",
    "kinds of data are put together from these": "pairs of texts",
    "Python says it": "None IndexError empty pop list Descent LossCurves missing required argument "
    "got an unexpected keyword a November up nan",
    "arguments, units and code": "nats for in seed ids columns wants examples beams stop tuple "
    "Column source fit read decode generate search label A",
    "data": "Mean negative positive train test axolotl means model at object and",
}
"""Why words stay English -> these words."""
DATA = ("figures: occupations", "verdicts: 12.3", "lessons: Words", "figures: tasks")
DATA += ("widgets: Reading", "widgets: NextToken", "lessons: Translate")
"""What shows so many texts and words of data that only some marked word is looked for."""


@pytest.fixture(scope="module")
def course() -> translate_texts.Texts:
    return translate_texts.Texts()


@pytest.fixture(scope="module")
def seen(course, tmp_path_factory, data) -> dict[str, list[str]]:
    """Place -> the texts that a reader sees, with the kit of the pseudo-language."""
    folder = tmp_path_factory.mktemp("pseudo")
    course.write_kit(folder, translate.pseudo)
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/pseudo_course.py"), *CHAPTERS]
    run = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(folder)}
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def unmarked(text: str) -> list[str]:
    """Words of a text of the pseudo-language without a mark, and with a letter that has one."""
    words = re.findall(r"[^\W\d_][\w'’-]*", QUOTED.sub(" ", text))
    return [w for w in words if re.search("[aeiouy]", w, re.I) and w.isascii()]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_visible_word_of_the_pseudo_language_is_marked(seen, chapter: str) -> None:
    allowed = {word for words in ALLOWED.values() for word in words.split()}
    places = [place for place in seen if place.startswith(chapter)]
    assert len(places) >= 10
    for place in places:
        assert any(re.search("[àéîõüýÀÉÎÕÜÝ]", text) for text in seen[place]), place
        if place not in DATA:
            left = {w.strip("'’-") for text in seen[place] for w in unmarked(text)} - allowed
            assert not left, (place, left)


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
