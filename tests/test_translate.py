"""The lessons' prose can be taken out and put back in another language, cell by cell."""

import io
import re
from pathlib import Path

import lessons
import nbformat
import pytest
import translate
from babel.messages.pofile import read_po, write_po


def test_every_word_of_the_prose_is_marked_in_the_pseudo_language(tmp_path: Path) -> None:
    translate.apply(translate.pseudo, tmp_path)
    for path in lessons.committed():
        before, now = nbformat.read(path, 4), nbformat.read(tmp_path / path.name, 4)
        assert [c.id for c in now.cells] == [c.id for c in before.cells]
        for old, new in zip(before.cells, now.cells, strict=True):
            assert new.metadata == old.metadata
            if old.cell_type == "code":
                assert new.source == old.source
                continue
            words = translate.KEPT.sub(" ", new.source)
            assert not re.search("[aeiouyAEIOUY]", words), words


def test_a_translation_goes_out_to_a_file_and_comes_back() -> None:
    """Through gettext's format, as a translator's editor writes it."""
    messages = translate.catalog()
    contexts = [message.context for message in messages if message.id]
    assert len(contexts) == len(set(contexts)) == len(list(translate.prose()))
    for message in messages:
        if message.id:
            message.string = translate.pseudo(message.context, message.id)
    file = io.BytesIO()
    write_po(file, messages, width=0)
    file.seek(0)
    message = translate.from_catalog(read_po(file))
    path = lessons.committed()[0]
    lesson = nbformat.read(path, 4)
    there = translate.translated(lesson, path, message)
    assert there == translate.translated(lesson, path, translate.pseudo)
    assert there.cells[0].source != lesson.cells[0].source


def test_what_is_not_translated_or_no_longer_fits_stays_english() -> None:
    messages = translate.catalog()
    first = next(message for message in messages if message.id)
    first.string = translate.pseudo(first.context, first.id)
    message = translate.from_catalog(messages)
    assert message(first.context, first.id) == first.string
    assert message(first.context, first.id + " A new sentence.") == ""
    first.flags.add("fuzzy")
    assert message(first.context, first.id) == ""


@pytest.mark.parametrize(
    "translation", ["Il a 74 % avec `full`.", "Il a 73 % avec `frozen`.", "Il a beaucoup."]
)
def test_a_translation_that_changes_a_number_or_code_is_refused(translation: str) -> None:
    source = "It has 73 % with `full`."
    assert translate.check("00.cell", source, "Il a 73 % avec `full`.")
    with pytest.raises(ValueError, match=r"00.cell: the translation lacks"):
        translate.check("00.cell", source, translation)
