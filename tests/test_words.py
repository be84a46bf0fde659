"""Words of the lessons: each term is explained before it is used; a lesson has its frame."""

import re
from pathlib import Path

import lessons
import pytest
from words import HERE, LESSONS, ROOT, Entry, cells, complaints, entries, links, uses

NOT_YET = [f"{number:02}" for number in range(3, 14)]
"""Lessons that do not have the frame yet."""
DONE = [lesson for lesson in LESSONS if lesson not in NOT_YET]
EVERYDAY = frozenset(
    [
        "bias",
        "bridge",
        "budget",
        "child",
        "evidence",
        "full",
        "gap",
        "label",
        "leak",
        "merge",
        "parent",
        "peak",
        "point",
        "prefix",
        "range",
        "recall",
        "span",
        "target",
        "template",
    ]
)
"""Terms that are words of common English too: an earlier lesson may use them."""
FRAME = {
    "before": "**You need:**",
    "recap": "## What we found",
    "rule": "## When should you",
    "misconceptions": "## What people often believe",
    "quiz-said": "## Quiz",
    "quiz": "exercises.quiz(",
    "words": "## Words of this lesson",
}
"""The cells that every lesson has, in this order: id, and how the cell begins. Of `recap` only the
heading counts: its cell has an id of its own."""


def test_the_glossary_is_complete_and_in_order() -> None:
    known = entries()
    order = [entry.term.casefold() for entry in known]
    assert order == sorted(order)
    forms = [form for entry in known for form in (entry.term, *entry.aliases)]
    assert len({form.casefold() for form in forms}) == len(forms)
    assert {entry.lesson for entry in known} <= set(LESSONS)
    assert EVERYDAY <= {entry.term for entry in known} | {a for e in known for a in e.aliases}
    for entry in known:
        assert entry.text.endswith(".") and len(entry.text) < 400, entry.term


def test_no_term_is_explained_in_two_places() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## The kit's own terms")
    own = re.findall(r"^\| ([^|]+) \|", table[1], re.MULTILINE)
    own = {term.strip("` ") for row in own for term in row.split(",")}
    assert not own & {entry.term for entry in entries()}


@pytest.mark.parametrize("lesson", DONE)
def test_a_term_is_linked_where_it_is_introduced_and_not_used_before(lesson: str) -> None:
    assert complaints(lesson, entries(), EVERYDAY) == []


@pytest.mark.parametrize("lesson", DONE)
def test_a_lesson_has_its_frame(lesson: str) -> None:
    shown = cells(lesson)
    ids = [c.id for c in shown]
    found = []
    for name, start in FRAME.items():
        wanted = [c for c in shown if c.source.startswith(start)]
        assert len(wanted) == 1, f"{name}: one cell begins with {start!r}"
        assert name == "recap" or wanted[0].id == name
        found.append(ids.index(wanted[0].id))
    assert found == sorted(found)
    assert ids[found[0] - 1] == "setup", "`before` follows the set-up"
    assert shown[ids.index("quiz")].source == f'exercises.quiz("{lesson}")'
    before = shown[found[0]].source
    assert "**You will be able to:**" in before
    assert f"**Time:** about {lessons.MINUTES[lesson]} minutes" in before
    misconceptions = shown[ids.index("misconceptions")].source
    assert len(re.findall(r"^\*[^*].*\*", misconceptions, re.MULTILINE)) >= 3


@pytest.mark.parametrize("lesson", DONE)
def test_a_lesson_lists_the_terms_that_it_introduces(lesson: str) -> None:
    [words] = [c.source for c in cells(lesson) if c.id == "words"]
    assert links(words) == [e.anchor for e in entries() if e.lesson == lesson]


@pytest.mark.parametrize("path", [*LESSONS.values(), *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
def test_a_link_to_the_glossary_goes_to_an_entry(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    anchors = set(re.findall(r"GLOSSARY\.md#([\w-]+)", text))
    assert anchors <= {entry.anchor for entry in entries()}


def test_an_early_use_and_a_use_without_a_link_are_found() -> None:
    known = [Entry("head", "", (), "00"), Entry("attention head", "", ("heads",), "02")]
    text = f"`head` of $head$, an **attention\nhead**, [heads]({HERE}head) and a head\n# A head"
    assert [(e.term, link) for e, link in uses(text, known)] == [
        ("attention head", False),
        ("head", True),
        ("head", False),
    ]
    assert [*uses(f"[x]({HERE}none)", known)] == [("none", True)]
    assert [*uses("a headline", known)] == []


RETIRED = "|".join(
    (
        # idioms, and words carried over from another language
        r"for ever the same|falls? the same way|is dear\b|thousand million|million million",
        r"in the wild|comes? to rest|out of the picture|from wall to wall|at a glance",
        r"rule of thumb|free lunch|low-hanging|out of the box|under the hood|by heart\b",
        r"stands? on one side|hangs? on a\b|before your eyes|in other words",
        # clauses without a noun
        r"\bwhoever\b|\bwho (hears|knows|copies|pays)\b|\bwhat (stands|goes on)\b",
        r"\bwhat is (special|short|\*\w+\*)",
        # lesson 00
        r"has read before|what is that worth|came with our labels|source's values did\b",
        r"speak for themselves|words travel|a model that has read|ask before anybody",
        # 01
        r"should it pay|the price of the difference|makes probabilities of|the push that",
        r"gives up on|punishes being|throws (θ|it)\b",
        # 02
        r"spend the same minute|the price is that|it was called impossible|something back",
        r"is the likeliest next|the curves are surprise|five times over|sentences mean alike",
        r"paid for the teacher|as good as its lesson",
        # 03
        r"there is to carry over|matrices meet biases|what has no twin|are real minilm",
        r"the lower the lowest|longer the way back",
        # 04
        r"the copy says the same|are no proof|off a report|\(nor gains|owes its source",
        # 05
        r"attention or feed-forward part says|words that nobody wrote|that is decided",
        r"labels slowly replace",
        # 06
        r"which side is|gives the right one|\*remembered\*|decision round",
        # 07
        r"costs nothing|all letters small|is worth it beyond|what is carried over",
        r"not one number was added",
        # 08
        r"how far do they reach|what volunteers made|the writer's state|has fours in a row",
        r"kin, or far|is lost without",
        # 09
        r"does it pay to|headline's \*job\*|fresh ones below",
    )
)
"""Phrases that lessons no longer use: idioms, clauses without a subject, coined terms."""


@pytest.mark.parametrize("lesson", DONE)
def test_no_retired_phrase_comes_back(lesson: str) -> None:
    text = "\n".join(c.source for c in cells(lesson) if c.cell_type == "markdown")
    found = [match[0] for match in re.finditer(RETIRED, text, re.IGNORECASE)]
    assert not found, f"lesson {lesson}: {found}"
