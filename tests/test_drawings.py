"""Drawings of the lessons: what they show is computed from real models."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from kit import sources, tasks
from kit.errors import KitError
from kit.models import Transformer, TransformerConfig
from kit.widgets.base.svg import two_states
from kit.widgets.parameters import zip_figure
from kit.widgets.reading import task_heads_figure
from kit.widgets.structure import split_unit_figure

SHAPE = TransformerConfig(
    vocabulary=30, width=8, layers=1, heads=2, intermediate_size=16, block_size=9, token_types=2
)


def tensors(config: TransformerConfig) -> list[zip_figure.Tensor]:
    return [(name, tuple(p.shape)) for name, p in Transformer(config).named_parameters()]


def test_the_heads_have_the_sizes_of_the_real_ones() -> None:
    source = sources.load("transformer_encoder")
    drawn = task_heads_figure.drawing(source, "A wonderful film.")
    width = source.body.width
    assert f"{width} → 2: {2 * width + 2:,} parameters" in drawn.markup
    assert f"{width} → 9: {9 * width + 9:,} parameters" in drawn.markup
    decoder = tasks.task("translation").head(width, source.tokenizer)
    assert f"{sum(p.numel() for p in decoder.parameters()):,} parameters" in drawn.markup
    strips = re.findall(rf'aria-label="{width} numbers', drawn.markup)
    assert len(strips) == len(source.tokenizer.encode("A wonderful film."))
    with pytest.raises(KitError, match="do not fit the picture"):
        task_heads_figure.drawing(source, "A wonderful film. " * 5)


def test_zip_slips_by_one_where_a_tensor_is_missing() -> None:
    source, target = tensors(SHAPE), tensors(replace(SHAPE, token_types=0))
    fates = zip_figure.pairs(source, target)
    values = torch.arange(len(source))
    copied = {ours[0]: int(i) for i, ours in zip(values, target, strict=False)}
    for fate, (name, shape), (ours, other) in zip(fates, source, target, strict=False):
        assert (fate == "right") == (name == ours)
        assert (fate == "wrong") == (name != ours and shape == other)
    assert fates[:2] == ["right", "right"] and "right" not in fates[2:] and "wrong" in fates
    assert copied["embed.norm.weight"] == 2, "it stands where the missing tensor stood"
    drawn = zip_figure.drawing(source, target)
    assert f"2 are right, {fates.count('wrong')} have the values" in drawn.words
    moved = re.findall(r'--dy:(-?\d+)px">(?:<rect[^>]*/><text[^>]*>)([^<]*)', drawn.markup)
    assert dict(map(reversed, moved))["embed.tokens.weight"] == "0"
    assert dict(map(reversed, moved))["embed.norm.weight"] == f"-{zip_figure.ROW}"


def test_only_a_target_without_one_tensor_is_drawn() -> None:
    source = tensors(SHAPE)
    with pytest.raises(KitError, match="lacks 0 of the source's"):
        zip_figure.drawing(source, source)
    with pytest.raises(KitError, match="lacks 1 of the source's"):
        zip_figure.drawing(source, [*source[4:], *source[:3]])


def test_a_unit_splits_and_no_answer_changes() -> None:
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(4, 3)), rng.normal(size=(2, 4))
    wide, read = split_unit_figure.split(A, B, 0)
    assert wide.shape == (5, 3) and read.shape == (2, 5)
    for x in rng.normal(size=(20, 3)):
        before, after = (split_unit_figure.answers(*net, x) for net in ((A, B), (wide, read)))
        assert np.allclose(before, after)
    drawn = split_unit_figure.drawing(torch.tensor(A), torch.tensor(B), torch.tensor(A[0]))
    value = f"{A[0] @ A[0]:.2f}"
    assert drawn.markup.count(f">{value}</text>") == 2, "the unit and its copy"
    halves = re.findall(r'class="second">(−?[\d.]+)</text>', drawn.markup)
    assert halves == [f"{b / 2:.3f}".replace("-", "−") for b in B[:, 0]] * 2


def test_a_drawing_of_two_states_needs_no_script_and_can_stand_still() -> None:
    one, other = (two_states("<svg></svg>", "before", "after") for _ in range(2))
    assert one != other and "<script" not in one and one.count('type="radio"') == 3
    assert "prefers-reduced-motion:no-preference" in one and "@media screen" in one
