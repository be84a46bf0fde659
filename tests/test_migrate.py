"""Laws of migration, for every strategy on every body."""

import dataclasses
import re

import pytest
import torch
from migrations import CONFIGS, MEANINGLESS, SEQUENCES, TABLE, bits, examples, head, options, source

from kit.errors import KitError
from kit.migrate import STRATEGIES, Migration, migrate
from kit.models import ClassHead, LanguageHead
from kit.models.quantized_matrix import dense, matrices
from kit.train import Recipe, fit

each = pytest.mark.parametrize(("strategy", "body"), TABLE)


def make(strategy: str, body: str, seed: int = 0, **more) -> Migration:
    given = source(body)
    return migrate(
        given, head(strategy, given), strategy, seed=seed, **options(strategy, given) | more
    )


def train(made: Migration, strategy: str, steps: int = 12) -> None:
    recipe = Recipe(steps=steps, batch_size=8, precision="fp32")
    fit(made.model, examples(strategy), recipe, groups=made.groups, penalty=made.penalty)


@each
def test_the_same_seed_gives_the_same_target_and_the_source_stays(strategy, body):
    given = source(body)
    before = bits(given.body)
    first, second, other = (
        migrate(given, head(strategy, given), strategy, seed=s, **options(strategy, given))
        for s in (0, 0, 1)
    )
    assert bits(first.model) == bits(second.model) != bits(other.model)
    train(first, strategy, steps=2)
    assert bits(given.body) == before and all(p.requires_grad for p in given.body.parameters())


@each
def test_the_report_is_true(strategy, body):
    given, made = source(body), make(strategy, body)
    old = {f"body.{n}": p for n, p in given.body.named_parameters()}
    new = dict(made.model.named_parameters()) | matrices(made.model)
    assert [o.name for o in made.origins] == list(new)
    for o in made.origins:
        assert o.shape == tuple(new[o.name].shape)
        assert o.source is None or o.source_shape == tuple(old[o.source].shape)
        if o.done == "copied" and strategy != "domain_first":
            assert torch.equal(dense(new[o.name]), old[o.source]), o.name
        if o.done == "rounded":  # to half a step, of which there are 15 in a block of 32
            x = old[o.source].unflatten(1, (-1, 32))
            step = (x.amax(-1) - x.amin(-1)) / 15
            apart = (dense(new[o.name]) - old[o.source]).abs().unflatten(1, (-1, 32))
            assert (apart <= 0.51 * step[..., None] + 1e-3).all() and apart.max() > 0, o.name
        twin = old.get(o.name)
        if o.done == "fresh" and twin is not None and twin.shape == new[o.name].shape:
            assert not torch.equal(new[o.name], twin), o.name
            assert o.note or any("fresh, though" in warning for warning in made.warnings)
    unused = set(old) - {o.source for o in made.origins}
    unused -= {o.name for o in made.origins if o.done == "fresh" and not o.note}
    assert bool(unused) == any("nowhere in the target" in w for w in made.warnings), unused
    check_page(made)


def check_page(made: Migration) -> None:
    """Every tensor and every warning is on the page."""
    page = made._repr_html_()
    shown = re.findall(r"<tr[^>]*><td[^>]*>([^<]+)</td>", page)
    assert sum(spread(name) for name in shown) == len(made.origins)
    assert page.count("<li>") == len(made.warnings)
    assert f"tiny → {made.strategy}" in page and "<script" not in page and "None" not in page


def spread(name: str) -> int:
    """How many tensors a row such as blocks.0-1,3.x stands for."""
    n = 1
    for run in re.findall(r"(?<=\.)\d[\d,-]*(?=\.)", name):
        ends = [part.split("-") for part in run.split(",")]
        n *= sum(int(last[-1]) - int(last[0]) + 1 for last in ends)
    return n


@each
def test_the_totals_are_exact(strategy, body):
    made = make(strategy, body)
    params = [*made.model.parameters(), *matrices(made.model).values()]
    trained = [p for g in made.groups for p in g["params"]]
    assert len(trained) == len(set(trained)) and set(trained) <= set(params)
    assert {p for p in made.model.parameters() if p.requires_grad} == set(trained)
    assert made.totals["trained"] == sum(p.numel() for p in trained)
    assert made.totals["parameters"] == sum(p.numel() for p in params)
    assert made.totals["moved"] + made.totals["fresh"] == made.totals["parameters"]
    assert f"{made.totals['trained']:,}" in repr(made)


@each
def test_what_the_report_calls_frozen_is_bit_equal_after_training_and_the_rest_moves(
    strategy, body
):
    made = make(strategy, body)
    before = {n: p.detach().clone() for n, p in made.model.named_parameters()}
    before |= {n: m.blocks.clone() for n, m in matrices(made.model).items()}
    train(made, strategy)
    after = dict(made.model.named_parameters())
    after |= {n: m.blocks for n, m in matrices(made.model).items()}
    for o in made.origins:
        same = torch.equal(before[o.name], after[o.name])
        # A key's bias changes no softmax, and a table's row that nothing reads has no gradient.
        idle = o.rate and ("types" in o.name or "key.bias" in o.name)
        assert same == (o.rate == 0) or idle, o.name


OWN_HEAD = [
    (strategy, body, tied)
    for strategy, body in TABLE
    for tied in (True, False)
    if strategy not in SEQUENCES and (body == "lstm" or (body == "gpt" and tied))
]
STUDENTS = [(strategy, body) for strategy in ("into", "distil") for body in ("gpt", "lstm")]


def check_what_is_trained(made: Migration) -> None:
    """After ten steps of a language model, exactly the tensors called trained have moved."""
    before = {n: p.detach().clone() for n, p in made.model.named_parameters()}
    assert [o.name for o in made.origins] == list(before)
    # All token ids occur, so that every row of a table has a gradient.
    ids = torch.arange(8, 44).reshape(-1, 6)
    rows = [{"ids": row.tolist(), "y": [*row[1:].tolist(), -100]} for row in ids]
    recipe = Recipe(steps=10, batch_size=6, precision="fp32")
    fit(made.model, rows, recipe, **made.training)
    moved = {n for n, p in made.model.named_parameters() if not torch.equal(before[n], p)}
    trained = {o.name for o in made.origins if o.rate}
    assert moved <= trained
    # A key's bias changes no softmax, so that nothing but rounding moves it.
    assert all(name.endswith("key.bias") for name in trained - moved), trained - moved


@pytest.mark.parametrize(("strategy", "body", "tied"), OWN_HEAD)
def test_with_the_sources_own_head_exactly_what_the_report_calls_trained_moves(
    strategy, body, tied
):
    given = source(body)
    if not tied:
        given.head = LanguageHead(16, given.body.config.vocabulary, bias=True)
    made = migrate(given, None, strategy, **options(strategy, given))
    check_what_is_trained(made)


@pytest.mark.parametrize("width", [16, 8])
@pytest.mark.parametrize(("strategy", "body"), STUDENTS)
def test_a_tied_head_is_tied_to_a_body_of_your_own(strategy, body, width):
    given = source(body)
    other = type(given.body)(dataclasses.replace(given.body.config, width=width, layers=1))
    more = {"student": other}
    if strategy == "into":
        more = {"target": other, "fresh": [n for n, _ in other.named_parameters()]}
    made = migrate(given, None, strategy, **more)
    assert made.model.head.weight is made.model.body.embedding.weight
    assert torch.equal(made.model.head.bias, given.head.bias)
    check_what_is_trained(made)
    given.head = LanguageHead(16, given.body.config.vocabulary, bias=True)
    made = migrate(given, None, strategy, **more)
    assert made.model.head.weight is not made.model.body.embedding.weight


def test_a_body_of_another_vocabulary_is_refused_where_it_cannot_be_meant():
    given = source("gpt")
    other = type(given.body)(dataclasses.replace(given.body.config, vocabulary=99))
    with pytest.raises(KitError, match="the student reads 99 tokens and its teacher 300"):
        migrate(given, lambda width: ClassHead(width, 2), "distil", student=other)
    fresh = [n for n, _ in other.named_parameters()]
    with pytest.raises(KitError, match="head predicts 300 tokens, and the new body reads 99"):
        migrate(given, None, "into", target=other, fresh=fresh)


@pytest.mark.parametrize("case", MEANINGLESS, ids="-".join)
def test_where_a_strategy_has_no_meaning_it_says_why(case):
    with pytest.raises(KitError, match=MEANINGLESS[case]):
        make(*case)


@pytest.mark.parametrize("body", CONFIGS)
def test_every_strategy_starts_from_the_same_head(body):
    widths = {"widen", "narrow", *SEQUENCES}
    names = [s for s, b in TABLE if b == body and s not in widths]
    heads = {name: bits(make(name, body, seed=5).model.head) for name in names}
    assert len(set(heads.values())) == 1, heads


@pytest.mark.parametrize("body", CONFIGS)
@pytest.mark.parametrize("strategy", ["full", "from_scratch", "deepen", "widen", "move_vocabulary"])
def test_the_sources_own_head_comes_along(strategy, body):
    given = source(body)
    made = migrate(given, None, strategy, **options(strategy, given))
    tied = made.model.head.weight is made.model.body.embedding.weight
    assert tied == (strategy != "widen")
    bias = next(o for o in made.origins if o.name == "head.bias")
    assert (bias.done == "fresh") == (strategy == "from_scratch")
    assert bits(given.body) == bits(source(body).body)


@pytest.mark.parametrize("body", CONFIGS)
@pytest.mark.parametrize("kind", ["class", "sequence"])
def test_a_fine_tuned_head_comes_along_and_the_control_has_none_of_it(kind, body):
    given = source(body)
    made = ClassHead(16, 2) if kind == "class" else head("grow_decoder", given)(16)
    with torch.no_grad():
        for p in made.parameters():
            p += torch.randn_like(p)
    given.head = made
    old = {f"head.{n}": p for n, p in made.named_parameters()}
    for strategy in ("full", "widen", "from_scratch", "move_vocabulary"):
        target = migrate(given, None, strategy, **options(strategy, given))
        for o in target.origins:
            if o.name.startswith("head.") and strategy == "from_scratch":
                assert o.done == "fresh"
                assert not torch.equal(target.model.get_parameter(o.name), old[o.name]), o.name
            elif o.name.startswith("head.") and o.done == "copied":
                assert torch.equal(target.model.get_parameter(o.name), old[o.source])
            elif o.name.startswith("head."):
                assert strategy == "widen" and (o.shape[-1] == 32 or "bridge.0" in o.name)


def test_bad_requests_are_refused():
    given = source("lstm")
    with pytest.raises(KitError, match=r"'ful' is unknown.*'full'"):
        migrate(given, lambda width: ClassHead(width, 2), "ful")
    with pytest.raises(KitError, match="head has width 8 and the source's body 16"):
        migrate(given, lambda width: ClassHead(8, 2))
    with pytest.raises(KitError, match="shares a tensor"):
        migrate(given, lambda width: LanguageHead.tied(given.body))
    given.head = None
    with pytest.raises(KitError, match="no head of its own"):
        migrate(given, None)


@pytest.mark.parametrize(
    ("strategy", "wrong", "says"),
    [
        ("top_layers", {"layers": 3}, "this source has 2"),
        ("choose_layers", {"layers": [0, 2]}, "numbered 0 to 1"),
        ("choose_layers", {"layers": 0}, "numbered 0 to 1"),
        ("choose_layers", {"layers": 3}, "numbered 0 to 1"),
        ("deepen", {"layers": 2}, "no more than the 2"),
        ("widen", {"times": 1.5}, "whole number"),
        ("narrow", {"share": 1 / 3}, "width=16 times 0.333 is not a whole number"),
        ("narrow", {"share": 2}, "between 0 and 1"),
        ("lora", {"targets": ("query", "pooler")}, r"\['pooler'\]"),
        ("lora", {"rank": 0}, "rank=0"),
        ("domain_first", {"then": "hope"}, "'hope' is unknown"),
    ],
)
def test_options_out_of_range_are_named(strategy, wrong, says):
    with pytest.raises(KitError, match=says):
        make(strategy, "bert", **wrong)


def test_a_task_without_sequences_gets_no_decoder():
    with pytest.raises(KitError, match="ClassHead has no decoder"):
        migrate(source("bert"), lambda width: ClassHead(width, 2), "grow_decoder")


def test_every_strategy_is_in_the_table_once_and_tested():
    assert {s for s, _ in TABLE} == set(STRATEGIES)
