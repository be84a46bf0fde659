"""Preferences: the loss by hand, its gradient, the reference, what is trained, and refusals."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from migrations import GPT, LLAMA, LSTM, TOKENS

from kit import loss
from kit.errors import KitError
from kit.loss import IGNORE
from kit.models import RNN, ClassHead, FeatureCache, LanguageHead, Model, Transformer
from kit.sources import Source
from kit.tasks import instructions, preferences
from kit.tasks.instructions import PLAIN
from kit.tasks.preferences import BREAK, PairScores
from kit.train import Recipe, fit, total_loss

ROWS = [
    {"prompt": "What do bees make?", "chosen": "Honey.", "rejected": "The bank has a plan."},
    {"prompt": "Who sells?", "chosen": "A film of a dog", "rejected": "No."},
    {"prompt": "Is it a film?", "chosen": "Yes", "rejected": "Rain stops the match, and more."},
]
SIZES = {"block_size": 200, "dropout": 0.0}
BODIES = {
    "gpt": lambda: Transformer(dataclasses.replace(GPT, **SIZES)),
    "llama": lambda: Transformer(dataclasses.replace(LLAMA, **SIZES)),
    "lstm": lambda: RNN(dataclasses.replace(LSTM, dropout=0.0)),
}
RECIPE = Recipe(
    loss="preference", epochs=2, batch_size=2, precision="fp32", keep_best=False, evaluations=1
)


def writer(kind: str = "llama", **head) -> Source:
    """A tiny decoder with its own head."""
    torch.manual_seed(0)
    body = BODIES[kind]()
    with torch.no_grad():
        for p in body.parameters():
            p += 0.1 * torch.randn_like(p)
    return Source("tiny", body, TOKENS, LanguageHead.tied(body, **head))


def encoded() -> list[dict]:
    return preferences.encode(ROWS, TOKENS, PLAIN)


def by_hand(model: Model, example: dict) -> list[float]:
    """log π(answer | prompt) of both answers, token by token, each sequence alone."""
    row = example["ids"]
    first, second = (i for i, piece in enumerate(row) if piece == BREAK)
    sums = []
    for answer in (row[first + 1 : second], row[second + 1 :]):
        ids = torch.tensor([row[:first] + answer])
        p = model(ids, torch.ones_like(ids, dtype=torch.bool))[0].softmax(-1)
        places = range(first, first + len(answer))
        sums.append(sum(math.log(p[place - 1, ids[0, place]]) for place in places))
    return sums


@pytest.mark.parametrize("kind", BODIES)
@torch.no_grad()
def test_a_score_is_beta_times_the_log_probability_of_the_answer(kind: str) -> None:
    given = writer(kind)
    model = Model(given.body, given.head).eval()
    scores = preferences.predict(PairScores(model, 0.3), encoded())
    for example, score in zip(encoded(), scores, strict=True):
        assert score == pytest.approx([0.3 * x for x in by_hand(model, example)], rel=1e-4)
    capped = Model(given.body, LanguageHead.tied(given.body, softcap=2.0)).eval()
    [score, *_] = preferences.predict(PairScores(capped), encoded())
    assert score == pytest.approx(by_hand(capped, encoded()[0]), rel=1e-4)


@torch.no_grad()
def test_minus_the_log_probability_is_the_loss_of_instruction_tuning() -> None:
    given = writer()
    model = Model(given.body, given.head).eval()
    scores = preferences.predict(PairScores(model), encoded())
    rows = [{"prompt": row["prompt"], "answer": row["chosen"]} for row in ROWS]
    total, n = total_loss(model, instructions.encode(rows, TOKENS, PLAIN), precision="fp32")
    assert total == pytest.approx(-sum(float(s[0]) for s in scores), rel=1e-4)
    assert n == sum(len(TOKENS.encode(f" {row['chosen']}", special=False)) + 1 for row in ROWS)


def test_the_loss_is_that_of_the_formula_and_so_is_its_gradient() -> None:
    torch.manual_seed(1)
    scores = torch.randn(5, 2, requires_grad=True)
    y = torch.randn(5, 2)
    value = loss.preference(scores, y)
    gap = [(s[0] - r[0]) - (s[1] - r[1]) for s, r in zip(scores.tolist(), y.tolist(), strict=True)]
    assert value.item() == pytest.approx(sum(math.log(1 + math.exp(-m)) for m in gap), rel=1e-5)
    value.backward()
    push = torch.sigmoid(-torch.tensor(gap))  # σ(-margin): large where the pair is still wrong
    assert torch.allclose(scores.grad, torch.stack([-push, push], 1), atol=1e-6)
    assert float(loss.preference(y, y)) == pytest.approx(5 * math.log(2)), "at the reference"
    for wrong in (torch.zeros(5, 3), torch.zeros(5)):
        with pytest.raises(KitError, match="give \\(B, 2\\)"):
            loss.preference(wrong, wrong)


def test_the_first_loss_is_log_2_and_an_update_raises_every_margin() -> None:
    target = instructions.target(writer(), "full", rate=1e-3)
    pairs = PairScores(target.model, beta=1.0)
    examples = preferences.with_reference(pairs, encoded())
    assert (preferences.margins(pairs, examples) == 0).all()
    run = fit(pairs, examples, dataclasses.replace(RECIPE, batch_size=3), **target.training)
    assert run.steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert (preferences.margins(pairs, examples) > 0).all()


STRATEGIES = {
    "full": {},
    "lora": {"rank": 2},
    "top_layers": {},
    "frozen": {},
    "bias_only": {},
    "gradual": {},
    "layer_wise": {},
    "adapter": {"size": 4},
    "prefix_tuning": {"length": 2},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_the_report_calls_trained_moves_and_the_reference_does_not(strategy: str) -> None:
    given = writer("gpt")
    before = {name: p.clone() for name, p in given.body.state_dict().items()}
    target = instructions.target(given, strategy, **STRATEGIES[strategy])
    pairs = PairScores(target.model, beta=0.5)
    examples = preferences.with_reference(pairs, encoded())
    values = {name: p.detach().clone() for name, p in target.model.named_parameters()}
    fit(pairs, examples, dataclasses.replace(RECIPE, epochs=6), **target.training)
    moved = {n for n, p in target.model.named_parameters() if not torch.equal(p, values[n])}
    # A bias of the keys changes no attention: its gradient is 0 but for rounding.
    trained = {o.name for o in target.origins if o.rate}
    assert moved <= trained and all("key.bias" in name for name in trained - moved)
    assert all(torch.equal(p, before[name]) for name, p in given.body.state_dict().items())


def test_lora_in_the_uppermost_blocks_alone_and_their_features_in_a_cache() -> None:
    target = instructions.target(writer(), "lora", rank=2, layers=1, rate=1e-2)
    added = [o.name for o in target.origins if o.rate]
    assert added and all(name.startswith("body.blocks.1.") for name in added)
    cached = Model(FeatureCache(target.model.body), target.model.head)
    pairs = PairScores(cached, beta=1.0)
    examples = preferences.with_reference(pairs, encoded())
    fit(pairs, examples, RECIPE, **target.training)
    with torch.no_grad():
        plain = preferences.margins(PairScores(target.model, beta=1.0), examples)
    assert preferences.margins(pairs, examples) == pytest.approx(plain, abs=1e-4)
    for layers in (0, 3, "all"):
        with pytest.raises(KitError, match="whole number, 1 to 2"):
            instructions.target(writer(), "lora", layers=layers)
    with pytest.raises(KitError, match="counts the blocks of a Transformer"):
        instructions.target(writer("lstm"), "lora", layers=1)


def test_a_reward_model_is_one_number_on_the_last_token_and_learns_an_order() -> None:
    target = preferences.reward_target(writer(), "full", rate=3e-3, head_rate=3e-3)
    pairs = PairScores(target.model)
    examples = encoded()
    assert all((example["y"] == 0).all() for example in examples)
    [scores, *_] = preferences.predict(pairs, examples)
    row = examples[0]["ids"]
    first, second = (i for i, piece in enumerate(row) if piece == BREAK)
    for score, answer in zip(scores, (row[first + 1 : second], row[second + 1 :]), strict=True):
        ids = torch.tensor([row[:first] + answer])
        with torch.no_grad():
            hidden = target.model.body(ids)[0, -1]
            assert float(target.model.head.linear(hidden)) == pytest.approx(score, abs=1e-4)
    fit(pairs, examples, dataclasses.replace(RECIPE, epochs=20), **target.training)
    assert (preferences.margins(pairs, examples) > 0).all()


def test_instruction_tuning_counts_the_answer_and_its_end_alone() -> None:
    rows = [{"prompt": "Who sells?", "answer": "A bank"}]
    [example] = instructions.encode(rows, TOKENS, PLAIN)
    counted = [y for y in example["y"] if y != IGNORE]
    assert TOKENS.decode(counted[:-1]).strip() == "A bank" and counted[-1] == TOKENS.eos
    [prompt] = instructions.prompt_ids(["Who sells?"], TOKENS, PLAIN)
    assert example["ids"] == prompt + counted[:-1] and len(example["y"]) == len(example["ids"])


WRONG = {
    "equal": ([{"prompt": "a", "chosen": "b", "rejected": "b"}], "two different ones"),
    "empty": ([{"prompt": "a", "chosen": " ", "rejected": "b"}], "is empty"),
    "no prompt": ([{"prompt": "", "chosen": "a", "rejected": "b"}], "is empty"),
    "long": ([{"prompt": "a", "chosen": "b" * 200, "rejected": "b"}], "larger most="),
    "column": ([{"prompt": "a", "chosen": "b"}], "without 'rejected'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_pairs_that_teach_nothing_are_refused_by_name(case: str) -> None:
    rows, message = WRONG[case]
    with pytest.raises(KitError, match=message):
        preferences.encode(rows, TOKENS, PLAIN)


def test_models_and_strengths_that_cannot_be_tuned_are_refused_by_name() -> None:
    given = writer()
    model = Model(given.body, given.head)
    for beta in (0, -1, math.nan, math.inf, True, "0.1"):
        with pytest.raises(KitError, match="give a number above 0"):
            PairScores(model, beta)
    with pytest.raises(KitError, match="scores no answer"):
        PairScores(Model(given.body, ClassHead(16, 2)))
    encoder = Transformer(dataclasses.replace(GPT, causal=False, **SIZES))
    with pytest.raises(KitError, match="cannot continue a text"):
        instructions.target(Source("e", encoder, TOKENS, LanguageHead.tied(encoder)), "full")
    narrow = Transformer(dataclasses.replace(LLAMA, block_size=12, dropout=0.0))
    short = PairScores(Model(narrow, LanguageHead.tied(narrow)))
    with pytest.raises(KitError, match="reads at most 12"):
        preferences.with_reference(short, encoded())
    wrong = [example | {"y": 1} for example in encoded()]
    with pytest.raises(KitError, match="two decimal numbers"):
        fit(PairScores(model), wrong, RECIPE)
    endless = [example | {"y": np.array([0.0, np.inf], np.float32)} for example in encoded()]
    with pytest.raises(KitError, match="inf"):
        fit(PairScores(model), endless, RECIPE)
