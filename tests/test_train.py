"""Laws of the loop: same seed, same bits; it learns; it stops when told and keeps what it has."""

import copy
import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from kit import runtime
from kit.errors import KitError
from kit.metrics import interval
from kit.models import ClassHead, Model
from kit.models.rnn import RNN, RNNConfig
from kit.models.transformer import Transformer, TransformerConfig
from kit.train import Recipe, Run, collate, epoch_batches, fit, predict, training_steps
from kit.train.batches import stream

TRANSFORMER = TransformerConfig(
    vocabulary=1500,
    width=16,
    layers=2,
    token_types=2,
    heads=2,
    intermediate_size=32,
    block_size=32,
    dropout=0.1,
)
BODIES = {
    "transformer": lambda: Transformer(TRANSFORMER),
    "rnn": lambda: RNN(RNNConfig(vocabulary=1500, width=16, layers=1)),
}


def examples(n: int = 60) -> list[dict]:
    """Class 1 where piece 7 stands somewhere: learnable, and of many lengths."""
    random = np.random.default_rng(0)
    found = []
    for i in range(n):
        ids = random.integers(8, 50, random.integers(3, 12)).tolist()
        found.append({"ids": [7, *ids] if i % 2 else ids, "y": i % 2})
    return found


def model(body: str = "transformer", seed: int = 0) -> Model:
    torch.manual_seed(seed)
    return Model(BODIES[body](), ClassHead(16, 2))


def bits(made: torch.nn.Module) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in made.state_dict().values())


@pytest.mark.parametrize("body", BODIES)
def test_the_loss_falls_and_the_same_seed_gives_the_same_bits(body):
    runs = []
    for seed in (0, 0, 1):
        made = model(body)
        runs.append((fit(made, examples(), Recipe(epochs=12, rate=1e-2, seed=seed)), bits(made)))
    (first, a), (_, b), (_, c) = runs
    assert a == b != c
    losses = [step["loss"] for step in first.steps]
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    assert first.stopped == "budget" and first.spent == 1


def test_two_loops_in_turn_reach_the_bits_that_each_reaches_alone():
    recipe = Recipe(steps=6, rate=1e-2)
    alone = [model(seed=s) for s in (0, 1)]
    for made in alone:
        fit(made, examples(), recipe)
    turns = [model(seed=s) for s in (0, 1)]
    loops = [training_steps(m, examples(), recipe, run=Run()) for m in turns]
    for _ in zip(*loops, strict=True):
        pass
    assert [bits(m) for m in turns] == [bits(m) for m in alone]


def test_every_example_comes_once_an_epoch_with_others_of_its_length():
    rows = [{"ids": [0] * n, "y": n} for n in range(1, 400)]
    cut = epoch_batches(rows, 8, seed=3)
    assert sorted(e["y"] for rows in cut for e in rows) == list(range(1, 400))
    assert cut != epoch_batches(rows, 8, seed=4)
    filled = [collate(rows).mask.float().mean() for rows in cut]
    assert np.mean(filled) > 0.9


def test_predictions_come_in_the_order_of_the_examples():
    made, rows = model(), examples(30)
    together = predict(made, rows, precision="fp32")
    alone = [predict(made, [row], precision="fp32")[0] for row in rows]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_best_state_is_kept():
    made, states = model(), []

    def score(now):
        states.append(copy.deepcopy(now.state_dict()))
        return [0.1, 0.9, 0.5][len(states) - 1]

    run = fit(made, examples(), Recipe(steps=9, evaluations=3), score=score)
    assert run.best == run.evaluations[1] and len(states) == 3
    assert all(torch.equal(v, states[1][k]) for k, v in made.state_dict().items())


def test_an_interrupt_keeps_what_was_reached():
    made = model()
    before = bits(made)

    def watch(run):
        if len(run.steps) == 4:
            raise KeyboardInterrupt

    run = fit(made, examples(), Recipe(epochs=99), watch=watch)
    assert run.stopped == "interrupted" and len(run.steps) == 4
    assert bits(made) != before and not made.training
    fit(made, examples(), Recipe(steps=2))  # and it can be trained on


def test_only_what_is_in_the_groups_and_not_before_its_start_is_trained():
    made = model()
    before = {n: p.clone() for n, p in made.named_parameters()}
    groups = [
        {"params": list(made.head.parameters()), "rate": 1e-2},
        {"params": list(made.body.blocks[1].parameters()), "rate": 1e-2, "start": 0.9},
    ]
    fit(made, examples(), Recipe(steps=5), groups=groups)
    for name, p in made.named_parameters():
        assert torch.equal(p, before[name]) != name.startswith("head"), name


def by_hand(made: Model, recipe: Recipe) -> None:
    """Train by torch's AdamW and a loop of a few lines; decay of matrices but not of embeddings."""
    tables = {m.weight for m in made.modules() if isinstance(m, torch.nn.Embedding)}
    matrices = [p for p in made.parameters() if p.ndim > 1 and p not in tables]
    others = [p for p in made.parameters() if p.ndim < 2 or p in tables]
    adamw = torch.optim.AdamW(
        [{"params": matrices}, {"params": others, "weight_decay": 0.0}], weight_decay=recipe.decay
    )
    rows = examples()
    batches = stream(rows, rows, recipe.batch_size, recipe.seed)
    made.train()
    for step in range(recipe.steps):
        batch = collate(next(batches)[2])
        torch.nn.functional.cross_entropy(batch.run(made), batch.y).backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), recipe.clip)
        for group in adamw.param_groups:
            group["lr"] = recipe.rate * recipe.factor(step / recipe.steps)
        adamw.step()
        adamw.zero_grad()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("rows", [50, 1023, 1500], ids="{} rows".format)
@pytest.mark.parametrize("penalty", [None, lambda m: 0.0 * m.head.linear.bias.sum()])
def test_an_update_is_adamw_whatever_the_size_of_the_word_table(body, rows, penalty):
    made = model(body)
    made.body = type(made.body)(replace(made.body.config, vocabulary=rows, dropout=0.0))
    made.head.dropout.p = 0.0
    same, recipe = copy.deepcopy(made), Recipe(steps=15, rate=1e-2, precision="fp32")
    fit(made, examples(), recipe, penalty=penalty)
    by_hand(same, recipe)
    for (name, p), q in zip(made.named_parameters(), same.parameters(), strict=True):
        # The gradient of a key's bias is nothing but rounding.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4, msg=name)


def test_rows_of_the_word_table_that_were_once_in_a_batch_move_on_with_their_moments():
    made, rows = model(), examples(16)
    table = made.body.embed.tokens.weight
    states = [table.detach().clone()]
    recipe = Recipe(steps=2, batch_size=16, precision="fp32", warmup=0, clip=1e9, rate=1e-3)
    fit(
        made,
        lambda epoch: rows if epoch == 0 else rows[:1] * 16,
        recipe,
        watch=lambda _: states.append(table.detach().clone()),
    )
    pairs = itertools.pairwise(states)
    first, second = ((a != b).any(1).nonzero()[:, 0].tolist() for a, b in pairs)
    assert first == second == sorted({i for row in rows for i in row["ids"]})


def test_a_penalty_pulls_and_is_not_in_the_recorded_loss():
    free, tied = model(), model()
    start = torch.cat([p.detach().flatten() for p in free.body.parameters()])

    def distance(m):
        return (torch.cat([p.flatten() for p in m.body.parameters()]) - start).square().sum()

    recipe = Recipe(steps=20, rate=1e-2)
    fit(free, examples(), recipe)
    run = fit(tied, examples(), recipe, penalty=lambda m: 10 * distance(m))
    assert distance(tied) < 0.5 * distance(free)
    assert run.steps[0]["loss"] < 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "no budget"),
        ({"epochs": 0}, "above zero"),
        ({"steps": 1, "loss": "hinge"}, "hinge"),
        ({"steps": 1, "rate": -1}, "rate=-1"),
        ({"steps": 1, "precision": "int3"}, "int3"),
    ],
)
def test_a_recipe_that_cannot_train_is_refused(settings, says):
    with pytest.raises(KitError, match=says):
        fit(model(), examples(), Recipe(**settings))


def test_bad_examples_are_named():
    with pytest.raises(KitError, match="no examples"):
        fit(model(), [], Recipe(steps=1))
    with pytest.raises(KitError, match=r"labels \[2\]"):
        fit(model(), [{"ids": [1], "y": 2}], Recipe(steps=1))
    with pytest.raises(KitError, match="too high"):
        fit(model(), examples(), Recipe(steps=50, rate=1e30, warmup=0))
    with pytest.raises(KitError, match="no parameter"):
        fit(model().requires_grad_(False), examples(), Recipe(steps=1))


def test_a_run_survives_the_kernel(tmp_path):
    run = fit(model(), examples(), Recipe(steps=3), name="short", score=lambda m: 0.5)
    run.save(tmp_path / "run.json")
    assert Run.load(tmp_path / "run.json") == run
    (tmp_path / "other.json").write_text("{")
    with pytest.raises(KitError, match="not a saved run"):
        Run.load(tmp_path / "other.json")


def test_the_interval_is_students():
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2 and half == pytest.approx(2.4841, abs=1e-3)  # t = 4.3027 with two degrees
    assert np.isnan(interval([1.0])[1])
    with pytest.raises(KitError):
        interval([])


def test_precision_is_measured_inside_prediction_too():
    """On a fresh machine the first thing asked may be an opinion, without gradients."""
    with torch.inference_mode():
        assert runtime._measure(torch.device("cpu"), width=8, tokens=4) in runtime.PRECISIONS


@pytest.mark.skipif(not shutil.which("g++"), reason="no compiler here")
@pytest.mark.filterwarnings("ignore")  # of torch, about its own insides
def test_compiled_blocks_learn_the_same_and_are_as_before_afterwards():
    config = replace(TRANSFORMER, layers=1, dropout=0.0)  # other kernels, other random numbers
    made = [model(), model()]
    for one in made:
        torch.manual_seed(0)
        one.body = Transformer(config)
    for one, fused in zip(made, (False, True), strict=True):
        fit(one, examples(), Recipe(steps=5, rate=1e-2, compile=fused, precision="fp32"))
    plain, fused = (one.state_dict() for one in made)
    assert list(plain) == list(fused)
    assert all(torch.allclose(plain[name], fused[name], atol=1e-4) for name in plain)
    assert made[1].body.blocks[0]._compiled_call_impl is None


def test_an_rnn_has_nothing_to_compile():
    recipe = Recipe(steps=2, rate=1e-2)
    plain, asked = model("rnn"), model("rnn")
    fit(plain, examples(), recipe)
    fit(asked, examples(), replace(recipe, compile=True))
    assert bits(plain) == bits(asked)


def test_without_a_compiler_that_is_said_first(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    made = model()
    before = bits(made)
    with pytest.raises(KitError, match="needs no-such-compiler"):
        fit(made, examples(), Recipe(steps=2, compile=True))
    assert bits(made) == before


def test_the_precision_can_be_chosen_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bf16", "fp32"):
        monkeypatch.setenv("KIT_PRECISION", name)
        assert runtime.precision() == name
    monkeypatch.setenv("KIT_PRECISION", "fp16")
    with pytest.raises(KitError, match="KIT_PRECISION='fp16' is unknown: give one of"):
        runtime.precision()
