"""Where each number in a lesson's prose comes from, and which numbers come from nowhere.

    python tests/prose_numbers.py 03  # the lines that lesson 03 lacks, with suggestions

A number is sourced if it is printed by a cell above it, or written in code above it or directly
below. Any other number has an entry in tests/numbers.toml, under its lesson and its cell's id:

    [03.cell-24]
    "4.4" = "-100 * difference('strategies', 'accuracy', FROZEN, FULL, labels=400)"
    "384" = "given: the width of MiniLM"

The value is an expression on the results files, with the functions of `FUNCTIONS`, or "given:" and
a reason: a definition, a shape, a paper. Numbers spelled as words are not looked at, nor are 0 and
1, years, numbers of lessons and exercises, and inline code.
"""

import importlib
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from importlib import import_module
from pathlib import Path

import edition
import lesson_runs
import lessons
import nbformat
from nbformat import NotebookNode

from kit import results
from kit.metrics import interval
from kit.migrate import STRATEGIES
from kit.pretrain import PIECES
from kit.results import summaries

__all__ = ["FUNCTIONS", "Number", "entries", "prose", "unsourced", "wrong"]

FILE = Path(__file__).parent / "numbers.toml"
NUMBER = re.compile(
    r"(?<![\w.,/])(?<!\w-)[-−+]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\w]|,\d|\.\d|-[a-z]\w*\d)"
)
NO_NUMBERS = re.compile(
    r"```.*?```|`[^`\n]*`|\]\([^)]*\)|https?://\S+|<[^>\n]+>"
    r"|\b95 % (?:confidence )?intervals?\b"
    r"|\b[Ll]essons? \d\d(?:(?:,| and| to| or) \d\d)*|\b(?:19|20)\d\d\b"
    r"|^\s*\d+\.\s|^#+ \d\d ·|\*\*\d+\.\*\*|\*\*\d\d ·",
    re.DOTALL | re.MULTILINE,
)
"""Parts of Markdown whose digits are no claims."""
SCALES = {"%": 100, "percent": 100, "points": 100, "point": 100}
SCALES |= {"thousand": 1e-3, "million": 1e-6, "billion": 1e-9, "trillion": 1e-12}
"""A word behind a number -> the factor from a printed value to it."""
FREE = ("0", "1")
SEARCH = ("seed", "seconds", "seconds to migrate", "updates", "right")
"""Keys of a result's rows that name no experiment, or that no suggestion is made from."""


@dataclass(frozen=True)
class Number:
    """A number in the prose of a lesson."""

    lesson: str
    cell: str
    text: str
    """As it is written, without a sign."""
    scale: float
    sentence: str

    def equals(self, value: float, *, exact: bool = False) -> bool:
        """Does a value, rounded as the number is, equal it? The sign is in the words around."""
        decimals = len(self.text.partition(".")[2])
        half = 1e-9 if exact else 0.5 * 10**-decimals * (1 + 1e-9)
        return abs(abs(value) - float(self.text.replace(",", ""))) <= half


def prose(lesson: str, cell: NotebookNode) -> Iterator[Number]:
    """The numbers of a Markdown cell."""
    text = NO_NUMBERS.sub(lambda part: " " * len(part[0]), cell.source)
    for match in NUMBER.finditer(text):
        number = "".join(filter(None, match.groups()))
        behind = re.match(r"\W*?(%|[a-z]+)", text[match.end() :])
        scale = SCALES.get(behind[1], 1) if behind else 1
        if number not in FREE or scale != 1:
            around = cell.source[max(0, match.start() - 50) : match.end() + 30]
            yield Number(lesson, cell.id, number, scale, " ".join(around.split()))


# Printed, or written in code.


def printed(cell: NotebookNode, pictures: dict[str, str]) -> str:
    """What the outputs of an executed cell show as text, tables and widgets included."""
    shown = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        widget = data.get(edition.WIDGET, {}).get("model_id")
        shown += [output.get("text", ""), plain(pictures.get(widget, ""))]
        shown += [plain(data.get("text/html", "")), data.get("text/plain", "")]
        shown += list(texts(data.get(edition.PLOT, {})))
    return "\n".join(shown)


def plain(html: str) -> str:
    """The text of HTML, without its scripts and styles."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", html))


def texts(figure) -> Iterator[str]:
    """The texts of a plotly figure: titles, labels, annotations."""
    if isinstance(figure, dict):
        for key, value in figure.items():
            if key in ("text", "name", "ticktext") and isinstance(value, str | list):
                yield from (
                    [value]
                    if isinstance(value, str)
                    else filter(lambda v: isinstance(v, str), value)
                )
            elif key != "template":
                yield from texts(value)
    elif isinstance(figure, list) and figure and isinstance(figure[0], dict):
        for part in figure:
            yield from texts(part)


def values(text: str) -> set[float]:
    """The numbers of a printed text."""
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?", text)
    return {float(number.replace(",", "")) for number in found}


def literals(source: str) -> set[float]:
    """The numbers in code, those in its texts included; comments are left out."""
    source = re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
    found: set[float] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            found |= values(re.sub(r"(?<=\d)_(?=\d)", "", token.string))
    return found


def unsourced(name: str, notebook: NotebookNode, pictures: dict[str, str]) -> list[Number]:
    """The numbers of an executed lesson that no cell prints above them, and no code has above
    them or directly below."""
    shown: set[float] = set()
    written: set[float] = set()
    found = []
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            shown |= values(printed(cell, pictures))
            written |= literals(cell.source)
            continue
        below: set[float] = set()
        for later in notebook.cells[i + 1 :]:
            if later.cell_type == "markdown":
                break
            below |= literals(later.source)
        for number in prose(name, cell):
            scales = {1, number.scale}
            known = any(number.equals(scale * value) for value in shown for scale in scales)
            coded = any(
                number.equals(scale * value, exact=True)
                for value in written | below
                for scale in scales
            )
            if not (known or coded):
                found.append(number)
    return found


# Entries: an expression on a results file, or a reason.


def _rows(name: str, where: dict) -> list[dict]:
    rows = [r for r in results.load(name)["rows"] if all(r.get(k) == v for k, v in where.items())]
    if not rows:
        raise LookupError(f"no row of {name!r} has {where}")
    return rows


def _seeds(name: str, value: str, where: dict) -> dict[int, float]:
    rows = _rows(name, where)
    if max(Counter(row["seed"] for row in rows).values()) > 1:
        raise LookupError(f"{name!r} has several rows a seed with {where}: say more")
    return {row["seed"]: row[value] for row in rows}


def mean(name: str, value: str, **where) -> float:
    """The mean over seeds of a value, over the rows of a results file that have these entries."""
    return interval(list(_seeds(name, value, where).values()))[0]


def only(name: str, value: str, **where):
    """The value that all rows of a results file with these entries have in common."""
    values = {row[value] for row in _rows(name, where) if value in row}
    if len(values) != 1:
        raise LookupError(f"{name!r} has {len(values)} values of {value!r} with {where}: say more")
    return values.pop()


def half(name: str, value: str, **where) -> float:
    """Half of the 95 % interval of that mean."""
    return interval(list(_seeds(name, value, where).values()))[1]


def _paired(name: str, value: str, one: dict, other: dict, where: dict) -> tuple[float, float]:
    first, second = _seeds(name, value, where | one), _seeds(name, value, where | other)
    return interval([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])


def difference(name: str, value: str, one: dict, other: dict, **where) -> float:
    """The mean over seeds of the paired difference between rows with `one` and with `other`."""
    return _paired(name, value, one, other, where)[0]


def margin(name: str, value: str, one: dict, other: dict, **where) -> float:
    """Half of the 95 % interval of that difference."""
    return _paired(name, value, one, other, where)[1]


def written(lesson: str, cell: str, name: str) -> float:
    """The number that a lesson's code gives to a name: `labels=50` in a call, or `LABELS = 50`."""
    path = next(p for p in lessons.committed() if p.name.startswith(lesson))
    [source] = [c.source for c in nbformat.read(path, 4).cells if c.id == cell]
    found = re.findall(rf"\b{name} ?= ?([\d_.]+)", source)
    if len(set(found)) != 1:
        raise LookupError(f"the code of {lesson}.{cell} gives {name!r} {len(set(found))} values")
    return float(found[0])


def code(module: str, name: str):
    """A constant or a function of the project's code."""
    return getattr(importlib.import_module(module), name)


FUNCTIONS = {
    "mean": mean,
    "only": only,
    "half": half,
    "difference": difference,
    "margin": margin,
    "written": written,
    "code": code,
    "load": results.load,
    "PIECES": PIECES,
    "STRATEGIES": STRATEGIES,
    "import_module": import_module,
    "results": results,
    "summaries": summaries,
    "minutes": lambda number: lessons.MINUTES[number],
    "FULL": {"strategy": "full"},
    "FRESH": {"strategy": "from_scratch"},
    "FROZEN": {"strategy": "frozen"},
}
"""What an entry's expression can use, beside Python's own min, max, sum, len, abs and round."""


def entries() -> dict[str, dict[str, dict[str, str]]]:
    """lesson -> cell -> number -> expression or reason."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def wrong(number: Number, entry: str) -> str | None:
    """What is wrong with a number's entry; None if it holds."""
    if entry.startswith("given:"):
        return None if len(entry.split()) > 2 else "say what gives it: a definition, a paper"
    try:
        value = eval(entry, {**FUNCTIONS})  # the file is the project's own, as a test's code is
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None if number.equals(value) else f"the expression is {value:.6g}"


# The command: what is missing, with suggestions.


def suggestions(numbers: Iterable[Number], code: str, limit: int = 3) -> dict[Number, list[str]]:
    """Expressions whose value is the number's: means, halves and paired differences; those of the
    results files that the lesson's code names first."""
    table = list(_measured())

    def order(expression: str) -> tuple[bool, int]:
        return expression.split("'")[1] not in code, len(expression)

    found = {}
    for number in numbers:
        if ("." not in number.text and number.scale != 100) or number.scale < 1:
            continue  # whole numbers are means by chance
        hits = [
            f"{'100 * ' if scale == 100 else ''}{expression}"
            for expression, value in table
            for scale in ((1, 100) if number.scale == 100 or abs(value) <= 1 else (1,))
            if number.equals(scale * value)
        ]
        found[number] = sorted(hits, key=order)[:limit]
    return found


def _measured() -> Iterator[tuple[str, float]]:
    for name in results.names():
        rows = results.load(name).get("rows", [])
        groups: dict[tuple, dict[str, dict]] = {}
        for row in rows:
            if "seed" not in row:
                continue
            keys = {k: v for k, v in row.items() if k not in SEARCH and _names(v, k)}
            for value, number in row.items():
                if isinstance(number, float) and value not in SEARCH:
                    seeds = groups.setdefault(tuple(keys.items()), {}).setdefault(value, {})
                    seeds[row["seed"]] = number
        for keys, measured in groups.items():
            said = ", ".join(f"**{{{k!r}: {v!r}}}" if " " in k else f"{k}={v!r}" for k, v in keys)
            for value, seeds in measured.items():
                middle, width = interval(list(seeds.values()))
                yield f"mean({name!r}, {value!r}, {said})", middle
                yield f"half({name!r}, {value!r}, {said})", width
        yield from _differences(name, groups)


def _names(value: object, key: str) -> bool:
    if isinstance(value, str):
        return len(value) < 40
    return isinstance(value, int) and key in ("labels", "sentences", "pairs", "articles")


def _differences(name: str, groups: dict) -> Iterator[tuple[str, float]]:
    for one, first in groups.items():
        for other, second in groups.items():
            changed = [k for k in dict(one) if dict(one)[k] != dict(other).get(k)]
            if one < other and len(changed) == 1 and dict(one).keys() == dict(other).keys():
                key = changed[0]
                same = ", ".join(f"{k}={v!r}" for k, v in one if k != key)
                pair = f"{{{key!r}: {dict(one)[key]!r}}}, {{{key!r}: {dict(other)[key]!r}}}"
                for value in first.keys() & second.keys():
                    seeds = first[value].keys() & second[value].keys()
                    gaps = [first[value][s] - second[value][s] for s in sorted(seeds)]
                    if gaps:
                        call = f"({name!r}, {value!r}, {pair}, {same})"
                        middle, width = interval(gaps)
                        yield f"difference{call}", middle
                        yield f"margin{call}", width


def executed(path: Path) -> tuple[NotebookNode, dict[str, str]]:
    """The lesson from its browser test in this session, or else from a run of its own."""
    return lesson_runs.read(path) or edition.run(path)


def report(path: Path) -> tuple[list[Number], list[str]]:
    """The numbers that lack an entry; what is wrong with the entries that there are."""
    name = path.name[:2]
    known = entries().get(name, {})
    notebook, pictures = executed(path)
    numbers = unsourced(name, notebook, pictures)
    missing = [n for n in numbers if n.text not in known.get(n.cell, {})]
    faults = []
    # An entry is checked also where a cell above prints the same number, perhaps by chance.
    said = set()
    for cell in notebook.cells:
        for number in prose(name, cell) if cell.cell_type == "markdown" else ():
            said.add((number.cell, number.text))
            entry = known.get(number.cell, {}).get(number.text)
            if entry and (fault := wrong(number, entry)):
                faults.append(
                    f"[{name}.{number.cell}] {number.text!r} in “{number.sentence}”: {fault}"
                )
    for cell, lines in known.items():
        stale = [text for text in lines if (cell, text) not in said]
        faults += [
            f"[{name}.{cell}] {text!r} is not in that cell any more: drop it" for text in stale
        ]
    return missing, faults


def lines(missing: list[Number]) -> str:
    """What to write into tests/numbers.toml for numbers without an entry: each with the sentence
    that it is in, and with expressions that give it, where there are some."""
    if not missing:
        return ""
    path = next(p for p in lessons.committed() if p.name.startswith(missing[0].lesson))
    proposed = suggestions(missing, path.read_text(encoding="utf-8"))
    shown, cell = [], None
    for number in missing:
        if number.cell != cell:
            cell = number.cell
            shown.append(f"\n[{number.lesson}.{cell}]")
        shown.append(f"# … {number.sentence} …")
        choices = proposed.get(number) or ["?"]
        shown += [f'# "{number.text}" = "{choice}"' for choice in choices[1:]]
        shown.append(f'"{number.text}" = "{choices[0]}"')
    return "\n".join(shown)


def main(*arguments: str) -> None:
    for path in lessons.committed():
        if not arguments or path.name[:2] in arguments:
            missing, faults = report(path)
            print(f"# {path.name}: {len(missing)} without an entry")
            print(lines(missing))
            print(*(f"# {fault}" for fault in faults), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
