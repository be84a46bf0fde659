"""The report as a reader meets it: rows, notes, warnings, the page; and what is refused by name."""

import re

import pytest
import torch
from migrations import BERT, CONFIGS, OTHER, TOKENS, body, head, source

from kit.errors import KitError
from kit.migrate import WeightMap, group, migrate, migration, transfer
from kit.migrate.report import shortened
from kit.models import ClassHead, Transformer


def classes(width: int) -> ClassHead:
    return ClassHead(width, 2)


def row(made, name: str):
    return next(o for o in made.origins if o.name == name)


def test_names_are_shortened():
    names = [f"body.blocks.{i}.norm.{w}" for i in (0, 1, 2, 5) for w in ("weight", "bias")]
    assert shortened(names) == "body.blocks.0-2,5.norm.weight, body.blocks.0-2,5.norm.bias"
    assert shortened(list("abcdef")) == "a, b, c, d and 2 more"


def test_what_was_done_is_said_of_each_tensor():
    given = source("bert")
    wide = migrate(given, classes, "widen")
    query = row(wide, "body.blocks.1.attention.query.weight")
    assert (query.done, query.shape, query.source_shape) == ("widened", (32, 32), (16, 16))
    deep = migrate(given, classes, "deepen")
    assert row(deep, "body.blocks.3.attention.query.weight").source == (
        "body.blocks.1.attention.query.weight"
    )
    silent = row(deep, "body.blocks.3.attention.output.weight")
    assert (silent.done, silent.note) == ("fresh", "zero: it adds nothing yet")
    top = migrate(given, classes, "reinitialised")
    assert "fresh, though the source has it: body.blocks.1." in top.warnings[0]
    slow = migrate(given, classes, "layer_wise", rate=1e-3, decay=0.5)
    names = ("body.blocks.1.attention.key.weight", "body.embed.tokens.weight")
    assert [row(slow, n).rate for n in names] == [1e-3, 1e-3 * 0.5**2]
    late = migrate(given, classes, "gradual", until=0.6)
    assert row(late, "body.embed.tokens.weight").start == pytest.approx(0.6)
    assert "from 60% on" in late._repr_html_()


def test_the_rows_of_a_vocabulary_are_counted():
    made = migrate(source("lstm"), classes, "move_vocabulary", old=TOKENS, new=OTHER)
    table = row(made, "body.embedding.weight")
    kept, composed, mean = (int(n) for n in re.findall(r"\d+", table.note))
    assert kept + composed + mean == OTHER.size and kept > 260 and composed > 5
    assert (table.done, table.shape, table.source_shape) == ("composed", (320, 16), (300, 16))


def test_a_new_piece_is_the_mean_of_the_old_ones_that_spell_it_or_of_its_neighbours():
    given = source("lstm")
    spelt = migrate(given, classes, "move_vocabulary", old=TOKENS, new=OTHER).model
    there = {TOKENS.decode([i]) for i in range(TOKENS.size)}
    i = next(i for i in range(OTHER.size - 1, 0, -1) if OTHER.decode([i]) not in there)
    ids = TOKENS.encode(OTHER.decode([i]), special=False)
    mean = given.body.embedding.weight[ids].mean(0)
    torch.testing.assert_close(spelt.body.embedding.weight[i], mean)
    # In these texts it stands where "~" stands too, and "~" is a piece of both.
    texts = [f"{x}{y}{z}" for x in "QXZ" for z in "QXZ" for y in ("~", OTHER.decode([i]))]
    assert sum(i in OTHER.encode(t) for t in texts) == 9
    near = migrate(given, classes, "move_vocabulary", old=TOKENS, new=OTHER, texts=texts).model
    alike = torch.cosine_similarity(near.body.embedding.weight[i], given.body.embedding.weight)
    assert TOKENS.decode([alike.argmax()]) == "~"
    with pytest.raises(KitError, match="no text has two tokens"):
        migrate(given, classes, "move_vocabulary", old=TOKENS, new=OTHER, texts=["a"])


def test_what_does_not_match_is_refused_by_name_and_nothing_is_copied():
    given = source("bert")
    other = Transformer(type(BERT)(**{**vars(BERT), "intermediate_size": 24, "layers": 3}))
    before = [p.clone() for p in other.parameters()]
    says = r"up\.weight \(24, 16\) \(the source has \(32, 16\).*and \d+ more"
    with pytest.raises(KitError, match=says):
        migrate(given, classes, "into", target=other)
    assert all(torch.equal(p, q) for p, q in zip(before, other.parameters(), strict=True))
    fresh = [f"blocks.{i}.feed_forward.{n}" for i in range(3) for n in ("up", "down.weight")]
    made = migrate(
        given, classes, "into", target=other, names={"blocks.2": "blocks.0"}, fresh=fresh
    )
    third = row(made, "body.blocks.2.attention.key.weight")
    assert (third.done, third.source) == ("copied", "body.blocks.0.attention.key.weight")
    key = given.body.blocks[0].attention.key.weight
    assert torch.equal(made.model.body.blocks[2].attention.key.weight, key)
    assert row(made, "body.blocks.1.feed_forward.up.weight").done == "fresh"


def test_two_sources_are_told_apart():
    given, second = source("bert"), body("gpt")
    with pytest.raises(KitError, match=r"the source has nothing as embed\.norm\.weight"):
        migrate(given, head("warm_start", given), "warm_start", decoder=second)
    made = migrate(given, head("warm_start", given), "warm_start", decoder=body("bert"))
    assert row(made, "head.decoder.blocks.0.attention.key.weight").source.startswith("decoder.")
    assert row(made, "head.decoder.blocks.0.cross.key.weight").done == "fresh"
    assert not any("nowhere" in w for w in made.warnings)


def test_a_strategy_of_ones_own():
    def every_other(body, head, *, rate=1e-3):
        return migration(body, head, WeightMap(body, head), [group(rate, *body.blocks[::2], head)])

    made = every_other(body("bert"), ClassHead(16, 2))
    assert row(made, "body.blocks.0.attention.key.weight").rate == 1e-3
    assert row(made, "body.blocks.1.attention.key.weight").rate == 0


def test_by_hand_any_module_can_be_filled():
    old, new = torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.Linear(3, 2))
    weight_map = WeightMap(old)
    transfer(old, new, weight_map, names={"0.weight": "weight", "0.bias": "bias"})
    assert torch.equal(new[0].weight, old.weight) and weight_map[new[0].bias].name == "body.bias"


def test_the_sources_own_head_is_not_forgotten_without_a_word():
    for name in CONFIGS:
        given = source(name)
        assert migrate(given, classes).warnings == ["not used of the source's own head: bias."]
        given.head = None
        assert migrate(given, classes).warnings == []
