"""Exercises of lesson 08: translate."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import Refusal, result
from kit.tasks import translation

__all__ = ["EXERCISES", "TRUTH"]

TRUTH = "Apri il file in una nuova scheda"
"""What a translator wrote."""

Q = np.array([1.0, 0.0, 2.0])
MEMORY = np.array([[0.5, 1.0, 0.0], [2.0, -1.0, 1.0], [-1.0, 0.5, 0.5], [0.0, 0.0, 1.5]])
"""A question (D,), and what was read (T, D)."""


def shuffled(sentence: str) -> Verdict:
    """Every word right, and BLEU below 20."""
    if not isinstance(sentence, str):
        return wrong(f"{sentence!r}: give a sentence, between quotes.")
    words, wanted = Counter(sentence.split()), Counter(TRUTH.split())
    if missing := wanted - words:
        return wrong(f"“{next(iter(missing))}” is missing: every word must be there.")
    if extra := words - wanted:
        return wrong(f"“{next(iter(extra))}” is there too often: take each word once.")
    row = {"english": "", "translation": TRUTH, "language": "it"}
    found = translation.score([sentence], [row])
    said = f"BLEU {found['bleu']:.0f}, chrF {found['chrf']:.0f}"
    if found["bleu"] >= 20:
        return wrong(
            f"{said}: it should be below 20. Separate words that are neighbours in the translation."
        )
    return right(f"Right: {said}, with every word right. BLEU rewards words in the same order.")


def where_it_looks(shares, read) -> Verdict:
    """Attention: the shares (T,), and what is read (D,)."""
    for name, given in (("shares", shares), ("read", read)):
        try:
            np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            return wrong(f"{name} is {given!r:.60}: give an array of numbers.")
    scores = MEMORY @ Q / len(Q) ** 0.5
    true = np.exp(scores) / np.exp(scores).sum()
    shares, read = (np.asarray(given, dtype=float) for given in (shares, read))
    if shares.shape != true.shape:
        return wrong(f"shares has the shape {shares.shape}: one number a word, {true.shape}.")
    if not np.isclose(shares.sum(), 1, atol=1e-3):
        return wrong(f"The shares add up to {shares.sum():.2f}: divide by their sum.")
    if not np.allclose(shares, true, atol=1e-3):
        forgot = np.exp(MEMORY @ Q) / np.exp(MEMORY @ Q).sum()
        hint = "divide the scores by √D first" if np.allclose(shares, forgot, atol=1e-3) else ""
        return wrong(f"The first share should be {true[0]:.3f}: {hint or 'softmax of m · q / √D'}.")
    if read.shape != Q.shape or not np.allclose(read, true @ MEMORY, atol=1e-3):
        return wrong(
            "The shares are right. `read` is the mean of MEMORY with these shares as weights."
        )
    return right(f"Right: word {int(true.argmax())} has the largest share, {true.max():.0%}.")


START, END, PIECES = 0, 5, 6
"""Exercise 3: the first piece, the last one, and the size of the vocabulary."""
SCRIPTS = {"a text that ends": (3, 1, 3, 2, END), "a text that never ends": (2, 4) * 40}
"""What the likeliest next pieces are."""
LIMIT = 6


def greedy_loop(answer: Callable) -> Verdict:
    """greedy(step, start, end, limit) -> the likeliest piece at each step, until end or limit."""
    text = f"greedy(step, {START}, {END}, {LIMIT})"
    for kind, script in SCRIPTS.items():
        written = result(answer, text, _scripted(script), START, END, LIMIT, wanted="a list")
        true = [int(piece) for piece in script[:LIMIT] if piece != END]
        try:
            pieces = [int(piece) for piece in written]
        except (TypeError, ValueError):
            return wrong(f"You return {written}: give a list of whole numbers, the pieces.")
        if pieces == true:
            continue
        if START in pieces or END in pieces:
            return wrong(f"You return {pieces}: leave out start ({START}) and end ({END}).")
        if len(pieces) != len(true):
            return wrong(
                f"For {kind} you return {len(pieces)} pieces, and with limit={LIMIT} it should be "
                f"{len(true)}."
            )
        return wrong(f"You return {pieces}, and the likeliest pieces are {true}.")
    return right("Right: this loop, with the model's scores as `step`, is what `predict` does.")


def _scripted(script: tuple[int, ...]) -> Callable:
    """A step whose likeliest next piece follows a script; it checks what it is asked."""

    def step(ids):
        ids = [int(piece) for piece in ids]
        if ids != [START, *script[: len(ids) - 1]]:
            raise Refusal(
                f"step was asked with {ids}: give it start, and then each piece that was the "
                "likeliest so far."
            )
        if len(ids) > LIMIT + 1:
            raise Refusal(f"step was asked {len(ids)} times: stop after limit={LIMIT} pieces.")
        scores = np.full(PIECES, -3.0)
        scores[script[len(ids) - 1]] = -0.5  # a score may be below 0
        return scores

    return step


EXERCISES = {
    "1": Exercise(
        judge=shuffled,
        hints=(
            "BLEU counts sequences of two, three and four words that are in the translation too.",
            "No two words that are neighbours in the translation should be neighbours in yours.",
            "Begin with “scheda una file”, and put the others after them.",
        ),
    ),
    "2": Exercise(
        judge=where_it_looks,
        hints=(
            "One score a word: MEMORY @ Q, divided by the root of the width, len(Q) ** 0.5.",
            "Shares: np.exp(scores), divided by its own sum.",
            "What is read: shares @ MEMORY.",
        ),
    ),
    "3": Exercise(
        judge=greedy_loop,
        hints=(
            "Begin with ids = [start], and repeat at most limit times: for _ in range(limit).",
            "The likeliest piece is int(np.argmax(step(ids))). If it is end, leave the loop.",
            "After the loop: return ids[1:], the pieces without start.",
        ),
    ),
}
