"""Laws of migration, for every strategy on every body."""

import pytest
import torch
from test_train import BODIES, bits, examples

from kit.checkpoint import Source
from kit.errors import KitError
from kit.migrate import STRATEGIES, migrate
from kit.models import ClassHead
from kit.train import Recipe, fit

TABLE = [(strategy, body) for strategy in STRATEGIES for body in BODIES]
each = pytest.mark.parametrize(("strategy", "body"), TABLE)


def source(body: str) -> Source:
    torch.manual_seed(99)
    return Source(name="tiny", body=BODIES[body](), tokens=None, head=None, card={})


def head(width: int) -> ClassHead:
    return ClassHead(width, 2)


@each
def test_the_same_seed_gives_the_same_target_and_the_source_stays(strategy, body):
    given = source(body)
    before = bits(given.body)
    first, second, other = (migrate(given, head, strategy, seed=s) for s in (0, 0, 1))
    assert bits(first.model) == bits(second.model) != bits(other.model)
    fit(first.model, examples(), Recipe(steps=3), groups=first.groups)
    assert bits(given.body) == before


@each
def test_the_report_is_true(strategy, body):
    given = source(body)
    made = migrate(given, head, strategy)
    old, new = dict(given.body.named_parameters()), dict(made.model.named_parameters())
    assert [o.name for o in made.origins] == list(new)
    for origin in made.origins:
        assert origin.shape == tuple(new[origin.name].shape)
        if origin.done == "copied":
            assert torch.equal(new[origin.name], old[origin.source])
        elif new[origin.name].ndim > 1 and origin.name.startswith("body."):
            assert not torch.equal(new[origin.name], old[origin.name.removeprefix("body.")])
    assert made.totals["parameters"] == sum(p.numel() for p in new.values())
    assert made.totals["moved"] + made.totals["fresh"] == made.totals["parameters"]
    assert f"{made.totals['trained']:,}" in repr(made)


@each
def test_what_the_report_calls_frozen_is_bit_equal_after_training_and_the_rest_moves(
    strategy, body
):
    made = migrate(source(body), head, strategy)
    before = {n: p.detach().clone() for n, p in made.model.named_parameters()}
    fit(made.model, examples(), Recipe(epochs=6), groups=made.groups)
    for origin in made.origins:
        same = torch.equal(before[origin.name], made.model.get_parameter(origin.name))
        assert same == (origin.rate == 0), origin.name


@pytest.mark.parametrize("body", BODIES)
def test_every_strategy_starts_from_the_same_head(body):
    heads = [bits(migrate(source(body), head, s, seed=5).model.head) for s in STRATEGIES]
    assert len(set(heads)) == 1


def test_an_unknown_strategy_is_named_with_those_there_are():
    with pytest.raises(KitError, match=r"'ful' is unknown.*'full'"):
        migrate(source("rnn"), head, "ful")
