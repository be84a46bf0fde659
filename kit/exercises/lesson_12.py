"""Exercises of lesson 12: find leakage."""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from kit.audit import membership
from kit.audit.leaks import planted
from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result
from kit.tasks import sentiment

__all__ = ["EXERCISES", "SECRET", "suspect"]

SECRET = 7
"""The seed that decides which rows were copied."""


@cache
def _planted() -> planted.Planted:
    data = sentiment.load("products")
    splits = {"train": data["train"].select(range(500)), "test": data["test"]}
    return planted.plant("variant", splits, sentiment.CLASSES, share=0.15, seed=SECRET)


def suspect() -> dict[str, list[dict]]:
    """Product reviews with a leak: train and test, as rows with id, text and label.

    The ids say nothing about the leak.
    """
    data = _planted().data
    train = [{**row, "id": f"train/{i}"} for i, row in enumerate(data["train"])]
    return {"train": train, "test": [dict(row) for row in data["test"]]}


def in_both(answer: Callable[[list[str], list[str]], Iterable[int]]) -> Verdict:
    """The places of the test texts that stand in train, but for case and spaces."""
    train = ["A fine  film.", "No plot.", "Buy it now!", "The end"]
    test = ["no plot.", "A fine film.", "A fine film indeed.", "the  END", "New."]
    places = result(answer, "in_both(train, test)", train, test, wanted="a list")
    if strange := [i for i in places if isinstance(i, bool) or i not in range(len(test))]:
        return wrong(f"{strange[0]!r} is no place of a test text: they are 0 to {len(test) - 1}.")
    found = sorted(int(i) for i in places)
    if found == [0, 1, 3]:
        return right("Right. Unicode has more such pairs: kit.audit.leaks.overlap.plain.")
    if 2 in found or 4 in found:
        extra = next(i for i in (2, 4) if i in found)
        return wrong(f"{test[extra]!r} does not stand in train: compare whole texts.")
    missing = next(i for i in (0, 1, 3) if i not in found)
    return wrong(f"{test[missing]!r} is missing: it stands in train, in other case or spacing.")


def least_likely(answer: Callable[[np.ndarray, float], float]) -> Verdict:
    """Min-k %: the mean loss of the least likely tokens."""

    def mean_loss(losses: np.ndarray, share: float) -> float:
        return result(answer, f"my_min_k(losses, {share})", losses, share, wanted="a number")

    losses = np.array([0.1, 5.0, 0.3, 2.0, 7.0, 0.2, 1.0, 0.4, 3.0, 0.6])
    for share in (0.2, 0.5):
        found, true = mean_loss(losses, share), membership.min_k(losses, share)
        if np.isclose(found, true):
            continue
        if np.isclose(found, np.sort(losses)[: int(10 * share)].mean()):
            return wrong("These are the likeliest tokens: they have the lowest losses.")
        if np.isclose(found, losses.mean()):
            return wrong("This is the mean of all tokens: take the share with the highest losses.")
        return wrong(f"With share={share} it should be {true:.2f}, and yours is {found:.2f}.")
    if not np.isclose(mean_loss(losses[:3], 0.2), 5.0):
        return wrong("Of three tokens and a share of 0.2, take one: a text keeps at least one.")
    return right("Right. The paper takes 20 %.")


def removed(answer: Iterable[str]) -> Verdict:
    """The ids of the training rows that leak, all of them and few others."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return wrong(f"{answer!r}: give the ids of training rows, such as report.leaked('train').")
    answer = {str(name) for name in answer}
    leak, rows = _planted(), suspect()["train"]
    copies = {
        row["id"]
        for row, own in zip(rows, leak.data["train"], strict=True)
        if str(own["id"]).startswith("copy/")
    }
    if strange := answer - {row["id"] for row in rows}:
        return wrong(f"{min(strange)!r} is no id of a training row: they are 'train/0' and so on.")
    if missing := copies - answer:
        text = next(row["text"] for row in rows if row["id"] == min(missing))
        return wrong(f"{len(missing)} of {len(copies)} leaked rows are left, such as {text!r:.60}.")
    if len(answer) > len(copies) + 10:
        return wrong(f"{len(answer) - len(copies)} rows too many: only some rows have a copy.")
    return right(f"Right: {len(copies)} training rows are test rows in other writing.")


def honest(answer: int) -> Verdict:
    """Which of four reports is honest about the choice of a strategy."""
    says = {
        1: "The test set chose, so it cannot judge: chance also helped the best of 20 most.",
        2: "Chance in the test sentences that chose is the same for all seeds.",
        4: "Leaving the choice out does not undo it.",
    }
    if answer == 3:
        return right("Right: validation chooses, and the test is read once.")
    return wrong(says.get(answer, f"{answer!r}: give 1, 2, 3 or 4."))


EXERCISES = {
    "1": Exercise(
        judge=in_both,
        hints=(
            "Two texts are the same if they are equal after .lower() and after joining .split().",
            "Put the plain texts of train into a set, and ask for each test text.",
            'known = {" ".join(t.lower().split()) for t in train}, then enumerate the test texts.',
        ),
    ),
    "2": Exercise(
        judge=least_likely,
        hints=(
            "The least likely tokens have the highest losses.",
            "np.sort(losses) puts them at the end; how many are they?",
            "count = max(1, int(len(losses) * share)), then np.sort(losses)[-count:].mean().",
        ),
    ),
    "3": Exercise(
        judge=removed,
        hints=(
            "Ask the audit: audit.leakage(data, sentiment).",
            "A report names the rows of a split that meet another split: report.leaked(split).",
            "report.leaked('train')",
        ),
    ),
    "4": Exercise(
        judge=honest,
        hints=(
            "Which rows may choose, and which rows may only judge?",
            "A set that was used to choose is no longer new.",
        ),
    ),
}
