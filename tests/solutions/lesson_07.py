"""What solves the exercises of lesson 07, and what does not."""

from kit.tasks import entities

TRUTH = ["O", "B-PER", "O", "O", "B-ORG", "I-ORG", "I-ORG", "O", "B-LOC", "O"]


def ask(text: str) -> list[str]:
    """A reader of the word before."""
    words = entities.words(text)
    kind = {"in": "B-LOC", "Mr": "B-PER"}
    return [kind.get(before, "O") for before in ["", *words[:-1]]]


def always_none() -> tuple[float, float]:
    tags = [tag for row in entities.load()["test"]["tags"][:] for tag in row]
    return sum(tag == 0 for tag in tags) / len(tags), 0.0


def decode(tags: list[str]) -> list[tuple[str, int, int]]:
    """An I- that continues no name begins one."""
    spans = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        open_ = spans and spans[-1][0] == tag[2:] and spans[-1][2] == place - 1
        if tag.startswith("I-") and open_:
            spans[-1] = (*spans[-1][:2], place)
        else:
            spans.append((tag[2:], place, place))
    return spans


def trusting(tags: list[str]) -> list[tuple[str, int, int]]:
    """The lesson's own: it stops at an I- without a B-."""
    spans = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((tag[2:], place, place))
        elif tag.startswith("I-"):
            kind, first, _ = spans.pop()
            spans.append((kind, first, place))
    return spans


SOLUTIONS = {
    "1": lambda: (TRUTH,),
    "2": lambda: (always_none(),),
    "3": lambda: (("They met in Jordan.", "They met Mr Jordan."), ask),
    "4": lambda: (decode,),
}
WRONG = {
    "1": [
        (TRUTH[:-1],),
        ([*TRUTH[:-1], "X"],),
        (["O", "I-PER", *TRUTH[2:]],),
        (["B-PER", "I-PER", *TRUTH[2:]],),
        ([*TRUTH[:4], "B-ORG", "O", "B-LOC", *TRUTH[7:]],),
    ],
    "2": [(0.83,), ((0.83, 0.83),), ((0.5, 0.0),), (("most", 0),)],
    "3": [
        (("In Jordan.",), ask),
        (("Met in Jordan.", "They met in Jordan."), ask),
        (("They met in Jordan.", "They met at Jordan."), ask),
    ],
    "4": [
        (trusting,),
        ([("LOC", 0, 1)],),
        (lambda tags: None,),
        (lambda tags: len(tags),),
        (lambda tags: [(tag[2:], i, i) for i, tag in enumerate(tags) if tag != "O"],),
    ],
}
