"""Entities: alignment, marks, windows, spans against seqeval, and what is shown; the widget."""

import itertools
import random
import time

import numpy as np
import pytest
import torch
from seqeval.metrics import f1_score, precision_score, recall_score

from kit import sources
from kit.errors import KitError
from kit.loss import IGNORE
from kit.migrate import migrate
from kit.models import Model, TagHead, Transformer, TransformerConfig
from kit.tasks import entities, tagging
from kit.tokenizer import Tokenizer
from kit.train import Run
from kit.widgets.entities import entity_matrix_figure, tagging_race_figure
from kit.widgets.entities.tagging_race import TaggingRace

RANDOM = random.Random(0)
ROWS = [[RANDOM.choice(entities.TAGS) for _ in range(12)] for _ in range(200)]
OTHER = [[t if RANDOM.random() < 0.6 else RANDOM.choice(entities.TAGS) for t in r] for r in ROWS]


@pytest.fixture(scope="module")
def corpus(data):
    return entities.load()


@pytest.fixture(scope="module")
def tokenizer(data) -> Tokenizer:
    return sources.minilm().tokenizer


@pytest.fixture(scope="module")
def cased(corpus) -> Tokenizer:
    return Tokenizer.train([" ".join(words) for words in corpus["train"]["words"][:2000]], 2000)


@pytest.fixture(scope="module")
def model(tokenizer) -> Model:
    torch.manual_seed(0)
    shape = {"width": 16, "layers": 1, "heads": 2, "intermediate_size": 16, "block_size": 128}
    body = Transformer(TransformerConfig(vocabulary=tokenizer.size, **shape))
    return Model(body, entities.head(16))


def test_the_usual_splits_with_every_entity_beginning_on_b(corpus) -> None:
    assert [len(rows) for rows in corpus.values()] == [14041, 3250, 3453]
    row = corpus["train"][0]
    assert row["words"][:3] == ["EU", "rejects", "German"]
    assert entities.names(row["tags"])[:3] == ["B-ORG", "O", "B-MISC"]
    for tags in corpus["test"]["tags"][:]:
        before = ["O", *entities.names(tags)]
        for a, b in itertools.pairwise(before):
            assert not b.startswith("I-") or a[2:] == b[2:]
    with pytest.raises(KitError, match="n=0 rows: give a whole number"):
        entities.sample(corpus["train"], 0, seed=0)


@pytest.mark.parametrize("kind", ["tokenizer", "cased"])
def test_the_first_piece_of_each_word_carries_its_tag(kind: str, corpus, request) -> None:
    tokenizer = request.getfixturevalue(kind)
    rows = corpus["train"].select(range(50)).to_list()
    for row, example in zip(rows, entities.encode(rows, tokenizer), strict=True):
        ids, y = example["ids"], np.array(example["y"])
        assert len(ids) == len(y) <= entities.LIMIT
        assert y[y != IGNORE].tolist() == row["tags"]
        assert y[0] == y[-1] == IGNORE
        for word, place in zip(row["words"], np.flatnonzero(y != IGNORE), strict=True):
            pieces = {p.strip() for p in (*tokenizer.pieces(word), *tokenizer.pieces(" " + word))}
            assert tokenizer.decode([ids[place]]).strip().removeprefix("##") in {
                p.removeprefix("##") for p in pieces
            }


def test_marks_are_only_for_who_cannot_see_capitals(tokenizer, cased) -> None:
    words = ["EU", "and", "Germany", "x", "A", "iPad", "3M"]
    text, owner = entities.marked(words)
    assert text == ["~", "EU", "and", "^", "Germany", "x", "^", "A", "iPad", "3M"]
    assert owner == [None, 0, 1, None, 2, 3, None, 4, 5, 6]
    ids, first = entities.align(words, tokenizer)
    assert (
        tokenizer.decode([ids[first[0] - 1]]) == "~"
        and tokenizer.decode([ids[first[2]]]) == "germany"
    )
    assert entities.align(words, tokenizer, marks=False)[0] == tokenizer.align(words)[0]
    assert entities.align(words, cased)[0] == cased.align(words)[0]


def test_a_word_without_a_piece_or_beyond_the_limit_has_no_place(tokenizer) -> None:
    assert entities.align(["a", "\x00", "b"], tokenizer)[1].tolist() == [1, -1, 2]
    ids, first = entities.align(["a"] * 20, tokenizer, limit=10)
    assert len(ids) == 10 and first.tolist() == [*range(1, 9)] + [-1] * 12


def test_a_text_is_cut_as_the_corpus_is() -> None:
    cut = entities.words("Mr O'Neill's U.N. team (of AT&T) said: “hello”, 3.5%!")
    assert " ".join(cut) == "Mr O'Neill 's U.N. team ( of AT&T ) said : “ hello ” , 3.5 % !"
    assert entities.words("\x00 🎬🍿 שלום، عالم") == ["\x00", "🎬🍿", "שלום", "،", "عالم"]


def test_windows_hold_every_word_once_and_end_where_sentences_do(tokenizer) -> None:
    words = (["Fine"] * 20 + ["."]) * 30 + ["x" * 5000, "b", "\x00"]
    cut = entities._windows(words, tokenizer, True)
    assert [a for a, _ in cut] == [0, *(b for _, b in cut[:-1])] and cut[-1][1] == len(words)
    assert all(words[b - 1] == "." for _, b in cut[:-4])
    for a, b in cut:
        ids, first = entities.align(words[a:b], tokenizer)
        assert len(ids) <= entities.LIMIT or b - a == 1
        assert (first >= 0).all() or "\x00" in words[a:b]


def test_a_window_says_what_it_says_alone(model, tokenizer) -> None:
    half = ["Peter", "flew", "to", "Rome"] * 15 + ["."]
    [whole] = entities.predict(model, tokenizer, [half * 6])
    [alone] = entities.predict(model, tokenizer, [half])
    assert len(whole) == 6 * len(half) and len(entities._windows(half * 6, tokenizer, True)) == 6
    assert whole == alone * 6


def test_words_and_their_text_get_the_same_tags(model, tokenizer) -> None:
    text = "Peter Blackburn flew to Rome, Italy."
    answers = entities.predict(model, tokenizer, [text, entities.words(text)])
    assert answers[0] == answers[1] and len(answers[0]) == 8
    assert entities.predict(model, tokenizer, text) == answers[:1]
    for wrong in (["a", 3], [None], {"a": 1}, []):
        with pytest.raises(KitError):
            entities.predict(model, tokenizer, [wrong])
    with pytest.raises(KitError, match="there is no text"):
        entities.predict(model, tokenizer, [])


def test_the_best_row_of_tags_by_trying_all() -> None:
    tags = ("O", "B-X", "I-X", "B-Y", "I-Y")
    random = np.random.default_rng(0)
    for _ in range(20):
        logits = random.normal(size=(4, 5))
        rows = [
            row
            for row in itertools.product(range(5), repeat=4)
            if all(
                not tags[b].startswith("I") or tags[a][2:] == tags[b][2:]
                for a, b in itertools.pairwise((0, *row))
            )
        ]
        found = max(rows, key=lambda row: sum(logits[i, t] for i, t in enumerate(row)))
        assert tagging.best(logits, tags) == list(found)


def test_scores_are_those_of_seqeval() -> None:
    found = tagging.score(OTHER, ROWS)
    assert found["f1"] == pytest.approx(f1_score(ROWS, OTHER))
    assert found["precision"] == pytest.approx(precision_score(ROWS, OTHER))
    assert found["recall"] == pytest.approx(recall_score(ROWS, OTHER))
    by_kind = f1_score(ROWS, OTHER, average=None)  # in the order of the alphabet
    assert [found[f"f1 {k}"] for k in ("LOC", "MISC", "ORG", "PER")] == pytest.approx(by_kind)
    low, high = tagging.interval(OTHER, ROWS)
    assert low < found["f1"] < high and high - low < 0.15
    assert tagging.score([["O"] * 12] * 200, ROWS)["f1"] == 0
    assert tagging.score(ROWS, ROWS)["f1"] == 1 and tagging.interval(ROWS, ROWS) == (1, 1)
    with pytest.raises(KitError, match="1 answers cannot be scored against 200 rows"):
        tagging.score(ROWS[:1], ROWS)


def test_looking_up_by_hand() -> None:
    train = [
        {"words": ["Rome", "is", "Rome"], "tags": ["B-LOC", "O", "B-LOC"]},
        {"words": ["Rome", "won"], "tags": ["B-ORG", "O"]},
    ]
    test = [{"words": ["Rome", "or", "Milan"], "tags": ["B-LOC", "O", "B-LOC"]}]
    assert entities.baselines(train, test) == {"most frequent tag": pytest.approx(2 / 3)}


def test_what_is_shown_marks_the_text_as_it_was_written() -> None:
    text = "<b>Bob</b>  Smith & co"
    cut = entities.words(text)
    tags = ["B-PER" if w == "Bob" else "O" for w in cut]
    page = entities.show(text, tags)
    assert "<b>Bob" not in page and "&lt;b&gt;" in page and "Smith &amp; co" in page
    assert page.count("<span") == 1 and ">Bob <b" in page
    both = entities.show(["New", "York", "!"], ["B-LOC", "I-LOC", "O"])
    assert ">New York <b" in both and "LOC" in both
    assert 'dir="auto"' in entities.show("שלום", ["O"])
    assert "onload" not in entities.show("a", ['B-"onload=1'])[:40]


def test_six_sentences_are_learnt_by_heart(corpus, tokenizer) -> None:
    """So the loss reaches the words, through their first pieces, and the answer comes back."""
    from dataclasses import replace

    from kit.train import fit

    source, rows = sources.load("rnn_encoder"), corpus["train"].select(range(6)).to_list()
    target = migrate(source, entities.head, **entities.options("full", source))
    recipe = replace(entities.recipe(6), epochs=None, steps=120)
    fit(target.model, entities.encode(rows, source.tokenizer), recipe, groups=target.groups)
    assert entities.scorer(rows, source.tokenizer)(target.model) > 0.8


def test_the_recipe_is_the_same_with_and_without_the_source(tokenizer) -> None:
    large, small = sources.minilm(), sources.load("rnn_encoder")
    rate = {name: entities.options(name, large)["rate"] for name in ("full", "from_scratch")}
    assert rate["full"] == rate["from_scratch"]
    for n in (100, 1000):
        one, other = (entities.recipe(n, name, source=large) for name in rate)
        alone = entities.recipe(n, source=small)
        assert one == other and 4 * one.epochs == alone.epochs == entities.recipe(n).epochs


def test_the_race_is_a_pure_function_of_its_scene() -> None:
    scene = tagging_race_figure.Scene(200, 109, 0.2)
    empty = tagging_race_figure.figure(scene)
    scene.runs["full"] = Run(
        steps=[{"step": 1, "seconds": 1.0, "loss": 1.0}],
        evaluations=[{"step": 1, "seconds": 1.0, "score": 0.4}],
    )
    scene.tested["full"] = 0.5
    drawn = tagging_race_figure.figure(scene)
    assert len(drawn.data) == len(empty.data) and drawn.data[0].y == (40.0,)
    assert drawn.data[-1].y == (20.0, None, 50.0)
    assert tagging_race_figure.figure(scene) == drawn


def test_the_matrix_shows_what_is_recorded_and_no_more() -> None:
    found = {
        ("minilm", 100): {"full": (0.5, 0.02), "from_scratch": (0.2, float("nan"))},
        ("none", 100): {"most frequent tag": (0.13, 0.01)},
    }
    shown = entity_matrix_figure.matrix(found)
    points = {(t.name, t.xaxis): t.y for t in shown.data if len(t.y)}
    assert points["with a source", "x3"] == (50.0,) and points["from scratch", "x3"] == (20.0,)
    assert len(points) == 5  # the lookup stands in each of three panels


def test_both_learn_mark_a_text_and_survive_any_other(corpus) -> None:
    race = TaggingRace(sources.load("rnn_encoder"), corpus, sentences=100)
    race.validation, race.test = race.validation[:20], race.test[:30]
    race.ask()
    assert "Train both first" in race.answer.value
    race.train().train()
    race.job.stop()  # before there is a model
    race.wait()
    assert not race.scene.tested and not race.job.button.disabled
    assert "Stopped early" in race.status.value
    race.ask()
    assert "Train both first" in race.answer.value
    race.train()
    while race.job.running and not any(run.steps for run in race.scene.runs.values()):
        time.sleep(0.01)
    race.job.stop()
    race.wait()
    assert "Stopped early" in race.status.value
    race.text.value = "<script>alert(1)</script> Bob"
    assert "<script" not in race.answer.value and "&lt;" in race.answer.value
    race.text.value = "  "
    assert "is empty" in race.answer.value
    race.sentences.value = 300
    assert race.scene.sentences == 300 and not race.scene.tested


def test_a_head_of_other_tags() -> None:
    head = entities.head(8, tags=("O", "B-GENE", "I-GENE"))
    assert isinstance(head, TagHead) and head.config["classes"] == 3
