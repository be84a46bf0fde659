"""Exercises of lesson 07: tag entities."""

from collections.abc import Callable, Sequence
from numbers import Real

from kit.errors import KitError
from kit.exercises import Exercise, Verdict, right, wrong
from kit.exercises.functions import result
from kit.tasks import entities, tagging

__all__ = ["EXERCISES", "SENTENCE"]

SENTENCE = ["Mr", "Smith", "of", "the", "Bank", "of", "England", "left", "London", "."]
"""To be tagged by hand."""
TRUTH = ["O", "B-PER", "O", "O", "B-ORG", "I-ORG", "I-ORG", "O", "B-LOC", "O"]


def by_hand(tags: Sequence[str]) -> Verdict:
    """The tags of `SENTENCE`, one a word."""
    if not isinstance(tags, list | tuple) or len(tags) != len(SENTENCE):
        return wrong(f"Give a list of {len(SENTENCE)} tags, one for each word, full stop included.")
    if strange := [tag for tag in tags if tag not in entities.TAGS]:
        return wrong(f"{strange[0]!r} is no tag: choose from {', '.join(entities.TAGS)}.")
    for before, word, tag in zip(["O", *tags], SENTENCE, tags, strict=False):
        if tag.startswith("I-") and before[2:] != tag[2:]:
            return wrong(
                f"“{word}” has {tag}, and no such name stands before it: the first word of a name "
                "has B-."
            )
    for word, tag, true in zip(SENTENCE, tags, TRUTH, strict=True):
        if tag != true:
            return wrong(f"Look at “{word}” again: {tag} is not what people gave it.")
    return right(f"Right: {len(tagging.spans(tags))} entities. “Mr” is a title, not a name.")


def always_none(answer: tuple[float, float]) -> Verdict:
    """(share of right words, F1) on the test set of saying O to each word."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return wrong(f"{answer!r}: give two numbers, (share of right words, F1), each 0 to 1.")
    if any(isinstance(part, bool) or not isinstance(part, Real) for part in answer):
        return wrong(f"{answer!r}: both must be numbers from 0 to 1, without quotes.")
    every = [tag for tags in entities.load()["test"]["tags"][:] for tag in tags]
    share, (given, f1) = every.count(0) / len(every), answer
    if abs(f1) > 1e-6:
        return wrong(
            f"F1 is not {f1:g}: it counts whole names. How many names does this tagger find?"
        )
    if abs(given - share) > 0.005:
        return wrong(
            f"The share of right words is not {given:g}: count the words of data['test'] whose tag "
            "is 0, O, and divide by all words."
        )
    return right(f"Right: {share:.1%} of the words, and not one name. So the field counts names.")


def another_kind(pair: tuple[str, str], ask: Callable[[str], Sequence[str]]) -> Verdict:
    """Two sentences that differ in one word, and another word of both changes its kind.

    ask: from a text to its tags, one for each of `entities.words(text)`.
    """
    if not isinstance(pair, tuple | list) or [type(text) for text in pair] != [str, str]:
        return wrong(f"{pair!r}: give two sentences, (first, second), each between quotes.")
    first, second = (entities.words(text) for text in pair)
    differ = [i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b]
    if len(first) != len(second) or len(differ) != 1:
        return wrong("The two sentences must have as many words, and differ in exactly one word.")
    try:
        found = [ask(text) for text in pair]
    except KitError as error:
        return wrong(str(error))
    kinds = list(zip(first, *([tag[2:] for tag in tags] for tags in found), strict=True))
    for place, (word, one, other) in enumerate(kinds):
        if place != differ[0] and one and other and one != other:
            return right(f"Right: “{word}” is {one} in the first and {other} in the second.")
    said = ", ".join(f"“{word}” {one or 'O'} and {other or 'O'}" for word, one, other in kinds)
    return wrong(f"No word that both share changes from one kind of name to another: {said}.")


def decoder(answer: Callable[[list[str]], list[tuple]]) -> Verdict:
    """decode(tags) -> the spans (kind, first, last), also of tags that no person would give."""
    cases = (
        (["B-LOC", "I-LOC", "O", "B-PER"], "the last name ends with the sentence"),
        (["O", "O"], "there is no name"),
        (["B-PER", "B-PER"], "each B- begins a name of its own"),
        (["O", "I-ORG", "I-ORG"], "an I- that continues no name begins one"),
        (["B-PER", "I-LOC"], "an I- of another kind continues nothing, so it begins a name"),
        (["B-PER", "O", "I-PER"], "an O ends a name"),
    )
    for tags, why in cases:
        spans = result(answer, f"decode({tags})", tags, wanted="a list")
        if [tuple(span) if isinstance(span, list) else span for span in spans] != (
            true := tagging.spans(tags)
        ):
            return wrong(f"decode({tags}) is {true} ({why}), and yours says {spans}.")
    return right("Right: it also reads tags that no person would give, but a model can.")


EXERCISES = {
    "1": Exercise(
        judge=by_hand,
        hints=(
            "Three names: a person, an organisation, a place.",
            "“England” is a part of the name of a bank here, and so is the “of” before it.",
            '["O", "B-PER", "O", "O", "B-ORG", …]: the bank continues with I-ORG twice.',
        ),
    ),
    "2": Exercise(
        judge=always_none,
        hints=(
            "F1 needs no computer: how many names does a tagger find that says O to all?",
            'In data["test"]["tags"] each sentence is a list of numbers; 0 is O.',
            'every = [tag for tags in data["test"]["tags"][:] for tag in tags]',
        ),
    ),
    "3": Exercise(
        judge=another_kind,
        hints=(
            "Take a word that can name a person or a place: Jordan, Washington, Paris, Chelsea.",
            "The word before it decides: “in …”, “Mr …”, “against …”.",
            "“He met in Jordan.” has a word more than “He met Jordan.”: exchange a word, add none.",
        ),
    ),
    "4": Exercise(
        judge=decoder,
        hints=(
            "Walk over enumerate(tags), and keep a list of spans. Which tags begin a new one?",
            "A tag I-x continues the last span only if that span has the kind x and ends one word "
            "before.",
            "open = spans and spans[-1][0] == tag[2:] and spans[-1][2] == place - 1",
        ),
    ),
}
