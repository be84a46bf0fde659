"""Exercises of lesson 09: ROUGE by hand, a mixture, and a baseline of one's own."""

from collections.abc import Callable

import torch

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result
from kit.models.copy_head import Mixture, mixture
from kit.tasks import summarization

__all__ = ["EXERCISES"]

PAIRS = (  # what a model wrote, what a person wrote, what is tried
    ("Profit at Google up", "Google profit jumps again", "two of four words are in common"),
    ("Rain", "Sun", "no word is in common"),
    ("Google Google Google", "Google profit falls", "Google counts once: the person used it once"),
    (
        "Profit falls",
        "Google profit falls again",
        "both of two words are in common, and two of four",
    ),
    ("Bank in talks with rival", "Talks", "one of five words is in common, and one of one"),
)
ARTICLES, WORDS, GAIN = 100, 12, 2.0
"""Exercise 3: validation articles, words of a headline at most, points above the eight words."""


def overlap(answer: Callable[[str, str], float]) -> Verdict:
    """rouge1(written, headline): the harmonic mean of precision and recall of words."""
    for written, headline, why in PAIRS:
        value = result(
            answer, f"rouge1({written!r}, {headline!r})", written, headline, wanted="a number"
        )
        true = summarization.rouge(written, headline)["rouge1"]
        if abs(value - true) < 1e-3:
            continue
        said = f"rouge1({written!r}, {headline!r}) is {true:.2f} ({why}), and yours is {value:.2f}"
        n = len(set(written.lower().split()) & set(headline.lower().split()))
        for name, text in (("precision", written), ("recall", headline)):
            if n and abs(value - n / len(text.split())) < 1e-3:
                return wrong(f"{said}: that is the {name} alone.")
        return wrong(f"{said}.")
    return right("Right: neither the order nor capitals matter to ROUGE-1.")


def mixed(mix: Callable) -> Verdict:
    """mix(g, vocabulary, attention, ids) -> p (V,), where a piece may stand twice in ids."""
    g, vocabulary = 0.25, torch.tensor([0.1, 0.6, 0.2, 0.1])
    attention, ids = torch.tensor([0.5, 0.2, 0.3]), torch.tensor([3, 2, 3])
    text = "mix(g, vocabulary, attention, ids)"
    p = result(mix, text, g, vocabulary, attention, ids, wanted="an array")
    p = torch.as_tensor(p).float()
    parts = Mixture(*(t[None, None] for t in (vocabulary, attention, torch.tensor([g]))))
    wanted = mixture(parts, ids[None])[0, 0]
    if p.shape != wanted.shape:
        return wrong(
            f"p has the shape {tuple(p.shape)}; it should be {(4,)}, one number for each piece."
        )
    if torch.allclose(p, wanted, atol=1e-5):
        return right("Right: piece 3 stands twice in the article, and gets both shares.")
    if abs(float(p.sum()) - 1) > 1e-4:
        return wrong(
            f"The shares sum to {float(p.sum()):.3f}, not 1. Piece 3 stands twice in the article: "
            "are both of its shares counted?"
        )
    return wrong(f"p = {[round(x, 3) for x in p.tolist()]}: which of the two gets g, which 1 - g?")


def baseline(answer: Callable[[str], str]) -> Verdict:
    """headline(text): ROUGE-1 on validation articles, against the lead's first eight words."""
    rows = list(summarization.load()["validation"].select(range(ARTICLES)))
    headlines = [result(answer, "headline(text)", row["text"], wanted="a text") for row in rows]
    longest = max(headlines, key=lambda text: len(text.split()))
    if len(longest.split()) > WORDS:
        return wrong(f"“{longest:.80}” has {len(longest.split())} words: at most {WORDS}, please.")
    eight = [summarization.lead(row["text"], 8) for row in rows]
    level, own = (100 * summarization.score(given, rows)["rouge1"] for given in (eight, headlines))
    said = f"ROUGE-1 is {own:.1f} %, and that of the first eight words {level:.1f} %"
    if own < level + GAIN:
        return wrong(
            f"{said}: it should be at least {GAIN:.0f} points more. The first of yours is "
            f"“{headlines[0]}”."
        )
    return right(f"Right: {said}. Would you also prefer to read yours, such as “{headlines[0]}”?")


EXERCISES = {
    "1": Exercise(
        judge=overlap,
        hints=(
            "Count the words of each text, in small letters: Counter(text.lower().split()).",
            "(one & other).total() counts the common words, each as often as in both.",
            "2 * common / (words of the one + words of the other) is the harmonic mean.",
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
        judge=baseline,
        hints=(
            "Which of the lead's words would no headline have? Print a few headlines of people.",
            "Leave out short words without a meaning of their own: a set such as {'the', 'of', …}.",
            "The first eight to twelve words of summarization.lead(text) that are not in that set.",
        ),
    ),
}
