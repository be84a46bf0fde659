"""Predictions for a second file of the user's: one line for each of its rows, as CSV.

The file has the texts alone, or texts with answers: then the answers are scored too.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from kit.data import own
from kit.data.own.readers import reader
from kit.data.own.tables import keys
from kit.errors import KitError, saving
from kit.files import whole
from kit.tokenizer import Tokenizer

if TYPE_CHECKING:
    from datasets import Dataset

    from kit.tasks import Task

__all__ = ["Predictions", "predict_file", "text_column"]

BATCH = 64
"""Texts that are answered before the caller is asked whether to stop."""


@dataclass
class Predictions:
    """The answers to the rows of a file. Every row of the file is in `rows`, in its order."""

    rows: list[dict]
    """place, text, prediction (a tag a word, between spaces), problem (why there is no
    prediction)."""
    answered: int
    """How many rows have a prediction."""
    scores: dict[str, float] = field(default_factory=dict)
    """Metric -> value, where the file has answers."""
    scored: int = 0
    """How many rows have an answer that could be compared."""
    known: int = 0
    """How many of the scored rows have a text that the model was trained on."""
    notes: list[str] = field(default_factory=list)
    """What `own.read` said of the file."""

    def csv(self) -> str:
        """The rows as CSV (RFC 4180)."""
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, ["place", "text", "prediction", "problem"])
        writer.writeheader()
        writer.writerows(self.rows)
        return buffer.getvalue()

    def write(self, path: str | Path) -> Path:
        """Write the CSV as UTF-8 with a byte-order mark, without which Excel misreads it.

        Raises KitError where the file is there already, and for a full disk.
        """
        path = Path(path)
        if path.exists():
            raise KitError(f"{path} is there already, and nothing was written: give another name.")
        with saving("the predictions", path), whole(path) as part:
            part.write_text(self.csv(), encoding="utf-8-sig", newline="")
        return path


def text_column(name: str, columns: Sequence[str], wanted: str) -> str:
    """The column of a second file that holds the texts: the one with the same name as in the
    first, or the only one there is. Raises KitError where that is not clear."""
    if wanted in columns:
        return wanted
    if len(columns) == 1:
        return columns[0]
    raise KitError(
        f"{name} has the columns {', '.join(columns) or 'none'}, and no {wanted!r}: name the "
        f"column of the texts {wanted!r}, as in the first file, or give a file with it alone."
    )


def predict_file(
    path: str | Path,
    task: "Task",
    model: nn.Module,
    tokenizer: Tokenizer,
    *,
    columns: dict[str, str],
    trained: Sequence = (),
    watch: Callable[[float], bool] = lambda share: False,
) -> Predictions:
    """The model's answers to the rows of a file.

    columns: what the task calls a column -> what the first file calls it. trained: the texts that
    the model was trained on, which are counted among those that are scored. watch: called with
    the share that is done, 0 to 1, before each `BATCH` texts; True stops, and the other rows say
    so.
    Raises KitError for a file that cannot be read, and for one without a text that can be used.
    """
    path = Path(path)
    first, answer = next(iter(task.COLUMNS)), list(task.COLUMNS)[-1]
    there = reader(path).columns()
    named = {first: text_column(path.name, there, columns.get(first, first))}
    reading = lambda rows: watch(0.0)  # noqa: E731
    report = own.read(path, {first: task.COLUMNS[first]}, columns=named, watch=reading)
    if not len(report.good):
        raise KitError(f"no row of {path.name} can be used ({report.most()}): put them right.")
    texts, places = report.good[first][:], report.good["id"][:]
    answers: list[Any] = []
    for start in range(0, len(texts), BATCH):
        if watch(start / len(texts)):
            break
        answers += task.predict(model, tokenizer, texts[start : start + BATCH])
    rows = [
        {"place": place, "text": _flat(text), "prediction": "", "problem": "stopped before it"}
        for place, text in zip(places, texts, strict=True)
    ]
    for row, given in zip(rows, answers, strict=False):
        row |= {"prediction": _flat(given), "problem": ""}
    rows += [
        {"place": row["id"], "text": row["content"], "prediction": "", "problem": row["problem"]}
        for row in report.bad
    ]
    rows.sort(key=lambda row: _order(row["place"]))
    found = Predictions(rows, len(answers), notes=report.notes)
    if (column := columns.get(answer, answer)) in there and answers:
        wants = {k: c for k, c in task.COLUMNS.items() if k in (first, answer)}
        truth = own.read(path, wants, columns=named | {answer: column}).good
        _score(found, task, first, truth, dict(zip(places, answers, strict=False)), trained)
    return found


def _score(
    found: Predictions,
    task: "Task",
    first: str,
    truth: "Dataset",
    answers: dict[str, Any],
    trained: Sequence,
) -> None:
    """Score the answers (by their places) against the rows of a file that have usable ones."""
    rows = [row for row in truth if row["id"] in answers]
    found.scored = len(rows)
    if rows:
        found.scores = task.score([answers[row["id"]] for row in rows], rows)
        known = np.isin(keys([row[first] for row in rows]), keys(trained))
        found.known = int(known.sum())


def _flat(value: Any) -> str:
    """A text as it is; words or tags between spaces."""
    return value if isinstance(value, str) else " ".join(map(str, value))


def _order(place: str) -> tuple[str, int]:
    """ "line 10" comes after "line 9"."""
    number = re.search(r"(\d+)$", place)
    return re.sub(r"\d+$", "", place), int(number[1]) if number else 0
