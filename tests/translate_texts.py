"""The texts that readers see in the kit, in the lessons' code and in scripts: taken out, put back.

The context of a message is its file ("kit/html.py"), or the lesson ("03.code"), so that it survives
moved lines; a text that stands twice in a file has one translation, so that a label which the file
also looks up still fits. A phrase that several files look up has one for all of them: "course".
"""

import ast
import io
import re
import shutil
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lessons
import nbformat
from babel.messages.catalog import Catalog
from nbformat import NotebookNode
from translate_rules import KEPT, Rules, has_words
from translate_source import Text, rewritten, texts, walk

__all__ = ["Message", "Texts", "Translation", "check", "marked"]

ROOT = Path(__file__).parent.parent
MARKED = str.maketrans("aeiouyAEIOUY", "àéîõüýÀÉÎÕÜÝ")
SHARED = "course"
COMMENT = re.compile(r"#\s*(?=\S*[A-Za-z]{2})(?!NBVAL|noqa|type:|fmt:)")
SCRIPT = re.compile(
    r"includes\([^)]*\)|//[^\n]*|/\*.*?\*/|(?P<quote>[\"`])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)",
    re.S,
)
SCRIPT_STYLE = re.compile(r"[\w-]+: [^;]+;")
Translation = Callable[[str, str], str]
"""From the context and the message to its translation, "" where there is none."""


@dataclass(frozen=True)
class Message:
    """A text that a reader sees."""

    context: str
    text: str
    kind: str
    """What it is: "error", "exercise", "quiz", "widget", "figure", "table", ..."""
    place: tuple[str, int]
    """File, and line (0 in a lesson)."""
    where: str = ""
    """The function or class."""
    formatted: bool = False
    """Whether it is an f-string: `{{` is a brace then."""


class Texts:
    """The texts of a course: of its package `kit`, and of its lessons' code."""

    @cached_property
    def python(self) -> dict[str, str]:
        """File of the kit -> its code."""
        paths = sorted((ROOT / "kit").rglob("*.py"))
        return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}

    @cached_property
    def scripts(self) -> dict[str, str]:
        paths = sorted((ROOT / "kit").rglob("*.js"))
        return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}

    @cached_property
    def cells(self) -> dict[str, str]:
        """03.code -> the code of the lesson's cells, without its set-up."""
        return {
            f"{path.name[:2]}.code": "\n\n".join(c.source for c in code_cells(path))
            for path in lessons.committed()
        }

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.python | self.cells, sorted((ROOT / "kit").rglob("*.json")))

    def context(self, file: str, text: Text) -> str:
        return SHARED if self.rules.shared(text) else file

    def messages(self) -> Iterator[Message]:
        """Every text, in the order of files and lines."""
        for file, strings in self.rules.shown.items():
            for text in strings:
                line = 0 if file in self.cells else text.node.lineno
                formatted = isinstance(text.node, ast.JoinedStr)
                context, kind = self.context(file, text), kind_of(file, text)
                yield Message(context, text.message, kind, (file, line), text.where, formatted)
        for file, code in self.cells.items():
            for comment in comments(code):
                yield Message(file, comment, "comment", (file, 0))
        for file, code in self.scripts.items():
            for text in script_texts(code):
                yield Message(file, text, "script", (file, 0))

    def english(self) -> dict[str, Counter]:
        """Why phrases stay English -> these phrases, counted."""
        found: dict[str, Counter] = {}
        for file, strings in self.rules.texts.items():
            for text in strings:
                reason = self.rules.why_not(file, text) if has_words(text.message) else ""
                if reason.startswith("it is") or reason == "a name that is looked up":
                    found.setdefault(reason, Counter())[text.message] += 1
        return found

    def add_to(self, catalog: Catalog) -> None:
        """Add the messages, and say in its header what stays English."""
        for one in self.messages():
            catalog.add(
                one.text,
                context=one.context,
                locations=[one.place],
                auto_comments=[f"{one.kind}, in {one.where}" if one.where else one.kind],
                flags=["python-brace-format"] if one.formatted else [],
            )
        kept = [f"# {why}: {', '.join(map(repr, these))}" for why, these in self.english().items()]
        catalog.header_comment = "\n".join([*catalog.header_comment.splitlines(), STAYS, *kept])

    def file(self, name: str, translation: Translation, code: str = "") -> str:
        """The code of a file of the kit, translated, or of a cell of the lesson "03.code"."""

        rules = self.rules
        strings = texts(walk(ast.parse(code))) if code else rules.texts[name]
        strings = list(strings)  # they are known by their ids
        if code:
            shown = [t for t in strings if has_words(t.message) and not rules.why_not(name, t)]
        else:
            shown = rules.shown[name]
        seen = {id(text) for text in shown}

        def put(text: Text) -> str:
            if id(text) not in seen:
                return ""
            context = self.context(name, text)
            where = f"{name}, {text.where}" if text.where else name
            return check(where, text.message, translation(context, text.message))

        return rewritten(code or self.python[name], strings, put)

    def cell(self, name: str, source: str, translation: Translation) -> str:
        """The code of a cell with its comments, translated."""
        code = self.file(name, translation, source)
        lines = code.splitlines()
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            start = COMMENT.match(token.string) if token.type == tokenize.COMMENT else None
            words = start and check(name, *twice(translation, name, token.string[start.end() :]))
            if words:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column] + start[0] + words
        return "\n".join(lines)

    def lesson(self, notebook: NotebookNode, path: Path, translation: Translation) -> None:
        """Translate the code cells of a lesson, in place. What one of them printed in English, and
        the request to compare it, are taken out."""
        for cell in notebook.cells:
            if cell.cell_type != "code" or cell.id == "setup":
                continue
            source = self.cell(f"{path.name[:2]}.code", cell.source, translation)
            if source != cell.source and cell.outputs:
                cell.outputs = []
                source = re.sub(r"# NBVAL_CHECK_OUTPUT\n?", "", source)
            cell.source = source

    def write_kit(self, folder: Path, translation: Translation) -> None:
        """Write the package `kit`, translated, into the folder."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "kit", folder / "kit", ignore=ignored, dirs_exist_ok=True)
        for name in self.python:
            (folder / name).write_text(self.file(name, translation), encoding="utf-8")
        for name, code in self.scripts.items():
            (folder / name).write_text(script(name, code, translation), encoding="utf-8")


STAYS = """\
#
# A message is a Markdown cell (context: lesson.cell), a text of the kit (its file), of a lesson's
# code (03.code), or a phrase that several files look up (course). What stays English:"""


def twice(translation: Translation, context: str, text: str) -> tuple[str, str]:
    """The text and its translation."""
    return text, translation(context, text)


def check(where: str, source: str, translation: str, kept: re.Pattern = KEPT) -> str:
    """The translation, "" for none; a ValueError if it has lost or changed what must be kept."""
    if not translation:
        return ""
    wanted, found = (Counter(kept.findall(text)) for text in (source, translation))
    if wanted != found:
        lost, new = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        raise ValueError(
            f"{where}: the translation lacks {lost} and adds {new}: correct it. "
            f"The English is {source[:80]!r}."
        )
    return translation


def marked(source: str, kept: re.Pattern = KEPT) -> str:
    """The text in a language in which every word is marked and can still be read: àéîõü."""
    parts, end = [], 0
    for part in kept.finditer(source):
        parts += [source[end : part.start()].translate(MARKED), part[0]]
        end = part.end()
    return "".join([*parts, source[end:].translate(MARKED)])


def kind_of(file: str, text: Text) -> str:
    """What a message is, for translators and for counting."""
    if text.role == "docstring":
        return "docstring of a lesson"
    if file[:2].isdigit():
        return "lesson"
    if "raise" in text.roles or any(r.startswith(("KitError()", "Refusal()")) for r in text.roles):
        return "error"
    if file == "kit/guards.py":
        return "error"
    folder, name = file.split("/")[1], Path(file).stem
    if folder == "exercises":
        return "quiz" if name.startswith("quiz") else "exercise"
    if folder == "widgets":
        return "figure" if name.endswith("_figure") else "widget"
    return "table" if folder == "results" else "report"


def code_cells(path: Path) -> Iterator[NotebookNode]:
    """The code cells of a lesson except its set-up, which `tests/lessons.py` writes."""
    cells = nbformat.read(path, 4).cells
    return (cell for cell in cells if cell.cell_type == "code" and cell.id != "setup")


def comments(code: str) -> Iterator[str]:
    """The words of the comments."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        start = COMMENT.match(token.string) if token.type == tokenize.COMMENT else None
        if start:
            yield token.string[start.end() :]


def script_texts(code: str) -> Iterator[str]:
    """The phrases in the strings of a script in JavaScript."""
    return (found["text"] for found in SCRIPT.finditer(code) if is_phrase(found))


def is_phrase(found: re.Match) -> bool:
    text = re.sub(r"\$\{[^}]*\}", "0", found["text"] or "")
    return bool(re.search(r"[A-Za-z]{2}.* .*[A-Za-z]{2}", text) and not SCRIPT_STYLE.search(text))


def script(name: str, code: str, translation: Translation) -> str:
    """A script in JavaScript, translated."""

    def put(found: re.Match) -> str:
        words = is_phrase(found) and check(name, *twice(translation, name, found["text"]))
        return found["quote"] + words.replace('"', "”") + found["quote"] if words else found[0]

    return SCRIPT.sub(put, code)
