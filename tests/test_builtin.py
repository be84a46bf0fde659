"""What ships: small enough, described, made of nothing held out, and worth migrating from."""

import numpy as np
import pytest

from kit import sources
from kit.errors import KitError
from kit.models import LanguageHead, SequenceHead, VectorHead
from kit.pretrain import PRETRAININGS
from kit.sources import Source, builtin
from kit.sources.builtin import FOLDER, teacher
from kit.tasks import sentiment

WRITERS = [name for name, how in PRETRAININGS.items() if how.writes]
ENCODERS = [name for name, how in PRETRAININGS.items() if not how.writes]
HEADS = {"translator": SequenceHead}
HEADS |= dict.fromkeys(WRITERS, LanguageHead) | dict.fromkeys(ENCODERS, VectorHead)
every = pytest.mark.parametrize("name", sources.BUILTIN)
CARD = {"objective", "data", "licence", "recipe", "updates", "seconds", "machine", "scores"}


@every
def test_a_builtin_source_is_there_with_its_card(name):
    source = sources.load(name)
    assert isinstance(source, Source) and source.card.keys() >= CARD | {"not good for", "command"}
    assert source.card["command"] == f"python -m kit.pretrain {name}"
    assert isinstance(source.head, HEADS[name])


def test_what_ships_is_listed_and_only_that():
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert folders == set(sources.BUILTIN) == HEADS.keys()


def test_a_source_that_is_listed_and_not_made_says_how(monkeypatch):
    monkeypatch.setattr(builtin, "BUILTIN", (*builtin.BUILTIN, "small_encoder"))
    with pytest.raises(KitError, match=r"not there: python -m kit\.pretrain small_encoder makes"):
        builtin.load_builtin("small_encoder")


def test_all_of_it_is_small_enough_to_ship():
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size <= 40e6


@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_is_far_better_than_counting(name):
    scores = sources.load(name).card["scores"]
    own, words, three = (
        scores[f"{what}"]
        for what in (
            "bits per byte, held-out news",
            "the same of unigrams",
            "the same of trigrams",
        )
    )
    assert own < 0.96 * three < three < words


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_answers_before_any_label_and_a_random_start_does_not(name, data):
    from kit.migrate import migrate

    source, films = sources.load(name), sentiment.load()
    texts, rows = sentiment.unlabelled(films["train"]), films["validation"]
    found = {}
    for strategy in ("full", "from_scratch"):
        made = migrate(source, sentiment.head, strategy, seed=0).model
        sentiment.from_words(made, source.tokenizer, texts)
        found[strategy] = sentiment.scorer(rows, source.tokenizer)(made)
    assert found["full"] > 0.63 > 0.57 > found["from_scratch"]


def test_the_teacher_gives_each_sentence_a_vector_of_length_one(data):
    texts, vectors = teacher()
    assert len(texts) == len(vectors) == len(set(texts)) > 50_000
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_teacher_means_what_minilm_means(data):
    """Sentences that MiniLM finds alike are alike in what ships."""
    from kit.pretrain import read

    texts, vectors = teacher()
    some = np.random.default_rng(0).choice(len(texts), 60, replace=False)
    there = read(sources.minilm(), [texts[i] for i in some])
    there -= there.mean(0)
    here = vectors[some] - vectors[some].mean(0)
    pairs = np.triu_indices(60, 1)
    assert np.corrcoef((there @ there.T)[pairs], (here @ here.T)[pairs])[0, 1] > 0.9


def test_another_name_is_refused():
    with pytest.raises(KitError, match="'gpt' is no source: give one of minilm"):
        sources.load("gpt")
