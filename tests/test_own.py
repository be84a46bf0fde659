"""The user's own data: whatever is in it, a clear report, and no row lost."""

import json
import os
import subprocess
import sys
import time

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.data import own
from kit.data.own import Column
from kit.errors import KitError
from kit.tasks import TASKS, entities, sentiment, task, topics

OPEN = {"text": Column("text"), "label": Column("class")}
FILMS = [{"text": f"A {w} film, number {i}.", "label": c} for i, (w, c) in enumerate(
    [("fine", "positive"), ("dull", "negative")] * 20
)]  # fmt: skip


def write(path, rows: list[dict], encoding: str = "utf-8") -> None:
    """Rows as a file of the kind that its name says."""
    if path.suffix == ".parquet":
        Dataset.from_list(rows).to_parquet(path)
    elif path.suffix == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines), encoding=encoding)
    else:
        import pandas as pd

        pd.DataFrame(rows).to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",",
                                  encoding=encoding)  # fmt: skip


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".jsonl", ".parquet", "Dataset", "dicts"])
def test_whatever_holds_the_rows(tmp_path, kind: str) -> None:
    where = {"Dataset": Dataset.from_list(FILMS), "dicts": FILMS}.get(kind)
    if where is None:
        write(where := tmp_path / f"films{kind}", FILMS)
    report = own.read(where, sentiment.COLUMNS)
    assert report.good["text"][:] == [row["text"] for row in FILMS]
    assert report.good["label"][:] == [sentiment.CLASSES.index(r["label"]) for r in FILMS]
    assert not len(report.bad) and report.counts() == {"negative": 20, "positive": 20}
    data = report.data()
    assert {name: len(rows) for name, rows in data.items()} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    assert data["train"].features["label"].names == list(sentiment.CLASSES)
    assert sentiment.sample(data["train"], 10, seed=0).num_rows == 10
    assert own.read(where, sentiment.COLUMNS).data()["test"]["id"][:] == data["test"]["id"][:]


@pytest.mark.parametrize("name", TASKS)
def test_any_task_reads_its_own_rows_back(name: str, archives) -> None:
    made = task(name)
    rows = made.load()["test"].select(range(40)).select_columns(list(made.COLUMNS))
    report = own.read(rows, made.COLUMNS)
    assert len(report.good) == 40 and not report.kinds
    assert report.good.select_columns(list(made.COLUMNS))[:] == rows[:]


def test_each_bad_row_is_named_and_none_is_lost(tmp_path) -> None:
    path = tmp_path / "mixed.csv"
    lines = [b"review;stars", b"fine;positive", b"meh;unsure", b";negative", b"a;b;c"]
    lines += ["déjà vu;NEGATIVE".encode("cp1252"), "naïve 🎬;1".encode(), b'"two', b'lines; ";0']
    path.write_bytes(b"\n".join(lines))
    report = own.read(path, sentiment.COLUMNS, columns={"text": "review", "label": "stars"})
    assert report.good["text"][:] == ["fine", "déjà vu", "naïve 🎬", "two\nlines; "]
    assert report.good["label"][:] == [1, 0, 1, 0]
    assert dict(zip(report.bad["id"][:], report.bad["problem"][:], strict=True)) == {
        "line 3": "label is none of negative, positive: 'unsure'",
        "line 4": "text is empty",
        "line 5": "another number of columns than the first line",
    }
    assert json.loads(report.bad["content"][0]) == {"review": "meh", "stars": "unsure"}
    assert any("1 line is not UTF-8, and read as cp1252" in note for note in report.notes)
    said, page = repr(report), report._repr_html_()
    for word in ("7 rows, 4 good", "1 not: text is empty"):
        assert word in said
    assert "line 3" in page and "unsure" in page and "<script" not in page
    with pytest.raises(KitError, match=r"3 of 7 rows .*: put them right, or give keep=True"):
        report.data()
    assert report.data(keep=True, least=4)["train"].num_rows >= 3
    with pytest.raises(KitError, match=r"4 good rows .* too few"):
        report.data(keep=True)


@pytest.mark.parametrize(
    ("words", "tags", "problem"),
    [
        (["Anna", "sings"], ["B-PER", "O"], None),
        ("The EU", "O B-ORG", None),
        ('["The", "EU"]', '["O", 3]', None),
        (["EU"], ["B-FOO"], "none of O, B-PER"),
        (["EU"], ["9"], "none of O, B-PER"),
        (["EU", "met"], ["I-ORG", "O"], None),  # IOB1, whose names begin so
        (["EU", "met"], ["ORG", "O"], None),  # no prefix at all
        (["EU", "x"], ["S-ORG", "O"], None),  # BIOES
        (["a", "b"], ["B-PER", "I-ORG"], "continues nothing: I-ORG of word 2"),
        (["EU", "a"], ["B-ORG"], "not one tag for each word: 1 for 2"),
        ([], [], "words is empty"),
        (None, None, "words is empty"),
        (["EU", ""], ["B-ORG", "O"], "a word of words is empty"),
        (["EU", 3], ["B-ORG", "O"], "not text"),
    ],
)
def test_tags(words, tags, problem) -> None:
    report = own.read([{"words": words, "tags": tags}], entities.COLUMNS)
    if problem is None:
        assert len(report.good) == 1 and len(report.good["tags"][0]) == 2
    else:
        assert problem in report.bad["problem"][0]


@pytest.mark.parametrize(
    ("text", "label", "problem"),
    [
        (None, "positive", "text is empty"),
        (" \n", "positive", "text is empty"),
        (3, "positive", "text is not text: 3 (int)"),
        ("good \ud83d", "positive", "half a character"),
        ("a", None, "label is empty"),
        ("a", 1.0, None),
        ("a", 0.5, "label has no class: 0.5"),
        ("a", ["positive"], "label has no class"),
        ("a", "2", "label is none of negative, positive: '2'"),
        ("a", " Positive ", None),
        ("a" * 100_000, 0, None),
    ],
)
def test_texts_and_classes(text, label, problem) -> None:
    report = own.read([{"text": text, "label": label}], sentiment.COLUMNS)
    assert (report.bad["problem"][0] if len(report.bad) else None) is problem or (
        problem in report.bad["problem"][0]
    )
    assert repr(report) and report._repr_html_()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"one,two\n1,2\n", r"has the columns one, two, and no text, label: say which"),
        ("a.csv", b"text,text\n1,2\n", "two columns of one name"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "binary"),
        ("a.jsonl", b"\xff\xfeb\0r\0o\0", r"is not utf-16|no columns with names"),
        ("a.parquet", b"PAR1 no", "no whole Parquet file"),
        ("a.xlsx", b"PK", r"of no kind that can be read: give \.csv"),
    ],
)
def test_what_cannot_be_read_at_all(tmp_path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KitError, match=message):
        own.read(path, sentiment.COLUMNS)


@pytest.mark.parametrize("where", ["nowhere.csv", 7, None, b"text", "what is this"])
def test_what_is_no_data(where) -> None:
    with pytest.raises(KitError, match=r"is not there|is no data|no name on the hub"):
        own.read(where, sentiment.COLUMNS)


def test_columns_and_values_are_mapped() -> None:
    rows = [{"Review": "fine", "stars": 5}, {"Review": "dull", "stars": 1}, {"Review": "so so"}]
    with pytest.raises(KitError, match=r"like columns=\{'text': '.*', 'label': '.*'\}"):
        own.read(rows, sentiment.COLUMNS)
    with pytest.raises(KitError, match=r"no column \['class'\]"):
        own.read(rows, sentiment.COLUMNS, columns={"class": "stars"})
    columns, values = {"text": "Review", "label": "stars"}, {5: "positive", "1": "negative"}
    report = own.read(rows, sentiment.COLUMNS, columns=columns, values=values)
    assert report.good["label"][:] == [1, 0] and report.bad["problem"][:] == ["label is empty"]


def test_a_label_never_seen_and_other_things_worth_knowing() -> None:
    label = ClassLabel(names=["sport", "arts"])
    features = Features({"text": Value("string"), "label": label})
    train = [{"text": f"Sport {i}", "label": 0} for i in range(30)]
    test = [
        {"text": "Sport 3", "label": 0},
        {"text": "A play", "label": 1},
        {"text": "x", "label": 0},
    ]
    parts = {
        k: Dataset.from_list(r, features=features)
        for k, r in {"train": train, "test": test}.items()
    }
    report = own.read(DatasetDict(parts), OPEN)
    assert report.wants["label"].names == ("arts", "sport")
    notes = " ".join(report.notes)
    assert "never seen in train: arts" in notes and "1 text of test is in train too" in notes
    assert "one row alone is of class 'arts'" in notes
    data = report.data()
    assert data["test"]["text"][:] == ["Sport 3", "A play", "x"]
    assert len(data["validation"]) == 3 and len(data["train"]) == 27
    again = own.read([*FILMS, FILMS[0] | {"label": "negative"}], sentiment.COLUMNS)
    assert "1 row repeats the text of another" in " ".join(again.notes)
    assert "1 text has different classes in different rows" in " ".join(again.notes)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=3)), max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_good_or_bad_and_equal_texts_share_a_split(rows) -> None:
    given = [{"text": t, "label": c} for t, c in rows]
    if not given:
        return
    report = own.read(given, OPEN)
    assert len(report.good) + len(report.bad) == len(given)
    assert sorted(report.good["id"][:] + report.bad["id"][:]) == sorted(
        f"row {i + 1}" for i in range(len(given))
    )
    assert sum(report.kinds.values()) == len(report.bad)
    if len(report.good):
        data = report.data(keep=True, least=1)
        assert sum(map(len, data.values())) == len(report.good)
        texts = [set(map(str.lower, map(str.strip, part["text"][:]))) for part in data.values()]
        assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]


def test_the_hub_and_a_folder_in_its_place(tmp_path) -> None:
    write(tmp_path / "train.jsonl", FILMS)
    write(tmp_path / "test.jsonl", FILMS[:6])
    report = own.read(str(tmp_path), sentiment.COLUMNS, cache_dir=str(tmp_path / "cache"))
    assert len(report.good) == 46 and set(report.good["split"][:]) == {"train", "test"}
    assert report.good["id"][-1] == "test/row 6"
    program = (
        "from kit.data import own\nfrom kit.errors import KitError\nfrom kit.tasks import topics\n"
        "try: own.read('stanfordnlp/imdb', topics.COLUMNS)\n"
        "except KitError as problem: print(problem)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "empty")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said.startswith("'stanfordnlp/imdb' cannot be read from the hub")
    assert "Connect to the network" in said


def test_many_rows_are_read_fast(tmp_path) -> None:
    path, n = tmp_path / "many.csv", 200_000
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(
            f"sentence {i} of many,{'unsure' if i % 1000 == 7 else i % 2}\n" for i in range(n)
        )
    began = time.process_time()
    report = own.read(path, sentiment.COLUMNS)
    assert len(report.good) == n - 200 and len(report.bad) == 200
    assert time.process_time() - began < 60  # 3 to 6 s
    assert report.data(keep=True)["train"].num_rows == pytest.approx(0.8 * n, rel=0.01)


def test_what_was_read_can_be_trained_on(tmp_path) -> None:
    """As a task's own data: the rows of topics, by other names, through a file."""
    rows = [{"news": f"{w} {i}", "kind": c} for i in range(15) for w, c in
            (("Goal, match and team", "Sports"), ("Shares and banks", "business"))]  # fmt: skip
    write(tmp_path / "n.csv", rows)
    report = own.read(tmp_path / "n.csv", topics.COLUMNS, columns={"text": "news", "label": "kind"})
    data = report.data()
    assert topics.baselines(data["train"], data["test"])["tfidf"] == 1
