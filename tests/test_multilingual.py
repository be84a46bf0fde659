"""English film labels and sentences in other languages: our sentences, and what was recorded."""

import unicodedata

import pytest

from kit import results
from kit.data.multilingual import LANGUAGES, sentences
from kit.errors import KitError
from kit.results import multilingual


def test_our_sentences_are_of_their_language_and_in_two_halves() -> None:
    for code in LANGUAGES:
        rows = sentences(code)
        assert [row["label"] for row in rows] == [1] * 10 + [0] * 10
        assert len({row["text"] for row in rows}) == 20
        scripts = {unicodedata.name(letter).split()[0] for letter in rows[0]["text"]}
        assert bool(scripts & {"CJK", "HIRAGANA"}) == (code in ("ja", "zh"))
    with pytest.raises(KitError, match="language='es': give one of en, de"):
        sentences("es")


def test_the_table_says_what_was_recorded() -> None:
    recorded = results.load("multilingual")["rows"]
    assert len(recorded) == 3 * 3 * 7
    scores = multilingual.summary()
    frame = multilingual.table().data
    assert list(frame["texts"])[2] == "German, 20 sentences of ours"
    assert frame["e5"][0].startswith(f"{100 * scores['e5', 'films'][0]:.1f}")
