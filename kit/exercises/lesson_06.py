"""Exercises of lesson 06: classify sentiment."""

from collections.abc import Callable, Sequence

from kit import results
from kit.data import own
from kit.exercises import Exercise, Verdict, right, wrong
from kit.tasks import sentiment
from kit.tasks.occlusion import influence

__all__ = ["EXERCISES", "STARS"]

STARS = [
    {"review": "Broke after a day.", "stars": 1},
    {"review": "I would not buy it again.", "stars": 2},
    {"review": "It is a phone.", "stars": 3},
    {"review": "Does what it should.", "stars": 4},
    {"review": "The best that I have had!", "stars": 5},
]
"""Reviews of a shop, with stars."""


def worse_than_one_answer(answer) -> Verdict:
    """The domains where words counted on films are worse than always the same answer."""
    rows = [r for r in results.load("domains")["rows"] if r["trained"] == {"films": 400}]
    score = {
        (start, domain): [r["accuracy"] for r in rows if (r["start"], r["test"]) == (start, domain)]
        for start in ("majority", "tfidf")
        for domain in sentiment.DOMAINS
    }
    mean = {key: sum(found) / len(found) for key, found in score.items()}
    best = {d: max(mean["majority", d], 1 - mean["majority", d]) for d in sentiment.DOMAINS}
    solution = {d for d in sentiment.DOMAINS if mean["tfidf", d] < best[d]}
    answer = {answer} if isinstance(answer, str) else set(answer)
    if strange := answer - set(sentiment.DOMAINS):
        return wrong(f"{sorted(strange)} are not among {', '.join(sentiment.DOMAINS)}.")
    for domain in sentiment.DOMAINS:
        if (domain in answer) != (domain in solution):
            has = f"TF-IDF has {mean['tfidf', domain]:.3f}, always the same {best[domain]:.3f}"
            return wrong(f"Look at {domain} again: {has}.")
    return right("Right. A number alone says little: ask what the cheapest answer would have.")


def one_word(sentence: str, ask: Callable[[list[str]], Sequence[float]]) -> Verdict:
    """Leaving out one word turns the decision round. ask: from texts to P(positive)."""
    if not isinstance(sentence, str) or len(sentence.split()) < 2:
        return wrong(f"{sentence!r}: give a sentence of at least two words, between quotes.")
    p, words = influence(ask, sentence)
    turned = [word for word, change in words if (p > 0.5) != (p - change > 0.5)]
    if turned:
        return right(f"Right: {p:.2f} positive, and without “{turned[0]}” on the other side.")
    word, change = max(words, key=lambda found: abs(found[1]))
    return wrong(
        f"{p:.2f} positive. “{word}” matters most: without it {p - change:.2f}, still on the same "
        "side of 0.5."
    )


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
            return wrong("Three stars are neither for nor against: leave 3 out of the mapping.")
        if n != 3 and label is None:
            return wrong(f"{n} stars have no class yet: the report says “{report.most()}”.")
        if n != 3 and label != int(n > 3):
            return wrong(f"{n} stars became {sentiment.CLASSES[label]}.")
    return right(f"Right: {len(report.good)} good rows, and the report keeps the other one.")


EXERCISES = {
    "1": Exercise(
        judge=worse_than_one_answer,
        hints=(
            "The dotted line of the figure is what always giving one answer has.",
            "Compare each ✕ (TF-IDF, 400 film labels) with the dotted line of its domain.",
            "Only at home, on films, is counting words clearly above it.",
        ),
    ),
    "2": Exercise(
        judge=one_word,
        hints=(
            "Begin with a sentence that the model is not sure of: near 0.5.",
            "“It is not …”: with one strong word in a sentence that says little else.",
            "Short sentences are easiest: “The film is dull.” Try strong words in the box above.",
        ),
    ),
    "3": Exercise(
        judge=stars,
        hints=(
            "values is a dict: what stands in the file -> the name of a class.",
            'The classes are "negative" and "positive"; a value that is left out is a bad row.',
            'Begin with {1: "negative", 5: "positive"}, and look at what the check says.',
        ),
    ),
}
