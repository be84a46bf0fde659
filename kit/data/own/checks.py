"""Is a row of the user's data what a task wants? If not: why."""

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from difflib import get_close_matches
from itertools import islice

from kit.data.own.tag_schemes import scheme_of, to_bio
from kit.errors import KitError

__all__ = ["Checker"]

DIGITS = 20
"""A class has a number of fewer digits."""

MOST_REMEMBERED = 10_000
"""Texts of classes whose names are remembered."""

UNNAMED_COLUMN = "…"
"""Stands in an error for the name that the user has to fill in."""


class Problem(Exception):
    """What is wrong with a row: its kind, and more about this one."""

    def __init__(self, kind: str, more: str = "") -> None:
        super().__init__(f"{kind}: {more}" if more else kind)
        self.kind = kind


class Checker:
    """Sorts rows into good and bad ones, by what a task wants of its columns."""

    def __init__(self, wants: dict, columns: dict[str, str], values: dict[str, str]) -> None:
        if unknown := set(columns) - set(wants):
            raise KitError(
                f"columns={columns}: the task has no column {sorted(unknown)}: it has {list(wants)}"
                "; give {its column: yours}."
            )
        self.wants, self.values = wants, values
        self.columns = {name: columns.get(name, name) for name in wants}
        self.known = {k: {_plain(n): n for n in column.names} for k, column in wants.items()}
        self.kinds: Counter[str] = Counter()
        self.scheme = ""
        """The scheme of the tags, once rows were seen."""
        self.numbers: dict[str, Counter] = {name: Counter() for name in wants}
        """Column -> the numbers that stood for a class with a name."""
        self.spellings: dict[str, dict[str, Counter]] = {name: {} for name in wants}
        """Column of open classes -> class in plain letters -> its spellings."""
        self.several_words = False
        """Whether any row has more than one word."""
        self.classes: dict[tuple[str, str], str] = {}
        """Column and text of a class that was seen -> its name in the task."""
        self.aligned: tuple[str, str] | None = None
        """The columns of words and of tags, where both are wanted."""
        self.plan: list[tuple[str, str, Callable]] = []
        """For each column that is wanted: its name, what it is called here, what checks a value."""

    def require(self, names: list[str], where: str) -> None:
        """Raise KitError where a column is not there; one that is optional is then not wanted."""
        for name, column in list(self.wants.items()):
            if column.optional and self.columns[name] not in names:
                del self.wants[name], self.columns[name]
        missing = {k: v for k, v in self.columns.items() if v not in names}
        if missing:
            close = {
                k: (get_close_matches(v, names, 1, 0.3) or [UNNAMED_COLUMN])[0]
                for k, v in missing.items()
            }
            raise KitError(
                f"{where} has {_columns(names)}, and no {', '.join(missing.values())}: say which "
                f"is which, like columns={close}."
            )
        checks = {name: getattr(self, f"_{column.kind}") for name, column in self.wants.items()}
        self.plan = [(name, self.columns[name], check) for name, check in checks.items()]
        kinds = {column.kind: name for name, column in self.wants.items()}
        self.aligned = (kinds["words"], kinds["tags"]) if {"words", "tags"} <= set(kinds) else None

    def look(self, rows: list) -> None:
        """Find out the scheme of the tags from the first rows."""
        named = {column.kind: name for name, column in self.wants.items()}
        if "tags" not in named:
            return
        column = self.columns[named["tags"]]
        contents = (row.content for row in rows if isinstance(row.content, dict))
        lists = [_list(_at(content, column)) for content in islice(contents, 5000)]
        if any(_is_number(tag) for tags in lists for tag in tags):
            self.scheme = "BIO"  # numbers of the task's own tags
        else:
            self.scheme = scheme_of([[str(tag).strip() for tag in tags] for tags in lists])

    def sort(self, rows: list) -> tuple[list[dict], list[dict]]:
        """The good ones of some rows, and the bad ones."""
        good, bad = [], []
        for row in rows:
            about = {"id": row.place}
            try:
                good.append(about | {"split": row.split} | self.checked(row))
            except Problem as problem:
                self.kinds[problem.kind] += 1
                content = row.content if isinstance(row.content, str) else _json(row.content)
                bad.append(about | {"problem": str(problem), "content": content})
        return good, bad

    def checked(self, row) -> dict:
        """The values that a task wants, classes and tags by name."""
        if row.problem:
            raise Problem(row.problem)
        values = {}
        for name, called, check in self.plan:
            value = _at(row.content, called)
            values[name] = check(name, value if isinstance(value, str) else _python(value))
        if self.aligned:
            words, tags = self.aligned
            _same_length(values[words], values[tags])
        return values

    def notes(self) -> list[str]:
        """What was noticed in all rows: the scheme of the tags, numbers from 1, spellings."""
        said = []
        if self.scheme and self.scheme != "BIO":
            said.append(f"the tags were {self.scheme}, and are BIO now (B-… begins a name).")
        for name, numbers in self.numbers.items():
            said += _from_one(name, numbers, self.wants[name].names) if numbers else []
        for name, spellings in self.spellings.items():
            said += _spelt(name, spellings)
        return said

    def _text(self, name: str, value) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Problem(f"{name} is empty")
        if not isinstance(value, str):
            raise Problem(f"{name} is not text", f"{value!r:.60} ({type(value).__name__})")
        return _whole(name, value)

    def _number(self, name: str, value) -> float:
        if value is None or isinstance(value, bool | list | dict):
            raise Problem(f"{name} is no number", f"{value!r:.60}")
        try:
            number = _decimal(name, value.strip()) if isinstance(value, str) else float(value)
        except (OverflowError, TypeError):
            raise Problem(f"{name} is no number", f"{type(value).__name__}, too large") from None
        if not math.isfinite(number):
            raise Problem(f"{name} is no number", f"{value!r:.60}")
        return number

    def _class(self, name: str, value) -> str:
        known = self.classes.get((name, value)) if isinstance(value, str) else None
        named = known or self._new_class(name, value)
        if known is None and isinstance(value, str) and len(self.classes) < MOST_REMEMBERED:
            self.classes[name, value] = named
        if not self.wants[name].names:
            self.spellings[name].setdefault(_plain(named), Counter())[named] += 1
        return named

    def _new_class(self, name: str, value) -> str:
        """The name of a class in the task."""
        if isinstance(value, list | dict):
            raise Problem(f"{name} has no class", f"{value!r:.60}")
        if value is None or str(value).strip() == "" or value != value:
            raise Problem(f"{name} is empty", "" if value is None else f"{value!r:.60}")
        if isinstance(value, float) and not value.is_integer():
            raise Problem(f"{name} has no class", f"{value!r:.60}")
        return self._among(name, _whole_number(value))

    def _among(self, name: str, value: str) -> str:
        """The name of a class or tag in the task: given so, by `values`, or by its number."""
        value, names = self.values.get(value, value), self.wants[name].names
        if not names:
            return _whole(name, value)
        if known := self.known[name].get(_plain(value)):
            return known
        if value.isdecimal() and len(value) < DIGITS:
            self.numbers[name][int(value)] += 1
            if int(value) < len(names):
                return names[int(value)]
        raise Problem(f"{name} is none of {', '.join(names)}", f"{value!r:.60}")

    def _words(self, name: str, value) -> list[str]:
        words = _list(value)
        if not words:
            raise Problem(f"{name} is empty")
        self.several_words |= len(words) > 1
        return [self._text(f"a word of {name}", _python(word)) for word in words]

    def _tags(self, name: str, value) -> list[str]:
        given = [_whole_number(_python(tag)).strip() for tag in _list(value)]
        if self.scheme not in ("", "BIO"):
            given = to_bio(given, self.scheme)
        tags = [self._among(name, tag) for tag in given]
        before = "O"
        for number, tag in enumerate(tags, start=1):
            if tag.startswith("I-") and before[1:] != tag[1:]:
                raise Problem("a tag I-… that continues nothing", f"{tag} of word {number}")
            before = tag
        return tags


def _columns(names: list[str]) -> str:
    return f"the columns {', '.join(names)}" if names else "no columns with names"


def _at(content: dict, name: str):
    """The value of a column; "translation.en" is the part "en" of the column "translation"."""
    if name in content:
        return content[name]
    value = content
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _python(value):
    """A numpy value as Python's own."""
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        return value.tolist()
    return value


def _is_number(value) -> bool:
    return isinstance(value, int) or str(value).strip().isdecimal()


def _whole_number(value) -> str:
    """A class as text: 1, 1.0 and "1.0" are one."""
    if isinstance(value, bool):
        return str(int(value))
    text = str(value).strip()
    whole = len(text) < 300 and re.fullmatch(r"[+-]?\d+\.0+", text)
    return str(int(float(text))) if whole else text


def _decimal(name: str, text: str) -> float:
    """A number with a point or a comma; a Problem where the comma may mean either."""
    plain = text.replace("\u00a0", "").replace(" ", "").replace("\u2212", "-")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", plain):
        raise Problem(f"{name} is ambiguous", f"{text!r}: write 1234 or 1.234, without a comma")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d*", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d*", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        raise Problem(f"{name} is no number", f"{text!r:.60}") from None


def _from_one(name: str, numbers: Counter, names: tuple[str, ...]) -> list[str]:
    """Whether the numbers of the classes seem to be counted from 1, and not from 0."""
    low, high = min(numbers), max(numbers)
    if low != 1:
        return []
    mapping = ", ".join(f"'{i + 1}': {n!r}" for i, n in enumerate(names[:2]))
    meant = f"If 1 means {names[0]!r}, give values={{{mapping}, ...}}."
    read = f" 1 was read as {names[1]!r}." if len(names) > 1 else ""
    many = f"1 to {high}" if high > 1 else "1 alone"
    return [f"{name} has the numbers {many}, never 0: classes count from 0.{read} {meant}"]


def _spelt(name: str, spellings: dict[str, Counter]) -> list[str]:
    """Classes that differ in capitals and spaces only."""
    said = []
    for variants in spellings.values():
        if len(variants) > 1:
            usual, *others = [spelling for spelling, _ in variants.most_common()]
            values = dict.fromkeys(others, usual)
            listed = ", ".join(map(repr, [usual, *others][:5]))
            said.append(f"{name} has one class in {len(variants)} spellings, {listed}: to join "
                        f"them, give values={values}.")  # fmt: skip
    return said


def _whole(name: str, text: str) -> str:
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise Problem(f"{name} holds half a character")
    return text


def _list(value) -> list:
    """A list as it is, one in JSON or as Python writes it, or what stands between spaces."""
    value = _python(value)
    if isinstance(value, str):
        text = value.strip()
        if text.startswith(("[", "(")):
            for read in (json.loads, _of_numpy, ast.literal_eval):
                try:
                    parsed = read(text)
                except (ValueError, SyntaxError, RecursionError, MemoryError):
                    continue
                if isinstance(parsed, list | tuple):
                    return list(parsed)
        return value.split()
    return list(value) if isinstance(value, list | tuple) else []


def _of_numpy(text: str) -> list[str]:
    """The words of an array as numpy prints it, without commas: ['Mara' 'sails' '0']. (Python
    would read them as one word.)"""
    words = re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", text)
    rest = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "", text)
    if not words or rest.strip("[]() \n\t"):
        raise ValueError(text)
    return [one or other for one, other in words]


def _same_length(words: list, tags: list) -> None:
    if len(words) != len(tags):
        raise Problem("not one tag for each word", f"{len(tags)} for {len(words)}")


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _json(content) -> str:
    try:
        text = json.dumps(content, ensure_ascii=False, default=str)
    except (RecursionError, ValueError) as error:  # too deep, or a number of too many digits
        text = f"({error})"
    return text.encode("utf-8", "backslashreplace").decode()
