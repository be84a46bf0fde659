"""The user's own data, kind by kind: what was silently wrong on real files is right, or said."""

import csv
import io
import json
import unicodedata

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.data import own
from kit.data.own import Column
from kit.data.own.tables import split_of
from kit.data.own.tag_schemes import scheme_of, to_bio
from kit.errors import KitError
from kit.tasks import sentiment

OPEN = {"text": Column("text"), "label": Column("class")}
TAGGED = {"words": Column("words"), "tags": Column("tags")}
ROWS = [{"text": f"A tale of harbour {i}", "label": "ab"[i % 2]} for i in range(30)]


def put(tmp_path, name: str, content: str, encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Train", "train"),
        ("TRAINING", "train"),
        ("dev", "validation"),
        ("Eval", "validation"),
        ("validation_mismatched", "validation"),
        ("dev-clean", "validation"),
        ("Test", "test"),
        ("test_matched", "test"),
        ("held-out", "test"),
    ],
)
def test_split_names_are_read_in_any_case(name: str, split: str) -> None:
    parts = {name: Dataset.from_list(ROWS)}
    if split != "train":
        parts["train"] = Dataset.from_list([r | {"text": r["text"] + " again"} for r in ROWS])
    data = own.read(DatasetDict(parts), OPEN).data()
    assert any(place.startswith(name) for place in data[split]["id"])
    others = [place for k, part in data.items() if k != split for place in part["id"]]
    assert split == "train" or not any(place.startswith(f"{name}/") for place in others)


@pytest.mark.parametrize("name", ["unsupervised", "part2", "gold", "challenge"])
def test_an_unknown_split_is_refused_by_name(name: str) -> None:
    with pytest.raises(KitError, match=f"split '{name}' is unknown"):
        own.read({"train": ROWS, name: ROWS}, OPEN)
    with pytest.raises(KitError, match=name):
        split_of(name)


@pytest.mark.parametrize(
    ("content", "rows", "bad"),
    [
        ('text,label\n"He said ""no"", twice",a\nplain,b\n', 2, 0),
        ('text;label\n"one; two";a\n"three\nfour";b\n', 2, 0),
        ("text\tlabel\n" + '5" disk\ta\n"quoted start\tb\n' * 3, 6, 0),
        ('text,label\n"a \\"b\\" c, d",a\nx,b\n', 2, 0),
        ("sep=;\ntext;label\na;b\n", 1, 0),
        ("# exported today\ntext,label\nx,a\n", 1, 0),
        ("text,label,,\nx,a,,\ny,b,,\n", 2, 0),
        ("text,label\r\nx,a\r\n\r\ny,b\r\n", 2, 0),
        ("text,label\rx,a\ry,b\r", 2, 0),
        ('text,label\nx,a\n"never closed,b\ny,b\nz, and more,a\n', 4, 1),
        ("text|label\nx|a\ny|b|c\n", 2, 1),
    ],
)
def test_each_dialect_of_csv_keeps_every_row(tmp_path, content, rows, bad) -> None:
    report = own.read(put(tmp_path, "a.csv", content), OPEN)
    assert (len(report), len(report.bad)) == (rows, bad), report


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12),
            st.sampled_from(["a", "b", 'c"d', "e,f"]),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_are_conserved_over_dialects_and_encodings(tmp_path, rows, mark, end, code) -> None:
    """What a CSV writer writes comes back: as many rows, and each text as it was."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=mark, lineterminator=end)
    writer.writerow(["text", "label"])
    writer.writerows([text, label] for text, label in rows)
    path = tmp_path / "rows.csv"
    path.write_bytes(buffer.getvalue().encode(code))
    report = own.read(path, OPEN, delimiter=mark)
    assert len(report) == len(rows)
    kept = [text for text, _ in rows if text.strip()]
    assert report.good["text"][:] == kept


@given(st.lists(st.text("ab\",;\n\t\\ #'", max_size=10), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_dirt_swallows_no_line(tmp_path, lines) -> None:
    """However dirty, each line that is not empty is in a row, good or bad, of one line or more."""
    path = tmp_path / "dirt.csv"
    path.write_text("text,label\n" + "\n".join(lines) + "\n", newline="")
    try:
        report = own.read(path, OPEN)
    except KitError as error:
        assert "row" in str(error) or "columns" in str(error)
        return
    full = [line for line in "\n".join(lines).split("\n") if line.strip()]
    told = "".join(report.bad["content"]) + "".join(report.good["text"])
    assert len(report) <= len(full)
    letters = sum(c in "ab" for line in full for c in line)
    labels = [report.wants["label"].names[y] for y in report.good["label"]]
    assert sum(c in "ab" for c in told + "".join(labels)) >= 0.5 * letters or not letters


@pytest.mark.parametrize("option", [{"sep": ";"}, {"quotechar": "'"}, {"nrows": 3}])
def test_an_option_that_nothing_reads_is_refused(tmp_path, option) -> None:
    path = put(tmp_path, "a.csv", "text,label\nx,a\n")
    with pytest.raises(KitError, match=f"{next(iter(option))}= is not read"):
        own.read(path, OPEN, **option)
    with pytest.raises(KitError, match="is not read"):
        own.read(ROWS, OPEN, **option)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ça déborde, mon cœur, à Noël", "cp1252"),
        ("Größe, Straße, übel, ängstlich", "cp1252"),
        ("Привет, это длинный рассказ о гавани", "cp1251"),
    ],
)
def test_an_old_encoding_is_found_out(tmp_path, text: str, encoding: str) -> None:
    lines = "".join(f'"{text} {i}",{"ab"[i % 2]}\n' for i in range(40))
    path = put(tmp_path, "old.csv", "text,label\n" + lines, encoding)
    report = own.read(path, OPEN)
    assert report.good["text"][0] == f"{text} 0" and any("UTF-8" in n for n in report.notes)
    assert own.read(path, OPEN, encoding=encoding).good["text"][0] == f"{text} 0"
    with pytest.raises(KitError, match="encoding='klingon' is unknown"):
        own.read(path, OPEN, encoding="klingon")


@pytest.mark.parametrize(
    "where",
    [
        pd.DataFrame(ROWS),
        pd.DataFrame(ROWS).to_dict("list"),
        {k: np.array([r[k] for r in ROWS]) for k in ("text", "label")},
        {"train": ROWS[:20], "test": pd.DataFrame(ROWS[20:])},
        Dataset.from_list(ROWS).with_format("numpy"),
        ({"text": np.str_(r["text"]), "label": np.str_(r["label"])} for r in ROWS),
    ],
    ids=["DataFrame", "columns", "arrays", "splits", "formatted", "numpy values"],
)
def test_whatever_holds_rows_in_memory(where) -> None:
    report = own.read(where, OPEN)
    assert len(report.good) == 30 and report.counts() == {"a": 15, "b": 15}


def test_missing_values_of_pandas_are_empty() -> None:
    frame = pd.DataFrame(ROWS)
    frame.loc[3, "label"], frame.loc[4, "text"] = np.nan, None
    report = own.read(frame, OPEN)
    assert report.kinds == {"label is empty": 1, "text is empty": 1}


def test_a_dict_that_is_neither_rows_nor_columns_is_refused() -> None:
    for where in ({"text": ["a"], "label": ["x", "y"]}, {"text": "a"}, {}):
        with pytest.raises(KitError, match="dict"):
            own.read(where, OPEN)


def test_nested_columns_and_columns_of_later_rows(tmp_path) -> None:
    rows = [{"id": 1}] + [{"review": {"body": {"en": f"tide {i}"}}, "label": "a"} for i in range(9)]
    columns = {"text": "review.body.en"}
    assert len(own.read(rows, OPEN, columns=columns).good) == 9
    path = put(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert len(own.read(path, OPEN, columns=columns).good) == 9
    with pytest.raises(KitError, match=r"no review\.body\.fr"):
        own.read(rows, OPEN, columns={"text": "review.body.fr"})


@pytest.mark.parametrize(
    "value",
    [
        "['Mara', 'sails']",
        '["Mara", "sails"]',
        "('Mara', 'sails')",
        "['Mara' 'sails']",
        "Mara sails",
    ],
)
def test_lists_as_others_write_them(value: str) -> None:
    report = own.read([{"words": value, "tags": "['B-PER', 'O']"}], TAGGED)
    assert report.good["words"][0] == ["Mara", "sails"]


def test_a_bracket_in_a_text_is_no_list() -> None:
    report = own.read([{"words": "[sic] he said", "tags": "O O O"}], TAGGED)
    assert report.good["words"][0] == ["[sic]", "he", "said"]


def test_conll_files_and_the_long_format(tmp_path) -> None:
    lines = "-DOCSTART- O\n\nMara NNP B-PER\nsails VBZ O\n\nHome\tB-LOC\n\n"
    report = own.read(put(tmp_path, "a.conll", lines), TAGGED)
    assert report.good["words"][:] == [["Mara", "sails"], ["Home"]]
    long = [{"words": f"word{i}", "tags": "O", "sentence": i // 5} for i in range(20)]
    with pytest.raises(KitError, match=r"one word.*groupby"):
        own.read(long, TAGGED)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["B-PER", "I-PER", "O", "B-LOC"], "BIO"),
        (["I-PER", "I-PER", "O", "I-LOC"], "IOB1"),
        (["I-PER", "E-PER", "O", "E-LOC"], "IOE"),
        (["B-PER", "E-PER", "O", "S-LOC"], "BIOES"),
        (["B-PER", "L-PER", "O", "U-LOC"], "BIOES"),
        (["PER", "PER", "O", "LOC"], "plain"),
    ],
)
def test_every_scheme_of_tags_becomes_bio(tags, scheme) -> None:
    assert scheme_of([tags]) == scheme
    assert to_bio(tags, scheme) == ["B-PER", "I-PER", "O", "B-LOC"]
    rows = [{"words": ["Ann", "Lee", "in", "Rome"], "tags": tags}] * 3
    report = own.read(rows, TAGGED)
    assert report.wants["tags"].names == ("B-LOC", "B-PER", "I-PER", "O")
    assert (scheme == "BIO") == (not any("tags were" in note for note in report.notes))


@pytest.mark.parametrize(
    ("value", "number"),
    [("0,5", 0.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("\u22123", -3.0), (" 7 ", 7.0)],
)
def test_numbers_with_points_and_commas(value, number) -> None:
    report = own.read([{"text": "tide", "score": value}], {"text": Column("text")} | {
        "score": Column("number")})  # fmt: skip
    assert report.good["score"][:] == [number]


@pytest.mark.parametrize("value", ["1,234", "12,345", "1,234,567"])
def test_a_number_that_may_mean_two_things_is_bad(value: str) -> None:
    wants = {"text": Column("text"), "score": Column("number")}
    report = own.read([{"text": "tide", "score": value}], wants)
    assert "ambiguous" in report.bad["problem"][0]


def test_one_class_in_several_spellings_is_said() -> None:
    rows = [r | {"label": ["Good", "good ", "GOOD", "bad"][i % 4]} for i, r in enumerate(ROWS)]
    report = own.read(rows, OPEN)
    [note] = [note for note in report.notes if "spellings" in note]
    values = {"good": "Good", "GOOD": "Good"}
    assert "values=" in note
    again = own.read(rows, OPEN, values=values)
    assert again.wants["label"].names == ("Good", "bad")


@pytest.mark.parametrize("as_written", [int, str, float, lambda label: f" {label}.0 "])
def test_classes_counted_from_one_are_said(as_written) -> None:
    rows = [r | {"label": as_written(1 + i % 2)} for i, r in enumerate(ROWS)]
    report = own.read(rows, sentiment.COLUMNS)
    assert any("never 0" in note and "values=" in note for note in report.notes)
    rows = [r | {"label": as_written(i % 2)} for i, r in enumerate(ROWS)]
    assert not own.read(rows, sentiment.COLUMNS).notes


def leak(data, plain) -> int:
    """Texts of test that stand in train, once made plain."""
    train = {plain(text) for text in data["train"]["text"]}
    return sum(plain(text) in train for text in data["test"]["text"])


@pytest.mark.parametrize(
    "variants",
    [
        lambda t: (unicodedata.normalize("NFC", t), unicodedata.normalize("NFD", t)),
        lambda t: (t, t.upper() + "!!"),
        lambda t: (t, f"  {t.replace(' ', '  ')} ."),
        lambda t: (t, f"“{t}”", t + " …"),
    ],
    ids=["Unicode forms", "capitals", "spaces", "quotes"],
)
def test_variants_of_a_text_stay_together(variants) -> None:
    texts = [f"Überall im Café Nr {i} sang {i * i} mal ein Chor {i * 7}" for i in range(40)]
    rows = [{"text": v, "label": "ab"[i % 2]} for i, t in enumerate(texts) for v in variants(t)]
    data = own.read(rows, OPEN).data()
    plain = lambda t: unicodedata.normalize("NFKC", t).casefold().strip(" .!…“”").split()[-1]  # noqa: E731
    assert len(data["test"]) >= 4 and leak(data, plain) == 0


def test_splits_are_stratified_and_what_lacks_is_said() -> None:
    rows = [{"text": f"calm {i} waters {i * 3}", "label": "calm"} for i in range(50)]
    rows += [{"text": f"fog {i} rolls {i * 5}", "label": "fog"} for i in range(4)]
    report = own.read(rows, OPEN)
    data = report.data()
    fog = report.wants["label"].names.index("fog")
    assert [list(part["label"]).count(fog) for part in data.values()] == [2, 1, 1]
    assert not report.division
    few = own.read([*rows[:50], *rows[50:52]], OPEN)
    few.data()
    assert any("'fog' has no row in validation, test" in note for note in few.division)
    assert "fog" in repr(few) and "fog" in few._repr_html_()


def test_what_given_splits_share_is_said() -> None:
    report = own.read({"train": ROWS[:20], "dev": ROWS[:5], "test": ROWS[20:]}, OPEN)
    said = " ".join(report.notes)
    assert "5 texts of validation are in train too" in said and "will share" not in said
    report.data()
    assert any("5 texts of validation stand in train" in note for note in report.division)
