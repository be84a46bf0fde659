"""Audits of leaks: planted ones are found, clean data is left in peace, and both are counted."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from kit import audit, results
from kit.audit import membership
from kit.audit.leaks import planted, seen, shortcuts
from kit.audit.leaks.overlap import plain
from kit.audit.leaks.report import Finding, LeakReport, Worth
from kit.audit.leaks.worth import without_words
from kit.errors import KitError
from kit.results import leakage as recorded
from kit.results.strategies import selection_bias
from kit.sources import neuroner
from kit.tasks import entities, sentiment, summarization, tagging, translation

BETWEEN = ("duplicate", "variant", "near-duplicate", "easy rows", "group")


@pytest.fixture(scope="module")
def clean(data) -> dict:
    """600 product sentences to train, and the test."""
    products = sentiment.load("products")
    return {"train": list(products["train"].select(range(600))), "test": list(products["test"])}


@pytest.mark.parametrize("kind", BETWEEN)
def test_a_planted_pair_is_found_on_both_sides_and_removed(kind: str, clean: dict) -> None:
    leak = planted.plant(kind, clean, sentiment.CLASSES, seed=3)
    group = "document" if kind == "group" else None
    report = audit.leakage(leak.data, sentiment, group=group, worth=False)
    found = report[kind][0]
    assert len(found.leaked("test") & leak.rows) >= 0.75 * len(leak.rows)
    assert all((a, b) == ("train", "test") for a, _, b, _ in found.pairs)
    train = {str(row["id"]) for row in leak.data["train"]}
    assert report.leaked("train") <= train
    again = audit.leakage(report.without(leak.data), sentiment, group=group, worth=False)
    assert not again.leaked("test")


def test_a_copy_is_worth_something_and_as_many_other_rows_less(clean: dict) -> None:
    leak = planted.plant("duplicate", clean, sentiment.CLASSES, share=0.5)
    [found] = audit.leakage(leak.data, sentiment)["duplicate"]
    assert found.worth.low > 0 and found.worth.points > 5 > 100 * found.worth.control
    assert found.worth.there > 0.1


@pytest.mark.parametrize(("kind", "share"), [("shortcut", 0.1), ("class name", 0.2)])
def test_a_mark_and_the_name_of_a_class_are_found(kind: str, share: float, clean: dict) -> None:
    leak = planted.plant(kind, clean, sentiment.CLASSES, share=share)
    report = audit.leakage(leak.data, sentiment, worth=False)
    [found] = report[kind]
    assert found.words[0] in leak.words and {i for _, i in found.rows} >= leak.rows
    assert not report.kinds() & {"shortcut", "class name"} - {kind}


def test_surface_form_alone_is_measured(clean: dict) -> None:
    leak = planted.plant("surface form", clean, sentiment.CLASSES, share=1.0)
    assert audit.leakage(leak.data, sentiment, worth=False)["surface form"]
    report = audit.leakage(clean, sentiment, worth=False)
    assert not report["surface form"] and any("κ" in note for note in report.notes)


def test_words_of_praise_are_no_leak(clean: dict) -> None:
    report = audit.leakage(clean, sentiment, worth=False)
    assert report.kinds() <= {"shared words"}, report


@pytest.mark.parametrize(
    "other",
    ["CAFÉ  ﬁne", "cafe\u0301 fine!", "c\u0430f\u00e9 fi\u200bne", "\uff23afé “fine”"],
)
def test_what_a_reader_hardly_sees_makes_no_difference(other: str) -> None:
    assert plain(other) == plain("Café fine.")


def test_other_alphabets_and_signs_stay_apart() -> None:
    assert plain("दिन") != plain("दान") and plain("กา") != plain("กี")
    assert plain(":-)") != plain(":-(") and plain("Привет") == plain("привет!")


def test_words_are_taken_out_of_a_text_whole() -> None:
    assert without_words("zx a zxy film, Zx", ["zx"]) == "a zxy film,"
    assert without_words("Very Good plot", ["very good"]) == "plot"
    assert without_words("Ah, ah", [shortcuts.FIRST + "ah"]) == ", ah"
    assert without_words("zx", ["zx"]) == "…"


def test_every_task_is_checked_as_far_as_it_has_a_meaning(data) -> None:
    words = [["Kim", "sings"], ["Rain", "in", "Rome"], ["No", "name", "here"]]
    tags = [["B-PER", "O"], ["O", "O", "B-LOC"], ["O", "O", "O"]]
    rows = [{"words": w, "tags": t} for w, t in zip(words, tags, strict=True)]
    report = audit.leakage({"train": rows[:2], "test": rows[1:]}, entities)
    assert report["duplicate"][0].pairs == (("train", "train/1", "test", "test/0"),)
    assert any("1 of 1 entities" in note for note in report.notes)
    pair = {"english": "Open the file", "translation": "Apri il file", "language": "it"}
    report = audit.leakage({"train": [pair], "test": [pair]}, translation)
    assert report.kinds() == {"duplicate"} and any("not measured" in note for note in report.notes)
    article = dict.fromkeys(summarization.COLUMNS, "Rain fell on Rome today. It was cold.")
    report = audit.leakage({"train": [article], "test": [article]}, summarization)
    assert report.kinds() == {"duplicate"}


def test_rows_whose_ids_repeat_are_told_apart_by_their_place() -> None:
    train = [{"id": 1, "text": text, "label": i % 2} for i, text in enumerate("abc")]
    data = {"train": train, "test": [{"id": 1, "text": "b", "label": 1}]}
    report = audit.leakage(data, sentiment)
    assert report["duplicate"][0].pairs == (("train", "train/1", "test", "1"),)
    assert [row["text"] for row in report.without(data)["train"]] == ["a", "c"]


def test_wrong_calls_are_answered(clean: dict) -> None:
    with pytest.raises(KitError, match="without test"):
        audit.leakage({"train": clean["train"]}, sentiment)
    with pytest.raises(KitError, match="test has no row"):
        audit.leakage({"train": clean["train"], "test": []}, sentiment)
    with pytest.raises(KitError, match="has no 'author'"):
        audit.leakage(clean, sentiment, group="author")
    for label in ("good", -1, 2, 0.5):
        row = {"id": "x", "text": "a", "label": label}
        with pytest.raises(KitError, match=r"row 0 of test has .* as 'label': give one of"):
            audit.leakage({**clean, "test": [row]}, sentiment)
    with pytest.raises(KitError, match="choose one of duplicate"):
        planted.plant("rumour", clean, sentiment.CLASSES)


def test_a_report_escapes_what_it_shows() -> None:
    worth = Worth(0.8, 0.7, 0.05, 0.15, 0.01, 12, 0.5)
    bad = Finding("shortcut", "<script>alert(1)</script>", (("train", "<b>", "test", "<i>"),))
    shown = LeakReport((replace(bad, worth=worth),), ("<img>",), {"<u>": 3})
    page = shown._repr_html_()
    assert not any(tag in page for tag in ("<script>", "<b>", "<i>", "<img>", "<u>"))
    assert "+10.0 points (+5.0 to +15.0)" in page and "<script>" in repr(shown)


def test_an_auc_is_the_share_of_pairs_in_order() -> None:
    assert membership.auc([1, 2], [3, 4]) == 1 and membership.auc([3], [1, 3]) == 0.25
    one, other = np.random.default_rng(0).normal(size=(2, 80))
    by_hand = np.mean([[(a < b) + (a == b) / 2 for b in other] for a in one])
    area, low, high = membership.auc_interval(one, other)
    assert area == pytest.approx(by_hand) and low < area < high
    assert membership.min_k(np.array([1.0, 9.0, 2.0]), 0.4) == 9
    small = membership.auc_interval([1.0], [2.0, 3.0])  # no resample lacks one of the piles
    assert small == (1, 1, 1)
    for compare in (membership.auc, membership.auc_interval):
        with pytest.raises(KitError):
            compare([], [1])


def test_losses_are_those_of_the_predictor_one_by_one(data) -> None:
    from kit.sources import load
    from kit.tasks.next_token import NeuralPredictor

    for name in ("transformer_writer", "rnn_writer"):
        writer = load(name)
        texts = ["A fine film.", "The plot is a mess, and the jokes are not funny.", "Rain."]
        reader = NeuralPredictor(writer)
        for text, own in zip(texts, membership.token_losses(writer, texts), strict=True):
            assert own.sum() == pytest.approx(reader.cost(reader.read(text)), rel=1e-4)


def test_the_published_tagger_reaches_its_score_and_knows_the_words_of_the_test(data) -> None:
    model, news = neuroner.load(), entities.load()
    every = {s: {word for text in news[s]["words"][:] for word in text} for s in news}
    only = every["test"] - every["train"] - every["validation"]
    vocabulary = neuroner.vocabulary()
    assert len(only) == 3406 and only <= vocabulary.keys() and len(vocabulary) == 30_290
    some = news["test"].select(range(0, 3453, 4))
    words, truth = some["words"][:], [entities.names(t) for t in some["tags"][:]]
    answers, without = model.predict(words), model.predict(words, unknown=only)
    published, less = (tagging.score(own, truth)["f1"] for own in (answers, without))
    assert published == pytest.approx(0.905, abs=0.02) and less < published - 0.02
    known = seen.entities(
        news["train"]["words"][:], [entities.names(t) for t in news["train"]["tags"][:]]
    )
    kinds = seen.recall(answers, words, truth, known)
    assert kinds["seen"][0] > 0.93 > 0.88 > kinds["unseen"][0]
    with pytest.raises(KitError, match="list of words"):
        model.predict(["Kim sings"])


def test_a_pickle_that_would_run_code_is_refused() -> None:
    import io

    class Evil:
        def __reduce__(self):
            return print, ("run",)

    with pytest.raises(KitError, match=r"builtins\.print"):
        neuroner._Unpickler(io.BytesIO(pickle.dumps(Evil()))).load()


def test_the_recorded_recall_and_false_alarms_are_those_that_the_lesson_names() -> None:
    recall, clean = recorded.recall(), recorded.clean()
    for kind in ("duplicate", "variant", "near-duplicate", "group"):
        assert all(mean > 0.98 for (name, _), (mean, _) in recall.items() if name == kind)
    false = {name: set(own) - {"shared words"} for name, own in clean.items()}
    assert {name: own for name, own in false.items() if own} == {"topics": {"surface form"}}
    pretence = recorded.splits()["topics"]
    assert round(100 * pretence["by document"][0]) == 12 and pretence["by lot"][0] < 0
    assert results.table("leakage") is not None
    winners = selection_bias("minilm", 400)
    assert len(winners) == 3 and all(chosen > others for _, chosen, others in winners)
