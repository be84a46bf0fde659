"""Exercises of lesson 06: classify sentiment."""

from collections.abc import Callable, Sequence

from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import call, kind, number, tensor
from kit.tasks.occlusion import influence

__all__ = ["EXERCISES"]

POOL, GROUP = "mean_pool(hidden, mask)", "by_group(answers, labels, groups)"


def pooled(mean_pool: Callable) -> Verdict:
    """mean_pool(hidden, mask): hidden (B, T, D), mask (B, T) -> the mean over tokens, (B, D)."""
    import torch

    generator = torch.Generator().manual_seed(6)
    hidden = torch.randn(3, 5, 4, generator=generator)
    mask = torch.arange(5)[None] < torch.tensor([5, 2, 3])[:, None]
    value = call(mean_pool, POOL, hidden.clone(), mask.clone())
    value = tensor(value, (3, 4), "For hidden (3, 5, 4) the answer")
    inside = mask[..., None]
    if torch.allclose(value, (hidden * inside).sum(1) / mask.sum(1, keepdim=True), atol=1e-5):
        return right("Right: padding counts neither in the sum nor in the number of tokens.")
    mistakes = {
        "padding counts: leave out the vectors where mask is False.": hidden.mean(1),
        "the sum is right, but it is divided by the length with padding. Divide by the number of "
        "tokens, mask.sum(1).": (hidden * inside).mean(1),
        "this is the sum: divide it by the number of tokens.": (hidden * inside).sum(1),
        "this is the first token alone.": hidden[:, 0],
        "padding counts in the sum.": hidden.sum(1) / mask.sum(1, keepdim=True),
    }
    for said, wrong_value in mistakes.items():
        if torch.allclose(value, wrong_value, atol=1e-5):
            return wrong(f"Not yet: {said}")
    rows = [i for i in range(3) if not torch.allclose(value[i], hidden[i, mask[i]].mean(0))]
    return wrong(f"The vectors of sentences {rows} are not the mean of their tokens' vectors.")


def one_word(sentence: str, ask: Callable[[list[str]], Sequence[float]]) -> Verdict:
    """Leaving out one word flips the decision. ask: from texts to P(positive)."""
    if not isinstance(sentence, str) or len(sentence.split()) < 2:
        return wrong(f"{sentence!r}: give a sentence of at least two words, between quotes.")
    p, words = influence(ask, sentence)
    turned = [word for word, change in words if (p > 0.5) != (p - change > 0.5)]
    if turned:
        return right(f"Right: {p:.2f} positive, and without “{turned[0]}” the decision flips.")
    word, change = max(words, key=lambda found: abs(found[1]))
    return wrong(
        f"{p:.2f} positive. “{word}” matters most: without it {p - change:.2f}, which "
        "does not flip the decision."
    )


def grouped(by_group: Callable) -> Verdict:
    """by_group(answers, labels, groups) -> group -> accuracy within it."""
    answers, labels = [1, 0, 1, 1, 0, 1, 0], [1, 0, 0, 1, 1, 0, 1]
    groups = ["films", "films", "tweets", "films", "tweets", "tweets", "news"]
    correct = {"films": 1.0, "tweets": 0.0, "news": 0.0}
    for more in (False, True):
        if more:  # other lengths and groups, so that no number can be written down
            answers, labels = [*answers, 1, 0, 1], [*labels, 1, 0, 0]
            groups = [*groups, "news", "tweets", "letters"]
            correct = {"films": 1.0, "tweets": 0.25, "news": 0.5, "letters": 0.0}
        value = call(by_group, GROUP, list(answers), list(labels), list(groups))
        if not isinstance(value, dict):
            return wrong(f"{kind(value)}, is no dict: return {{group: accuracy}}.")
        if set(value) != set(correct):
            return wrong(f"The groups are {sorted(correct)}; yours are {sorted(map(str, value))}.")
        for group, share in correct.items():
            given = number(value[group], wanted=f"a number for {group}, such as 0.5")
            if abs(given - share) < 1e-6:
                continue
            inside = [a == b for a, b, g in zip(answers, labels, groups, strict=True) if g == group]
            if abs(given - sum(inside)) < 1e-6:
                return wrong(f"{given} is the number of right answers in {group}: divide it.")
            if abs(given - sum(inside) / len(answers)) < 1e-6:
                return wrong(f"Divide {group}'s right answers by the size of {group}, not of all.")
            return wrong(f"{group}: {sum(inside)} of {len(inside)} are right, not {given}.")
    return right("Right: look at the worst group, not only at the mean.")


EXERCISES = {
    "1": Exercise(
        judge=pooled,
        hints=(
            "`mask[..., None]` has the shape (B, T, 1): multiply `hidden` with it.",
            "Sum over the tokens, `.sum(1)`, and divide by the number of tokens of each sentence.",
            "`mask.sum(1, keepdim=True)` is that number, in the shape (B, 1).",
        ),
    ),
    "2": Exercise(
        judge=one_word,
        hints=(
            "Begin with a sentence of which the model is not sure: near 0.5.",
            "“It is not …”: put one strong word into a sentence that says little else.",
            "Short sentences are easiest: “The film is dull.” Try strong words in the box above.",
        ),
    ),
    "3": Exercise(
        judge=grouped,
        hints=(
            "Go through the three lists together: `zip(answers, labels, groups)`.",
            "Collect for each group a list of True and False: `found.setdefault(group, [])`.",
            "The accuracy is `sum(list) / len(list)`: True counts as 1.",
        ),
    ),
}
