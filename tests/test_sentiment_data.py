"""The sentiment data: fixed for ever, no twin on both sides, samples that nest."""

import time
from collections import Counter
from hashlib import sha256
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.data.duplicates import groups, similar
from kit.data.splits import BY_DOCUMENT
from kit.errors import KitError
from kit.tasks import sentiment
from kit.tasks.sentiment import CLASSES, DOMAINS, load, sample
from kit.texts import check_texts

pytestmark = pytest.mark.usefixtures("data")


def fingerprint(splits) -> str:
    """Of the ids in each split, whatever their order."""
    parts = ["|".join([name, *sorted(split["id"][:])]) for name, split in splits.items()]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("domain", "everything", "polar", "expected"),
    [
        ("films", (8484, 1061, 1060), (8066, 1011, 995), "d928c9fa6402bbfc"),
        ("products", (2978, 396, 334), (2400, 329, 256), "459451b431fc7612"),
        ("news", (4161, 520, 509), (2360, 311, 299), "30db80b3f55fd0af"),
        ("tweets", (3360, 420, 420), (2735, 350, 347), "1067c865831526fc"),
    ],
)
def test_the_splits_are_fixed_for_ever(domain, everything, polar, expected) -> None:
    whole, polarity = load(domain, least=0), load(domain)
    assert tuple(map(len, whole.values())) == everything
    assert tuple(map(len, polarity.values())) == polar
    assert fingerprint(whole) == expected
    for name, split in polarity.items():
        assert set(split["id"][:]) <= set(whole[name]["id"][:])


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_twin_and_no_document_on_two_sides(domain: str) -> None:
    splits = load(domain, least=0)
    texts = [text for split in splits.values() for text in split["text"][:]]
    side = [name for name, split in splits.items() for _ in range(len(split))]
    first, second = similar(texts)
    assert len(first) > 20
    assert all(side[i] == side[j] for i, j in zip(first, second, strict=True))
    for column in ("group", "id"):
        keys = [set(split[column][:]) for split in splits.values()]
        assert not (keys[0] & keys[1] or keys[0] & keys[2] or keys[1] & keys[2])
    if domain in BY_DOCUMENT:
        documents = [{i.split("_")[0] for i in split["id"][:]} for split in splits.values()]
        assert sum(map(len, documents)) == len(set.union(*documents))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_columns(domain: str) -> None:
    for split in load(domain).values():
        assert split.column_names == ["id", "text", "rating", "label", "group"]
        assert split.features["label"].names == list(CLASSES)
        rows = split.to_pandas()
        assert rows.rating.abs().between(0.5, 4).all()
        assert (rows.label == (rows.rating > 0)).all()
        assert rows.text.str.strip().str.len().min() > 0
        assert not rows.text.str.contains(r"&#?\w+;|Ã|\t|  ").any()
        assert 0.2 < rows.label[:200].mean() < 0.8  # mixed: in the file the positive come first


def test_the_files_are_utf8(films) -> None:
    assert any("clichés" in text for text in films["train"]["text"][:])


def test_the_second_load_is_fast(data) -> None:
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        load("films")
        seconds.append(time.perf_counter() - began)
    assert min(seconds[1:]) < 0.5


def test_a_damaged_table_is_made_again(data, tmp_path, monkeypatch) -> None:
    whole = load("tweets").num_rows
    monkeypatch.setattr(sentiment, "cache_dir", lambda: tmp_path)  # the archive stays in its place
    load("tweets")
    (path,) = (tmp_path / "sentiment").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="it is made again"):
        assert load("tweets").num_rows == whole


def test_what_cannot_be_loaded() -> None:
    with pytest.raises(KitError, match="domain 'film' is unknown: choose one of films, products"):
        load("film")
    with pytest.raises(KitError, match="least=4 leaves train empty"):
        load("films", least=4)


@pytest.mark.parametrize("seed", [0, 1])
def test_samples_nest_and_are_balanced(films, seed: int) -> None:
    train = films["train"]
    larger = sample(train, 401, seed)
    assert Counter(larger["label"][:]) == {0: 201, 1: 200}
    for n in (2, 50, 101):
        assert sample(train, n, seed)["id"][:] == larger["id"][:n]
        assert abs(2 * sum(sample(train, n, seed)["label"][:]) - n) <= 1
    assert larger["id"][:] != sample(train, 401, seed + 1)["id"][:]


def test_a_sample_of_all_is_all(films) -> None:
    test = films["test"]
    assert sorted(sample(test, len(test), 0)["id"][:]) == sorted(test["id"][:])


@pytest.mark.parametrize("n", [0, 1, -3, 2.5, "50"])
def test_too_few_labels(films, n) -> None:
    with pytest.raises(KitError, match=rf"n={n!r} labels: give a whole number from 2"):
        sample(films["train"], n, 0)


def test_more_labels_than_there_are_and_one_class_only(films) -> None:
    with pytest.raises(KitError, match="n=996 labels, but there are only 995"):
        sample(films["test"], 996, 0)
    positive = films["test"].filter(lambda row: row["label"] == 1)
    with pytest.raises(KitError, match="every one of the 50 labels would be 1: there is nothing"):
        sample(positive, 50, 0)


def test_groups_by_hand() -> None:
    texts = ["A fine film.", "Dull.", "a FINE film!!", "dull", "A fine film, truly.", "fine a film"]
    assert groups(texts) == [0, 1, 0, 1, 0, 5]
    assert groups(texts, together=[7, 7, 8, 9, 9, 5]) == [0, 0, 0, 0, 0, 5]
    assert groups(["", ":-)", ":-(", ":-)"]) == [0, 1, 2, 1]
    assert groups([]) == []


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=2).map(" ".join), max_size=20))
def test_similar_is_jaccard_over_bigrams(texts: list[str]) -> None:
    pairs = [set(pairwise(text.split())) for text in texts]
    expected = [
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if 5 * len(pairs[i] & pairs[j]) >= 2 * len(pairs[i] | pairs[j])
    ]
    first, second = similar(texts)
    assert sorted(zip(first, second, strict=True)) == sorted(expected)


def test_blocks_of_rows_change_nothing(monkeypatch, films) -> None:
    from kit.data import duplicates

    texts = films["validation"]["text"][:]
    whole = groups(texts)
    monkeypatch.setattr(duplicates, "BATCH_ROWS", 100)
    assert groups(texts) == whole


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (7, r"the text is 7 \(int\), not text: write text in quotes"),
        (None, r"the text is None \(NoneType\), not text"),
        (b"good", r"the text is b'good' \(bytes\), not text"),
        (["good", 3.5], r"text 2 is 3.5 \(float\), not text"),
        ("", r"the text is empty \(''\): give a sentence"),
        (["good", " \n"], r"text 2 is empty \(' \\n'\)"),
        ([], "there is no text: give at least one sentence"),
    ],
)
def test_what_is_no_text(texts, message: str) -> None:
    with pytest.raises(KitError, match=message):
        check_texts(texts)


@pytest.mark.parametrize("text", ["good " * 10_000, "😀👍🏽", "这部电影很好看。", "7"])
def test_any_text_is_text(text: str) -> None:
    assert check_texts(text) == [text]
    assert check_texts(["x", text]) == ["x", text]
