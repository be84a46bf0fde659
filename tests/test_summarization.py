"""Summarisation: copying by hand, beams step by step, headlines, invented names, the four ways."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from migrations import BERT, GRU, TOKENS

from kit import checkpoint, loss
from kit.checkpoint import Source
from kit.errors import KitError
from kit.migrate import decoder_like
from kit.models import RNN, CopyHead, Model, Transformer
from kit.models.copying import Mixture, mixture, predicted
from kit.models.generate import generate, search
from kit.tasks import summarization as task
from kit.tasks.chosen_words import ChosenWords
from kit.tasks.summary_trace import trace
from kit.train import fit

BODIES = {"Transformer": (Transformer, BERT), "RNN": (RNN, replace(GRU, bidirectional=True))}


def made(kind: str, seed: int = 0) -> Model:
    """A tiny reader with a head that copies."""
    torch.manual_seed(seed)
    kind, config = BODIES[kind]
    body = kind(config)
    model = Model(body, CopyHead(body.width, decoder_like(body))).eval()
    with torch.no_grad():  # so that scores differ as after training
        for p in model.head.parameters():
            p.add_(0.3 * torch.randn_like(p))
    return model


def batch() -> tuple:
    """Two articles of which one is padded, and what was written so far."""
    ids = torch.tensor([[1, 9, 7, 9, 2], [1, 5, 2, 0, 0]])
    return ids, ids > 0, torch.tensor([[1, 9, 7], [1, 5, 5]])


def test_a_mixture_is_what_one_computes_by_hand() -> None:
    vocabulary = torch.tensor([[[0.1, 0.6, 0.2, 0.1]]])
    attention, gate = torch.tensor([[[0.5, 0.2, 0.3]]]), torch.tensor([[[0.25]]])
    p = mixture(Mixture(vocabulary, attention, gate), torch.tensor([[3, 2, 3]]))
    assert torch.allclose(p, torch.tensor([[[0.025, 0.15, 0.2, 0.625]]]))


@pytest.mark.parametrize("kind", BODIES)
def test_what_the_head_says_is_a_distribution_and_padding_is_never_copied(kind: str) -> None:
    ids, mask, target = batch()
    model = made(kind)
    with torch.no_grad():
        parts = model.head.parts(model.body(ids, mask), mask, target, ids)
        logits = model(ids, mask, target)
    assert logits.shape == (2, 3, TOKENS.size)
    assert torch.allclose(logits.exp().sum(-1), torch.ones(2, 3), atol=1e-4)
    assert torch.allclose(logits, predicted(parts, ids), atol=1e-5)
    assert parts.attention[1, :, 3:].abs().max() == 0
    assert torch.allclose(logits.log_softmax(-1), logits, atol=1e-4), "log p are logits"


@pytest.mark.parametrize("kind", BODIES)
def test_attention_is_the_formula(kind: str) -> None:
    ids, mask, target = (t[:1] for t in batch())
    model = made(kind)
    head, (like, follow, again) = model.head, model.head.weights.tolist()
    with torch.no_grad():
        memory = head.bridge(model.body(ids, mask))
        h = head.decoder(target, torch.ones_like(target, dtype=torch.bool), memory, mask)
        z = h @ head.decoder.embedding.weight.T
        scores = head.query(h) @ memory.mT / math.sqrt(h.shape[-1])
        parts = head.parts(model.body(ids, mask), mask, target, ids)
    for u in range(3):
        for j in range(5):
            piece = int(ids[0, j])
            scores[0, u, j] += like * z[0, u, piece]
            scores[0, u, j] += follow * (j > 0 and int(ids[0, j - 1]) == int(target[0, u]))
            scores[0, u, j] -= again * (piece in target[0, : u + 1].tolist())
    assert torch.allclose(parts.attention, scores.softmax(-1), atol=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", BODIES)
def test_writing_with_a_cache_is_writing_without(kind: str, beams: int) -> None:
    model, prompts = made(kind, seed=3), [[1, 9, 7, 9, 2], [1, 5, 2]]
    how = {"start": [1], "stop": [2], "beams": beams, "length_penalty": 0.0}
    written = generate(model, prompts, 4, **how)
    for prompt, ids in zip(prompts, written, strict=True):
        alone = generate(model, [prompt], 4, **how)[0]
        assert ids == alone
    if beams == 1:
        for prompt, ids in zip(prompts, written, strict=True):
            source = torch.tensor([prompt])
            for i, piece in enumerate(ids):
                target = torch.tensor([[1, *ids[:i]]])
                logits = model(source, source >= 0, target)
                assert int(logits[0, -1].argmax()) == piece


@pytest.mark.parametrize("kind", BODIES)
def test_the_search_ends_with_what_generate_returns(kind: str) -> None:
    model, prompts = made(kind, seed=1), [[1, 9, 7, 9, 2], [1, 5, 2]]
    steps = list(search(model, prompts, 5, 3, start=[1], stop=[2]))
    best = [max(one.over)[1] for one in steps[-1]]
    assert best == generate(model, prompts, 5, beams=3, start=[1], stop=[2])
    for length, step in enumerate(steps, start=1):
        for one in step:
            assert len(one.alive) == 3 and {len(ids) for _, ids in one.alive} == {length}
            assert [s for s, _ in one.alive] == sorted((s for s, _ in one.alive), reverse=True)


@pytest.mark.parametrize("kind", BODIES)
def test_a_trace_tells_where_each_word_is_from(kind: str) -> None:
    text = "Shares of Time Warner rose.\nThe US firm said so."
    model = made(kind, seed=2)
    found = trace(model, TOKENS, text, 3)
    assert "".join(found.pieces) + found.rest == " " + text.replace("\n", " ")
    best = max(found.steps[-1].over)[1]
    assert found.candidates[0].ids == best and len(found.candidates) <= 3
    scores = [one.score for one in found.candidates]
    assert scores == sorted(scores, reverse=True)
    for one in found.candidates:
        said = [word for word in one.words if word.text]
        assert all(0 <= word.copied <= 1 for word in said)
        for word in one.words:
            copied = [found.pieces[place] for place in word.places]
            assert all(piece in TOKENS.decode(one.ids) for piece in copied)
    with pytest.raises(KitError, match="empty"):
        trace(model, TOKENS, " ")


@pytest.mark.parametrize("kind", BODIES)
def test_it_learns_to_copy_what_it_has_never_seen(kind: str) -> None:
    random, examples = np.random.default_rng(0), []
    for _ in range(160):
        words = random.choice(np.arange(10, TOKENS.size), 6, replace=False).tolist()
        examples.append({"ids": [1, *words, 2], "target": [1, *words[:2]], "y": [*words[:2], 2]})
    model, test = made(kind), examples[128:]
    recipe = replace(task.recipe(100), steps=150, epochs=None, rate=5e-3, precision="fp32")
    fit(model, examples[:128], recipe)
    found = generate(model, [e["ids"] for e in test], 4, start=[1], stop=[2])
    right = np.mean([ids == e["y"][:-1] for ids, e in zip(found, test, strict=True)])
    assert right > 0.5, right
    with torch.no_grad():
        logits = model(
            *(torch.tensor([test[0][k]]) for k in ("ids",)),
            torch.ones(1, 8) > 0,
            torch.tensor([test[0]["target"]]),
        )
    assert float(loss.cross_entropy(logits, torch.tensor([test[0]["y"]]))) >= 0


def test_a_head_that_copies_is_saved_and_loaded(tmp_path) -> None:
    model = made("Transformer")
    source = Source("copier", model.body, TOKENS, model.head)
    again = checkpoint.load(checkpoint.save(source, tmp_path / "copier"))
    ids, mask, target = batch()
    with torch.no_grad():
        one = model(ids, mask, target)
        two = Model(again.body, again.head).eval()(ids, mask, target)
    assert torch.equal(one, two)


def writer(kind: str, seed: int) -> Source:
    torch.manual_seed(seed)
    cls, config = BODIES[kind]
    way = {"causal": True} if cls is Transformer else {"bidirectional": False}
    return Source("tiny writer", cls(replace(config, **way)), TOKENS)


@pytest.mark.parametrize("kind", BODIES)
def test_the_four_ways_move_what_they_say(kind: str) -> None:
    cls, config = BODIES[kind]
    torch.manual_seed(5)
    reader, source = Source("tiny reader", cls(config), TOKENS), writer(kind, 6)
    made = {way: task.target(reader, source, way, seed=1) for way in task.WAYS}
    sizes = {way: one.totals["parameters"] for way, one in made.items()}
    assert len(set(sizes.values())) == 1, "the same shape, whatever moves"
    word = next(n for n, _ in reader.body.named_parameters() if "embed" in n)
    for way, one in made.items():
        body, decoder = one.model.body, one.model.head.decoder
        moved = [
            torch.equal(body.get_parameter(word), reader.body.get_parameter(word)),
            torch.equal(decoder.get_parameter(word), source.body.get_parameter(word)),
        ]
        assert moved == [way in ("parameter", "mixed"), way in ("structure", "mixed")], way
        fresh = {o.name for o in one.origins if o.done == "fresh"}
        assert "head.weights" in fresh, "what copies is fresh"
    assert made["scratch"].totals["moved"] == 0
    with pytest.raises(KitError, match="way='both'"):
        task.target(reader, source, "both")


def test_other_pieces_cannot_be_copied() -> None:
    from kit.tokens import Tokens

    other = Tokens.train(["other text altogether " * 5], 270)
    with pytest.raises(KitError, match="different pieces"):
        task.target(writer("RNN", 0), replace(writer("RNN", 1), tokens=other))


def test_invented_names() -> None:
    text = "Shares of Time Warner rose, said Dick Parsons.\nThe US firm's profit fell."
    assert task.names("Google lifts Time Warner's US profit") == ["Time", "Warner's", "US"]
    assert task.invented("Profit at Time Warner's US arm", text) == []
    assert task.invented("Shares in Microsoft rise", text) == ["Microsoft"]
    assert task.invented("Microsoft rise", text) == [], "the first word is always capitalised"


def test_a_first_word_is_made_small_only_where_the_article_says_so() -> None:
    assert task.plain("Shares fall", "US shares fell.") == "shares fall"
    assert task.plain("Shares fall", "Shares in the US; shares fell.") == "Shares fall"
    assert task.plain("BMW recalls cars", "BMW is to recall cars.") == "BMW recalls cars"
    assert task.capital(" shares  fall") == "Shares fall" and task.capital("") == ""


def test_rouge_is_what_one_counts_by_hand() -> None:
    found = task.rouge("shares in google fall", "Google shares fall again")
    assert found["rouge1"] == pytest.approx(3 / 4)
    assert found["rouge2"] == 0 and found["rougeL"] == pytest.approx(2 / 4)
    assert task.rouge("", "Google") == {"rouge1": 0, "rouge2": 0, "rougeL": 0}


def test_the_baselines_of_the_real_articles(data) -> None:
    loaded = task.load()
    assert [len(rows) for rows in loaded.values()] == [1640, 205, 205]
    test = list(loaded["validation"])
    found = task.baselines(loaded["train"].select(range(200)), test)
    assert 0.19 < found["lead"] < 0.22 and found["chosen words"] > found["lead"] + 0.03
    people = task.score([row["headline"] for row in test], test)
    assert people["rouge1"] == people["rougeL"] == 1 and 0 < people["invented"] < 0.2
    words = ChosenWords(loaded["train"].select(range(50)))
    assert words.headlines([""]) == [""]
    for row, headline in zip(test, words.headlines([r["text"] for r in test[:5]]), strict=False):
        assert all(word in task.lead(row["text"]) for word in headline.split())
