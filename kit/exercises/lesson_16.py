"""Exercises of lesson 16: use bigger machines."""

from collections.abc import Callable

import numpy as np

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import number, result

__all__ = ["EXERCISES"]

SENT = 2 * 7 / 8 * 500
"""MB that each of eight processes sends in a ring all-reduce of 500 MB."""


def sent(answer: float) -> Verdict:
    """MB that each of 8 processes sends for a gradient of 500 MB."""
    said = number(answer)
    if np.isclose(said, SENT):
        return right("Right: 14 steps, and in each an eighth of the gradient.")
    if np.isclose(said, 8 * SENT):
        return wrong("This is what all eight send together. What does one of them send?")
    if np.isclose(said, SENT / 2):
        return wrong("These are the steps in which parts are added. Sums are passed on after them.")
    if np.isclose(said, 7 * 500):
        return wrong("Nobody sends its whole gradient to everybody: it is cut into eight parts.")
    return wrong(f"{said:,.0f} MB: how many steps are there, and how much is sent in each?")


def gather(answer: Callable[[list[list[float]]], list[list[float]]]) -> Verdict:
    """After the second half of a ring, every process has every sum."""
    for count in (2, 3, 5):
        sums = [10.0 * (part + 1) for part in range(count)]
        held = [[-1.0] * count for _ in range(count)]
        for p in range(count):
            held[p][(p + 1) % count] = sums[(p + 1) % count]
        said = result(answer, "my_gather(held)", held, wanted="a list")
        if not all(isinstance(row, list | tuple) for row in said):
            return wrong("Return a list for each process, with its number of each part.")
        said = [list(map(float, row)) for row in said]
        if said == [sums] * count:
            continue
        if len(said) != count or any(len(row) != count for row in said):
            return wrong(f"For {count} processes the answer has {count} lists of {count} numbers.")
        missing = sum(value != sum_ for row in said for value, sum_ in zip(row, sums, strict=True))
        added = any(value > max(sums) or value + 1.0 in sums for row in said for value in row)
        more = " A sum takes the place of a number: it is not added to it." if added else ""
        return wrong(
            f"With {count} processes {missing} of {count**2} numbers are not the sum yet.{more}"
        )
    return right("Right: P − 1 steps, and everybody has everything.")


def speed_up(answer: Callable[[float, float, float, int], float]) -> Verdict:
    """How many times as fast P processes are as one."""
    cases = [(0.4, 90e6, 1e9, 2), (1.0, 0.0, 1e9, 2), (0.4, 90e6, 0.125e9, 4), (2.0, 5e8, 1e10, 8)]
    for seconds, size, bandwidth, processes in cases:
        waiting = 2 * (processes - 1) / processes * size / bandwidth
        wanted = seconds / (seconds / processes + waiting)
        call = f"my_speed_up({seconds:g}, {size:g}, {bandwidth:g}, {processes})"
        said = result(answer, call, seconds, size, bandwidth, processes, wanted="a number")
        if np.isclose(said, wanted):
            continue
        if np.isclose(said, 1 / wanted):
            return wrong(f"{call} is {said:.3g}: turn it round. One process's time stands on top.")
        if np.isclose(said, seconds / processes + waiting):
            return wrong(f"{said:.3g} are the seconds of an update. How many times as fast is it?")
        if np.isclose(said, seconds / (seconds / processes + size / bandwidth)):
            return wrong("Each sends 2 (P − 1) / P times the size, not the size itself.")
        return wrong(f"{call} is {said:.3g}, and should be {wanted:.3g}.")
    return right("Right. With more processes the first part shrinks, and the second one does not.")


def choice(answer: int) -> Verdict:
    """What helps where the model's training state does not fit."""
    says = {
        1: "Each process holds the whole state again: memory is what it does not save.",
        3: "A smaller batch saves activations. The state is as large for one sentence.",
        4: "More threads compute faster, in the same memory.",
    }
    if answer == 2:
        return right("Right. And LoRA, which has hardly any gradients and moments, helps as well.")
    return wrong(says.get(answer, f"{answer!r}: give 1, 2, 3 or 4."))


EXERCISES = {
    "1": Exercise(
        judge=sent,
        hints=(
            "How many steps has a ring of eight, and which share of the gradient is sent in each?",
            "2 × 7 steps, an eighth of 500 MB each.",
            "14 × 62.5",
        ),
    ),
    "2": Exercise(
        judge=gather,
        hints=(
            "In the first step process p sends its whole sum, part p + 1. What does it send in the "
            "second step: what has it just got?",
            "With steps from 1 to P − 1, part (p + 2 − step) % P goes to process (p + 1) % P, and "
            "takes the place of the number there. Read all that is sent before you write.",
            "sent = [held[p][(p + 2 - step) % P] for p in range(P)], then "
            "held[(p + 1) % P][(p + 2 - step) % P] = sent[p]",
        ),
    ),
    "3": Exercise(
        judge=speed_up,
        hints=(
            "An update has two parts: computing, which is divided, and summing, which is not.",
            "Computing takes seconds / processes. How many bytes does each process send?",
            "waiting = 2 * (processes - 1) / processes * size / bandwidth; return seconds / "
            "(seconds / processes + waiting)",
        ),
    ),
    "4": Exercise(
        judge=choice,
        hints=(
            "Four numbers for each parameter: which of these choices divides them?",
            "Which engine gives each process only its share?",
        ),
    ),
}
