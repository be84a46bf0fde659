"""What a strategy promises about the function: the same, the same at its start, or near it."""

import copy

import pytest
import torch
from migrations import BERT, CONFIGS, OTHER, TOKENS, V, answers, body, examples, source

from kit.errors import KitError
from kit.migrate import merge, migrate
from kit.models import (
    ClassHead,
    LanguageHead,
    Model,
    RatingHead,
    SequenceHead,
    TagHead,
    Transformer,
)
from kit.models.rnn import RNN
from kit.sources import Source
from kit.train import Recipe, fit, training_steps
from kit.train.run import Run

HEADS = {
    "class": lambda width: ClassHead(width, 2),
    "rating": RatingHead,
    "tag": lambda width: TagHead(width, 3),
    "language": lambda width: LanguageHead(width, 50, bias=True),
}
SAME = {
    "widen": {"times": 3},
    "deepen": {"layers": 5},
    "adapter": {"size": 4},
    "lora": {"rank": 2},
    "domain_first": {"adapt": lambda body: None},
    "frozen": {},
}
"""Strategies at whose start the target answers as the source with that head does."""


@pytest.mark.parametrize("body", CONFIGS)
@pytest.mark.parametrize("strategy", SAME)
@pytest.mark.parametrize("head", HEADS)
def test_the_target_answers_as_the_source_does(strategy, body, head):
    given = source(body)
    expected = answers(migrate(given, HEADS[head], "full").model)
    made = migrate(given, HEADS[head], strategy, **SAME[strategy])
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(answers(made.model), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("body", CONFIGS)
@pytest.mark.parametrize("strategy", ["widen", "deepen", "lora", "adapter"])
def test_the_sources_own_next_tokens_stay(strategy, body):
    given = source(body)
    made = migrate(given, None, strategy, **SAME[strategy])
    # In float64: a tied head's logits are sums so large that float32 itself is 1e-5 off.
    expected = answers(Model(given.body, given.head).double())
    torch.testing.assert_close(answers(made.model.double()), expected, atol=1e-5, rtol=0)


def test_a_wider_encoder_feeds_the_same_decoder():
    given = source("bert")
    decoder = lambda width: SequenceHead(  # noqa: E731
        width, RNN(type(CONFIGS["lstm"])(vocabulary=V, width=16, cross=True))
    )
    full, wide = (migrate(given, decoder, s) for s in ("full", "widen"))
    ids, target = torch.randint(8, V, (2, 7)), torch.randint(8, V, (2, 5))
    mask = torch.ones_like(ids).bool()
    with torch.no_grad():
        pair = [m.model.eval()(ids, mask, target) for m in (full, wide)]
    torch.testing.assert_close(*pair, atol=1e-5, rtol=0)


def test_copies_do_not_stay_copies():
    made = migrate(source("bert"), HEADS["class"], "widen")
    fit(made.model, examples("widen"), Recipe(steps=30, rate=1e-3, precision="fp32"))
    query = made.model.body.blocks[0].attention.query.weight.detach()
    assert not torch.allclose(query[:16], query[16:], atol=1e-4)


@pytest.mark.parametrize("body", CONFIGS)
def test_shared_pieces_give_the_same_states_and_logits(body):
    given = source(body)
    made = migrate(given, None, "move_vocabulary", old=TOKENS, new=OTHER)
    there = {TOKENS.decode([i]): i for i in range(TOKENS.size)}
    texts = [OTHER.decode([i]) for i in range(OTHER.size)]
    pairs = [(there[t], i) for i, t in enumerate(texts) if t in there and t and "\ufffd" not in t]
    old, new = (torch.tensor([side[-30:]]) for side in zip(*pairs, strict=True))
    assert (old != new).sum() > 5
    mask = torch.ones_like(old).bool()
    with torch.no_grad():
        here = made.model.double().eval()(new, mask)[..., [n for _, n in pairs]]
        there = Model(given.body, given.head).double().eval()(old, mask)[..., [o for o, _ in pairs]]
    torch.testing.assert_close(here, there, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CONFIGS)
def test_lora_merged_is_lora_unmerged_in_the_sources_shape(name):
    targets = ("query", "value", "up", "down") if name in ("bert", "gpt", "llama") else None
    made = migrate(source(name), HEADS["class"], "lora", rank=2, targets=targets)
    recipe = Recipe(steps=10, precision="fp32")
    fit(made.model, examples("lora"), recipe, groups=made.groups)
    unmerged = answers(made.model)
    assert (
        unmerged - answers(migrate(source(name), HEADS["class"], "full").model)
    ).abs().max() > 1e-3
    merged = merge(copy.deepcopy(made.model))
    torch.testing.assert_close(answers(merged), unmerged, atol=1e-5, rtol=0)
    assert set(merged.body.state_dict()) == set(body(name).state_dict())


@pytest.mark.parametrize("name", ["bert", "gpt", "llama"])
def test_lora_is_pefts(name):
    from peft import LoraConfig, inject_adapter_in_model

    torch.manual_seed(0)
    made = migrate(source(name), HEADS["class"], "lora", rank=3, alpha=5.0).model.body
    settings = LoraConfig(r=3, lora_alpha=5, target_modules=["query", "value"])
    theirs = inject_adapter_in_model(settings, body(name))
    pairs = {}
    for n, p in theirs.named_parameters():
        if "lora_" in n:
            ours = made.get_parameter(n.removesuffix(".default.weight"))
            with torch.no_grad():
                ours.copy_(p.copy_(torch.randn_like(p)))
            pairs[n] = ours, p
    assert len(pairs) == sum(p.requires_grad for p in made.parameters()) == 8
    torch.testing.assert_close(answers(made), answers(theirs), atol=1e-5, rtol=1e-6)
    ids = torch.randint(8, V, (2, 7))
    for model in (made, theirs):
        model.eval()(ids, torch.ones_like(ids).bool()).square().mean().backward()
    for name, (ours, p) in pairs.items():
        torch.testing.assert_close(ours.grad, p.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_a_prefix_is_attention_to_more_keys_and_values():
    given = source("gpt")
    base = given.body.blocks[0].attention
    part = migrate(given, HEADS["class"], "prefix_tuning", length=3).model.body.blocks[0].attention
    x = torch.randn(2, 5, 16)
    with torch.no_grad():
        q, k, v = (base.split(m(x)) for m in (base.query, base.key, base.value))
        k = torch.cat([part.prefix_key.expand(2, -1, -1, -1), k], 2)
        v = torch.cat([part.prefix_value.expand(2, -1, -1, -1), v], 2)
        scores = q @ k.mT / k.shape[-1] ** 0.5
        scores[..., 3:] += torch.full((5, 5), -torch.inf).triu(1)
        expected = base.output((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        seen = []
        torch.testing.assert_close(part(x, None, seen=seen), expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(seen[0], scores.softmax(-1))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_prompt_of_words_is_these_words_before_the_text(name):
    given = source(name)
    made = migrate(given, HEADS["class"], "prompt_tuning", length=3).model.body
    ids = torch.randint(8, V, (2, 7))
    words = torch.tensor([[9, 10, 11]])
    with torch.no_grad():
        made.prompt.copy_(given.body.embedding.weight[words[0]])
        whole = given.body.eval()(torch.cat([words.expand(2, -1), ids], 1))
        torch.testing.assert_close(made.eval()(ids), whole[:, 3:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_lies_in_half_of_the_width_is_kept_whole(name):
    """Widen, then take half of the width away: there was nothing in it that the rest lacks."""
    given = source(name)
    wide = Source("wide", migrate(given, HEADS["class"], "widen").model.body, TOKENS)
    made = migrate(wide, HEADS["class"], "narrow", share=0.5).model.body.embedding.weight
    table = given.body.embedding.weight
    torch.testing.assert_close(made @ made.T, 2 * table @ table.T)


def test_the_largest_places_are_kept():
    given = source("lstm")
    table = given.body.embedding.weight
    made = migrate(given, HEADS["class"], "narrow", along="places").model.body.embedding.weight
    kept = table.square().sum(0).topk(8).indices.sort().values
    assert torch.equal(made, table[:, kept])


def test_components_of_what_is_read():
    made = migrate(source("bert"), HEADS["class"], "narrow", examples=examples("narrow"))
    assert made.model.body.config.width == 8 and made.model.body.config.heads == 1
    assert {o.done for o in made.origins} == {"projected", "sliced", "fresh"}


@pytest.mark.parametrize("layers", [[1, 0], [1], [1, 1, 0]])
def test_chosen_layers_are_the_sources(layers):
    given = source("gpt")
    made = migrate(given, HEADS["class"], "choose_layers", layers=layers).model.body
    by_hand = copy.deepcopy(given.body)
    by_hand.blocks = torch.nn.ModuleList(copy.deepcopy(given.body.blocks[i]) for i in layers)
    assert torch.equal(answers(made), answers(by_hand))


def test_ulmfits_stages_compose():
    lines = [{"ids": e["ids"], "y": [*e["ids"][1:], -100]} for e in examples("full")]

    def adapt(body):
        fit(Model(body, LanguageHead.tied(body)), lines, Recipe(steps=20, rate=1e-2))

    given = source("lstm")
    made = migrate(given, HEADS["class"], "domain_first", adapt=adapt, then="lora", rank=2)
    table = made.model.body.embedding.weight
    assert not torch.allclose(table, given.body.embedding.weight)
    assert not table.requires_grad and made.totals["trained"] == sum(
        p.numel() for n, p in made.model.named_parameters() if "lora_" in n or "head." in n
    )
    full = migrate(given, HEADS["class"], "full").model.head
    assert torch.equal(full.linear.weight, made.model.head.linear.weight)


def loss_of(penalty, made) -> float:
    torch.manual_seed(0)
    made.model.train()
    ids = torch.randint(8, V, (4, 6))
    made.model(ids, torch.ones_like(ids).bool())
    return float(penalty(made.model).detach())


@pytest.mark.parametrize("wide", [16, 8])
def test_a_student_comes_nearer_to_its_source(wide):
    config = type(BERT)(
        vocabulary=V, width=wide, layers=1, heads=2, intermediate_size=16, block_size=40
    )
    student = {} if wide == 16 else {"student": Transformer(config)}
    made = migrate(source("bert"), HEADS["class"], "distil", strength=1.0, **student)
    before = loss_of(made.penalty, made)
    recipe = Recipe(steps=60, precision="fp32")
    for group in made.groups:
        group["rate"] = 5e-3
    fit(made.model, examples("distil"), recipe, groups=made.groups, penalty=made.penalty)
    assert loss_of(made.penalty, made) < 0.8 * before
    copy.deepcopy(made.model)  # nothing of the last update stays in it


@pytest.mark.parametrize("head", ["class", "rating", "tag"])
def test_a_student_that_answers_like_its_teacher_has_nothing_to_learn(head):
    given = source("bert")
    teacher = migrate(given, HEADS[head], "full").model
    made = migrate(given, HEADS[head], "distil", student=copy.deepcopy(given.body), teacher=teacher)
    for part in made.model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    assert loss_of(made.penalty, made) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        made.model.head.linear.weight += 0.5 * torch.randn_like(made.model.head.linear.weight)
    assert loss_of(made.penalty, made) > 1e-3


def test_a_teacher_of_another_task_is_refused():
    given = source("bert")
    teacher = migrate(given, HEADS["tag"], "full").model
    made = migrate(given, HEADS["class"], "distil", teacher=teacher)
    with pytest.raises(KitError, match="trained for this task"):
        loss_of(made.penalty, made)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_to_thaw_later_stays_until_then(name):
    with pytest.raises(KitError, match=r"until=1\.5"):
        migrate(source(name), HEADS["class"], "gradual", until=1.5)
    made = migrate(source(name), HEADS["class"], "gradual", until=0.9)
    before = {n: p.detach().clone() for n, p in made.model.named_parameters()}
    run, recipe = Run(), Recipe(steps=10, precision="fp32")
    for _ in training_steps(made.model, examples("gradual"), recipe, run=run, groups=made.groups):
        if run.spent > 0.45:
            break
    starts = {o.start for o in made.origins}
    assert len(starts) == 4 and max(starts) == 0.9
    for o in made.origins:
        if o.start > 0.5:
            assert torch.equal(before[o.name], made.model.get_parameter(o.name)), o.name


def test_the_pull_is_the_papers_and_holds():
    far = {}
    for pull in (0.0, 100.0):
        made = migrate(source("gpt"), HEADS["class"], "l2_sp", pull=pull, pull_head=3.0, rate=1e-2)
        start = torch.cat([p.detach().flatten() for p in made.model.body.parameters()])
        head = sum(p.square().sum() for p in made.model.head.parameters())
        assert float(made.penalty(made.model).detach()) == pytest.approx(
            float(1.5 * head.detach()), rel=1e-5
        )
        recipe = Recipe(steps=30, precision="fp32", decay=0.0)
        fit(made.model, examples("l2_sp"), recipe, groups=made.groups, penalty=made.penalty)
        moved = torch.cat([p.detach().flatten() for p in made.model.body.parameters()]) - start
        far[pull] = float(moved.square().sum())
        head = sum(p.square().sum() for p in made.model.head.parameters())
        expected = pull / 2 * far[pull] + 1.5 * float(head.detach())
        assert float(made.penalty(made.model).detach()) == pytest.approx(expected, rel=1e-4)
    assert far[100.0] < 0.3 * far[0.0]
