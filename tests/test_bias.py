"""Audits of bias: planted bias is found and removed, and none is invented."""

import numpy as np
import pytest
import torch

from kit import metrics, sources
from kit.audit import bias
from kit.audit.bias import pronouns
from kit.audit.learning_curves import text_vectors
from kit.data import first_names
from kit.data.archives import fetch
from kit.errors import KitError
from kit.models import LanguageHead, Transformer, TransformerConfig
from kit.tasks import sentiment


def test_names_are_common_and_clear(data) -> None:
    groups = bias.names(30)
    assert list(groups) == ["female", "male"] and set(map(len, groups.values())) == {30}
    assert "Mary" in groups["female"] and "James" in groups["male"]
    assert {"Willie", "Leslie"}.isdisjoint(first_names.first_names("female", 200))
    with pytest.raises(KitError, match="'women' is unknown"):
        first_names.first_names("women")
    with pytest.raises(KitError, match="count=0"):
        bias.names(0)


def test_templates_hold_one_place_and_each_word_once() -> None:
    assert bias.fill(["a {x} b", "{y}."], ["1", "2"]) == ["a 1 b", "a 2 b", "1.", "2."]
    assert bias.fill(["{x}"], [r"\1"]) == [r"\1"], "a word is no pattern"
    for bad in ("no place", "{a} and {b}", 7):
        with pytest.raises(KitError, match="no text" if bad == 7 else "places for a word"):
            bias.fill([bad], ["1"])
    with pytest.raises(KitError, match="'b' stands twice"):
        bias.fill(["{x}"], ["a", "b", "b"])
    assert bias.fill("{x}!", "Mary") == ["Mary!"]
    for bad in ([], [7], ["a", " "]):
        with pytest.raises(KitError, match="give a list of words"):
            bias.fill(["{x}"], bad)
    with pytest.raises(KitError, match="score=7"):
        bias.scores(7, ["{x}"], ["a"])
    for words in (bias.NATIONALITIES, bias.CALENDAR):
        assert len(set(words)) == 30 and len(bias.fill(bias.WORD_TEMPLATES, words)) == 180
    for bad in (lambda texts: [0.0], lambda texts: [float("nan")] * len(texts)):
        with pytest.raises(KitError, match="one finite number"):
            bias.scores(bad, ["{x}"], ["a", "b"])


GROUPS = {"one": [f"a{i}" for i in range(20)], "other": [f"b{i}" for i in range(20)]}
TEMPLATES = [f"{i} {{word}}" for i in range(6)]


def scorer(effect, only: int | None = None):
    """A model that answers noise, and `effect` more where the word is of group one."""
    noise = np.random.default_rng(0)

    def score(texts):
        planted = [" a" in t and (only is None or t.startswith(f"{only} ")) for t in texts]
        return effect * np.array(planted) + 0.05 * noise.standard_normal(len(texts))

    return score


def test_a_planted_gap_is_found_and_none_is_invented() -> None:
    found = bias.compare(scorer(0.2), TEMPLATES, GROUPS)
    assert found.low < 0.2 < found.high and found.p < 0.01 and found.chance < 0.1
    assert "one minus other: +0." in str(found)
    sure = [bias.compare(scorer(0.0), TEMPLATES, GROUPS, seed=i).p for i in range(3)]
    assert min(sure) > 0.05
    alone = bias.compare(scorer(1.2, only=3), TEMPLATES, GROUPS)
    assert alone.mean > 0.15 and alone.low < 0.05, "one template of six is not sure"


def test_wrong_groups_are_refused() -> None:
    with pytest.raises(KitError, match="give two"):
        bias.compare(scorer(0), TEMPLATES, {"one": ["a"]})
    with pytest.raises(KitError, match="'a' stands in both"):
        bias.compare(scorer(0), TEMPLATES, {"one": ["a", "b"], "other": ["a", "c"]})
    with pytest.raises(KitError, match="two words"):
        bias.compare(scorer(0), TEMPLATES, {"one": ["a"], "other": ["b", "c"]})


def test_the_spread_names_its_ends_and_draws_agree_or_not() -> None:
    found = bias.measure(lambda texts: [len(t) for t in texts], ["x {w}"], ["aaa", "a", "aa"])
    assert found.words == ("a", "aa", "aaa") and found.range == 2 and "a 3" in str(found)
    order, generator = np.arange(30.0), np.random.default_rng(0)
    noise = generator.standard_normal((4, 30))
    assert (
        metrics.mean_correlation(order + noise) > 0.95
        and abs(metrics.mean_correlation(noise)) < 0.3
    )
    with pytest.raises(KitError, match="two seeds"):
        metrics.mean_correlation(order)


def test_a_projection_removes_its_directions_and_nothing_else() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((4, 12, 20))
    found = bias.directions(vectors, 3)
    assert np.allclose(found @ found.T, np.eye(3))
    left = bias.without(vectors, found)
    assert np.allclose(left @ found.T, 0) and np.allclose(bias.without(left, found), left)
    mixed = generator.standard_normal((3, 3)) @ found
    assert np.allclose(bias.without(vectors, mixed), left), "any basis of the same space"
    assert np.linalg.matrix_rank((vectors - left).reshape(-1, 20)) == 3
    assert bias.without(vectors, found[:0]) is vectors
    with pytest.raises(KitError, match="count=12"):
        bias.directions(vectors, 12)


def test_half_of_the_words_mends_the_other_half(data) -> None:
    """On a real source, with labels into which a dislike of a group was planted."""
    source = sources.load("rnn_encoder")
    groups = bias.names(20)
    first, second = bias.halves(20)
    assert sorted([*first, *second]) == list(range(20))
    vectors = {
        group: text_vectors(source, bias.fill(bias.NAME_TEMPLATES, words)).reshape(6, 20, -1)
        for group, words in groups.items()
    }
    films = sentiment.load()["train"].select(range(150))
    train = [text_vectors(source, films["text"][:])]
    y = list(films["label"][:])
    for label, group in enumerate(groups):  # female names in negative rows, male ones in positive
        train.append(vectors[group][:, first].reshape(-1, source.body.width))
        y += [label] * len(train[-1])
    train = np.concatenate(train)

    def gap(head, removed) -> float:
        judged = [bias.without(own[:, second], removed) for own in vectors.values()]
        female, male = (head.probability(own).mean() for own in judged)
        return abs(female - male)

    nothing = np.zeros((0, source.body.width))
    before = gap(bias.Head.fit(train, y), nothing)
    between = np.stack([vectors[group][:, first].mean((0, 1)) for group in groups])
    direction = (between[0] - between[1])[None]
    projected = gap(bias.Head.fit(bias.without(train, direction), y), direction)
    neutral = np.concatenate([v[:, first] for v in vectors.values()])
    augmented = gap(bias.Head.fit(train, y, neutral=neutral), nothing)
    assert before > 0.05 and projected < 0.6 * before and augmented < 0.8 * before
    with pytest.raises(KitError, match="both of them"):
        bias.Head.fit(train, [1] * len(train))


def test_pairs_differ_in_pronouns_alone() -> None:
    fetch("winogender")
    pairs = pronouns.winogender()
    assert len(pairs) == 240 and sum(pair.refers for pair in pairs) == 120
    assert {pair.occupation for pair in pairs} == set(pronouns.share_of_women())
    for kind in (1, 2):
        pairs = pronouns.winobias(kind)
        assert 380 <= len(pairs) <= 396
        for pair in pairs:
            one, other = pair.one.lower().split(), pair.other.lower().split()
            assert len(one) == len(other) and one != other
    crows = pronouns.crows_pairs("gender")
    assert len(crows) == 262 and all(pair.one != pair.other for pair in crows)
    with pytest.raises(KitError, match="nationality"):
        pronouns.crows_pairs("height")
    with pytest.raises(KitError, match="kind=3"):
        pronouns.winobias(3)


def test_a_preference_is_the_difference_of_two_sentences_losses() -> None:
    writer = sources.load("rnn_writer")
    one, other = "I like it.", "zqx vwk jjq."
    pairs = [pronouns.Pair(one, other), pronouns.Pair(other, one), pronouns.Pair(one, one)]
    nats = pronouns.preference(writer, pairs)
    assert nats[0] > 5 and np.isclose(nats[0], -nats[1], atol=1e-3) and abs(nats[2]) < 1e-3


def test_a_masked_model_scores_the_tokens_that_both_sentences_share() -> None:
    tokenizer = sources.load("transformer_encoder").tokenizer
    sizes = {"width": 32, "layers": 1, "heads": 2, "intermediate_size": 32, "block_size": 40}
    torch.manual_seed(0)
    body = Transformer(TransformerConfig(vocabulary=tokenizer.size, **sizes)).eval()
    head = LanguageHead(32, tokenizer.size)
    torch.nn.init.normal_(head.weight, std=4)  # else all tokens are nearly equally likely
    model = sources.checkpoint.Source("small", body, tokenizer, head)
    pair = pronouns.Pair("The nurse said she was here.", "The nurse said he was here.")
    [nats] = pronouns.masked_preference(model, [pair])
    expected = 0.0
    with torch.no_grad():
        for sign, text in ((1, pair.one), (-1, pair.other)):
            ids = tokenizer.encode(text)
            assert len(ids) == 11, "<s>, nine pieces and </s>"
            for i in (1, 2, 3, 4, 5, 7, 8, 9):  # the sixth piece is the pronoun
                hidden = [*ids]
                hidden[i] = tokenizer.mask
                logits = head(body(torch.tensor([hidden])), None)[0, i]
                expected += sign * float(logits.log_softmax(-1)[ids[i]])
    assert nats == pytest.approx(expected, abs=1e-3) and abs(nats) > 5e-3
    for name, says in (
        (
            "transformer_encoder",
            "transformer_encoder has a VectorHead, which predicts no masked token",
        ),
        ("transformer_writer", "transformer_writer predicts the next token"),
    ):
        with pytest.raises(KitError, match=says):
            pronouns.masked_preference(sources.load(name), [pair])
