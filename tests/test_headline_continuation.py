"""Headlines by continuing a text: the examples, the loss, the end mark, padding, and refusals."""

import dataclasses

import pytest
import torch
from migrations import LLAMA, TOKENS, source

from kit import loss
from kit.errors import KitError
from kit.loss import IGNORE
from kit.migrate import merge
from kit.models import LanguageHead, Model, Transformer
from kit.sources import Source
from kit.tasks.summarization import continuation as task
from kit.tasks.summarization.continuation import Template
from kit.train import Recipe, fit
from kit.train.batches import collate

ROWS = [
    {"text": "The bank\nhas a plan to sell its shares.", "headline": "Bank sells shares"},
    {"text": "Rain stops the match, and the fans go home.", "headline": "Rain stops match"},
    {"text": "A film of a dog wins.", "headline": "Dog film wins prize"},
]
SHORT = Template(limit=12)
CLOSING = Template(limit=12, before="Read: ", after="\nHeadline:\n")


def writer() -> Source:
    """A tiny decoder with its own head."""
    torch.manual_seed(0)
    body = Transformer(dataclasses.replace(LLAMA, width=32, block_size=200, dropout=0.0))
    return Source("tiny", body, TOKENS, LanguageHead.tied(body))


@pytest.mark.parametrize("template", [SHORT, CLOSING])
def test_an_example_is_the_prompt_and_the_headline_and_only_the_headline_counts(template) -> None:
    for row, example in zip(ROWS, task.encode(ROWS, TOKENS, template, most=60), strict=True):
        ids, y = example["ids"], example["y"]
        assert len(ids) == len(y)
        [prompt] = task.prompts([row["text"]], TOKENS, template)
        counted = [label for label in y if label != IGNORE]
        assert ids == prompt + counted[:-1], "what is written follows what is read"
        assert y == [IGNORE] * (len(prompt) - 1) + counted, "each label at the place before it"
        assert counted[-1] == TOKENS.eos and TOKENS.eos not in ids
        assert TOKENS.decode(counted).strip() == row["headline"]
        assert ids[0] == TOKENS.bos and TOKENS.decode(prompt).endswith(template.after)


def test_the_article_alone_is_cut_and_to_the_limit() -> None:
    [whole] = task.prompts([ROWS[0]["text"]], TOKENS, Template(limit=1000))
    [cut] = task.prompts([ROWS[0]["text"]], TOKENS, SHORT)
    cue = TOKENS.encode(SHORT.after, special=False)
    assert cut == whole[: 1 + SHORT.limit] + cue
    assert "The bank has a plan to sell its shares." in TOKENS.decode(whole)


def test_examples_stand_before_the_article() -> None:
    [alone] = task.prompts([ROWS[0]["text"]], TOKENS, SHORT)
    [few] = task.prompts([ROWS[0]["text"]], TOKENS, SHORT, examples=ROWS[1:])
    assert few[0] == TOKENS.bos and few[-len(alone) + 1 :] == alone[1:]
    shown = TOKENS.decode(few)
    assert all(f"Headline: {row['headline']}\n\n\n" in shown for row in ROWS[1:])
    assert few.count(TOKENS.bos) == 1


def test_the_loss_of_a_batch_is_that_of_each_alone_and_nothing_read_counts() -> None:
    given = writer()
    model = Model(given.body, given.head).eval()
    examples = task.encode(ROWS, TOKENS, SHORT, most=60)
    with torch.no_grad():
        alone = [collate([e]) for e in examples]
        singly = sum(loss.cross_entropy(b.run(model), b.y) for b in alone)
        batch = collate(examples)
        assert not batch.mask.all(), "one is padded"
        together = loss.cross_entropy(batch.run(model), batch.y)
        fused = loss.cross_entropy(batch.run(model, fused=True), batch.y)
        by_hand = 0.0
        for example in examples:
            log_p = model(torch.tensor([example["ids"]]), None)[0].log_softmax(-1)
            headline = [y for y in example["y"] if y != IGNORE]
            start = len(example["ids"]) - len(headline)
            by_hand -= sum(log_p[start + i, y] for i, y in enumerate(headline))
    assert loss.count(batch.y) == sum(sum(y != IGNORE for y in e["y"]) for e in examples)
    for value in (together, fused, by_hand):
        torch.testing.assert_close(value, singly, rtol=1e-4, atol=1e-4)


def test_the_end_is_learnt_and_padding_changes_no_headline() -> None:
    given = writer()
    target = task.target(given, "full", rate=1e-2)
    examples = task.encode(ROWS, TOKENS, SHORT, most=60)
    texts = [row["text"] for row in ROWS]
    prompts = task.prompts(texts, TOKENS, SHORT)
    untrained = task.write(target.model, prompts, 60, stop=[TOKENS.eos])
    fit(target.model, examples, Recipe(steps=120, batch_size=3, rate=1e-2), **target.training)
    written = task.write(target.model, prompts, 60, stop=[TOKENS.eos])
    assert [TOKENS.decode(ids).strip() for ids in written] == [r["headline"] for r in ROWS]
    assert all(len(ids) < 60 for ids in written), "each ends by itself"
    assert max(map(len, untrained)) == 60, "before the training one did not"
    alone = [task.write(target.model, [p], 60, stop=[TOKENS.eos])[0] for p in prompts]
    assert alone == written


def test_lora_trains_no_part_of_the_head_and_is_merged_without_a_change() -> None:
    given = writer()
    target = task.target(given, "lora", rank=2)
    trained = [name for name, p in target.model.named_parameters() if p.requires_grad]
    assert trained and all("lora_" in name for name in trained)
    examples = task.encode(ROWS, TOKENS, SHORT, most=60)
    fit(target.model, examples, Recipe(steps=20, batch_size=3, rate=1e-2), **target.training)
    texts = [row["text"] for row in ROWS]
    written = task.predict(target.model, TOKENS, texts, SHORT)
    assert task.predict(merge(target.model), TOKENS, texts, SHORT) == written


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: task.target(source("bert")), "tiny cannot continue a text"),
        (lambda: task.target(dataclasses.replace(writer(), head=None)), "no head"),
        (lambda: task.target(writer(), "grow_encoder"), "has no decoder"),
        (lambda: task.encode(ROWS, TOKENS, most=3), "tokens: give 1 to 2"),
        (lambda: task.prompts([""], TOKENS), "empty"),
        (lambda: Template(limit=0), "limit=0"),
        (lambda: Template(limit="all"), "limit='all'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(call, said: str) -> None:
    with pytest.raises(KitError, match=said):
        call()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\n“dollar gains”\n\nThe", "Dollar gains"),
        (' "Bank\'s plan"', "Bank's plan"),
        ("**Rain stops match**", "Rain stops match"),
        ("French economy 'takes off'", "French economy 'takes off'"),
        (" \n", ""),
    ],
)
def test_the_first_line_without_its_quotation_marks(text: str, line: str) -> None:
    assert task.first_line(text) == line
