"""WordLSTM: the formula, masks, and NeuroNER as a source."""

import numpy as np
import pytest
import torch
from migrations import body
from torch import Tensor, nn

from kit import sources
from kit.errors import KitError
from kit.experiment import prepare
from kit.models import ClassHead, Model, WordLSTM
from kit.models import WordLSTMConfig as Config
from kit.models.generate import generate
from kit.sources import Source, checkpoint, neuroner
from kit.tasks import entities, sentiment
from kit.train import Recipe

RECIPE = Recipe(steps=40, batch_size=8, keep_best=False, evaluations=1, seed=0)


@pytest.fixture(scope="module")
def small() -> WordLSTM:
    return body("spelled").eval()


@pytest.fixture(scope="module")
def tagger(fetched) -> Source:
    fetched("conll")
    return sources.load("neuroner")


def states(cell: nn.Module, inputs: Tensor) -> list[Tensor]:
    """Step by step, by the formula of the docstring."""
    c, h, found = cell.first_cell, cell.first_output, []
    for x in inputs:
        j, f, o = (torch.cat([x, h]) @ cell.weight + cell.bias).chunk(3)
        f = 1 / (1 + torch.exp(-(f + 1)))
        c = f * c + (1 - f) * torch.tanh(j)
        h = torch.tanh(c) / (1 + torch.exp(-o))
        found.append(h)
    return found


@torch.no_grad()
def by_hand(small: WordLSTM, ids: list[int]) -> Tensor:
    """The hidden states (T, D) of one text."""
    layer, inputs = small.layers[0], []
    for word in ids:
        letters = layer.letters.weight[[i for i in small.spelling[word].tolist() if i >= 0]]
        ends = (
            states(layer.spell_forward, letters)[-1],
            states(layer.spell_backward, letters.flip(0))[-1],
        )
        inputs.append(torch.cat([*ends, small.embedding.weight[small.row_of[word]]]))
    inputs = torch.stack(inputs)
    forward = torch.stack(states(layer.read_forward, inputs))
    backward = torch.stack(states(layer.read_backward, inputs.flip(0))).flip(0)
    return torch.tanh(layer.output(torch.cat([forward, backward], 1)))


@pytest.mark.parametrize("ids", [[7], [3, 200, 3, 41], [*range(20, 32)]])
def test_the_states_are_those_of_the_formula(small: WordLSTM, ids: list[int]) -> None:
    with torch.no_grad():
        assert torch.allclose(small(torch.tensor([ids]))[0], by_hand(small, ids), atol=1e-6)


@pytest.mark.parametrize("mask", ["11110", "01111", "10111", "01010", "00001"])
@torch.no_grad()
def test_padding_is_read_over_wherever_it_is(small: WordLSTM, mask: str) -> None:
    ids, there = torch.tensor([5, 9, 80, 81, 299]), torch.tensor([m == "1" for m in mask])
    beside = torch.tensor([1, 2, 3, 4, 6])  # the other text of the batch has five words
    hidden = small(torch.stack([ids, beside]), torch.stack([there, there | True]))
    assert torch.allclose(hidden[0][there], by_hand(small, ids[there].tolist()), atol=1e-6)
    assert torch.allclose(hidden[1], by_hand(small, beside.tolist()), atol=1e-6)
    assert not hidden[0][~there].any()


def test_what_has_no_meaning_is_refused(small: WordLSTM) -> None:
    config = small.config
    with pytest.raises(KitError, match="nobody said which row"):
        WordLSTM(config)(torch.tensor([[0]]))
    with pytest.raises(KitError, match="token id 300, and the model has 0 to 299"):
        small(torch.tensor([[300]]))
    rows, letters = small.row_of.long(), small.spelling.long()
    for wrong in ((rows[:-1], letters), (rows + 1, letters), (rows, letters[:, 1:])):
        with pytest.raises(KitError, match=r"give rows \(300,\) from 0 to 289"):
            WordLSTM(config).set_words(*wrong)
    gap = letters.clone()
    gap[0, 1] = -1  # of six letters the second is missing: the others would be read wrong
    for wrong in (letters + 1, letters - 99, gap):
        with pytest.raises(KitError, match="at least one of 0 to 29"):
            WordLSTM(config).set_words(rows, wrong)
    sizes = {"vocabulary": 5, "width": 4, "rows": 5, "letters": 3, "longest": 2}
    with pytest.raises(KitError, match="rows=6 are more than the 5 words"):
        Config(**sizes | {"rows": 6})
    with pytest.raises(KitError, match=r"width=0: give a whole number"):
        Config(**sizes | {"width": 0})


def test_neuroner_is_a_source(tagger: Source, tmp_path) -> None:
    """Its head scores the tags that the whole model chooses from."""
    assert tagger.body.config.vocabulary == tagger.tokenizer.size == 30_291
    assert not tagger.body.training and len(tagger.card["tags"]) == 17
    words = ["Peter", "Blackburn", "lives", "in", "BRUSSELS", "."]
    ids, first = entities.align(words, tagger.tokenizer)
    assert len(ids) == len(words) and [*first] == [*range(6)]
    with torch.no_grad():
        scores = Model(tagger.body, tagger.head)(
            torch.tensor([ids]), torch.ones(1, 6, dtype=torch.bool)
        )
    best = neuroner.load()._best(scores[0].numpy())
    assert best == neuroner.load().predict([words])[0] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    unknown = tagger.tokenizer.encode("Blackburn zyxqv")
    assert unknown[1] == tagger.tokenizer.unk == 30_290
    checkpoint.save(tagger, tmp_path / "neuroner")
    again = sources.load(tmp_path / "neuroner")
    with torch.no_grad():
        assert torch.equal(again.body(torch.tensor([ids])), tagger.body(torch.tensor([ids])))
    assert torch.equal(again.head.linear.weight, tagger.head.linear.weight)


def test_neuroner_is_migrated_where_that_has_a_meaning(tagger: Source) -> None:
    data = entities.load()
    rows = entities.sample(data["train"], 60, seed=0)
    new = prepare(tagger, "full", entities, rows, recipe=RECIPE)
    losses = [step["loss"] for step in new.fit().steps]
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    films = sentiment.load()["train"]
    few = sentiment.sample(films, 40, seed=0)
    frozen = prepare(tagger, "frozen", sentiment, few, recipe=RECIPE)
    before = tagger.body.layers[0].output.weight.clone()
    frozen.fit()
    assert torch.equal(frozen.model.body.layers[0].output.weight, before)
    with pytest.raises(KitError, match="lora: a WordLSTM has no linear layer"):
        prepare(tagger, "lora", sentiment, films.select(range(4)))


def test_neuroner_says_where_it_cannot_go(tagger: Source, tmp_path) -> None:
    with pytest.raises(KitError, match="WordLSTM"):
        sources.export(tagger, tmp_path / "folder")
    with pytest.raises(KitError, match="writes nothing"):
        generate(Model(tagger.body, ClassHead(100, 2)), [[1, 2]])
