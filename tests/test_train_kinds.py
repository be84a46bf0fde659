"""Training on wrong input, kind by kind: refused by name, before a parameter has moved."""

import math
import re

import numpy as np
import pytest
import torch
from migrations import BERT, head, source

from kit import sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.models import ClassHead, FeatureCache, Model, RatingHead, Transformer
from kit.models.generate import generate
from kit.train import Recipe, fit

IDS = [[1, 5 + i % 7, 9, 2] for i in range(24)]


def model(kind=ClassHead, seed: int = 0, **options) -> Model:
    torch.manual_seed(seed)
    return Model(Transformer(BERT), kind(BERT.width, *([2] if kind is ClassHead else [])))


def recipe(**changed) -> Recipe:
    return Recipe(**{"steps": 3, "keep_best": False, "precision": "fp32", "rate": 1e-3} | changed)


def examples(ys) -> list[dict]:
    return [{"ids": i, "y": y} for i, y in zip(IDS, ys, strict=False)]


@pytest.mark.parametrize(
    ("ys", "loss", "message"),
    [
        ([0, 1, "b"] * 8, "cross_entropy", r"label of example 2 is 'b' \(str\)"),
        ([0, 1.5] * 12, "cross_entropy", r"label of example 1 is 1.5 \(float\)"),
        ([0] * 23 + [None], "cross_entropy", r"label of example 23 is None"),
        ([0, {"label": 1}] * 12, "cross_entropy", r"label of example 1 is \{'label': 1\}"),
        ([[0, 1, "O", 1]] * 24, "cross_entropy", "label of example 0"),
        ([[-100, -100]] * 24, "cross_entropy", "every label of the 24 examples is -100"),
        ([0.5, math.inf] * 12, "squared_error", "label of example 1 is inf"),
        ([0.5, "1.0"] * 12, "squared_error", r"label of example 1 is '1.0' \(str\)"),
        ([0.5, None] * 12, "squared_error", "label of example 1 is None"),
    ],
)
def test_the_first_bad_label_is_named(ys, loss, message) -> None:
    target = model(ClassHead if loss == "cross_entropy" else RatingHead)
    before = {n: p.clone() for n, p in target.state_dict().items()}
    with pytest.raises(KitError, match=message):
        fit(target, examples(ys), recipe(loss=loss))
    assert all(torch.equal(p, before[n]) for n, p in target.state_dict().items())


@pytest.mark.parametrize("ys", [[0, 1], [np.int64(1), np.int8(0)], [True, False]])
def test_whole_numbers_of_any_kind_are_labels(ys) -> None:
    assert fit(model(), examples(ys * 12), recipe()).stopped == "budget"


@pytest.mark.parametrize(
    "changed",
    [
        {"warmup": 1},
        {"warmup": 10},
        {"warmup": -0.1},
        {"evaluations": 0},
        {"evaluations": 2.5},
        {"seed": -1},
        {"seed": 0.5},
        {"clip": 0},
        {"clip": -1},
        {"decay": -0.01},
        {"rate": math.nan},
        {"rate": -1e-3},
        {"rate": "1e-3"},
        {"batch_size": 0},
        {"epochs": math.nan},
        {"seconds": math.inf},
        {"precision": "fp16"},
        {"loss": ["cross_entropy"]},
        {"steps": 2.5},
        {"steps": True},
        {"batch_size": 2.0},
        {"batch_size": math.inf},
        {"seed": math.inf},
        {"evaluations": True},
        {"keep_best": "no"},
        {"compile": 1},
    ],
    ids=str,
)
def test_a_recipe_that_no_one_can_mean_is_refused(changed: dict) -> None:
    [name] = changed
    with pytest.raises(KitError, match=name):
        recipe(**changed)


def refused(changed: dict, message: str) -> None:
    target = model()
    before = {n: p.clone() for n, p in target.state_dict().items()}
    groups = [{"params": [*target.head.parameters()], "rate": 1e-3} | changed]
    with pytest.raises(KitError, match=message):
        fit(target, examples([0, 1] * 12), recipe(), groups=groups)
    assert all(torch.equal(p, before[n]) for n, p in target.state_dict().items())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rate": -1e-3}, "rate=-0.001 of a group cannot train"),
        ({"rate": 0}, "rate=0 of a group cannot train"),
        ({"rate": "1e-3"}, "rate='1e-3' of a group cannot train"),
        ({"rate": math.nan}, "rate=nan of a group cannot train"),
        ({"start": 1.0}, "start=1.0 of a group cannot train"),
        ({"lr": 1e-3}, "a group with 'lr', which has no effect"),
        ({"params": [*model().head.parameters()]}, "2 of the 2 parameters of a group are not in"),
    ],
)
def test_groups_that_cannot_train_are_refused(changed: dict, message: str) -> None:
    refused(changed, message)


def test_groups_of_another_migration_and_a_parameter_in_two_groups_are_refused() -> None:
    one, other = (migrate(source("bert"), head("full", source("bert"))) for _ in range(2))
    with pytest.raises(KitError, match="give the groups of its own migration"):
        fit(one.model, examples([0, 1] * 12), recipe(), groups=other.groups)
    with pytest.raises(KitError, match="is in two groups"):
        fit(one.model, examples([0, 1] * 12), recipe(), groups=one.groups * 2)
    for groups in ({"params": [], "rate": 1}, "frozen", [[1]]):
        with pytest.raises(KitError, match="no list of groups: give "):
            fit(one.model, examples([0, 1] * 12), recipe(), groups=groups)
    with pytest.raises(KitError, match="no parameter is to be trained"):
        fit(one.model, examples([0, 1] * 12), recipe(), groups=[])


@pytest.mark.parametrize("rate", [-1e-3, 0, math.nan, math.inf, "1e-3", True])
def test_a_rate_that_cannot_train_is_refused_by_migrate(rate) -> None:
    with pytest.raises(KitError, match=f"rate={rate!r} cannot train"):
        migrate(source("bert"), head("full", source("bert")), rate=rate)


def test_the_advice_after_a_nan_can_be_followed() -> None:
    told = ""
    for _ in range(2):
        target = model()
        sleeping = [*target.body.parameters()]
        rate = float(re.search(r"rates of (\S+) at most", told)[1]) if told else 1e30
        groups = [{"params": [*target.head.parameters()], "rate": rate}]
        groups.append({"params": sleeping, "rate": max(rate, 1e-4), "start": 0.9})
        try:
            run = fit(target, examples([0, 1] * 12), recipe(steps=20), groups=groups)
        except KitError as error:
            told = str(error)
    assert "the rate 1e+30, the highest in force" in told and "rates of 0.0001 at most" in told
    assert run.stopped == "budget"


def test_what_is_not_in_force_yet_is_not_blamed_and_nor_is_a_rate_before_the_first_update() -> None:
    target = model()
    groups = [{"params": [*target.head.parameters()], "rate": 1e30}]
    groups.append({"params": [*target.body.parameters()], "rate": 1e35, "start": 0.9})
    with pytest.raises(KitError, match=re.escape("the rate 1e+30, the highest in force")):
        fit(target, examples([0, 1] * 12), recipe(steps=20), groups=groups)
    target = model()
    name, weight = next(iter(target.named_parameters()))
    weight.data[:] = math.nan
    with pytest.raises(KitError, match=f"not the rate, but the model: {re.escape(name)} holds"):
        fit(target, examples([0, 1] * 12), recipe(steps=20))


@pytest.mark.parametrize("rate", [1e30, 1e38])
def test_what_diverges_names_the_rate_in_force_and_leaves_finite_values(rate: float) -> None:
    target = migrate(source("bert"), head("full", source("bert")), rate=rate, head_rate=rate)
    with pytest.raises(KitError, match=re.escape(f"the rate {rate:g}, the highest in force")):
        fit(target.model, examples([0, 1] * 12), recipe(steps=20), **target.training)
    assert all(p.isfinite().all() for p in target.model.parameters())
    assert all(p.grad is None for p in target.model.parameters())


def test_gradients_of_an_interrupted_backward_pass_are_forgotten() -> None:
    plain, poisoned = model(), model()
    for p in poisoned.parameters():
        p.grad = torch.ones_like(p)
    for one in (plain, poisoned):
        fit(one, examples([0, 1] * 12), recipe())
    pairs = zip(plain.parameters(), poisoned.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("change", ["seed", "frozen", "penalty"])
def test_a_folder_of_another_training_is_refused(tmp_path, change: str) -> None:
    rows, penalty = examples([0, 1] * 12), lambda m: m.head.linear.weight.square().sum()
    fit(model(), rows, recipe(), folder=tmp_path)
    other, extras = model(seed=1 if change == "seed" else 0), {}
    if change == "frozen":
        extras["groups"] = [{"params": list(other.head.parameters()), "rate": 1e-3}]
    if change == "penalty":
        extras["penalty"] = penalty
    with pytest.raises(KitError, match="holds another training: its"):
        fit(other, rows, recipe(), folder=tmp_path, **extras)
    assert fit(model(), rows, recipe(), folder=tmp_path).stopped == "budget"


@pytest.mark.parametrize("name", ["translator", "rnn_writer", "transformer_writer"])
def test_a_loaded_source_writes_the_same_text_each_time(name: str) -> None:
    loaded = sources.load(name)
    assert not loaded.body.training and not loaded.head.training
    loaded.body.train()  # `generate` trusts nobody
    tokenizer = loaded.tokenizer
    prompt, how = [tokenizer.encode("Open the file")], {"stop": [tokenizer.eos]}
    if name == "translator":
        how["start"] = [tokenizer.bos]
    assert len({str(generate(loaded, prompt, 12, **how)) for _ in range(4)}) == 1


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("causal", [False, True])
def test_what_is_cached_is_cached_without_dropout(causal: bool, blocks: int) -> None:
    import dataclasses

    torch.manual_seed(0)
    body = Transformer(dataclasses.replace(BERT, dropout=0.5, causal=causal))
    for part in (body.embed, *body.blocks[:blocks]):
        part.requires_grad_(False)
    cached = FeatureCache(body).train()
    ids = torch.tensor(IDS[:4])
    cached(ids)
    first = dict(cached.known)
    cached.known.clear()
    cached(ids)
    assert all(torch.equal(first[row], cached.known[row]) for row in first)
