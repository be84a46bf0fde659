"""Checks of the user's rows: the values that a task needs, or what is wrong with the row."""

import json
import math
from collections import Counter
from difflib import get_close_matches

from kit.errors import KitError
from kit.texts import has_lone_surrogate

__all__ = ["Checker"]


class Problem(Exception):
    """What is wrong with a row: a kind, which is counted, and details of this row."""

    def __init__(self, kind: str, details: str = "") -> None:
        super().__init__(f"{kind}: {details}" if details else kind)
        self.kind = kind


class Checker:
    """Sorts rows into good and bad ones, by the types of a task's columns.

    kinds: kind of problem -> number of rows so far.
    """

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

    def require(self, names: list[str], where: str) -> None:
        """Raise KitError where a column of the task is not among the data's columns."""
        missing = {k: v for k, v in self.columns.items() if v not in names}
        if missing:
            nearest = {
                k: (get_close_matches(v, names, 1, 0.3) or ["…"])[0] for k, v in missing.items()
            }
            raise KitError(
                f"{where} has the columns {', '.join(names) or 'of nothing'}, and no "
                f"{', '.join(missing.values())}: say which is which, like columns={nearest}."
            )

    def sort(self, rows: list) -> tuple[list[dict], list[dict]]:
        """The good rows, and the bad ones with their problems."""
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
        """The values of the task's columns, classes and tags by name. Raises Problem."""
        if row.problem:
            raise Problem(row.problem)
        values = {}
        for name, column in self.wants.items():
            value = row.content.get(self.columns[name])
            values[name] = getattr(self, f"_{column.kind}")(name, value)
        kinds = {column.kind: name for name, column in self.wants.items()}
        if {"words", "tags"} <= set(kinds):
            _same_length(values[kinds["words"]], values[kinds["tags"]])
        return values

    def _text(self, name: str, value) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Problem(f"{name} is empty")
        if not isinstance(value, str):
            raise Problem(f"{name} is not text", f"{value!r:.60} ({type(value).__name__})")
        return _without_surrogates(name, value)

    def _number(self, name: str, value) -> float:
        try:
            number = float(str(value).replace(",", "."))
        except ValueError:
            raise Problem(f"{name} is no number", f"{value!r:.60}") from None
        if not math.isfinite(number):
            raise Problem(f"{name} is no number", f"{value!r:.60}")
        return number

    def _class(self, name: str, value) -> str:
        if value is None or str(value).strip() == "" or isinstance(value, float | list | dict):
            # pandas reads the class 1 as 1.0 where a value of the column is missing.
            is_number = isinstance(value, float) and value.is_integer()
            if not is_number:
                kind = "has no class" if isinstance(value, list | dict | float) else "is empty"
                raise Problem(f"{name} {kind}", "" if value is None else f"{value!r:.60}")
            value = int(value)
        return self._among(name, str(value).strip())

    def _among(self, name: str, value: str) -> str:
        """The task's name of a class or tag: by its name, by `values`, or by its number."""
        value = self.values.get(value, value)
        names = self.wants[name].names
        if not names:
            return _without_surrogates(name, value)
        if known := self.known[name].get(_plain(value)):
            return known
        if value.isdecimal() and int(value) < len(names):
            return names[int(value)]
        raise Problem(f"{name} is none of {', '.join(names)}", f"{value!r:.60}")

    def _words(self, name: str, value) -> list[str]:
        words = _list(value)
        if not words:
            raise Problem(f"{name} is empty")
        return [self._text(f"a word of {name}", word) for word in words]

    def _tags(self, name: str, value) -> list[str]:
        tags = [self._among(name, str(tag)) for tag in _list(value)]
        previous = "O"
        for number, tag in enumerate(tags, start=1):
            if tag.startswith("I-") and previous[1:] != tag[1:]:
                raise Problem("a tag I-… that continues nothing", f"{tag} of word {number}")
            previous = tag
        return tags


def _without_surrogates(name: str, text: str) -> str:
    if has_lone_surrogate(text):
        raise Problem(f"{name} holds half a character")
    return text


def _list(value) -> list:
    """A list: given as a list, as JSON, or as words between spaces."""
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except json.JSONDecodeError:
                pass  # a text that begins with a bracket is split at its spaces
        return value.split()
    return list(value) if isinstance(value, list | tuple) else []


def _same_length(words: list, tags: list) -> None:
    if len(words) != len(tags):
        raise Problem("not one tag for each word", f"{len(tags)} for {len(words)}")


def _plain(name: str) -> str:
    """In lower case, with single spaces."""
    return " ".join(name.lower().split())


def _json(content) -> str:
    text = json.dumps(content, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()
