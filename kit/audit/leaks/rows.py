"""The rows of a split as the checks read them: ids, texts, labels, groups."""

from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from numbers import Integral

from kit.errors import KitError
from kit.tasks import Task

__all__ = ["READ", "Rows", "row_ids"]

READ = 200
"""Words of a text that the word-counting models read, at most: a class shows in its beginning."""


def row_ids(split: str, rows: Iterable[dict]) -> list[str]:
    """The rows' "id" as texts; where it is missing or repeats, split/number for each row."""
    ids = [row.get("id") for row in rows]
    if None in ids or len(set(map(str, ids))) < len(ids):
        return [f"{split}/{i}" for i in range(len(ids))]
    return [str(name) for name in ids]


class Rows:
    """One split of a task's data."""

    def __init__(self, split: str, rows: Iterable[dict], task: Task, group: str | None) -> None:
        """group: the column of the groups, or None."""
        columns = list(task.COLUMNS.items())
        (self.input, about), (self.answer, answer) = columns[0], columns[-1]
        if answer.optional:  # the answer is the last column that must be there
            self.answer, answer = [c for c in columns if not c[1].optional][-1]
        self.split, self.kind = split, answer.kind
        rows = list(rows)
        for i, row in enumerate(rows):
            for name in filter(None, (self.input, self.answer, group)):
                if row.get(name) is None:
                    known = ", ".join(map(repr, row))
                    raise KitError(
                        f"row {i} of {split} has no {name!r}: it has {known}. Name the columns as "
                        f"the task does ({', '.join(task.COLUMNS)}), or give another group."
                    )
        self.ids = row_ids(split, rows)
        words = about.kind == "words"
        self.inputs = [row[self.input] for row in rows]
        self.texts = [" ".join(x) if words else str(x) for x in self.inputs]
        self.answers = [row[self.answer] for row in rows]
        self.groups = [row[group] for row in rows] if group else None
        self.names = tuple(answer.names)
        self.columns = set(chain.from_iterable(rows))
        self._rows = rows
        self._check_answers()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def beginnings(self) -> list[str]:
        """The first `READ` words of each text, which the word-counting models read."""
        return [t if len(t) < READ else " ".join(t.split(" ")[:READ]) for t in self.texts]

    @cached_property
    def labels(self) -> list[int]:
        """The numbers of the classes; of a task with other answers, none."""
        if self.kind != "class":
            return []
        numbers = {name: i for i, name in enumerate(self.names)}
        return [self._number(i, a, numbers) for i, a in enumerate(self.answers)]

    def _check_answers(self) -> None:
        """Raise KitError for a label or tag that the task does not have."""
        _ = self.labels if self.kind == "class" else self.tags if self.kind == "tags" else None

    def _number(self, i: int, answer: object, numbers: dict[str, int]) -> int:
        """The number of a class or tag that is given by its number or its name."""
        if isinstance(answer, str) and answer in numbers:
            return numbers[answer]
        whole = isinstance(answer, Integral) and not isinstance(answer, bool)
        if whole and 0 <= answer < (len(numbers) or answer + 1):
            return int(answer)
        raise KitError(
            f"row {i} of {self.split} has {answer!r} as {self.answer!r}: give one of "
            f"{', '.join(map(repr, numbers)) or 'the numbers from 0 on'}, or its number."
        )

    @property
    def tags(self) -> list[list[str]]:
        """The tags of each row as words."""
        numbers = {name: i for i, name in enumerate(self.names)}
        return [
            [t if isinstance(t, str) else self.names[self._number(i, t, numbers)] for t in row]
            for i, row in enumerate(self.answers)
        ]

    def repeated_columns(self) -> list[str]:
        """Columns beside the task's whose values repeat: they may be groups."""
        repeated = []
        for name in sorted(self.columns - {self.input, self.answer, "id"}):
            values = [r.get(name) for r in self._rows]
            try:
                distinct = len(set(values))
            except TypeError:  # lists are no groups
                continue
            if not any(isinstance(v, float) for v in values) and 10 < distinct < 0.9 * len(self):
                repeated.append(name)
        return repeated
