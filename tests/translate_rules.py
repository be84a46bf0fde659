"""Which strings of the kit and of the lessons' code a reader sees, and why others stay English."""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from translate_source import Text, texts, walk

READ = "a text that English models read"

__all__ = ["KEPT", "Rules", "has_words"]

TAG = r"<style.*?</style>|</?[a-zA-Z][^<>]*>"
REST = r'"(?:\s+[\w-]+="[^"<>]*")*\s*/?>'
TITLE = rf'<[a-z][^<>]*?\b(?:title|aria-label)="(?=[a-zA-Z])|{REST}'
PART = rf"^[^<>`]*?{REST}|<[a-z][^<>]*$"
PLACE = r"%?\{+[^{}]*\}+"
NAMED = r"^[A-Z]\w+\((?=\{)|python -m [\w.]+(?: [a-z_]+)?|\bkit[./][\w./]+|\b[A-Z]+_[A-Z_]+\b"
KEPT = re.compile(
    rf"{TITLE}|{TAG}|{PART}|{PLACE}|{NAMED}|```.*?```|`[^`\n]+`|https?://[^\s)]+|&[\w#]+;|\d+",
    re.DOTALL,
)
"""What a translation of a string has to keep: HTML tags, without a title or an aria-label in them;
placeholders, code, addresses, commands, names of modules and of variables, numbers."""

SHOWN = {
    "aria_label", "by_hand", "caption", "column_titles", "columns", "description", "gains",
    "heading", "heads", "hints", "hovertemplate", "label", "legend", "placeholder", "row_titles",
    "subplot_titles", "text", "texttemplate", "ticktext", "title", "title_text", "tooltip",
    "titles", "x_title", "xaxis_title", "y_title", "yaxis_title",
}  # fmt: skip
"""Arguments and variables whose text is shown even if it is one word."""
FIGURE = {"hovertemplate", "label", "name", "text", "texttemplate", "ticktext", "title"}
"""The same for the keys of a widget's figure."""
SAY = {
    "Exercise", "HTML", "KitError", "Label", "Problem", "Question", "Refusal", "bold", "card",
    "escape", "label", "note", "part", "pill", "print", "put", "right", "say", "set_caption",
    "station", "styled", "table", "two_states", "warn", "with_code", "wrong", "__init__", "_say",
    "_slabs",
}  # fmt: skip
"""Functions that show their text even if it is one word."""
STATE = {"note", "right", "say", "wrong", "_say"}
"""Those of them whose first argument alone is shown; the next is a state."""
PLACE_SHOWN = {"station": "5"}
"""Those of them of which another argument is shown; the others are keys."""
CODE = {
    "Path", "Strip", "TemplateProcessing", "TypeVar", "compile", "decode", "display_name", "dtype",
    "encode",
    "endswith", "find", "findall", "finditer", "fullmatch", "getattr", "glob", "guarded",
    "guarded_class", "hasattr",
    "match", "open", "partition", "read", "removeprefix", "removesuffix", "rpartition", "search",
    "setattr", "split", "startswith", "strftime", "sub",
}  # fmt: skip
"""Functions whose text is code: a call as it should be, a name, a pattern, a format."""
KEYS = {"key", "==", "[]", "get()", "pop()", "index()", "count()"}
"""Roles of a string that is compared or looked up."""
STYLE = r"\s*(?:[\w-]+:(?! )[^;]+(?:;\s*|$))+"
STYLE += r'|.*[\w.)\]*-]\s*\{[^{}"]*[\w-]+\s*:[^{}"]*\}.*'
STYLE += r"|.*:(?:has|hover).*"
STYLE += r"|[\d. ]*[\d.]+(?:em|px|%)|row wrap| checked|white|black|currentColor"
MARKUP = r"""\s*(?:[\w-]+="[^"]*"\s*)+>?|.*=>.*|[\w.]*\w\(0\S*\)"""
LOOK = r"(?:top|middle|bottom) \w+|(?:long)?dash(?:dot|ed)?|dot|solid"
LOOK += r"|[a-z]+-(?:open|up|down|right|left|e[wn]|ns)"
LOOK += r"|circle|square|diamond|cross|star|x|#[0-9A-Fa-f]{3,8}|lines.*|markers.*"
NAME = r"[\w./-]*\w+[._]\w[\w./-]*|[a-z]+0|[a-z]+(?:-[a-z0]+)*-0|[a-z]+-[a-z]+0|-+[\w-]+"
STATEMENT = r"""(?:from|import) \w.*|[\w, ]+ = [\w.]+\(.*\)|[\w.]+\(.*[,='"\[].*\)"""
TOKEN = r"\[[A-Z]+\]|<\|.*\|>|;[\w-]+:.*"
CODES = re.compile(rf"{STYLE}|{MARKUP}|{LOOK}|{NAME}|{STATEMENT}|{TOKEN}", re.DOTALL)
"""What is code though it may stand where texts do: styles, attributes, a figure's marks, names of
files; with 0 for its placeholders."""
LISTS = {"DECISIONS", "STEPS", "TITLES"}
"""Constants that hold words to show, also single ones."""
PLACES = {":yanchor", ":xanchor", ":mode", ":dash", ":symbol", ":family", ":color", ":orientation"}
STAYS: dict[str, str] = {
    "kit/experiments/*": "commands of those who measure, not of readers",
    "kit/audit/bias/words.py:*": READ,
    "kit/tasks/sentiment.py:|:*": READ,
    "kit/data/catalog.py:*|Archive()[clrf]*": "names of works, licences and files",
    "kit/data/archives.py:|key|*": "patterns of what pip says",
    "kit/data/cache.py:_first_line|*": "the first line of a file",
    "kit/tasks/own_data/folders.py:|*": "code of an exported folder",
    "kit/tasks/own_data/folders.py:[!_]*|return|*": "the card of an exported folder",
    "kit/tasks/own_data/folders.py:model_card|*": "the card of an exported folder",
    "kit/tasks/own_data/folders.py:_snippet|*": "code of an exported folder",
    "kit/audit/reports/parts.py:next_step|=code|*": "code that can be copied",
    "kit/sources/word_vectors.py:|=NUMBERED|*": "a table of spaCy",
    "kit/tokenizer.py:|:*": "tokens",
    "kit/train/resume.py:_decides|*": "the identity of a run on disk",
    "kit/train/resume.py:*|key|*": "the identity of a run on disk",
    "kit/train/resume.py:*|[[][]]|*": "the identity of a run on disk",
    "kit/runtime.py:*|=key|*": "the identity of a machine on disk",
    "kit/runtime.py:*|=needed|*": "the name of a package",
    "kit/html.py:|=FONT|*": "names of fonts",
    "kit/widgets/parameters/model_summary_figure.py:*|put()1|*": "a kind of box",
    "kit/widgets/parameters/model_summary_figure.py:*|part()2|*": "a kind of box",
    "*.setting|*": "names of recordings",
    "*|films 400*": "the name of recorded rows",
    "*|*, deviations": "the name of recorded values",
    "08.code:*|Please enter your password.": "a text of the data",
    "kit/widgets/transferability/source_scatter_figure.py:|=FRESH|*": "the end of a recorded name",
    "kit/results/transferability.py:source_name|*, fresh": "a recorded name, shown part by part",
    "10.code:*|Italian, memory": "the name of a recorded curve",
    "*|Text*()value|*": READ,
    "kit/widgets/*|=TEXTS|*": READ,
    "kit/widgets/*|=TEXT|*": READ,
    "kit/widgets/*|=PROMPT|*": READ,
    "kit/widgets/*|=ENTRIES|*": READ,
}
"""Pattern of file:function|role|message -> why the texts stay English."""
STAYS |= {
    f"[01][0-9].code:*|{role}|*": READ
    for role in (
        "=asks", "=mine", "=sentence", "=text", "=texts", "=first", "=second", ":english",
        "drawing()1", "pieces()", "Reading()1", "NextToken()2", "with_transformers()",
        "similar()", "shingles()", "encode()",
    )
}  # fmt: skip


class Rules:
    """What is shown of many files, judged together, since one file's key is another's label."""

    def __init__(self, sources: dict[str, str], data: Iterable[Path] = ()) -> None:
        """sources: name of a file -> its code. data: JSON files, whose texts are looked up."""
        self.parts = {name: [*walk(ast.parse(code))] for name, code in sources.items()}
        self.texts = {name: [*texts(parts)] for name, parts in self.parts.items()}
        self.recorded = {text for path in data for text in json_texts(path)}

    @cached_property
    def files(self) -> dict[str, set[str]]:
        """Message -> the files in which it stands."""
        return by_message((t.message, name) for name, ts in self.texts.items() for t in ts)

    @cached_property
    def keys(self) -> dict[str, set[str]]:
        """Message -> the files in which it is compared or looked up."""
        pairs = ((t, name) for name, ts in self.texts.items() for t in ts if t.role in KEYS)
        return by_message((t.message, name) for t, name in pairs)

    @cached_property
    def defined(self) -> set[str]:
        """Messages that stand elsewhere than where they are compared or looked up."""
        every = (text for texts_ in self.texts.values() for text in texts_)
        return {t.message for t in every if t.role not in KEYS - {"key"} or "to" in t.roles[:2]}

    @cached_property
    def composed(self) -> dict[str, re.Pattern]:
        """Message of an f-string that is compared or looked up -> the pattern of its values."""
        found = {}
        for texts_ in self.texts.values():
            for text in texts_:
                if (
                    text.role in KEYS
                    and isinstance(text.node, ast.JoinedStr)
                    and self._phrase("", text)
                ):
                    between = [re.escape(part) for part in re.split(PLACE, text.message)]
                    found[text.message] = re.compile(".{1,40}".join(between))
        return found

    @cached_property
    def names(self) -> dict[str, set[str]]:
        """File ("" for attributes of `self`) -> its variables and functions whose value is shown as
        it is, there or where it is imported."""
        shown, compared = defaultdict(set), defaultdict(set)
        for file, parts in self.parts.items():
            imports = {}
            for node, _, roles, parent in parts:
                if isinstance(node, ast.ImportFrom):
                    imports |= self._imported(node)
                if not (isinstance(node, ast.Name | ast.Attribute) and roles):
                    continue
                place, name = _home(node, file, imports)
                if roles[0] in KEYS or roles[0] == "getattr()1":
                    compared[place].add(name)
                elif says(roles[0], file) or (roles[0] == "{}" and self._phrase(file, parent)):
                    shown[place].add(name)
        return {place: names - compared[place] for place, names in shown.items()}

    def _imported(self, node: ast.ImportFrom) -> dict[str, tuple[str, str]]:
        """Imported name -> the file and the name it has there; "" for a module itself."""
        found = {}
        for alias in node.names:
            own = f"{node.module}.{alias.name}".replace(".", "/")
            home = (node.module or "").replace(".", "/")
            for path, name in ((own, ""), (home, alias.name)):
                for file in (f"{path}.py", f"{path}/__init__.py"):
                    if file in self.parts:
                        found.setdefault(alias.asname or alias.name, (file, name))
        return found

    @cached_property
    def shown(self) -> dict[str, list[Text]]:
        """File -> its strings that a reader sees."""
        return {
            name: [t for t in own if has_words(t.message) and not self.why_not(name, t)]
            for name, own in self.texts.items()
        }

    def why_not(self, file: str, text: Text) -> str:
        """Why a string with words stays English, or ""."""
        if text.role == "docstring":
            return "" if file[0].isdigit() else "a docstring"
        if "=DISPLAY_NAMES" in text.roles[:2]:
            return "a name that is looked up" if text.role == "key" else ""
        about = f"{file}:{text.where}|{text.role}|{text.message}"
        for place, reason in STAYS.items():
            if fnmatchcase(about, place):
                return "" if reason == READ and self.shared(text) else reason
        is_code = not is_error(text) and not text.where.endswith("__repr__")
        if is_code and CODES.fullmatch(plain(text)):
            return "code"
        if says(text.role, file) and not text.role.startswith("="):
            return ""
        if not self._phrase(file, text):
            if not says(text.role, file) and not self._flows(file, text):
                return "a name"
            is_value = text.role.startswith(":") and file.startswith("kit/widgets/")
            is_value = is_value or says(text.role, file)
            is_key = text.message in self.keys and not is_value
            return "a name that is looked up" if is_key else ""
        if text.message in self.recorded and not text.role.startswith((":", "{}")):
            return "it is looked up in recorded results"
        return self._why_key(file, text) if text.message in self.keys else ""

    def _why_key(self, file: str, text: Text) -> str:
        """Why a phrase that is looked up cannot be replaced everywhere, or ""."""
        message = text.message
        if any(part in self.recorded for part in message.split("/")):
            return "it is looked up in recorded results"
        if message not in self.defined:
            return "" if self._asserted(file, text) else "it is compared with data"
        others = {key: made for key, made in self.composed.items() if key in self.defined}
        others.pop(message, None)
        if any(made.fullmatch(message) for made in others.values()):
            return "it is looked up by a name that is put together"
        own = self.composed.get(message)
        if own and any(own.fullmatch(key) for key in {*self.recorded, *self.keys} - {message}):
            return "it is looked up by a name that is put together"
        return ""

    def _asserted(self, file: str, text: Text) -> bool:
        """Whether a lesson compares numbers as the kit writes them: both are translated then."""
        is_number = re.search(r"\d", text.message) and not isinstance(text.node, ast.JoinedStr)
        if not (file[:1].isdigit() and is_number):
            return False
        here = [made for key, made in self.composed.items() if file in self.keys[key]]
        if any(made.fullmatch(text.message) for made in here):
            return False
        return any(made.fullmatch(text.message) for made in self.templates)

    @cached_property
    def templates(self) -> list[re.Pattern]:
        """The patterns of the f-strings of the kit that are phrases and no keys."""
        return [
            pattern_of(text)
            for file, texts_ in self.texts.items()
            for text in texts_
            if file.startswith("kit/") and isinstance(text.node, ast.JoinedStr)
            if text.role not in KEYS and has_words(text.message) and self._phrase(file, text)
        ]

    def shared(self, text: Text) -> bool:
        """Whether a phrase is looked up in other files, so that it is the same in all of them."""
        keys = self.keys.get(text.message, ())
        several = len(keys) > 0 and len(self.files[text.message]) > 1
        return several and is_phrase(plain(text)) and not self._why_key("", text)

    def _flows(self, file: str, text: Text) -> bool:
        """Whether a single word is put into what is shown."""
        if text.role == "{}":
            return self._phrase(file, text.parent)
        if any(role[1:] in LISTS for role in text.roles[:2]):
            return True
        names = self.names.get(file, set()) | self.names.get("", set())
        if text.role in PLACES:
            return False
        role = text.roles[1] if text.role.startswith(":") and len(text.roles) > 1 else text.role
        if role.startswith("="):
            return role[1:] in names
        return text.role == "return" and text.where.rpartition(".")[2] in names

    def _phrase(self, file: str, text: Text) -> bool:
        """Whether a string is a phrase, HTML with words, or said in an error."""
        if text.role.partition("()")[0] in CODE or text.role in ("@", "docstring", "/"):
            return False
        words = plain(text)
        if is_error(text):
            return True
        if CODES.fullmatch(words) and not text.where.endswith("__repr__"):
            return False
        if says(text.role, file) or re.search(r"</|<br>|<text", words):
            return True
        return is_phrase(words)


def is_phrase(words: str) -> bool:
    """Whether there is more than one word, or one with a full stop."""
    if re.fullmatch(r"[A-Z][a-z]+[.:!?…] ?", words):
        return True
    word = re.search(r"(?<!\S)\W*[A-Za-z]{2,}\W*(?!\S)", words)
    return bool(word and re.search(r"\S\s+\S", words))


def _home(node: ast.Name | ast.Attribute, file: str, imports: dict) -> tuple[str, str]:
    """The file in which what is named was made, "" for an attribute of `self`; its name there."""
    if isinstance(node, ast.Name):
        return imports.get(node.id, (file, node.id))
    owner = getattr(node.value, "id", "")
    if owner in imports and not imports[owner][1]:
        return imports[owner][0], node.attr
    return ("" if owner == "self" and node.attr.isupper() else file), node.attr


def is_error(text: Text) -> bool:
    return text.role in ("raise", "KitError()", "Refusal()", "Problem()")


def plain(text: Text) -> str:
    """The message with 0 for each placeholder."""
    if not isinstance(text.node, ast.JoinedStr):
        return re.sub(r"\{\w*(?::[,.+\d]*[a-z%]?)?\}", "0", text.message)
    words = re.sub(r"(?<!\{)((?:\{\{)*)\{\w+\}", r"\g<1>0", text.message)
    return words.replace("{{", "{").replace("}}", "}")


def pattern_of(text: Text) -> re.Pattern:
    """What an f-string can make."""
    between = [re.escape(part) for part in re.split(r"\{\w+\}", text.message)]
    return re.compile(".{1,40}".join(between))


def says(role: str, file: str) -> bool:
    """Whether the role alone says that a text is shown."""
    if role.startswith(":"):
        return role[1:] in FIGURE and file.startswith("kit/widgets/")
    if role.startswith("="):
        return role[1:] in SHOWN
    name, bracket, argument = role.partition("()")
    if argument.isdigit():
        return name in SAY - STATE and argument == PLACE_SHOWN.get(name, argument)
    if argument == "name":
        return name.startswith(("add_", "Scatter", "Bar"))
    return bool(bracket) and (argument in SHOWN or (name in SAY and not argument))


def by_message(pairs: Iterator[tuple[str, str]]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for message, name in pairs:
        found[message].add(name)
    return found


def json_texts(path: Path) -> Iterator[str]:
    """Every key and every text of a JSON file that has a space in it."""
    for text in {*re.findall(r'"(?:[^"\\]|\\.)*"', path.read_text(encoding="utf-8"))}:
        if " " in text:
            yield json.loads(text, strict=False)


def has_words(message: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2}", KEPT.sub(" ", message)))
