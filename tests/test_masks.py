"""Padding anywhere, on the left, on the right or between tokens, changes no answer."""

import numpy as np
import pytest
import torch
from migrations import CONFIGS, SEQUENCES, TABLE, body, head, options, source

from kit import sources
from kit.errors import KitError
from kit.migrate import decoder_like, migrate
from kit.models import ClassHead, CopyHead, FeatureCache, LanguageHead, Model
from kit.models.generate import generate

MASKS = {
    "left": [0, 0, 0, 1, 1, 1, 1, 1, 1],
    "right": [1, 1, 1, 1, 1, 1, 0, 0, 0],
    "hole": [1, 1, 0, 0, 1, 1, 1, 1, 0],
    "holes": [0, 1, 0, 1, 1, 0, 1, 0, 1],
}
"""True where there is a token. The other rows of a batch have no padding."""


def padded(name: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ids and mask (2, 9): a text with padding that must not be read, and a whole one; and the
    first text alone, (1, T)."""
    generator = torch.Generator().manual_seed(3)
    mask = torch.tensor([MASKS[name], [1] * 9]).bool()
    ids = torch.randint(8, 300, (2, 9), generator=generator)
    return ids, mask, ids[:1, mask[0]]


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", CONFIGS)
def test_a_body_reads_over_padding(name: str, mask: str) -> None:
    model = body(name).eval()
    ids, real, alone = padded(mask)
    with torch.no_grad():
        close(model(ids, real)[0, real[0]], model(alone)[0])


@pytest.mark.parametrize("mask", ["left", "holes"])
@pytest.mark.parametrize(("strategy", "name"), TABLE)
def test_the_target_of_each_strategy_reads_over_padding(strategy, name, mask) -> None:
    given = source(name)
    target = migrate(given, head(strategy, given), strategy, **options(strategy, given))
    model = target.model.eval()
    ids, real, alone = padded(mask)
    written = (torch.tensor([[1, 9, 12]]),) if strategy in SEQUENCES else ()
    with torch.no_grad():
        both = model(ids, real, *(w.expand(2, -1) for w in written))
        close(both[0], model(alone, torch.ones_like(alone).bool(), *written)[0])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("strategy", ["prompt_tuning", "prefix_tuning", "lora", "adapter"])
@pytest.mark.parametrize("name", ["bert", "gpt", "llama"])
def test_each_token_of_a_tuned_body_is_the_same(name, strategy, mask) -> None:
    given = source(name)
    tuned = migrate(given, head(strategy, given), strategy, **options(strategy, given)).model.body
    ids, real, alone = padded(mask)
    with torch.no_grad():
        close(tuned.eval()(ids, real)[0, real[0]], tuned(alone, torch.ones_like(alone).bool())[0])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["gpt", "bert", "llama"])
def test_what_is_cached_below_reads_over_padding(name: str, mask: str) -> None:
    made = body(name).eval()
    for part in (made.embed, made.blocks[0]):
        part.requires_grad_(False)
    cached = FeatureCache(made).eval()
    ids, real, alone = padded(mask)
    with torch.no_grad():
        close(cached(ids, real)[0, real[0]], made(alone)[0])


@pytest.mark.parametrize("mask", MASKS)
def test_a_copy_head_copies_what_follows_the_last_real_token(mask: str) -> None:
    encoder = body("bert")
    torch.manual_seed(0)
    inner = torch.rand(300) < 0.5
    model = Model(encoder, CopyHead(16, decoder_like(encoder), within_word=inner)).eval()
    ids, real, alone = padded(mask)
    target = alone[:, :-1]  # as it copies the text
    with torch.no_grad():
        both = model(ids, real, target.expand(2, -1))
        close(both[0], model(alone, torch.ones_like(alone).bool(), target)[0])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["gpt", "llama", "lstm"])
def test_a_cache_reads_over_padding_among_new_tokens(name: str, mask: str) -> None:
    """In pieces of three, two and one tokens; a piece may be nothing but padding."""
    made = body(name).eval()
    ids, real, alone = padded(mask)
    cache, states, at = made.cache(2, 9), [], 0
    with torch.no_grad():
        for size in (3, 2, 1, 1, 1, 1):
            new = slice(at, at + size)
            states.append(made(ids[:, new], real[:, : at + size], cache=cache))
            at += size
        close(torch.cat(states, 1)[0, real[0]], made(alone)[0])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_positions_are_those_that_transformers_is_given(tmp_path, name: str, mask: str) -> None:
    from transformers import AutoModel

    made = sources.load("transformer_writer")
    made.body, made.head = body(name).eval(), None
    made.tokenizer = source(name).tokenizer
    theirs = AutoModel.from_pretrained(sources.export(made, tmp_path / name)).eval()
    ids, real, _ = padded(mask)
    positions = (real.long().cumsum(1) - 1).clamp(0)
    with torch.no_grad():
        hidden = theirs(ids, attention_mask=real.long(), position_ids=positions)[0]
        np.testing.assert_allclose(made.body(ids, real)[real], hidden[real], atol=1e-4)


def test_a_prompted_body_does_not_generate_and_says_so() -> None:
    given = source("gpt")
    target = migrate(given, None, "prompt_tuning", length=3)
    assert isinstance(target.model.head, LanguageHead)
    with pytest.raises(KitError, match="Prompted body has no cache"):
        generate(target.model, [[5, 6]], 3)
    assert migrate(given, lambda w: ClassHead(w, 2), "prompt_tuning", length=3)
