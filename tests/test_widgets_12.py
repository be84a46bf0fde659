"""Lesson 12's widget without a browser: a word and its row."""

from kit.widgets import VocabularyLookup

TEXTS = {"train": [["the", "cat"], ["the", "dog"]], "test": [["the", "axolotl"], ["Rome"]]}


def test_a_word_of_the_test_alone_is_named_and_the_next_one_comes() -> None:
    lookup = VocabularyLookup({"the": 1, "axolotl": 7, "Rome": 0}, TEXTS, other=["the", "new"])
    assert lookup.word.value == "axolotl" and "row 7" in lookup.answer.value
    assert "Only the test has it" in lookup.answer.value
    assert "unknown words" in lookup.next().answer.value and lookup.word.value == "Rome"
    assert lookup.next().word.value == "axolotl"
    assert lookup.shares["the test, and nowhere else"] == (2, 2)
    assert lookup.shares["other texts, and not in the corpus"] == (0, 1)


def test_other_words_are_answered_and_escaped() -> None:
    lookup = VocabularyLookup({"the": 1}, TEXTS)
    assert "2 × in train, 1 × in test" in lookup.ask("the").answer.value
    shown = lookup.ask("<script>").answer.value
    assert "not in the file" in shown and "<script>" not in shown
    assert "empty" in lookup.ask("  ").answer.value
