"""What an audit of leaks found, as text and as HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from kit.audit.leaks.rows import row_ids
from kit.html import note, table

__all__ = ["Finding", "LeakReport", "Pair", "Worth"]

Pair = tuple[str, str, str, str]
"""(split, id, split, id): a row, and a row of another split that it meets."""


@dataclass(frozen=True)
class Worth:
    """What a leak adds to the test score: the score with it minus the score without, in shares."""

    score: float
    """Of a TF-IDF logistic regression on the data as it is."""
    without: float
    """Of the same model after the leak was taken away; the test rows are the same."""
    low: float
    high: float
    """95 % bootstrap interval of the difference, paired over test rows."""
    control: float
    """The difference where as many other training rows are taken away (mean of 3 draws); 0 where
    no row is taken away."""
    rows: int
    """The test rows that the leak touches, or all, if it touches all."""
    there: float
    """The difference on those rows alone."""

    @property
    def points(self) -> float:
        """The difference in percentage points."""
        return round(100 * float(self.score - self.without), 2)

    def __str__(self) -> str:
        low, high = 100 * self.low, 100 * self.high
        text = f"{self.points:+.1f} points ({low:+.1f} to {high:+.1f})"
        text += f", {100 * self.there:+.1f} on the {self.rows:,} rows that it touches"
        return text + f"; as many other rows: {100 * self.control:+.1f}"


@dataclass(frozen=True)
class Finding:
    """One kind of leak, and the rows that show it."""

    kind: str
    """"duplicate", "variant", "near-duplicate", "shared words", "group", "class name",
    "shortcut", "surface form", "easy rows"."""
    text: str
    """What was found, as a sentence."""
    pairs: tuple[Pair, ...] = ()
    """The rows on both sides, for what lies between two splits."""
    rows: tuple[tuple[str, str], ...] = ()
    """(split, id) of the rows, for what lies within a split."""
    words: tuple[str, ...] = ()
    """The words that give a label away."""
    worth: Worth | None = None
    """What it adds to the score, where that was measured."""

    def leaked(self, split: str) -> set[str]:
        """The ids of the rows of this split that are in a pair."""
        sides = ((a, i, b, j) for a, i, b, j in self.pairs)
        return {i if a == split else j for a, i, b, j in sides if split in (a, b)}


@dataclass(frozen=True)
class LeakReport:
    """What was found, what could not be checked, and how many rows there are."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """Checks that have no meaning here, and what is worth knowing."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Split -> rows."""
    seconds: float = 0.0

    def __getitem__(self, kind: str) -> tuple[Finding, ...]:
        """The findings of a kind."""
        return tuple(f for f in self.findings if f.kind == kind)

    def kinds(self) -> set[str]:
        """The kinds that were found."""
        return {finding.kind for finding in self.findings}

    def leaked(self, split: str = "train") -> set[str]:
        """The ids of all rows of a split that are in a pair with another split."""
        return set().union(*(finding.leaked(split) for finding in self.findings))

    def without(self, data: Mapping) -> dict:
        """split -> rows, without the training rows that are in a pair with another split; the
        other splits stay as they are, so that scores can be compared."""
        leaked = self.leaked("train")
        rows = data["train"]
        kept = [i for i, name in enumerate(row_ids("train", rows)) if name not in leaked]
        train = rows.select(kept) if hasattr(rows, "select") else [rows[i] for i in kept]
        return {**data, "train": train}

    def __repr__(self) -> str:
        sizes = ", ".join(f"{n:,} {split}" for split, n in self.sizes.items())
        lines = [f"leakage: {len(self.findings)} findings ({sizes}; {self.seconds} s)"]
        for finding in self.findings:
            lines.append(f"  {finding.kind}: {finding.text}")
            lines += [f"    worth {finding.worth}"] if finding.worth else []
            lines += [f"    {a} {i} = {b} {j}" for a, i, b, j in islice(finding.pairs, 2)]
        return "\n".join(lines + [f"  note: {text}" for text in self.notes])

    def _repr_html_(self) -> str:
        rows = [
            (f.kind, f.text, f.worth or "", "; ".join(f"{i} = {j}" for _, i, _, j in f.pairs[:2]))
            for f in self.findings
        ]
        sizes = ", ".join(f"{n:,} {split}" for split, n in self.sizes.items())
        title = f"{len(rows)} findings in {sizes}"
        heads = ("kind", "what was found", "worth", "for example")
        body = table(heads, rows, title=title) if rows else note(f"No leak was found in {sizes}.")
        return body + "".join(note(text) for text in self.notes)
