"""Exercises of lesson 09: ROUGE by hand, a mixture, and what no network needs."""

from collections.abc import Callable

import torch

from kit import results
from kit.exercises import Exercise, Verdict, right, wrong
from kit.models.copy_head import Mixture, mixture
from kit.tasks import summarization

__all__ = ["EXERCISES", "HEADLINE", "WRITTEN"]

HEADLINE, WRITTEN = "Google profit jumps again", "profit at Google up"
"""What people wrote, and what a model wrote."""

CONTROLS = ("lead", "eight words", "weighty words", "chosen words")
"""What needs no network."""


def overlap(answer) -> Verdict:
    """ROUGE-1 of `WRITTEN` against `HEADLINE`."""
    solution = summarization.rouge(WRITTEN, HEADLINE)["rouge1"]
    try:
        answer = float(answer)
    except (TypeError, ValueError):
        return wrong(f"{answer!r} is no number: give one from 0 to 1.")
    if abs(answer - solution) < 0.006:
        return right(f"Right: {solution:.2f}. The order does not matter to ROUGE-1.")
    if not 0 <= answer <= 1:
        return wrong(f"{answer:g} is not between 0 and 1.")
    if abs(answer - summarization.rouge(WRITTEN, HEADLINE)["rougeL"]) < 0.006:
        return wrong("That is ROUGE-L, in which words must stand in the same order.")
    return wrong(f"Not {answer:g}. How many of four words are in common, of each side?")


def mixed(mix: Callable) -> Verdict:
    """mix(g, vocabulary, attention, ids) -> p (V,), where a piece may stand twice in ids."""
    if not callable(mix):
        return wrong(f"{mix!r} is no function: def mix(g, vocabulary, attention, ids): ...")
    g, vocabulary = 0.25, torch.tensor([0.1, 0.6, 0.2, 0.1])
    attention, ids = torch.tensor([0.5, 0.2, 0.3]), torch.tensor([3, 2, 3])
    kept = vocabulary.clone(), attention.clone()
    try:
        p = torch.as_tensor(mix(g, vocabulary, attention, ids)).float()
    except Exception as error:
        return wrong(f"It broke: {type(error).__name__}: {error}.")
    parts = Mixture(*(t[None, None] for t in (*kept, torch.tensor([g]))))
    wanted = mixture(parts, ids[None])[0, 0]
    if p.shape != wanted.shape:
        return wrong(f"p has the shape {tuple(p.shape)}; one number for each piece is {(4,)}.")
    if torch.allclose(p, wanted, atol=1e-5):
        return right("Right: piece 3 stands twice in the article, and gets both shares.")
    if abs(float(p.sum()) - 1) > 1e-4:
        return wrong(
            f"The shares sum to {float(p.sum()):.3f}, not 1. Piece 3 stands twice in the article: "
            "are both of its shares counted?"
        )
    return wrong(f"p = {[round(x, 3) for x in p.tolist()]}: which of the two gets g, which 1 - g?")


def unbeaten(answer) -> Verdict:
    """The controls without a network that are better than every recorded model."""
    recorded = results.load("summaries")
    found: dict = {}
    for row in recorded["rows"]:
        found.setdefault((row["kind"], row["way"], row["first"], row["articles"]), []).append(row)
    means = {k: sum(r["rouge1"] for r in rows) / len(rows) for k, rows in found.items()}
    score = max(means.values())
    solution = {c for c in CONTROLS if recorded["controls"][c]["rouge1"] > score}
    answer = {answer} if isinstance(answer, str) else set(answer)
    if strange := answer - set(CONTROLS):
        return wrong(f"{sorted(map(str, strange))} are not among {', '.join(CONTROLS)}.")
    for control in CONTROLS:
        if (control in answer) != (control in solution):
            has = recorded["controls"][control]["rouge1"]
            return wrong(f"Look at {control} again: it has {has:.3f}, the best model {score:.3f}.")
    return right("Right. A network that writes is not yet better than counting words.")


EXERCISES = {
    "1": Exercise(
        judge=overlap,
        hints=(
            "Which words stand in both? Order and capitals do not matter.",
            "Precision is their share of what the model wrote, recall their share of the headline.",
            "ROUGE-1 here is 2 P R / (P + R).",
        ),
    ),
    "2": Exercise(
        judge=mixed,
        hints=(
            "Begin with p = g * vocabulary, a new tensor of the same size.",
            "Each place j of the article adds (1 - g) * attention[j] to the piece ids[j].",
            "p[ids] += ... counts a piece that stands twice only once: use a loop, or index_add.",
        ),
    ),
    "3": Exercise(
        judge=unbeaten,
        hints=(
            "The figure has three of them as dotted lines.",
            'All four: results.load("summaries")["controls"].',
            "Compare each with the highest point of any model.",
        ),
    ),
}
