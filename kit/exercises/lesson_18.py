"""Exercises of lesson 18: use your own data."""

from collections.abc import Callable

from kit.data import own
from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, kind
from kit.tasks import sentiment

__all__ = ["EXERCISES", "STARS"]

STARS = [
    {"review": "Broke after a day.", "stars": 1},
    {"review": "I would not buy it again.", "stars": 2},
    {"review": "It is a phone.", "stars": 3},
    {"review": "Does what it should.", "stars": 4},
    {"review": "The best that I have had!", "stars": 5},
]
"""Reviews of a shop, with stars."""
SIGNATURE = "sort_rows(rows, classes)"
ROWS = [
    {"text": "Works well.", "label": "positive"},
    {"text": "   ", "label": "negative"},
    {"text": None, "label": "positive"},
    {"text": "Broke after a day.", "label": "negative"},
    {"text": "It is a phone.", "label": "neutral"},
    {"text": "Never again.", "label": None},
    {"text": "", "label": ""},
]
"""Rows of a file: the first and the fourth can be used."""


def stars(values: dict) -> Verdict:
    """From stars to the two classes; what is neither is left out."""
    if not isinstance(values, dict):
        return wrong(f"{values!r}: give a dict, from a number of stars to the name of a class.")
    columns = {"text": "review", "label": "stars"}
    report = own.read(STARS, sentiment.COLUMNS, columns=columns, values=values)
    found = dict(zip(report.good["text"][:], report.good["label"][:], strict=True))
    for row in STARS:
        label, n = found.get(row["review"]), row["stars"]
        if n == 3 and label is not None:
            return wrong("Three stars are neither positive nor negative: leave 3 out of the dict.")
        if n != 3 and label is None:
            return wrong(f"{n} stars have no class yet: the report says “{report.most()}”.")
        if n != 3 and label != int(n > 3):
            return wrong(f"{n} stars became {sentiment.CLASSES[label]}.")
    return right(f"Right: {len(report.good)} good rows, and the report keeps the other one.")


def sorted_rows(sort_rows: Callable) -> Verdict:
    """sort_rows(rows, classes) -> (the good rows, [(number, reason)] of the others)."""
    classes = ("negative", "positive")
    for rows in (ROWS, [*ROWS[::-1], {"text": "Good value.", "label": "positive"}]):
        pair = call(sort_rows, SIGNATURE, [dict(row) for row in rows], classes)
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            return wrong(f"{kind(pair)}, is no pair: return (good rows, [(number, reason), ...]).")
        good, bad = pair
        if not isinstance(good, list) or not isinstance(bad, list):
            return wrong("Both must be lists: the good rows, and pairs of a number and a reason.")
        if any(not isinstance(row, tuple | list) or len(row) != 2 for row in bad):
            return wrong(f"{kind(bad)}: each bad row is a pair of its number and a reason.")
        usable = [r for r in rows if r["label"] in classes and (r["text"] or "").strip()]
        for row in rows:
            if (row in good) != (row in usable):
                said = "cannot be used" if row in good else "can be used"
                return wrong(f"The row {row} {said}.")
        if good != usable:
            return wrong("The good rows must stay as they are, once each and in their order.")
        numbers = [i for i, row in enumerate(rows) if row not in usable]
        if [number for number, _ in bad] != numbers:
            return wrong(
                f"The numbers of the bad rows are {numbers}; yours: {[n for n, _ in bad]}."
            )
        if not all(isinstance(reason, str) and reason.strip() for _, reason in bad):
            return wrong("Each bad row needs a reason in words: what is missing, or unknown?")
        if len({reason for _, reason in bad}) < 2:
            return wrong(
                "All bad rows have the same reason: say which part is at fault, text or label."
            )
    return right("Right: nothing is lost, and each bad row says why.")


EXERCISES = {
    "1": Exercise(
        judge=stars,
        hints=(
            "values is a dict: a number of stars -> the name of a class.",
            'The classes are "negative" and "positive"; a value that is left out is a bad row.',
            'Begin with {1: "negative", 5: "positive"}, and look at what the check says.',
        ),
    ),
    "2": Exercise(
        judge=sorted_rows,
        hints=(
            "Go through `enumerate(rows)`: it gives each row with its number.",
            '`(row["text"] or "").strip()` is empty where there is no text, or spaces only.',
            'Append `(number, "no text")` or `(number, "unknown class")` to the bad ones; return '
            "both lists at the end.",
        ),
    ),
}
