"""Summarisation: copying by hand, beams step by step, headlines, invented names, the four ways."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from migrations import BERT, GRU, TOKENS

from kit import loss
from kit.errors import KitError
from kit.migrate import decoder_like
from kit.models import RNN, CopyHead, Model, Transformer
from kit.models.copy_head import Mixture, mixture, predicted
from kit.models.generate import generate, search
from kit.sources import Source, checkpoint
from kit.tasks import summarization as task
from kit.tasks.summarization.keyword_baseline import KeywordBaseline
from kit.tasks.summarization.pseudo_headlines import TfidfHeadlines
from kit.tasks.summarization.trace import trace
from kit.tokenizer import Tokenizer
from kit.train import fit

BODIES = {"Transformer": (Transformer, BERT), "RNN": (RNN, replace(GRU, bidirectional=True))}


INNER = torch.arange(TOKENS.size) % 3 == 0
"""Pieces that go on within a word, for tests: every third."""


def made(kind: str, seed: int = 0) -> Model:
    """A tiny reader with a head that copies."""
    torch.manual_seed(seed)
    kind, config = BODIES[kind]
    body = kind(config)
    model = Model(body, CopyHead(body.width, decoder_like(body), within_word=INNER)).eval()
    with torch.no_grad():  # so that scores differ as after training
        for p in model.head.parameters():
            p.add_(0.3 * torch.randn_like(p))
    return model


def batch() -> tuple:
    """Two articles of which one is padded, and what was written so far."""
    ids = torch.tensor([[1, 7, 9, 7, 2], [1, 5, 2, 0, 0]])
    return ids, ids > 0, torch.tensor([[1, 7, 9], [1, 5, 5]])


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
    head, (like, follow, again, inside, closed) = model.head, model.head.weights.tolist()
    with torch.no_grad():
        memory = head.bridge(model.body(ids, mask))
        h = head.decoder(target, torch.ones_like(target, dtype=torch.bool), memory, mask)
        z = h @ head.decoder.embedding.weight.T
        scores = head.query(h) @ memory.mT / math.sqrt(h.shape[-1])
        parts = head.parts(model.body(ids, mask), mask, target, ids)
    within = torch.zeros(1, 3, 5)
    for u in range(3):
        for j in range(5):
            piece = int(ids[0, j])
            next_one = j > 0 and int(ids[0, j - 1]) == int(target[0, u])
            within[0, u, j] = next_one and bool(INNER[piece])
            scores[0, u, j] += like * z[0, u, piece]
            scores[0, u, j] += follow * next_one + inside * within[0, u, j]
            said = piece in target[0, : u + 1].tolist()
            scores[0, u, j] -= again * said * (1 - within[0, u, j])
    a = scores.softmax(-1)
    assert torch.allclose(parts.attention, a, atol=1e-4)
    g = head.gate(torch.cat([h, a @ memory], -1)) - closed * within.amax(-1, keepdim=True)
    assert torch.allclose(parts.gate, g.sigmoid(), atol=1e-4)
    assert within.any(), "a word that must go on, or nothing was tested"


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
    made = {way: task.target(reader, way, writer=source, seed=1) for way in task.WAYS}
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
    with pytest.raises(KitError, match="strategy 'both' is unknown"):
        task.target(reader, "both", writer=source)


def test_other_pieces_cannot_be_copied() -> None:
    other = Tokenizer.train(["other text altogether " * 5], 270)
    with pytest.raises(KitError, match="different tokenizers"):
        task.target(writer("RNN", 0), writer=replace(writer("RNN", 1), tokenizer=other))


def test_another_readers_states_stand_where_our_pieces_are() -> None:
    own, text = Tokenizer.train(["Shares of Time Warner rose. " * 9], 280), " Shares of Time Warner"
    torch.manual_seed(0)
    body = Transformer(replace(BERT, vocabulary=own.size)).eval().requires_grad_(False)
    reader = task.retokenized(Source("other pieces", body, own), TOKENS)
    ids = TOKENS.encode(text)
    own_ids, begins = own.spans(text)
    hidden = reader.body(torch.tensor([ids]))[0]
    states = body(torch.tensor([own_ids]))[0]
    end = 0
    for i, piece in enumerate(ids):
        end += len(TOKENS.decode([piece]))
        there = max(j for j, begin in enumerate(begins) if begin <= max(end - 1, 0))
        if piece == TOKENS.bos:
            there = 0
        elif piece == TOKENS.eos:
            there = len(begins) - 1
        assert torch.allclose(hidden[i], states[there], atol=1e-5), (i, piece)
    padded = torch.tensor([[*ids, 0, 0], [*ids[:3], ids[-1], *[0] * (len(ids) - 2)]])
    both = reader.body(padded, padded > 0)
    assert torch.allclose(both[0, : len(ids)], hidden, atol=1e-5), "padding changes nothing"
    assert len(reader.body.known) == 2, "read once, then remembered"


def test_a_reader_that_stays_is_not_trained() -> None:
    cls, config = BODIES["Transformer"]
    torch.manual_seed(5)
    reader = Source("tiny reader", cls(config), TOKENS)
    made = task.target(reader, "mixed", writer=writer("Transformer", 6), freeze_encoder=True)
    trained = {name for name, p in made.model.named_parameters() if p.requires_grad}
    assert trained and all(name.startswith("head.") for name in trained)
    assert made.totals["moved"] > made.totals["trained"] - made.totals["fresh"]


def test_only_what_was_read_counts() -> None:
    row = {"text": "Shares of Time Warner rose.", "headline": "Time Warner falls"}
    [example] = task.encode([row], TOKENS)
    for wanted, piece in zip(example["y"], [*example["target"][1:], TOKENS.eos], strict=True):
        assert wanted == (piece if piece in example["ids"] else loss.IGNORE)
    assert loss.IGNORE in example["y"] and example["y"][-1] == TOKENS.eos


def test_headlines_that_nobody_wrote() -> None:
    texts = ["the bank said the profit rose at the bank Zorg", "the film said it", "the end said"]
    weights = TfidfHeadlines(texts)
    assert weights.headline(texts[0], texts[0], 2) == "bank profit", "often here, rare elsewhere"
    assert weights.headlines(["the end\nZorg"], 9) == ["the end"] and weights.headlines([""]) == [
        ""
    ]


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
    words = KeywordBaseline(loaded["train"].select(range(50)))
    assert words.headlines([""]) == [""]
    for row, headline in zip(test, words.headlines([r["text"] for r in test[:5]]), strict=False):
        assert all(word in task.lead(row["text"]) for word in headline.split())
