"""What is pretrained on: clean, fixed for ever, and nothing of it held out by any task."""

import re
from collections import Counter, defaultdict
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.data.corpora import ORIGINS, _left_out, documents, pinned, sentences, windows
from kit.data.duplicates import similar
from kit.data.held_out import SHARED, held_out, left_out, words
from kit.data.splits import DOMAINS, SPLITS, articles, clean, fill, messages, tagged
from kit.errors import KitError
from kit.tokenizer import Tokenizer

pytestmark = pytest.mark.usefixtures("archives")


def fingerprint(keys) -> str:
    return sha256("\n".join(sorted(keys)).encode()).hexdigest()[:12]


def sizes(rows) -> tuple[int, ...]:
    return tuple(Counter(row["split"] for row in rows)[split] for split in SPLITS)


@pytest.fixture(scope="module")
def news():
    return articles()


@pytest.fixture(scope="module")
def held():
    return list(held_out())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["the film is fine, a fine film; the fun of it"] * 2, 270)


def test_the_splits_of_articles_and_tagged_sentences_are_fixed_for_ever(news) -> None:
    assert sizes(news) == (1640, 205, 205)
    assert fingerprint(f"{r['split']} {r['id']} {r['headline']}" for r in news) == "351c3492c098"
    entities = tagged()
    assert sizes(entities) == (14041, 3250, 3453)
    assert fingerprint(f"{r['id']} {r['words']} {r['tags']}" for r in entities) == "e8ba900d8867"
    # BIO: I-X only goes on what B-X or I-X began.
    for row in entities:
        for before, tag in pairwise(["O", *row["tags"]]):
            assert tag[0] != "I" or before[1:] == tag[1:]


@pytest.mark.parametrize(
    ("language", "expected", "digest"),
    [
        ("en", (6969, 977, 916), "4cdb1d39d881"),
        ("fr", (7078, 1002, 929), "ee306b3cdf2d"),
        ("zh", (6211, 858, 834), "e66738387577"),
    ],
)
def test_the_splits_of_messages_are_fixed_for_ever(language, expected, digest) -> None:
    rows = messages(language)
    assert sizes(rows) == expected
    lines = (f"{r['split']} {r['origin']} {r['english']} {r['translation']}" for r in rows)
    assert fingerprint(lines) == digest


def test_an_english_text_is_on_one_side_in_every_language() -> None:
    side = defaultdict(set)
    for language in ("en", "fr"):
        for row in messages(language):
            side[" ".join(words(row["english"]))].add(row["split"])
    del side[""]  # no words: signs alone are told apart
    assert len(side) > 8000
    assert all(len(splits) == 1 for splits in side.values())


def test_messages_keep_their_placeholders_and_plone_its_english() -> None:
    french = {row["english"]: row["translation"] for row in messages("fr")}
    assert french["Reverted to revision ${version}"] == "Restaurée à la version ${version}"
    assert french["Use top-level domain"] == "Utiliser le domaine Top-level"
    assert french["an hour from now"] == "dans une heure"  # of singular and plural, the singular
    assert french["%1 Archive"] == "Archive %1"
    assert not any(re.fullmatch(r"[a-z]+(_\w+)+", english) for english in french)
    with pytest.raises(KitError, match="language 'tlh' is unknown: choose one of en, ca"):
        messages("tlh")


def test_no_article_twice_and_no_story_on_two_sides(news) -> None:
    first, second = similar([row["text"] for row in news], share=(1, 5))
    assert len(first) > 20
    for i, j in zip(first, second, strict=True):
        assert news[i]["split"] == news[j]["split"]
        pairs, others = (set(pairwise(words(news[k]["text"]))) for k in (i, j))
        assert 5 * len(pairs & others) < 2 * len(pairs | others)


def test_fill_by_hand() -> None:
    split = fill(dict.fromkeys(map(str, range(1000)), 1), "x")
    assert Counter(split.values()) == {"train": 800, "validation": 100, "test": 100}
    assert fill({"only": 1}, "x") == {"only": "train"}


def test_clean_by_hand() -> None:
    assert clean(" Lord &amp;amp;  Taylor \r\n\n \tcaf&#233; ") == "Lord & Taylor\ncafé"


@pytest.mark.parametrize(
    ("origin", "expected", "digest"),
    [
        ("news", (1638, 205, 205), "ab5d2b3c5bbf"),
        ("films", (8456, 1061, 1060), "c9ccb0b8ed62"),
        ("products", (244, 30, 26), "ac8329dff8ef"),
        ("editorials", (396, 52, 50), "85e7f7a922fc"),
        ("tweets", (3176, 420, 420), "0d3083c1f87a"),
        ("messages", (5605, 977, 916), "41e2fa407052"),
    ],
)
def test_the_corpus_is_fixed_for_ever(origin, expected, digest) -> None:
    splits = [pinned(split, origin) for split in SPLITS]
    assert tuple(map(len, splits)) == expected
    rows = [row for split in splits for row in split]
    assert {row["origin"] for row in rows} == {origin}
    assert fingerprint(f"{row['split']} {row['text']}" for row in rows) == digest


def test_the_columns_and_the_cleaning() -> None:
    corpus = pinned()
    assert corpus.column_names == ["text", "origin", "split"]
    assert set(corpus["origin"][:]) == set(ORIGINS)
    assert set(corpus["split"][:]) == {"train"}
    rows = corpus.to_pandas()
    assert not rows.text.str.contains(r"&(?:amp|lt|#\d+);|Ã|�|\t|\r|  |\n\n|^\s|\s$").any()
    assert not rows.text.str.contains(r"</?[a-z][^>]*>").any()
    for origin in ORIGINS[1:]:  # the first are the news, whose articles are looked at above
        texts = rows.text[rows.origin == origin].tolist()
        assert not len(similar(texts)[0])
        assert max(Counter(line for text in texts for line in text.split("\n")).values()) == 1


def test_nothing_held_out_is_in_the_pretraining_text(held) -> None:
    """The largest overlap is SHARED - 1 words, and it is set phrases; without care it is more."""
    runs, whole = set(), set()
    for _, text in held:
        its = words(text)
        whole.add(tuple(its))
        runs.update(tuple(its[i : i + SHARED]) for i in range(len(its) - SHARED + 1))
    whole.discard(())

    def overlaps(texts) -> int:
        found = map(words, texts)
        return sum(
            any(tuple(its[i : i + SHARED]) in runs for i in range(len(its) - SHARED + 1))
            for its in found
        )

    corpus = pinned()["text"][:]
    assert overlaps(corpus) == 0
    assert not whole & {tuple(words(line)) for text in corpus for line in text.split("\n")}
    careless = [text for text, part in documents("messages") if part == "train"]
    assert overlaps(careless) > 100
    tasks = Counter(task for task, _ in held)
    assert set(tasks) == {*DOMAINS, "headlines", "entities", "translation"}
    assert tasks["entities"] == 3250 + 3453
    assert tasks["headlines"] == 2 * 410


def test_what_is_left_out_is_found_again(held) -> None:
    assert left_out(text for _, text in held) == _left_out()


@pytest.mark.parametrize(("split", "origins"), [("dev", ORIGINS), ("train", "bbc"), ("train", ())])
def test_what_cannot_be_pinned(split, origins) -> None:
    with pytest.raises(KitError, match=r"is unknown: choose from (train|news), "):
        pinned(split, origins)


def test_sentences_by_hand() -> None:
    text = 'He said: "Go." Mr. Smith went! 3.5 m? Yes\nNo. No. J. Doe is fine.'
    found = ['He said: "Go."', "Mr. Smith went!", "3.5 m?", "Yes", "No.", "J. Doe is fine."]
    assert sentences([text, text]) == found
    assert len(sentences(pinned(origins="news"))) > 20_000


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.text("abc é\n", min_size=1).filter(str.strip), min_size=1, max_size=30),
    st.integers(1, 9),
    st.integers(0, 3),
)
def test_windows_are_the_documents_in_a_row(tokenizer, texts, length, seed) -> None:
    from datasets import Dataset

    expected = [
        one for text in texts for one in [*tokenizer.encode(text, special=False), tokenizer.eos]
    ]
    if len(expected) < length:
        return
    packed = windows(Dataset.from_dict({"text": texts}), tokenizer, length, seed=seed)["ids"][:]
    assert {len(window) for window in packed} == {length}
    ids = [i for window in packed for i in window]
    assert len(ids) == len(expected) // length * length
    found = whole_documents(ids, tokenizer.eos)
    wanted = Counter(tuple(tokenizer.encode(text, special=False)) for text in texts)
    assert not Counter(found) - wanted
    assert packed == windows(texts, tokenizer, length, seed=seed)["ids"][:]


def whole_documents(ids: list[int], end: int) -> list[tuple[int, ...]]:
    """The documents that are whole in a row of ids."""
    found, one = [], []
    for i in ids:
        if i == end:
            found.append(tuple(one))
            one = []
        else:
            one.append(i)
    return found


def test_a_seed_draws_the_order_and_a_stream_holds_the_same_documents(tokenizer) -> None:
    corpus = pinned(origins="products").select(range(40))
    first, again, other = (
        windows(corpus, tokenizer, 16, seed=seed)["ids"][:] for seed in (0, 0, 1)
    )
    assert first == again != other
    stream = windows(corpus.to_iterable_dataset(), tokenizer, 16, seed=0)
    streamed = [row["ids"] for row in stream]
    assert streamed == [row["ids"] for row in stream]
    assert len(streamed) == len(first)
    assert {len(window) for window in streamed} == {16}
    ids = [i for window in streamed for i in window]
    whole = {tuple(one) for one in tokenizer.encode_many(corpus["text"][:], special=False)}
    found = whole_documents(ids, tokenizer.eos)
    assert len(found) >= len(corpus) - 1
    assert set(found) <= whole


def test_what_gives_no_window(tokenizer) -> None:
    from datasets import Dataset, IterableDataset

    empty = Dataset.from_dict({"text": []})
    with pytest.raises(KitError, match="the corpus is empty: give at least one document"):
        windows(empty, tokenizer, 8)
    with pytest.raises(KitError, match="the corpus is empty"):
        list(windows(IterableDataset.from_generator(lambda: iter(())), tokenizer, 8))
    with pytest.raises(KitError, match=r"has 4 tokens, fewer than a window of 8: .* length=4"):
        windows(["xyz"], tokenizer, 8)
    with pytest.raises(KitError, match="length=0 is no window"):
        windows(["xyz"], tokenizer, 0)
    endless = Tokenizer.load(tokenizer.to_json().encode(), eos=None)
    with pytest.raises(KitError, match="no end token"):
        windows(["a a"], endless, 1)
    with pytest.raises(KitError, match=r"text 2 is 3 \(int\), not text"):
        windows(["a", 3], tokenizer, 1)


def test_a_vocabulary_larger_than_the_data(tokenizer) -> None:
    with pytest.raises(KitError, match=r"8,192 pieces are more than the \d+ in these 3 distinct"):
        Tokenizer.train(pinned("test", "products")["text"][:3], 8192)
