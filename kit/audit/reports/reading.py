"""The data of a report as its parts read it; what several of them need is computed once.

N training rows, R test rows, D width of a source.
"""

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from kit import sources
from kit.audit.leaks.rows import Rows
from kit.audit.learning_curves import head_answers, text_vectors
from kit.errors import KitError
from kit.tasks import Task
from kit.tasks.classification import tfidf
from kit.tokenizer import unfamiliar

__all__ = ["FEW", "Reading"]

FEW = 5
"""Training rows of a class, at least, to estimate and to doubt it: so many folds there are."""
BATCH_ROWS = 128
"""Texts that a source reads before it looks whether it was stopped."""


class Reading:
    """The data as the parts read it; what several of them need is computed once."""

    def __init__(
        self,
        data: Mapping,
        task: Task,
        group: str | None,
        compare: str | None,
        names: tuple[str, ...],
        most: int,
        watch: Callable[[str], bool] | None = None,
    ) -> None:
        if not isinstance(data, Mapping) or not {"train", "test"} <= set(data):
            raise KitError("data needs the splits train and test: {'train': rows, 'test': rows}.")
        self.task, self.group, self.data = task, group, data
        kind = [c for c in task.COLUMNS.values() if not c.optional][-1].kind
        if kind != "class":
            raise KitError(
                f"a report is made for classes, and this task's answers are {kind}: "
                "audit.leakage(data, task) looks for leaks in any task."
            )
        unknown = [name for name in names if name not in sources.NAMED]
        if isinstance(names, str) or not names or unknown:
            raise KitError(
                f"sources={names!r}: give a list of names out of {', '.join(sources.NAMED)}."
            )
        if not isinstance(most, int) or isinstance(most, bool) or most < 50:
            raise KitError(f"rows={most!r}: give a whole number of at least 50.")
        self.names = names
        self.compare, self.most, self.watch = compare, most, watch
        self.all = {split: _named(rows, compare) for split, rows in data.items() if len(rows)}
        if missing := {"train", "test"} - set(self.all):
            raise KitError(f"{missing.pop()} has no row: give at least one.")
        self.rows: dict[str, Rows] = {}
        for split in ("train", "test"):
            self.take(split, self.all[split])
        if len(set(self.rows["train"].labels)) < 2:
            raise KitError("all training rows have one class: there is nothing to learn.")
        self.vectors: dict[str, dict[str, np.ndarray]] = {}
        """source -> split -> (N, D), filled by the part on sources."""
        self.strange: dict[str, str] = {}
        """source -> why it hardly knows the script of the texts, where that is so."""
        self.best = ""
        """The source with the best probe."""
        self.facts: dict[str, dict] = {}
        """Part -> its facts, for the part on what to do next."""

    def go_on(self, what: str) -> None:
        """Say what comes next; KeyboardInterrupt where whoever watches has had enough."""
        if self.watch and self.watch(what):
            raise KeyboardInterrupt

    def read(self, name: str) -> dict[str, np.ndarray]:
        """split -> (N, D): the vectors that a source gives the texts."""
        source, found = sources.load(name), {}
        if said := unfamiliar(source.tokenizer, self.rows["train"].texts):
            self.strange[name] = said.strip()
        for split, rows in self.rows.items():
            parts = []
            for start in range(0, len(rows), BATCH_ROWS):
                self.go_on(f"{name} reads {split}, {start:,} of {len(rows):,} rows")
                parts.append(text_vectors(source, rows.texts[start : start + BATCH_ROWS]))
            found[split] = np.concatenate(parts)
        return found

    def take(self, split: str, rows: list[dict]) -> None:
        """Let the parts read these rows of a split, or so many of them, drawn by lot."""
        if len(rows) > self.most:
            keep = np.sort(np.random.default_rng(0).permutation(len(rows))[: self.most])
            rows = [rows[i] for i in keep]
        self.rows[split] = Rows(split, rows, self.task, self.compare)

    def y(self, split: str) -> np.ndarray:
        """(N,): the labels."""
        return np.array(self.rows[split].labels)

    def common(self) -> np.ndarray:
        """(N,): whether the class of a training row has at least `FEW` of them."""
        y = self.y("train")
        return np.bincount(y)[y] >= FEW

    @cached_property
    def words_right(self) -> np.ndarray:
        """(R,): where TF-IDF, trained on all training rows, answers correctly."""
        model = tfidf().fit(self.rows["train"].beginnings, self.y("train"))
        return (model.predict(self.rows["test"].beginnings) == self.y("test")).astype(float)

    @cached_property
    def head_right(self) -> np.ndarray:
        """(R,): where a head on the best source's vectors does."""
        vectors = self.vectors[self.best]
        answers = head_answers(vectors["train"], self.y("train"), vectors["test"])
        return (answers == self.y("test")).astype(float)

    def named(self, label: int) -> str:
        """The name of a class."""
        names = self.rows["train"].names
        return str(names[label]) if names else str(label)


def _named(rows, column: str | None) -> list[dict]:
    """The rows, with the names of a `ClassLabel` in this column in place of its numbers."""
    names = getattr(getattr(rows, "features", {}).get(column), "names", None)
    if names is None:
        return list(rows)
    return [
        row | {column: row[column] if row[column] is None else names[row[column]]} for row in rows
    ]
