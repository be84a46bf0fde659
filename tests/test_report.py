"""Reports: what was planted is found, clean data is left in peace, and what is there is kept."""

import numpy as np
import pytest

from kit import audit
from kit.audit.leaks import planted
from kit.audit.reports import parts
from kit.audit.reports.doubts import in_doubt, out_of_fold
from kit.audit.reports.groups import group_gaps
from kit.audit.reports.reading import Reading
from kit.data.duplicates import similar
from kit.errors import KitError
from kit.tasks import entities, sentiment
from kit.tasks.classification import ClassificationTask, tfidf

FAST = {"sources": ("transformer_encoder",), "rows": 400}


@pytest.fixture(scope="module")
def clean(data) -> dict:
    """Product sentences, each with a region that has nothing to do with it."""
    products = sentiment.load("products")
    draw = np.random.default_rng(0)
    splits = {"train": products["train"].select(range(400)), "test": products["test"]}
    return {
        split: [row | {"region": "NS"[draw.integers(2)]} for row in rows]
        for split, rows in splits.items()
    }


def test_planted_faults_are_found_and_named(clean: dict, tmp_path) -> None:
    broken = planted.plant("duplicate", clean, sentiment.CLASSES, seed=1).data
    broken["test"] = [dict(row) for row in broken["test"]]
    for row in broken["test"][::2]:  # every other row comes from a region whose labels are wrong
        row["region"], row["label"] = "W", 1 - row["label"]
    broken["train"][0]["text"] = "<script>alert(1)</script> good"
    made = audit.report(broken, sentiment, compare="region", **FAST)
    assert list(made.parts) == [
        *("data", "leaks", "sources", "labels", "learning curve", "groups", "next step"),
    ]
    assert made.parts["leaks"].facts["leaked"] == round(0.1 * len(clean["test"]))
    assert "W" in made.parts["groups"].facts["sure"]
    steps = " ".join(made.parts["next step"].facts["steps"])
    assert "leaked training rows" in steps and "groups that are served worse" in steps
    path = made.save(tmp_path / "report.html")
    page = path.read_text(encoding="utf-8")
    assert "<script>" not in page and "http" not in page.replace("http-equiv", "")
    with pytest.raises(KitError, match="is there already"):
        made.save(path)


def test_clean_data_gives_no_alarm_and_code_that_runs(clean: dict) -> None:
    made = audit.report(clean, sentiment, compare="region", **FAST)
    assert not made.parts["leaks"].facts["leaked"]
    assert not made.parts["groups"].facts["sure"]
    curves = made.parts["learning curve"].facts["curves"]
    assert set(curves) == {"transformer_encoder", "TF-IDF"}
    assert made.parts["learning curve"].facts["forecast"].labels == 800
    assert not made.stopped and "Report" in repr(made)
    for line in made.parts["next step"].facts["code"]:
        compile(line, "report", "exec")


def test_few_rows_have_an_interval_or_say_that_they_have_none(clean: dict) -> None:
    few = {**clean, "train": clean["train"][:60], "validation": []}
    probes = audit.report(few, sentiment, **FAST).parts["sources"].facts["probes"]
    assert probes["transformer_encoder"][1] > 0
    ten = [[row for row in clean["train"] if row["label"] == label][:10] for label in (0, 1)]
    least = {**clean, "train": [*ten[0], *ten[1][:10]]}
    both = ("transformer_encoder", "rnn_encoder")
    part = audit.report(least, sentiment, sources=both).parts["sources"]
    assert any("is not surely better than" in line for line in part.details)
    with pytest.raises(KitError, match="test has no row"):
        audit.report({**clean, "test": []}, sentiment)
    three = ClassificationTask(("bad", "good", "rare"))
    rare = [row | {"label": 2} for row in clean["train"][:3]]
    made = audit.report(
        {**clean, "train": [*rare, *clean["train"][3:100]]}, three, sources=("rnn_encoder",)
    ).parts
    assert "rare (3)" in made["sources"].details[0] and "rnn_encoder" in made["learning curve"].html
    assert made["labels"].facts, "the other classes are judged all the same"


def test_a_report_that_is_stopped_keeps_what_it_has(clean: dict) -> None:
    said = []
    made = audit.report(
        clean, sentiment, watch=lambda what: said.append(what) or len(said) > 4, **FAST
    )
    assert said == [
        *("data", "leaks", "sources"),
        *("transformer_encoder reads train, 0 of 400 rows",),
        *("transformer_encoder reads train, 128 of 400 rows",),
    ]
    assert list(made.parts) == ["data", "leaks"]
    assert made.stopped.endswith("sources, labels, learning curve, groups, next step are missing.")
    assert made.stopped in made._repr_html_()


def test_wrong_calls_are_answered(clean: dict) -> None:
    with pytest.raises(KitError, match="needs the splits train and test"):
        audit.report({"train": clean["train"]}, sentiment)
    with pytest.raises(KitError, match="is made for classes"):
        audit.report(clean, entities)
    with pytest.raises(KitError, match="a list of names out of"):
        audit.report(clean, sentiment, sources=("mini",))
    with pytest.raises(KitError, match="a list of names out of"):
        audit.report(clean, sentiment, sources="minilm")
    with pytest.raises(KitError, match="rows=10"):
        audit.report(clean, sentiment, rows=10)
    with pytest.raises(KitError, match="has no 'country'"):
        audit.report(clean, sentiment, compare="country")
    one = [row for row in clean["train"] if row["label"] == 1]
    with pytest.raises(KitError, match="one class"):
        audit.report({**clean, "train": one}, sentiment)


def test_wrong_labels_are_doubted_where_the_models_know_enough() -> None:
    draw = np.random.default_rng(0)
    y = draw.integers(0, 3, 600)
    vectors = np.eye(3)[y] * 2 + draw.normal(size=(600, 3)) * 0.5
    wrong = draw.choice(600, 60, replace=False)
    given = y.copy()
    given[wrong] = (given[wrong] + 1) % 3
    doubts = in_doubt([out_of_fold(given, vectors=vectors)], given)
    found = set(doubts.rows)
    assert len(found & set(wrong.tolist())) >= 40 and len(found - set(wrong.tolist())) <= 10
    said = dict(zip(doubts.rows, doubts.said, strict=True))
    assert np.mean([said[i] == y[i] for i in wrong if i in said]) > 0.9
    assert list(doubts.likely) == sorted(doubts.likely)
    with pytest.raises(KitError, match="has 1 of 601 rows"):
        out_of_fold([*given, 7], vectors=np.vstack([vectors, vectors[:1]]))


def test_a_group_is_found_by_its_rows_and_not_by_its_labels() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    groups = np.where(draw.random(2000) < np.where(labels, 0.8, 0.2), "a", "b")
    right = (draw.random(2000) < np.where(labels, 0.6, 0.9)).astype(float)
    [first, _] = group_gaps(right, groups, labels)
    assert abs(first.gap) > 0.1 and first.p > 0.05  # the labels are hard, not the group
    worse = right * (draw.random(2000) < np.where(groups == "a", 0.8, 1))
    assert max(gap.p for gap in group_gaps(worse, groups, labels)) < 0.01
    assert group_gaps(right[:30], ["a"] * 15 + ["b"] * 15, labels[:30]) == []
    with pytest.raises(KitError, match="give one each a row"):
        group_gaps(right, groups[:5], labels)


THINGS = [
    "书",
    "酒店",
    "电影",
    "手机",
    "衣服",
    "早餐",
    "房间",
    "音乐",
    "服务",
    "价格",
    "颜色",
    "质量",
]
WORDS = ("非常好，我很喜欢", "太差了，让人失望")


def test_a_script_without_spaces_is_read_by_its_characters() -> None:
    texts = ["这本书的内容非常好，我很喜欢。", "这本书的内容非常好，我也喜欢。", "早餐太差了。"]
    pairs = [[*map(int, pair)] for pair in zip(*similar(texts), strict=True)]
    assert pairs == [[0, 1]]
    rows = [
        {"text": f"{place}的{thing}{said}。", "label": label, "place": place}
        for thing in THINGS
        for place in ("北京", "上海")
        for label, said in enumerate(WORDS)
    ]
    model = tfidf().fit([r["text"] for r in rows[:8]], [r["label"] for r in rows[:8]])
    assert model.predict([rows[-1]["text"], rows[-2]["text"]]).tolist() == [1, 0]
    data = {"train": rows[:30], "test": rows[30:]}
    reading = Reading(data, sentiment, None, None, ("transformer_encoder",), 400)
    lengths = parts.look(reading).html
    assert ">12<" in lengths or ">13<" in lengths, "characters, not one word a text"
    said = parts.which_sources(reading)
    assert said.message.startswith("None of these sources knows the script of the texts")
    assert "sources=('e5',)" in said.message and "byte by byte" in said.details[0]


def test_only_sources_that_do_not_know_the_script_are_said_not_to() -> None:
    ranked, strange = ["minilm", "e5"], {"minilm": "byte by byte"}
    assert parts.advice(ranked, {}) == "Try first: minilm, e5, in this order."
    assert parts.advice(ranked, strange).startswith("minilm is ahead, and hardly knows the script")
    assert "try e5 too" in parts.advice(ranked, strange)
    assert parts.advice(["e5"], strange) == "Try first: e5."
    assert parts.advice(["minilm"], strange).endswith("as in sources=('e5',).")


def test_links_make_no_near_duplicates_and_slogans_do() -> None:
    def leaked(texts: list[str]) -> int:
        data = {"train": [{"text": texts[0], "label": 0}, {"text": "no", "label": 1}]}
        data["test"] = [{"text": texts[1], "label": 0}]
        return len(audit.leakage(data, sentiment, worth=False).leaked("test"))

    assert leaked(["Helpful. https://t.co/zB9dY1Of3P", "https://t.co/ZQ0osiFEJQ"]) == 0
    assert leaked(["Vote for us today https://t.co/a1", "Vote for us today https://t.co/b2"]) == 1


def test_groups_of_a_class_label_have_their_names(clean: dict) -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    kinds = {"text": Value("string"), "label": Value("int64")}
    features = Features(kinds | {"region": ClassLabel(names=["S", "N"])})
    data = {
        split: Dataset.from_list([{k: row[k] for k in features} for row in rows], features)
        for split, rows in clean.items()
    }
    reading = Reading(data, sentiment, None, "region", ("rnn_encoder",), 400)
    assert set(reading.rows["test"].groups) == {"S", "N"}
